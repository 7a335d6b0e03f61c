"""The highest rise of the loss in a ball around the weights."""

import numpy as np

from genboost.measures.ascent import highest_losses
from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

RADII = (0.005, 0.02, 0.05, 0.1)

ONLY_WITH = {"loss": "mse"}

QUANTITIES = tuple(
    Quantity(f"{name}_{radius}", f"{title}, ρ = {radius}", "MSE", source, "lower")
    for name, title, source in (
        ("worst_case", "worst case", "Foret et al. 2021; 20 steps of ascent, best of 3"),
        ("adaptive_worst_case", "adaptive worst case", "Kwon et al. 2021; δ = |w| ⊙ u"),
    )
    for radius in RADII
)


def measure(trained: Trained) -> dict[str, float]:
    """Return max L(w + δ) − L(w) over ‖δ‖₂ ≤ ρ, and over ‖δ / |w|‖₂ ≤ ρ."""
    weights, values = trained.weights, {}
    scales = {"worst_case": np.ones_like(weights), "adaptive_worst_case": np.abs(weights)}
    for name, scale in scales.items():
        highest = highest_losses(trained.train, weights, scale, RADII)
        rises = highest - trained.loss
        values |= {f"{name}_{radius}": rise for radius, rise in zip(RADII, rises, strict=True)}
    return values
