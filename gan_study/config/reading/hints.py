"""Corrections to suggest for wrong values and keys, where the file shows what was meant."""

import re
from typing import Any

from gan_study.config.base import KeyPath
from gan_study.config.hyperparameters import PartialNetwork
from gan_study.config.reading.source import Node
from gan_study.config.reading.suggestions import nearest_name


def value_text(value: Any) -> str:
    """A plain value as a study file gives it, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{{', '.join(value)}}}" if len(value) < 5 else "a mapping"
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(item) for item in value[:4])}{', ...' if len(value) > 4 else ''}]"
    if isinstance(value, float):
        return f"{value:g}"
    text = repr(value)
    return text if len(text) < 60 else f"{text[:50]}...{text[-1]}"


def node_text(node: Node) -> str:
    """A single value as it was written; other values shortened."""
    written = not isinstance(node.content, str | dict | list | None)
    return node.text if written else value_text(node.plain())


def node_at(root: Node, path: KeyPath) -> Node:
    """The node at a path that is known to exist."""
    node: Node | None = root
    for part in path:
        node = node.child(part) if node else None
    assert node, f"{path} was found in this study before"
    return node


def choice_text(values: Node) -> str:
    """A list as the choice that was probably meant, such as `{choice: [16, 32, 64]}`."""
    items = values.content if isinstance(values.content, list) else [values]
    return f"{{choice: [{', '.join(item.text or value_text(item.plain()) for item in items)}]}}"


def network_hint(path: KeyPath, root: Node) -> str | None:
    """The correct form of a network's setting that is given beside the network; None for any other key."""
    key, node, beside = str(path[-1]), node_at(root, path), node_at(root, path[:-1])
    settings = set(PartialNetwork.model_fields) - {"name"}
    value, name = node_text(node).strip("'"), nearest_name(key, settings)
    if name == "discriminator_norm" and value.lower().startswith("spectral"):
        name, value = "spectral_norm", "true"
    holder = beside.child("network")
    if name is None or path[0] not in ("arms", "defaults", "training") or path[-2] == "network":
        return None
    given = holder.content if holder is not None else None
    if isinstance(given, dict):
        given = given["name"].content if "name" in given else None
    named = f"name: {given}, " if given else ""
    return f"network: {{{named}{name}: {value}}}"


def remedy(node: Node, expected: str) -> str:
    """The value to write instead, as the end of a message; empty if that is not clear."""
    content = node.content
    if expected == "string_type" and not isinstance(content, dict | list | None):
        return "; put it in quotes"
    if expected == "int_type" and isinstance(content, float) and content.is_integer():
        return f"; write {int(content)}"
    if (
        expected in ("int_type", "float_type")
        and isinstance(content, str)
        and re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", content)
    ):
        return "; remove the quotes"
    return ""
