"""Combinations of values that one training cannot have."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from gan_study.config.base import Scalar
from gan_study.config.conditions import is_met, requirement
from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS, FID_DIMS, FID_EXTRACTOR
from gan_study.config.hyperparameters import Hyperparameters
from gan_study.config.names import CONDITIONS, NETWORK_IMAGE_SIZES, REAL_ABOVE, UNLABELLED_DATASETS, attention_sizes
from gan_study.config.own.parts import (
    CONDITION_OF,
    CodeFile,
    OwnParameter,
    form_hint,
    is_own,
    own_names_in,
    own_parameters,
    own_parts,
)
from gan_study.config.reading.suggestions import suggestion
from gan_study.config.values.augment import adaptive_strength

_DEPENDENT = ("penalty_weight", "penalty_every", "clip_value", "label_smoothing", "network.upsample")
"""Hyperparameters that are None where they do not apply."""


def combination_problems(
    hyperparameters: Hyperparameters, dataset: DatasetConfig, objective: ObjectiveConfig, code: Sequence[CodeFile] = ()
) -> dict[str, str]:
    """Every reason why the parts of a training do not fit together, by the dotted name of the part to change."""
    problems = (
        _own_parts(hyperparameters, code),
        _own_dataset(dataset, code),
        _dependents(hyperparameters, code),
        _augmentations(hyperparameters),
        _images(hyperparameters, dataset),
        _conditional(hyperparameters, dataset),
        _objective(dataset, objective),
    )
    return dict(problem for found in problems for problem in found)


def _own_parts(hyperparameters: Hyperparameters, code: Sequence[CodeFile]) -> Iterator[tuple[str, str]]:
    """Own parts that the code does not have, and values that do not suit their parameters."""
    named = {condition: attrgetter(condition)(hyperparameters) for condition in CONDITION_OF.values()}
    for kind, condition in CONDITION_OF.items():
        parts = own_parts(code, kind)
        for name in own_names_in(named[condition]):
            if name in parts:
                continue
            hint = form_hint(code, kind, name) or suggestion(name, parts)
            yield condition, f"no {kind} of that name, but got {name}{hint}"
    parameters = dict(own_parameters(code, named))
    for kind, condition in CONDITION_OF.items():
        own = {name: value for name, value in hyperparameters.own.items() if name.startswith(f"{kind}.")}
        yield from _own_values(named[condition], own, parameters, parameters)


def _own_values(
    part: str, values: Mapping[str, Scalar], parameters: Mapping[str, OwnParameter], known: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Values, by dotted name, that do not suit the parameters of an own part; `known` are the names to suggest."""
    for name, value in values.items():
        if name not in parameters:
            yield name, f"{part} has no parameter {name.partition('.')[2]}{suggestion(name, known)}"
        elif (wanted := parameters[name].problem(value)) is not None:
            yield name, f"{name} must be {wanted}, but got {name}={value}; correct it"


def _own_dataset(dataset: DatasetConfig, code: Sequence[CodeFile]) -> Iterator[tuple[str, str]]:
    """An own data set that the code does not have, and values that do not suit its parameters."""
    parts = own_parts(code, "dataset")
    if not is_own(dataset.name):
        return
    if dataset.name not in parts:
        hint = form_hint(code, "dataset", dataset.name) or suggestion(dataset.name, parts)
        yield "dataset.name", f"no data set of that name, but got {dataset.name}{hint}"
    else:
        parameters = {f"dataset.{name}": parameter for name, parameter in parts[dataset.name].parameters.items()}
        settings = (f"dataset.{name}" for name in DatasetConfig.model_fields if name not in ("own", "code"))
        own = {f"dataset.{name}": value for name, value in dataset.own.items()}
        yield from _own_values(dataset.name, own, parameters, [*parameters, *settings])


def _dependents(hyperparameters: Hyperparameters, code: Sequence[CodeFile]) -> Iterator[tuple[str, str]]:
    values = {condition: attrgetter(condition)(hyperparameters) for condition in CONDITIONS}
    for name in _DEPENDENT:
        value, required = attrgetter(name)(hyperparameters), requirement(name, code)
        if value is not None and required is not None and not is_met(required, values):
            condition, wanted = required
            text = f"{value:g}" if isinstance(value, float) else value
            yield (
                name,
                f"{name} belongs to {', '.join(wanted)}, but got {condition}={values[condition]} "
                f"with {name}={text}; remove it or set {condition}: {wanted[0]}",
            )


