"""Self-attention between the places of feature maps. Zhang et al. 2018 (SAGAN, arXiv:1805.08318), section 3."""

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Adds to every place a mean of what all places hold, weighted by how well they fit to it, times a learned gain.

    Zhang et al. 2018 (SAGAN), equations 1 to 3. The gain begins at 0.
    """

    def __init__(self, query: nn.Module, key: nn.Module, value: nn.Module, out: nn.Module) -> None:
        super().__init__()
        self.query = query
        self.key = key
        self.value = value
        self.out = out
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) => (N, C, H, W)."""
        query, key, value = self.query(features), self.key(features), self.value(features)
        fits = query.flatten(2).transpose(1, 2) @ key.flatten(2)  # (N, H * W, H * W)
        mean = value.flatten(2) @ fits.softmax(dim=2).transpose(1, 2)
        total: Tensor = features + self.gain * self.out(mean.view_as(value))
        return total


def attention_at(attention: int, size: int, num_channels: int) -> list[nn.Module]:
    """Self-attention with an eighth of the channels inside, as a list of one layer if feature maps of `size` pixels a
    side are those that `attention` names, else of none."""
    if attention != size:
        return []
    inside = max(1, num_channels // 8)
    shapes = [(num_channels, inside)] * 3 + [(inside, num_channels)]
    layers = [nn.Conv2d(num_in, num_out, kernel_size=1, bias=False) for num_in, num_out in shapes]
    for layer in layers:
        nn.init.xavier_uniform_(layer.weight)
    return [SelfAttention(*layers)]
