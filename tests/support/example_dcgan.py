"""The official DCGAN example's way of writing a training step, on any device, to measure ours against.

github.com/pytorch/examples, dcgan/main.py, its loop written out again: three separate passes of the discriminator, its
gradients kept on in the generator's step, torch.optim.Adam as it comes, and a DataLoader over images that are resized
already.
"""

import time

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.data.datasets import Dataset as Images
from gan_study.gan.networks import build_networks

Z_DIM = 100


class ExampleImages(Dataset[torch.Tensor]):
    """The output of torchvision's ToTensor and Normalize for images that are resized already."""

    def __init__(self, images: Images) -> None:
        self.images = torch.from_numpy(images.images[images.train_indices])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.images[index].float().div(255).sub(0.5).div(0.5)


class Example:
    """The example's training of dcgan with width 64."""

    def __init__(self, images: Images, batch_size: int = 64, device: str = "cpu") -> None:
        torch.manual_seed(0)
        network = NetworkConfig(name="dcgan", width=64, discriminator_norm="batch")
        size = images.images.shape[-1]
        self.net_g, self.net_d = (net.to(device) for net in build_networks(network, size, images.num_channels, Z_DIM))
        self.criterion = nn.BCEWithLogitsLoss()
        self.optimizer_d = torch.optim.Adam(self.net_d.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimizer_g = torch.optim.Adam(self.net_g.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.loader = DataLoader(ExampleImages(images), batch_size, shuffle=True, num_workers=2, drop_last=True)
        self.batches = iter(self.loader)
        self.device = device

    def steps(self, num_steps: int) -> float:
        """Make steps; return images per second. Each step ends with numbers on the host, as in the example."""
        start = time.perf_counter()
        num_images = sum(self._step() for _ in range(num_steps))
        return num_images / (time.perf_counter() - start)

    def _step(self) -> int:
        try:
            real = next(self.batches)
        except StopIteration:
            self.batches = iter(self.loader)
            real = next(self.batches)
        real, num = real.to(self.device), len(real)
        ones, zeros = torch.ones(num, device=self.device), torch.zeros(num, device=self.device)
        self.net_d.zero_grad()
        error_real = self.criterion(self.net_d(real), ones)
        error_real.backward()
        fake = self.net_g(torch.randn(num, Z_DIM, device=self.device))
        error_fake = self.criterion(self.net_d(fake.detach()), zeros)
        error_fake.backward()
        self.optimizer_d.step()
        self.net_g.zero_grad()
        error_g = self.criterion(self.net_d(fake), ones)
        error_g.backward()
        self.optimizer_g.step()
        (error_real + error_fake + error_g).item()
        return num
