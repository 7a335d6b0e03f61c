"""The rise of the loss that SAM sees: after one step of a given length along the gradient."""

from collections.abc import Iterable

import numpy as np

from genboost.measures.network import Network
from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

RADII = (0.005, 0.02, 0.05, 0.1)
BATCH = 32  # rows

ONLY_WITH = {"loss": "mse"}

QUANTITIES = tuple(
    Quantity(f"{name}{batch}_{radius}", f"{title}{where}, ρ = {radius}", "MSE", source, "lower")
    for name, title, source in (
        ("sam_ascent", "SAM ascent", "Foret et al. 2021, eq. 2"),
        ("asam_ascent", "adaptive SAM ascent", "Kwon et al. 2021"),
    )
    for batch, where in (("", ""), ("_batch", " in batches of 32"))
    for radius in RADII
)


def measure(trained: Trained) -> dict[str, float]:
    """Return L(w + ε) − L(w) on all rows, and its mean over batches, each with its own ε."""
    weights, x, y = trained.weights, trained.data.train_x, trained.data.train_y
    starts = range(0, len(y), BATCH)
    batches = [
        Network(trained.architecture, x[at : at + BATCH], y[at : at + BATCH]) for at in starts
    ]
    scales = {"sam_ascent": np.ones_like(weights), "asam_ascent": np.abs(weights)}
    values = {}
    for of_batches, networks in (("", [trained.train]), ("_batch", batches)):
        found = np.mean([rises(network, weights, scales.values()) for network in networks], axis=0)
        for name, of_radii in zip(scales, found, strict=True):
            for radius, rise in zip(RADII, of_radii, strict=True):
                values[f"{name}{of_batches}_{radius}"] = rise
    return {quantity.name: values[quantity.name] for quantity in QUANTITIES}


def rises(network: Network, weights: np.ndarray, scales: Iterable[np.ndarray]) -> np.ndarray:
    """Return L(w + ε) − L(w), [scales, radii ρ]: ε = ρ T²g / ‖Tg‖, T = diag(scale)."""
    (loss,), (gradient,) = network.gradients(weights[None])
    ends = []
    for scale in scales:
        norm = np.linalg.norm(scale * gradient)
        step = scale**2 * gradient / (norm if norm > 0 else 1)
        ends.append(weights + np.outer(RADII, step))
    return network.losses(np.concatenate(ends)).reshape(len(ends), len(RADII)) - loss
