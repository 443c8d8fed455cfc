"""Singular values of the layers; the discriminator's spectra often collapse when modes do."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.runs.records.diagnosis import LayerSpectrum

_NUM_TOP = 3
_SMALL = 0.1


def weights_to_spectra(weights: Mapping[str, NDArray[np.floating[Any]]]) -> tuple[LayerSpectrum, ...]:
    """Spectra of all weights with at least two axes, by name; biases and norms are left out.

    A weight (out, ...) is taken as the matrix (out, rest), as in Miyato et al. 2018 (SNGAN). Weights that are not
    finite have no singular values and are left out.
    """
    return tuple(
        _spectrum(name, weight) for name, weight in weights.items() if weight.ndim >= 2 and np.isfinite(weight).all()
    )


def _spectrum(name: str, weight: NDArray[np.floating[Any]]) -> LayerSpectrum:
    values = np.linalg.svd(weight.reshape(len(weight), -1).astype(np.float64), compute_uv=False)
    top = tuple(float(value) for value in values[:_NUM_TOP])
    return LayerSpectrum(layer=name, top=top, small_share=float((values < _SMALL * values[0]).mean()))
