"""Vendi score (Friedman and Dieng 2023): the effective number of different images, without real images."""

import numpy as np
import scipy  # loads its parts when they are used

from gan_study.metrics.statistics import Features, check_features


def features_to_vendi_score(features: Features) -> float:
    """Exp of the Shannon entropy of the eigenvalues of K / N, where K holds all cosines; from 1 to min(N, d).

    features: (N, d). Friedman and Dieng 2023 (TMLR), definition 3.1. The nonzero eigenvalues of K = X X^T, (N, N), are
    those of X^T X, (d, d); the smaller matrix is decomposed, in float64. Compare the score only with that of as many
    real features. Raises ValueError if features are not finite or a vector is zero, for which cosines do not exist.
    """
    check_features(features, "the", 1)
    values = features.astype(np.float64)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    if not norms.all():
        raise ValueError(
            f"vendi score: no feature vector may be zero, but got num_zero={int((norms == 0).sum())}; use another layer"
        )
    values /= norms
    num, dims = values.shape
    gram = values.T @ values if num > dims else values @ values.T
    eigenvalues = np.linalg.eigvalsh(gram / num).clip(min=0)
    return float(np.exp(scipy.special.entr(eigenvalues).sum()))
