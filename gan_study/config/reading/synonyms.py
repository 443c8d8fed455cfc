"""Names from papers and other tools that can only mean one name of ours, and are read as that name.

Names that might mean one of ours are in `ALIASES` in `names.py`, and are only suggested.
"""

import re
from collections.abc import Iterable, Mapping

from gan_study.config.names import DATASETS, LOSSES, NETWORKS, OPTIMIZERS, PENALTIES, TRACKERS
from gan_study.config.reading.source import Node
from gan_study.config.space import RANGE_KINDS

_SYNONYMS = {
    "lsgan": "least_squares",
    "ls": "least_squares",
    "mmgan": "minimax",
    "saturating": "minimax",
    "ns": "non_saturating",
    "nsgan": "non_saturating",
    "wgan": "wasserstein",
    "rpgan": "relativistic",
    "rsgan": "relativistic",
    "weightclipping": "weight_clip",
    "categorical": "choice",
    "int": "integer",
}
"""Other names, without case, spaces, hyphens and underscores."""
_TOPICS: Mapping[str, tuple[str, ...]] = {
    "loss": LOSSES,
    "penalty": PENALTIES,
    "optimizer": OPTIMIZERS,
    "network": NETWORKS,
    "network.name": NETWORKS,
    "trackers": TRACKERS,
}
"""Keys whose values are names, wherever they are in a file."""
_NAMED = {"network": NETWORKS, "dataset": DATASETS}
"""Keys of mappings that have a `name`."""


def use_own_names(node: Node, key: str = "") -> None:
    """Replace other tools' names by ours in a node and all nodes below; `key` is the node's key."""
    if isinstance(node.content, list):
        for item in node.content:
            use_own_names(item, key)
    if not isinstance(node.content, dict):
        return
    for name, child in list(node.content.items()):
        known = _NAMED.get(key, ()) if name == "name" else _TOPICS.get(name, ())
        for value in names_in(child) if known else ():
            value.content = _own_name(str(value.content), known)
        use_own_names(child, name)
        for part in [child, *child.content] if key == "search_space" and isinstance(child.content, list) else [child]:
            if key == "search_space" and isinstance(part.content, dict):
                part.content = {_own_name(kind, RANGE_KINDS): inner for kind, inner in part.content.items()}


def names_in(node: Node) -> Iterable[Node]:
    """The names that a value holds: itself, the items of a list, or those of one or several choices."""
    if isinstance(node.content, str):
        yield node
    elif isinstance(node.content, list):
        for item in node.content:
            yield from names_in(item)
    elif isinstance(node.content, dict):
        for kind, values in node.content.items():
            if _own_name(kind, RANGE_KINDS) == "choice":
                yield from names_in(values)


def _own_name(name: str, known: Iterable[str]) -> str:
    """The known name that `name` is another spelling or synonym of; else `name` itself."""
    plain = {_plain(own): own for own in known}
    meant = _plain(_SYNONYMS.get(_plain(name), name))
    return plain.get(meant, name)


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()
