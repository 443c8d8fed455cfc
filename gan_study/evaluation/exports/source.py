"""The architecture of a generator as a Python file that needs torch and safetensors, and nothing of gan_study."""

import inspect
from collections.abc import Iterator

from torch import nn

from gan_study.config.own.parts import is_own
from gan_study.config.training import TrainingConfig
from gan_study.gan.parts import own_generator_call

FILE = "model.py"
"""Name of the file beside `generator.safetensors`."""

_TEMPLATE = '''"""The generator, in plain torch: z, (N, z_dim) float32 => images, NCHW float32 in [-1, 1].

    from model import load_generator
    images = load_generator("generator.safetensors")(z)
"""

{imports}

{classes}
def build_generator() -> nn.Module:
    """The network with random weights."""
    return {network}


def load_generator(path: str) -> nn.Module:
    """The trained network on the CPU, in evaluation mode."""
    generator = build_generator()
    generator.load_state_dict(load_file(path))
    return generator.eval().requires_grad_(False)
'''


def generator_to_source(generator: nn.Module, training: TrainingConfig, num_channels: int) -> str:
    """The text of `model.py`. That of an own network imports the study's code, which lies beside it.

    A torch layer becomes a call of its constructor with the arguments that torch prints for it. A class of this package
    is copied; its constructor takes its children by their names.
    """
    if is_own(training.network.name):
        file, name, call = own_generator_call(training, num_channels)
        own_import = f"from {file.removesuffix('.py')} import {name}"
        lines = [own_import, "from safetensors.torch import load_file", "from torch import nn"]
        return _TEMPLATE.format(imports="\n".join(lines), classes="", network=call)
    own = {type(module) for module in generator.modules() if not _is_of_torch(module)}
    classes = "".join(f"\n{source}\n" for source in sorted(inspect.getsource(kind) for kind in own))
    network = "\n".join(_call(generator, "    ")).lstrip()
    imports = ["from safetensors.torch import load_file", f"from torch import {'Tensor, nn' if own else 'nn'}"]
    if "torch." in classes:
        imports.insert(0, "import torch")
    return _TEMPLATE.format(imports="\n".join(imports), classes=classes, network=network)


def _call(module: nn.Module, indent: str, name: str = "") -> Iterator[str]:
    """The lines of a constructor's call; `name` is the parameter that receives the result, such as `main=`."""
    head = f"{indent}{name}{'nn.' if _is_of_torch(module) else ''}{type(module).__name__}("
    comma = "," if len(indent) > 4 else ""
    children = list(module.named_children())
    if not children:
        # Only the newest torch knows a batch norm's `bias`, which is on by default.
        yield f"{head}{module.extra_repr().replace(', affine=True, bias=True', '')}){comma}"
        return
    yield head
    for child_name, child in children:
        yield from _call(child, f"{indent}    ", "" if isinstance(module, nn.Sequential) else f"{child_name}=")
    yield f"{indent}){comma}"


def _is_of_torch(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn.")