def _augmentations(hyperparameters: Hyperparameters) -> Iterator[tuple[str, str]]:
    loss, augment = hyperparameters.loss, hyperparameters.augment
    if adaptive_strength(augment) is not None and loss not in REAL_ABOVE:
        yield (
            "augment",
            "adaptive augmentations follow the sign of the discriminator's output on real images, which has a meaning "
            f"with {', '.join(REAL_ABOVE)}, but got loss={loss} with augment={augment}; choose one of these losses, or "
            "give the list of augmentations alone",
        )


def _images(hyperparameters: Hyperparameters, dataset: DatasetConfig) -> Iterator[tuple[str, str]]:
    sizes = NETWORK_IMAGE_SIZES.get(hyperparameters.network.name)  # an own network may have any
    if sizes is not None and dataset.image_size not in sizes:
        yield (
            "dataset.image_size",
            f"network {hyperparameters.network.name} is built for images of {', '.join(map(str, sizes))} pixels, "
            f"but got image_size={dataset.image_size}; choose one of these sizes or network mlp",
        )
    attention, attended = (
        hyperparameters.network.attention,
        attention_sizes(hyperparameters.network.name, dataset.image_size),
    )
    if attention and attention not in attended and (sizes is None or dataset.image_size in sizes):
        known = f"of {', '.join(map(str, attended))} pixels a side" if attended else "at no size"
        yield (
            "network.attention",
            f"network {hyperparameters.network.name} has feature maps {known} in both players, but got "
            f"network.attention={attention} with image_size={dataset.image_size}; "
            + ("choose one of these sizes, or 0 for no attention" if attended else "remove it, or use dcgan or resnet"),
        )
    if (dataset.path is not None) != (dataset.name == "image_folder"):
        yield (
            "dataset.path",
            f"only image_folder has a path, but got dataset={dataset.name} "
            f"with path={dataset.path or '(not set)'}; "
            + ("name the folder or archive" if dataset.path is None else "remove it, or set name: image_folder"),
        )
    if hyperparameters.batch_size % hyperparameters.pac:
        yield (
            "pac",
            f"a batch must divide into groups of pac images, but got batch_size={hyperparameters.batch_size} "
            f"with pac={hyperparameters.pac}; change one of them",
        )


def _conditional(hyperparameters: Hyperparameters, dataset: DatasetConfig) -> Iterator[tuple[str, str]]:
    """The parts that a conditional GAN cannot have. A folder's images are checked for labels when they are read."""
    kind, network = hyperparameters.conditional, hyperparameters.network.name
    if kind == "none":
        return
    if dataset.name in UNLABELLED_DATASETS:
        yield (
            "conditional",
            f"a conditional GAN needs images with labels, but got conditional={kind} with dataset={dataset.name}; "
            "remove conditional, or choose a data set with labels",
        )
    if is_own(network):
        yield (
            "conditional",
            f"only networks of gan_study can be conditional, but got conditional={kind} with network={network}; "
            "remove conditional, or choose another network",
        )


def _objective(dataset: DatasetConfig, objective: ObjectiveConfig) -> Iterator[tuple[str, str]]:
    facts = EXTRACTORS[objective.extractor]
    if facts.is_classifier and dataset.name in UNLABELLED_DATASETS:
        yield (
            "objective.extractor",
            f"the {objective.extractor.replace('_', ' ')} needs labels, but got dataset={dataset.name}; "
            "use metric: fid, or extractor: autoencoder",
        )
    if objective.metric == "fid" and (objective.extractor, objective.dims) != (FID_EXTRACTOR, FID_DIMS):
        yield (
            "objective.metric",
            f"fid means inception's 2048 features, but got extractor={objective.extractor}"
            f"{f' with dims={objective.dims}' if objective.dims else ''}; "
            "use metric: frechet_distance, or leave extractor and dims out",
        )
    if not facts.layers and objective.dims is not None:
        yield (
            "objective.dims",
            f"dims belongs to inception, but got extractor={objective.extractor} with dims={objective.dims}; "
            "remove it, or set extractor: inception",
        )
    if facts.is_pretrained and objective.extractor_kimg is not None:
        yield (
            "objective.extractor_kimg",
            f"extractor_kimg is the length of the extractor's training, but got extractor={objective.extractor}, which "
            f"is not trained, with extractor_kimg={objective.extractor_kimg:g}; remove it, or choose another extractor",
        )
    if objective.early_num_samples is not None and objective.early_num_samples >= objective.num_samples:
        yield (
            "objective.early_num_samples",
            "scores before the end are made from fewer images than those at the end, but got "
            f"early_num_samples={objective.early_num_samples} with num_samples={objective.num_samples}; "
            "lower it, or remove it",
        )
