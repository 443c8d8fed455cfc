"""The HTML of a report, taken apart."""

from html.parser import HTMLParser

INJECTED = "<script>alert(1)</script>"
"""A text from outside that would run if it were not escaped."""


class ParsedPage(HTMLParser):
    """Collects what a browser would load, the scripts it would run, and the text a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.scripts: list[str] = []
        self.figures: list[str] = []
        self.text = ""
        self._inside: list[str] | None = None
        self._skip = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.loads += [values[name] or "" for name in ("src", "href", "srcset", "data", "action") if name in values]
        if tag == "img":
            self.images.append(values)
        if tag == "script":
            self._inside = self.figures if values.get("type") == "application/json" else self.scripts
        self._skip = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._inside, self._skip = None, False

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside.append(data)
        if not self._skip:
            self.text += data
