"""Keskar's sharpness: the highest rise of the loss in a box around the weights."""

import numpy as np

from genboost.measures.ascent import highest_losses, into_box
from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

RADII = (1e-3, 5e-4)

ONLY_WITH = {"loss": "mse"}

QUANTITIES = tuple(
    Quantity(
        f"keskar_{radius:g}",
        f"Keskar's sharpness, ε = {radius:g}",
        "%",
        "Keskar et al. 2017, eq. 3, on the whole space",
        "lower",
    )
    for radius in RADII
)


def measure(trained: Trained) -> dict[str, float]:
    """Return 100 (max L − L) / (1 + L) over the box |δᵢ| ≤ ε (|wᵢ| + 1)."""
    loss, scale = trained.loss, np.abs(trained.weights) + 1
    highest = highest_losses(trained.train, trained.weights, scale, RADII, into_box, np.sign)
    rises = 100 * (highest - loss) / (1 + loss)
    return {f"keskar_{radius:g}": rise for radius, rise in zip(RADII, rises, strict=True)}
