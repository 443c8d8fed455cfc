"""A study's data set, and the score of generated images."""

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from gan_study.config.base import Frozen, Scalar
from gan_study.config.extractors import EXTRACTORS, FID_EXTRACTOR, ExtractorName
from gan_study.config.names import COLOUR_DATASETS, TRAIN_IMAGES
from gan_study.config.own.named import Dataset
from gan_study.config.own.parts import is_own


class DatasetConfig(Frozen):
    """The images that generators learn."""

    name: Dataset
    """A data set by name, or an own one such as my_data.py:rings."""
    path: str | None = None
    """image_folder: the folder or archive (zip, tar) with the images, absolute or below GAN_STUDY_DATA."""
    image_size: Annotated[int, Field(ge=8, le=256)] = 16
    """Height and width in pixels to which every image is resized."""
    crop: Annotated[int, Field(ge=8)] | None = None
    """Side in pixels of the centre crop before the resize (smaller images are cropped to their largest square);
    default: the largest square."""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colour; default: the data set's own (image_folder: 3 if any image has colour)."""
    flip: bool = False
    """Mirror each training image with a chance of one half whenever it is drawn. Scores compare with the images as
    they are."""
    max_images: PositiveInt | None = None
    """At most this many images of the train part, chosen by `seed`; default: all."""
    held_out_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """image_folder, own data sets: the share of the images that is held out."""
    max_corrupt_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """image_folder, celeba: largest share of images that may be left out because they are corrupt or unusable; more are
    an error."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Chooses the images of max_images, the held-out part of image_folder and of own data sets, and stacked_mnist's
    digits. An own data set may take it, too."""
    own: dict[str, Scalar] = Field(default_factory=dict)
    """Values of an own data set's parameters. They are also read from beside its name: `dataset: {name:
    my_data.py:rings, radius: 3}`."""
    code: dict[str, str] = Field(default_factory=dict)
    """Hashes of an own data set's file and of the files in front of it, by name; the reader of a study writes them."""

    def __hash__(self) -> int:
        return hash((self.name, self.path, self.image_size, self.seed))  # the others may be dictionaries

    @model_validator(mode="before")
    @classmethod
    def _collect_own(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if not is_own(data.get("name")):
            if given := [name for name in ("own", "code") if data.get(name)]:
                raise ValueError(
                    f"only a data set of your own has {given[0]}, but got name={data.get('name')}; remove {given[0]}"
                )
            return data
        own = {name: value for name, value in data.items() if name not in cls.model_fields}
        return {name: value for name, value in data.items() if name not in own} | {"own": data.get("own", {}) | own}

    @model_serializer(mode="wrap")
    def _without_own(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return values if is_own(self.name) else {k: v for k, v in values.items() if k not in ("own", "code")}

    @property
    def short_name(self) -> str:
        """The name; that of an own data set without its file."""
        return self.name.rpartition(":")[2]

    @property
    def assumed_channels(self) -> int:
        """Channels of the images, before they have been read: those of image_folder and own data count as grey."""
        return self.channels or (3 if self.name in COLOUR_DATASETS else 1)

    @property
    def known_train_images(self) -> int | None:
        """Images in the train part; None if the number depends on the files."""
        number = TRAIN_IMAGES.get(self.name)
        return number if number is None or self.max_images is None else min(number, self.max_images)


class ObjectiveConfig(Frozen):
    """The score of a generator; lower is better."""

    metric: Literal["frechet_distance", "fid"] = "frechet_distance"
    """frechet_distance between the features of generated and real images; fid: the same with Inception's 2048-d
    features and the official weights, which compares with published numbers."""
    extractor: ExtractorName = "domain_classifier"
    """The network that turns images into features: domain_classifier and autoencoder are trained on the data set
    (with and without its labels), inception is the FID network of 2015-12-05."""
    dims: Literal[64, 192, 768, 2048] | None = None
    """inception: the layer, by its number of features; default: 2048."""
    extractor_kimg: PositiveFloat | None = None
    """domain_classifier, autoencoder: at most this many thousands of images in its training; fewer are cheaper but give
    poorer features. Default: 192 for domain_classifier, 64 for autoencoder; both stop earlier if they no longer
    improve."""
    num_samples: Annotated[int, Field(ge=100, le=100_000)] = 5000
    """Generated images per score."""
    early_num_samples: Annotated[int, Field(ge=100)] | None = None
    """Generated images per score before a training's end, fewer than num_samples: cheaper. Such scores may stop a trial
    but never rank it; the report prints how well they predict the final order. Default: num_samples."""
    at: Literal["last", "best"] = "last"
    """The evaluation whose generator counts, in search and confirmation: the last one of a completed training, or its
    best one. The best is the evaluation with the lowest score; its generator is then scored again on
    `num_samples` images of fresh latents, so that choosing it does not flatter it. Schedulers compare the current
    scores either way, and a training that diverged counts as failed however good it was before. The report shows both
    scores of the confirmed trainings."""
    split: Literal["all", "train", "held_out"] = "all"
    """The real images that generated ones are compared with."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of the extractor's arithmetic; bfloat16 is faster where the hardware supports it, but gives another
    score."""
    final_draws: Annotated[int, Field(ge=0, le=20)] = 3
    """Fresh draws of latents on which a confirmed trial is scored at its end; each costs an evaluation. They also give
    kernel distance, MIND, precision, recall, density, coverage, Vendi score, inception-type score and the distance for
    infinitely many images; 0: none of these. Two or more show how much of the scores' scatter comes from training again
    and how much from the latents."""

    def samples_at(self, is_end: bool) -> int:
        """Generated images per score: at the end of a training, or before it."""
        return self.num_samples if is_end or self.early_num_samples is None else self.early_num_samples

    @model_validator(mode="before")
    @classmethod
    def _fill_extractor(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if data.get("metric") == "fid":
            data = {"extractor": FID_EXTRACTOR, **data}
        facts = EXTRACTORS.get(str(data.get("extractor")))
        if facts is not None and facts.layers and data.get("dims") is None:
            data = {**data, "dims": max(facts.layers)}
        return data
