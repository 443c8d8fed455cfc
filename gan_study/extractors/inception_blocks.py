"""Faster layers for Inception, with equal results up to rounding.

Every batch norm is folded into the convolution before it; on a CPU, oneDNN applies the ReLU while the result is in a
register. A 1x1 convolution and an average commute, so the average is computed on the convolution's few channels rather
than on its many inputs.
"""

import torch
from pytorch_fid import inception as pytorch_fid
from torch import Tensor, nn
from torchvision.models import inception as torchvision


class ConvolutionRelu(nn.Module):
    """A convolution with a bias, and the ReLU of its result."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, maps: Tensor) -> Tensor:
        """NCHW float => NCHW float."""
        convolution = self.convolution
        # torch.compile would make the same of the pair on a CPU, but needs a C++ compiler.
        if maps.device.type == "cpu" and _HAS_FUSED and not torch.is_autocast_enabled("cpu"):
            return torch.ops.mkldnn._convolution_pointwise(  # type: ignore[no-any-return]
                maps,
                convolution.weight,
                convolution.bias,
                convolution.padding,
                convolution.stride,
                convolution.dilation,
                convolution.groups,
                "relu",
                [],
                "",
            )
        return convolution(maps).relu_()  # type: ignore[no-any-return]


class ConvolutionAverageRelu(nn.Module):
    """A 1x1 convolution, then the average over 3x3 places of the image, then the ReLU."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.average = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def forward(self, maps: Tensor) -> Tensor:
        """NCHW float => NCHW float."""
        return self.average(self.convolution(maps)).relu_()  # type: ignore[no-any-return]


class Branches(nn.Module):
    """Layers side by side, with their results stacked as channels."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, maps: Tensor) -> Tensor:
        """NCHW float => NCHW float."""
        return torch.cat([branch(maps) for branch in self.branches], 1)


def make_fast(module: nn.Module) -> nn.Module:
    """Replace layers and blocks of pytorch-fid's network by faster ones, in evaluation mode. Changes `module`."""
    if isinstance(module, torchvision.BasicConv2d):
        return ConvolutionRelu(_fold(module))
    block: nn.Module = _branches(module) or module
    for name, child in list(block.named_children()):
        setattr(block, name, make_fast(child))
    return block


def _branches(block: nn.Module) -> Branches | None:
    """The branches of a block whose pooling is followed by a 1x1 convolution; None for any other layer."""
    match block:
        case pytorch_fid.FIDInceptionA():
            parts = (
                nn.Sequential(block.branch5x5_1, block.branch5x5_2),
                nn.Sequential(block.branch3x3dbl_1, block.branch3x3dbl_2, block.branch3x3dbl_3),
            )
        case pytorch_fid.FIDInceptionC():
            parts = (
                nn.Sequential(block.branch7x7_1, block.branch7x7_2, block.branch7x7_3),
                nn.Sequential(*(getattr(block, f"branch7x7dbl_{number}") for number in range(1, 6))),
            )
        case pytorch_fid.FIDInceptionE_1() | pytorch_fid.FIDInceptionE_2():
            parts = (
                nn.Sequential(block.branch3x3_1, Branches(block.branch3x3_2a, block.branch3x3_2b)),
                nn.Sequential(
                    block.branch3x3dbl_1,
                    block.branch3x3dbl_2,
                    Branches(block.branch3x3dbl_3a, block.branch3x3dbl_3b),
                ),
            )
        case _:
            return None
    takes_maximum = isinstance(block, pytorch_fid.FIDInceptionE_2)
    pooled = (
        nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), block.branch_pool)
        if takes_maximum
        else ConvolutionAverageRelu(_fold(block.branch_pool))
    )
    return Branches(block.branch1x1, *parts, pooled)


def _fold(layer: torchvision.BasicConv2d) -> nn.Conv2d:
    """The convolution with the batch norm folded in."""
    folded: nn.Conv2d = nn.utils.fusion.fuse_conv_bn_eval(layer.conv, layer.bn)
    return folded


_HAS_FUSED = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
