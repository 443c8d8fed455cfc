"""Export a generator in the formats of other programs, and check each file against the original."""

import io
import logging
import tempfile
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from gan_study.config.reading.suggestions import no_such
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.evaluation.exports.known import FILES
from gan_study.gan.latents import draw_inputs

TOLERANCE = 1e-4
"""Largest difference of an exported generator's pixels from the original's, on [-1, 1]: an 80th of a grey level."""
ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_NUM_CHECKED = 64
_NUM_TRACED = 2
"""Latents of the traced call: not 1, which exporters may treat as a constant."""
_INPUT, _OUTPUT = "z", "images"


def check_formats(formats: tuple[str, ...]) -> None:
    """Raise InputError if a format is unknown, or needs packages that are not installed."""
    for name in formats:
        if name not in FILES:
            raise InputError(f"--format: {no_such('format', name, FILES)}")
    missing = [package for package in ONNX_PACKAGES if find_spec(package) is None]
    if "onnx" in formats and missing:
        raise InputError(
            f"--format: onnx needs further packages, but got none named {', '.join(missing)}; install them by "
            "`pip install 'gan_study[onnx]'`"
        )


def export_generator(
    generator: nn.Module, training: TrainingConfig, name: str, place: str, model_source: str
) -> tuple[bytes, float]:
    """The file of one format, and the largest difference of its pixels from the generator's, on [-1, 1].

    Args:
        generator: the network on the CPU, in evaluation mode.
        training: its training configuration.
        name: the format, one of `FILES`.
        place: the snapshot's file, for messages.
        model_source: the text of model.py.

    Raises InputError if the difference is above `TOLERANCE`.
    """
    content = _EXPORTERS[name](generator, training)
    difference = max(
        _difference(generator, LOADERS[name](content, model_source), training, n) for n in (_NUM_CHECKED, 1)
    )
    if not difference <= TOLERANCE:  # also NaN
        raise InputError(
            f"{place}: an exported generator must make the original's images, but got pixels that differ by up to "
            f"{difference:.3g} with format={name} (at most {TOLERANCE:g}); use --format safetensors, and tell us"
        )
    return content, difference


@torch.no_grad()
def _difference(
    generator: nn.Module, exported: Callable[[Tensor], Tensor], training: TrainingConfig, num: int
) -> float:
    z = draw_inputs(training, num, torch.Generator().manual_seed(num))
    return float((exported(z) - generator(z)).abs().max())


def _to_safetensors(generator: nn.Module, training: TrainingConfig) -> bytes:
    weights = {name: value.contiguous() for name, value in generator.state_dict().items()}
    return save(weights, {"made_by": "gan_study", "network": training.network.model_dump_json()})


def _from_safetensors(content: bytes, model_source: str) -> Callable[[Tensor], Tensor]:
    """The network that `model.py` builds, with these weights."""
    names: dict[str, Any] = {}
    exec(model_source, names)
    built: nn.Module = names["build_generator"]()
    built.load_state_dict(load(content))
    return built.eval()


def _to_torch_export(generator: nn.Module, training: TrainingConfig) -> bytes:
    buffer = io.BytesIO()
    batch = ({0: torch.export.Dim("batch")},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about its own internals
        program = torch.export.export(generator, (torch.zeros(_NUM_TRACED, training.num_inputs),), dynamic_shapes=batch)
        torch.export.save(program, buffer)
    return buffer.getvalue()


def _from_torch_export(content: bytes, model_source: str) -> Callable[[Tensor], Tensor]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded: Callable[[Tensor], Tensor] = torch.export.load(io.BytesIO(content)).module()
    return loaded


def _to_torchscript(generator: nn.Module, training: TrainingConfig) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Newer torch deprecates TorchScript in favour of torch.export. C++ programs still load it.
        warnings.filterwarnings("ignore", message=".*deprecated", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*deprecated", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Converting a tensor to a Python boolean")  # by group norm
        traced = torch.jit.trace(generator, torch.zeros(_NUM_TRACED, training.num_inputs))
        torch.jit.save(traced, buffer)
    return buffer.getvalue()


def _from_torchscript(content: bytes, model_source: str) -> Callable[[Tensor], Tensor]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*deprecated", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*deprecated", category=DeprecationWarning)
        loaded: Callable[[Tensor], Tensor] = torch.jit.load(io.BytesIO(content))
    return loaded


def _to_onnx(generator: nn.Module, training: TrainingConfig) -> bytes:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # torch warns about its own internals
        logging.getLogger("onnxscript").setLevel(logging.ERROR)
        place = Path(folder) / FILES["onnx"]
        torch.onnx.export(
            generator,
            (torch.zeros(_NUM_TRACED, training.num_inputs),),
            place,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
            verbose=False,
        )
        return place.read_bytes()


def _from_onnx(content: bytes, model_source: str) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda z: torch.from_numpy(session.run([_OUTPUT], {_INPUT: z.numpy()})[0])


_EXPORTERS: dict[str, Callable[[nn.Module, TrainingConfig], bytes]] = {
    "safetensors": _to_safetensors,
    "torch_export": _to_torch_export,
    "torchscript": _to_torchscript,
    "onnx": _to_onnx,
}
LOADERS: dict[str, Callable[[bytes, str], Callable[[Tensor], Tensor]]] = {
    "safetensors": _from_safetensors,
    "torch_export": _from_torch_export,
    "torchscript": _from_torchscript,
    "onnx": _from_onnx,
}
"""For each format, a function of a file's content and the text of model.py that returns the exported generator: latents
(N, z_dim) => images NCHW in [-1, 1]."""
