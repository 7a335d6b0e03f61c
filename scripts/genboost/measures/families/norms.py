"""Norms of the weights."""

import numpy as np

from genboost.measures.network import matrices
from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

JIANG = "Jiang et al. 2020, eq. {}"

QUANTITIES = (
    Quantity("weight_norm", "‖w‖₂", "", "all weights and biases", "lower"),
    Quantity("distance", "‖w − w₀‖₂", "", "Nagarajan & Kolter 2019", "lower"),
    Quantity("log_spectral_product", "Σ ln ‖W‖₂²", "", JIANG.format(32), "lower"),
    Quantity("log_frobenius_product", "Σ ln ‖W‖²_F", "", JIANG.format(37), "lower"),
    Quantity("stable_rank", "Σ ‖W‖²_F / ‖W‖₂²", "", JIANG.format(33), "lower"),
    Quantity("path_norm", "path norm", "", JIANG.format(44) + ", its square root", "lower"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return norms of all parameters, and of the layers' matrices without biases."""
    layers = matrices(trained.weights, trained.architecture)
    singular_values = [np.linalg.svd(m[:, :-1], compute_uv=False) for m in layers]
    spectral = np.array([s[0] ** 2 for s in singular_values])
    frobenius = np.array([s @ s for s in singular_values])
    with np.errstate(divide="ignore", invalid="ignore"):  # a layer that decayed to nothing
        return {
            "weight_norm": np.linalg.norm(trained.weights),
            "distance": np.linalg.norm(trained.weights - trained.initial_weights),
            "log_spectral_product": np.log(spectral).sum(),
            "log_frobenius_product": np.log(frobenius).sum(),
            "stable_rank": (frobenius / spectral).sum(),
            "path_norm": _path_norm(layers),
        }


def _path_norm(layers: list[np.ndarray]) -> float:
    """Return the root of the sum over all paths of the product of their squared weights.

    Paths start at an input or at a bias. It is the sum of the outputs of the network of squared
    weights, without activations, for inputs of one.
    """
    units = np.ones(layers[0].shape[1] - 1)
    for matrix in layers:
        units = matrix[:, :-1] ** 2 @ units + matrix[:, -1] ** 2
    return units.sum() ** 0.5
