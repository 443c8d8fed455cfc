"""Selection of the image files in a folder or an archive, and a count of everything else."""

from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from gan_study.config.base import Frozen
from gan_study.data.decoding.decode import IMAGE_ENDINGS
from gan_study.errors import printable

_BY_PRODUCTS = frozenset(
    {
        "__macosx",
        "@eadir",
        "@recently-snapshot",
        "@recycle",
        "@thumb",
        "@tmp",
        "@__thumb",
        "__pycache__",
        "_vti_cnf",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "desktop.ini",
        "ehthumbs.db",
        "found.000",
        "lost+found",
        "lost.dir",
        "network trash folder",
        "recycled",
        "recycler",
        "resource.frk",
        "system volume information",
        "temporary items",
        "thevolumesettingsfolder",
        "thumbs.db",
        "~snapshot",
    }
)
"""Files and folders that systems create (macOS, Windows, Linux, Android, NAS), in lower case. Names that begin with a
dot are hidden and do not count either."""
_ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_PICTURE_ENDINGS = (
    *(".heic", ".heif", ".hif", ".avif", ".webp", ".jxl", ".jp2", ".j2k", ".jpx", ".apng", ".tga", ".dib", ".ico"),
    *(".psd", ".svg", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".exr", ".hdr", ".dds", ".eps"),
    *(".dcm", ".xcf"),
)
_MAX_KINDS = 8


class PassedOver(Frozen):
    """Numbers of files, links and folders beside the images that are not used."""

    endings: dict[str, int] = Field(default={})
    """Files that are not images, by ending in lower case (`.heic`); "" for files without one."""
    by_products: dict[str, int] = Field(default={})
    """Files and folders that systems create, such as `@eaDir`, by name; the contents of such folders are not
    counted."""
    hidden: int = 0
    """Files and folders with a name that begins with a dot."""
    dangling_links: int = 0
    """Links without a target."""
    circular_links: int = 0
    """Links to themselves or to a folder around them."""
    special: int = 0
    """Pipes, sockets and devices."""
    repeated: int = 0
    """Members of an archive whose name a later member repeats; the last one counts."""

    @property
    def num_archives(self) -> int:
        """Archives in the folder or archive."""
        return sum(number for ending, number in self.endings.items() if ending in _ARCHIVE_ENDINGS)

    @property
    def pictures(self) -> dict[str, int]:
        """Files of picture formats that cannot be read here, by ending."""
        return {ending: number for ending, number in self.endings.items() if ending in _PICTURE_ENDINGS}

    def parts(self) -> list[str]:
        """One phrase for each kind, such as `30 .heic files`; empty if everything is used."""
        files = [_files(number, ending) for ending, number in self.endings.items()]
        own = [f"{name} ({number:,})" for name, number in self.by_products.items()]
        counts = (
            (self.dangling_links, "link without a target", "links without a target"),
            (self.circular_links, "link in a circle", "links in a circle"),
            (self.special, "pipe, socket or device", "pipes, sockets or devices"),
            (self.repeated, "earlier version of a repeated name", "earlier versions of repeated names"),
            (self.hidden, "hidden file or folder", "hidden files or folders"),
        )
        return [
            *_at_most(files, "other endings"),
            *(f"{number:,} {one if number == 1 else many}" for number, one, many in counts if number),
            *_at_most(own, "other system files"),
        ]

    def warnings(self, place: str) -> tuple[str, ...]:
        """At most one sentence on everything that is not used in the folder or archive `place`."""
        parts = self.parts()
        return (f"{place}: not used: {', '.join(parts)}",) if parts else ()


class Lister:
    """Selects images by their names, and counts the other files."""

    def __init__(self) -> None:
        self._endings: Counter[str] = Counter()
        self._by_products: Counter[str] = Counter()
        self.hidden = 0
        self.dangling_links = 0
        self.circular_links = 0
        self.special = 0
        self.repeated = 0

    def takes_file(self, name: str) -> bool:
        """Return True if a file is an image by its name (without folders); otherwise count it."""
        # Called for each of many thousand files: text is cut here faster than by os.path or pathlib.
        dot = name.rfind(".")
        ending = name[dot:].lower() if dot > 0 else ""
        if ending in IMAGE_ENDINGS and name[0] != "." and "\\" not in name:
            return True
        if not self.takes_folder(name):
            return False
        if ending in IMAGE_ENDINGS:
            return True
        self._endings[printable(ending)] += 1
        return False

    def takes_folder(self, name: str) -> bool:
        """Return True if a folder may hold images by its name; otherwise count it."""
        for part in name_form(name).split("/"):
            if part.lower() in _BY_PRODUCTS:
                self._by_products[printable(part)] += 1
                return False
            if part.startswith("."):
                self.hidden += 1
                return False
        return True

    def finish(self) -> PassedOver:
        """The counts, the most frequent kind first."""
        return PassedOver(
            endings=dict(sorted(self._endings.items(), key=_most_first)),
            by_products=dict(sorted(self._by_products.items(), key=_most_first)),
            hidden=self.hidden,
            dangling_links=self.dangling_links,
            circular_links=self.circular_links,
            special=self.special,
            repeated=self.repeated,
        )


def name_form(name: str) -> str:
    """The normal form of a name: `/` between the parts, none of which is empty, `.` or `..`.

    Archives from Windows have backslashes, and those from tar may begin with `./` or `/`.
    """
    parts: list[str] = []
    for part in name.replace("\\", "/").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _files(number: int, ending: str) -> str:
    noun = "file" if number == 1 else "files"
    return f"{number:,} {ending} {noun}" if ending else f"{number:,} {noun} without an ending"


def _at_most(phrases: list[str], others: str) -> Iterable[str]:
    more = len(phrases) - _MAX_KINDS
    return [*phrases[:_MAX_KINDS], f"{more:,} {others}"] if more > 0 else phrases


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
