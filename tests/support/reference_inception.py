"""pytorch-fid's own network, with weights that need no download."""

from unittest import mock

import torch
from pytorch_fid import inception as pytorch_fid
from torch import Tensor, nn

from gan_study.data.places import data_folder
from gan_study.extractors.inception import STAGES
from gan_study.extractors.inception_weights import PARTIAL_NAME
from support.present import present


def random_weights(seed: int = 0) -> dict[str, Tensor]:
    """A weights file's content: every layer drawn at random, so that features of length 2048 differ among images."""
    with torch.device("meta"):
        layers = nn.ModuleDict({name: make() for stage in STAGES.values() for name, make in stage.items()})
    layers.to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in layers.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.uniform_(layer.weight, 0.8, 1.2)
                nn.init.normal_(layer.bias, 0, 0.1)
                nn.init.normal_(present(layer.running_mean), 0, 0.1)
                nn.init.uniform_(present(layer.running_var), 0.8, 1.2)
                nn.init.zeros_(present(layer.num_batches_tracked))
    return {**layers.state_dict(), "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}


def real_weights_as_far_as_here() -> dict[str, Tensor]:
    """Random weights, but the real ones up to Mixed_6e if GAN_STUDY_DATA holds them."""
    path = data_folder() / PARTIAL_NAME
    return random_weights() | (torch.load(path, weights_only=True) if path.exists() else {})


def reference_network(weights: dict[str, Tensor], dims: int) -> nn.Module:
    """pytorch-fid's network with these weights in place of the downloaded ones."""
    with mock.patch.object(pytorch_fid, "load_state_dict_from_url", return_value=weights):
        network: nn.Module = pytorch_fid.InceptionV3([pytorch_fid.InceptionV3.BLOCK_INDEX_BY_DIM[dims]])
    return network.eval()


def reference_features(network: nn.Module, images: Tensor) -> Tensor:
    """N3HW float in [0, 1] => features (N, dims), averaged over the image as pytorch-fid's command does."""
    with torch.no_grad():
        features: Tensor = network(images)[0].mean((2, 3))
    return features
