"""`--set name=value`: changes to a study file from the command line."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from gan_study.config.hyperparameters import HYPERPARAMETERS, PARTS
from gan_study.config.reading.source import Node, Origin, Place, Problem, parse
from gan_study.config.reading.suggestions import suggestion
from gan_study.config.space import RANGE_KINDS
from gan_study.config.values.length import LENGTH_UNITS


def apply_overrides(root: Node, overrides: Sequence[str], warn: Callable[[str], None]) -> list[Problem]:
    """Set each `dotted.name=value` (the value is YAML) in the study under `root`, in order, and return all problems.

    Fixing a hyperparameter for an arm removes it from the arm's own search space. `warn` receives a sentence about each
    such removal, and about anything else that an option removes besides the value that it names.
    """
    problems = []
    for number, override in enumerate(overrides, start=1):
        problems += _apply(root, override, Origin(f"--set {override}", number), warn)
    return problems


def _apply(root: Node, override: str, origin: Origin, warn: Callable[[str], None]) -> list[Problem]:
    name, _, text = override.partition("=")
    if not name.strip() or not text.strip():
        rule = "an override must read name=value, but one of the two is missing"
        return [Problem(origin.place(), "", f"{rule}; write such as --set arms.wgan.penalty_weight=5")]
    value, problems = parse(text, origin)
    if value is None:
        return problems
    arms = root.content["arms"].content if isinstance(root.content, dict) and "arms" in root.content else None
    path = _split(name.strip(), arms if isinstance(arms, dict) else {})
    holder, rule = _holder(root, path[:-1], origin.place())
    if holder is None:
        return [*problems, Problem(origin.place(), "", rule)]
    assert isinstance(holder.content, dict)
    for lost in _lost_settings(holder.content.get(path[-1]), value):
        warn(f"{origin.name} replaces the whole {path[-1]}, so its {lost} no longer counts.")
    holder.content[path[-1]] = Node(value.content, origin.place(), origin.place(), value.text)
    for name in _leave_search_space(root, path, value):
        warn(f"{origin.name} ends the search of {name} in arm {path[1]}, which its search_space asks for.")
    for unit in _replace_length(holder, path):
        warn(f"{origin.name} replaces the file's budget.{unit}.")
    return problems


def _lost_settings(before: Node | None, value: Node) -> Iterator[str]:
    """Settings, such as `width=32`, of a mapping that are lost when a single value or another mapping replaces it."""
    if before is None or not isinstance(before.content, dict):
        return
    kept = set(value.content) if isinstance(value.content, dict) else {"name"}
    yield from (f"{name}={child.text}" for name, child in before.content.items() if name not in kept and child.text)


def _split(name: str, arms: Iterable[str]) -> list[str]:
    """The keys of a dotted name. Names of arms and of hyperparameters may hold dots themselves."""
    first, *rest = name.split(".")
    path = [first]
    if first == "arms" and rest:
        path += [joined := _leading_name(rest, arms) or rest[0]]
        rest = rest[joined.count(".") + 1 :]
        if rest[:1] == ["search_space"]:
            path.append(rest.pop(0))
    if path[-1] == "search_space" and rest:
        inner = rest[-1:] if rest[-1] in RANGE_KINDS else []
        return [*path, ".".join(rest[: len(rest) - len(inner)]), *inner]
    return path + rest


def _leading_name(parts: Sequence[str], known: Iterable[str]) -> str | None:
    """The longest known name that dotted parts begin with; None if there is none."""
    candidates = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((candidate for candidate in candidates if candidate in known), None)


def _holder(root: Node, path: Sequence[str], place: Place) -> tuple[Node | None, str]:
    """The mapping at `path`, created if it is missing; or None and the reason why there can be none."""
    node = root
    for depth, key in enumerate(path):
        assert isinstance(node.content, dict)
        child = node.content.get(key)
        if path[0] == "arms" and depth == 1 and child is None:
            rule = f"an override must name an arm of the study, but got arm={key!r}"
            return None, f"{rule}{suggestion(key, node.content)}"
        if child is None or child.content is None:
            child = Node({}, place, place)
        elif key == "network" and isinstance(child.content, str):
            child = Node({"name": child}, child.place, child.key_place)
        elif not isinstance(child.content, dict):
            name = ".".join(path[: depth + 1])
            return None, (
                f"an override must name an existing setting, but got {name}={child.text}, a single value with "
                f"nothing below it; set {name} itself"
            )
        node.content[key] = child
        node = child
    return node, ""


def _leave_search_space(root: Node, path: Sequence[str], value: Node) -> list[str]:
    """Remove the ranges of hyperparameters that --set fixes for an arm, which cannot do both. Returns their names."""
    if path[0] != "arms" or len(path) < 3 or path[2] == "search_space" or value.content is None:
        return []
    space = root.child("arms")
    for key in (path[1], "search_space"):
        space = space.child(key) if space else None
    if space is None or not isinstance(space.content, dict):
        return []
    fixed = ".".join(path[2:])
    settings = value.content if isinstance(value.content, dict) else {"name": value}
    names = {fixed, *(f"{fixed}.{setting}" for setting in settings)} & set(HYPERPARAMETERS)
    ended = [name for name in space.content if name in names or any(name in PARTS.get(fixed, ()) for fixed in names)]
    for name in ended:
        del space.content[name]
    return ended


def _replace_length(holder: Node, path: Sequence[str]) -> list[str]:
    """Remove the budget's other lengths when --set gives one, since a budget has one length. Returns their units."""
    if path[0] != "budget" or path[-1] not in LENGTH_UNITS or not isinstance(holder.content, dict):
        return []
    replaced: list[str] = []
    for unit in {*LENGTH_UNITS} - {path[-1]}:
        given = holder.content.get(unit)
        if given is not None and not given.place.origin:
            del holder.content[unit]
            replaced.append(unit)
    return replaced
