"""How well a model tells classes: its most probable one, or the one nearest to its number."""

import math

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

QUANTITIES = (
    Quantity("accuracy", "test accuracy", "share", "test rows in the right class", "higher"),
    Quantity("quadratic_kappa", "quadratic kappa", "", "of the test rows; Cohen 1968", "higher"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return accuracy and quadratic kappa on the test rows; NaN if the label is a number."""
    if not trained.classes:
        return dict.fromkeys((quantity.name for quantity in QUANTITIES), math.nan)
    predicted = trained.test.classes(trained.weights, trained.classes)
    return {
        "accuracy": np.mean(predicted == trained.test.y),
        "quadratic_kappa": quadratic_kappa(predicted, trained.test.y),
    }


def quadratic_kappa(one: np.ndarray, other: np.ndarray) -> float:
    """Return Cohen's kappa [-1, 1] of two ratings [rows], with disagreement weighted by its square.

    1 - sum w O / sum w E, w = (i - j)^2: the mean squared difference, as a share of that of ratings
    with the same frequencies which know nothing of each other. NaN if both are one constant.
    """
    by_chance = np.var(one) + np.var(other) + (np.mean(one) - np.mean(other)) ** 2
    return 1 - np.mean((one - other) ** 2) / by_chance if by_chance else math.nan
