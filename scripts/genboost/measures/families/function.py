"""The function that a model computes: how steep it is, and how many units it uses."""

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

VARIANCE = 0.99  # of the features' variance, that the components must hold

QUANTITIES = (
    Quantity(
        "sensitivity",
        "sensitivity to the inputs",
        "sd(y)",
        "root mean square of ‖∇ₓ f‖, divided by sd(y); Novak et al. 2018",
        "lower",
    ),
    Quantity(
        "feature_rank",
        "feature rank",
        "components",
        "that hold 99 % of the last hidden layer's variance; Andriushchenko et al. 2023",
        "lower",
    ),
    Quantity("dead_units", "dead units", "share", "hidden units with no slope on any row"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return the function's mean slope, the rank of its features, and the share of dead units."""
    at = trained.at
    input_gradients = at.layers[0][:, :-1].T @ at.delta[0]
    slope = np.sqrt(np.mean(np.sum(input_gradients**2, axis=0)))
    dead = np.concatenate([~slopes.any(axis=1) for slopes in at.slopes])
    return {
        "sensitivity": slope / np.std(trained.train.y),
        "feature_rank": _rank(at.inputs[-1][:-1]),
        "dead_units": np.mean(dead),
    }


def _rank(features: np.ndarray) -> int:
    """Return how many principal components of features [units, rows] hold 99 % of the variance."""
    centred = features - features.mean(axis=1, keepdims=True)
    variances = np.linalg.eigvalsh(centred @ centred.T)[::-1]
    held = np.cumsum(variances)
    if held[-1] <= 0:
        return 0
    return int(np.searchsorted(held, VARIANCE * held[-1])) + 1
