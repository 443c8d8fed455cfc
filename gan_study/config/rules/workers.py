"""Configurations that the workers of a trial cannot train, found in fixed values and ranges before anything starts."""

from collections.abc import Iterator, Mapping
from itertools import islice, product

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import KeyPath, Scalar
from gan_study.config.groups import expanded, is_group
from gan_study.config.names import WEIGHTED_PENALTIES
from gan_study.config.paper_defaults import default_discriminator_norm, default_g_norm
from gan_study.config.reading.problems import Fault
from gan_study.config.space import Choice, IntegerRange, extremes
from gan_study.config.training import TrainingConfig

_LOOKED_AT = ("batch_size", "pac", "network.discriminator_norm", "network.spectral_norm", "network.g_norm")
"""Hyperparameters that matter here, besides the conditions."""
_MOST_OF_A_RANGE = 64
"""Whole numbers of a range to try. They are enough to find a batch that does not divide, since pac is at most 16."""


def worker_problem(
    values: Mapping[str, Scalar], num_workers: int, batch_statistics: str, is_elastic: bool = False
) -> tuple[tuple[str, ...], str] | None:
    """Names to change, and the reason why workers cannot train with these hyperparameters; None if they can.

    Args:
        values: network.name, penalty, batch_size, pac, network.discriminator_norm and network.g_norm, by dotted name.
        num_workers: the workers of a trial, or the most of them.
        batch_statistics: as in the study's `resources`.
        is_elastic: True if the number of workers may change during the trial. Their parts of the batch may then differ
            by `pac` images.
    """
    network, penalty, norm = (values[n] for n in ("network.name", "penalty", "network.discriminator_norm"))
    g_norm = values["network.g_norm"]
    batch_size, pac = values["batch_size"], values["pac"]
    if not isinstance(batch_size, int) or not isinstance(pac, int) or batch_size < 1 or pac < 1:
        return None  # another check reports it
    on = f" with {'up to ' if is_elastic else ''}workers_per_trial={num_workers}" if num_workers > 1 else ""
    got = f"but got batch_size={batch_size}{on}"
    if batch_size % num_workers and not is_elastic:
        return ("batch_size",), f"the batch must divide among the workers of a trial, {got}; change one of them"
    joined = "and" if num_workers > 1 else "with"
    shared = 1 if is_elastic else num_workers
    if batch_size // shared % pac:
        whose = "each worker's part of the batch" if shared > 1 else "a batch"
        rule = f"{whose} must divide into groups of pac images, {got} {joined} pac={pac}; change one of them"
        return ("batch_size", "pac"), rule
    own = batch_size // pac // num_workers * pac  # at least
    if own == 0:
        return ("batch_size",), (
            f"each worker needs a part of the batch (pac images or more), {got} {joined} pac={pac}; raise batch_size, "
            "or lower workers_per_trial.max"
        )
    if is_elastic and batch_statistics == "per_rank" and "batch" in (norm, g_norm):
        names = ("network.discriminator_norm",) if g_norm != "batch" else ("network.g_norm", "network.name")
        return names, (
            "where the number of workers may change, batch norm over each worker's part of the batch would change the "
            f"results, but got network={network} with network.discriminator_norm={norm}, network.g_norm={g_norm} and "
            "resources.batch_statistics=per_rank; use resources.batch_statistics: synchronised (it needs GPUs), give "
            "workers_per_trial as one number, or set both norms to layer or none"
        )
    if num_workers > 1 and batch_statistics == "synchronised":
        if penalty in WEIGHTED_PENALTIES and norm == "batch":
            return ("network.discriminator_norm", "penalty"), (
                "a gradient penalty is differentiated twice, which torch cannot do through synchronised batch norm, "
                f"but got penalty={penalty} with network.discriminator_norm=batch and "
                "resources.batch_statistics=synchronised; set network.discriminator_norm: layer or none, or "
                "resources.batch_statistics: per_rank"
            )
        return None
    if network in ("infogan", "mlp") and g_norm == "batch" and own < 2:
        return ("batch_size",), (
            f"the generator of {network} has batch norm of features, which needs two images or more on a worker, {got}"
            "; raise batch_size, or set network.g_norm: layer or none"
        )
    if network in ("infogan", "mlp") and norm == "batch" and own // pac < 2:
        return ("batch_size", "pac"), (
            f"the discriminator of {network} has batch norm of features, which needs two groups of pac images or more "
            f"on a worker, {got} {joined} pac={pac}; raise batch_size, or set network.discriminator_norm: layer or none"
        )
    return None


