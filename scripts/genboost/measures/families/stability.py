"""How far a minimum is from the edge of stability, beyond which gradient descent leaves it."""

import numpy as np

from genboost.measures.eigenvalues import largest
from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained
from genboost.train.problem import ADAM_BETAS, ADAM_EPSILON

# The closed form of the Hessian is that of a plain network's squared error.
ONLY_WITH = {"normalization": "none", "loss": "mse"}

QUANTITIES = (
    Quantity(
        "preconditioned_max",
        "λ_max(P⁻¹H)",
        "",
        "P of Adam's second moments, for SGD the identity; Cohen et al. 2022, eq. 2",
        "lower",
    ),
    Quantity(
        "edge",
        "λ_max(P⁻¹H) by its edge",
        "",
        "2/η for gradient descent (Cohen et al. 2021), 38/η for Adam (Cohen et al. 2022)",
        bound=lambda cell: 1.0,
    ),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return the largest eigenvalue of H in the optimizer's metric, and its share of the edge.

    On a quadratic loss, gradient descent diverges beyond 2/η, with momentum β beyond 2(1 + β)/η.
    Adam's momentum is an average, so its edge is (1 + β) / (1 - β) 2/η. NaN for an optimizer whose
    edge is not known, and for Adam without its second moments.
    """
    metric, edge = _metric(trained), _edge(trained)
    if metric is None:
        return {"preconditioned_max": np.nan, "edge": np.nan}
    scale = 1 / np.sqrt(metric[trained.alive])
    hessian = trained.hessian
    value = largest(lambda v: scale * (hessian @ (scale * v)), len(scale))
    return {"preconditioned_max": value, "edge": value / edge}


def _metric(trained: Trained) -> np.ndarray | None:
    """Return the diagonal [P] of P: a step is -η P⁻¹ times the gradient, or its average."""
    if trained.optimizer == "sgd":
        return None if trained.nesterov else np.ones_like(trained.weights)
    if trained.optimizer not in ("adam", "adamw") or trained.second_moment is None:
        return None
    beta1, beta2 = ADAM_BETAS
    root = np.sqrt(trained.second_moment / (1 - beta2**trained.steps))
    return (1 - beta1**trained.steps) * (root + ADAM_EPSILON)


def _edge(trained: Trained) -> float:
    """Return what λ_max(P⁻¹H) diverges beyond; infinite at a learning rate of zero."""
    if trained.optimizer == "sgd":
        factor = 1 + trained.momentum
    else:
        factor = (1 + ADAM_BETAS[0]) / (1 - ADAM_BETAS[0])
    return 2 * factor / trained.last_rate if trained.last_rate else np.inf