def worker_faults(arm: Arm) -> Iterator[Fault]:
    """Fixed values and ranges of an arm that its workers cannot train; each rule once per place in the file."""
    resources = arm.study.resources
    reported: set[tuple[KeyPath, str]] = set()
    fixed_at = {name: arm.place_of_fixed(name) for name in arm.fixed}
    for values, searched_at in _outcomes(arm):
        is_elastic = resources.min_workers < resources.max_workers
        problem = worker_problem(values, resources.max_workers, resources.batch_statistics, is_elastic)
        if problem is None:
            continue
        names, rule = problem
        places = [places[name] for places in (searched_at, fixed_at) for name in names if name in places]
        place = places[0] if places else ("resources", "workers_per_trial")
        in_range = place[-1] == "integer"
        if in_range:
            rule = rule.replace("; change one of them", "; use choice, with values that all divide")
        kind = rule.partition(", but got")[0]
        if (place, kind) not in reported:
            reported.add((place, kind))
            yield Fault(place, rule, at_key=in_range)


def _outcomes(arm: Arm) -> Iterator[tuple[dict[str, Scalar], dict[str, KeyPath]]]:
    """Every combination of the values that matter here, and the drawn ones' places in the file, by dotted name."""
    for assignment in arm.assignments:
        network, penalty = assignment.get("network.name", "mlp"), assignment.get("penalty", "none")
        chosen_at = {
            part: (*p.path, "choice", p.range.choice.index(assignment[p.name]))
            for p in arm.parameters
            if (p.name == "penalty" or is_group(p.name)) and p.is_condition and isinstance(p.range, Choice)
            for part in p.parts
        }
        active = [
            p
            for p in arm.parameters
            if not p.is_condition and not {*p.parts}.isdisjoint(_LOOKED_AT) and p.is_active(assignment)
        ]
        for drawn in product(*(_values(parameter) for parameter in active)):
            values: dict[str, Scalar] = {"batch_size": TrainingConfig.model_fields["batch_size"].default, "pac": 1}
            values |= {**assignment, "network.name": network, "penalty": penalty}
            values |= expanded({parameter.name: value for parameter, (value, _) in zip(active, drawn, strict=True)})
            spectral = values.get("network.spectral_norm") is True
            conditional = str(values.get("conditional"))
            norm = default_discriminator_norm(str(penalty), str(network), spectral, conditional)
            values.setdefault("network.discriminator_norm", norm)
            values.setdefault("network.g_norm", default_g_norm(str(network)))
            drawn_at = {part: place for p, (_, place) in zip(active, drawn, strict=True) for part in p.parts}
            yield values, chosen_at | drawn_at


def _values(parameter: Parameter) -> list[tuple[Scalar, KeyPath]]:
    """Values of a range, each with its place in the study file; of many whole numbers only the first ones."""
    if isinstance(parameter.range, IntegerRange):
        first, last = parameter.range.integer
        place: KeyPath = (*parameter.path, "integer")
        return [(number, place) for number in islice(range(first, last + 1), _MOST_OF_A_RANGE)]
    if isinstance(parameter.range, Choice):
        return [(value, (*parameter.path, "choice", i)) for i, value in enumerate(parameter.range.choice)]
    return [(value, parameter.path) for value in extremes(parameter.range)]
