"""Gradient noise: how much the rows' gradients differ."""

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

DAMPING = 1e-3  # of the mean eigenvalue of G

# The closed form of the Hessian is that of a plain network's squared error.
ONLY_WITH = {"normalization": "none", "loss": "mse"}

QUANTITIES = (
    Quantity("gradient_norm", "‖∇L‖₂", "", "on all training rows", "lower"),
    Quantity("gradient_noise", "tr C", "", "C = cov ∇Lᵢ; Jastrzębski et al. 2018", "lower"),
    Quantity(
        "tic",
        "Takeuchi's criterion",
        "",
        "tr((G + aI)⁻¹ C) / n, a = 1e-3 tr G / P; Thomas et al. 2020",
        "lower",
    ),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return the gradient's norm, the trace of its covariance, and that in the metric of G.

    With gᵢ = 2 rᵢ Jᵢ, C = (1/n) Σ gᵢ gᵢ' − g g', and with the Cholesky factor L of G + aI the
    criterion's trace is (1/n) Σ ‖L⁻¹ gᵢ‖² − ‖L⁻¹ g‖².
    """
    from scipy.linalg import cholesky, solve_triangular
    from threadpoolctl import threadpool_limits

    g, jacobian, residuals = trained.gradient, trained.jacobian, trained.at.residuals
    metric = trained.gauss_newton.copy()
    metric[np.diag_indices_from(metric)] += DAMPING * np.trace(metric) / len(g)
    both = np.column_stack([jacobian, g[trained.alive]])
    with threadpool_limits(1):  # SciPy's own threads, which compute.py could not limit yet
        factor = cholesky(metric, lower=True, overwrite_a=True, check_finite=False)
        solved = solve_triangular(factor, both, lower=True, check_finite=False)
    weights = 4 * residuals**2 / len(residuals)  # of a row's ‖Jᵢ‖² in (1/n) Σ ‖gᵢ‖²
    squares = np.einsum("pi,pi->i", solved, solved)
    return {
        "gradient_norm": np.linalg.norm(g),
        "gradient_noise": np.einsum("pi,pi->i", jacobian, jacobian) @ weights - g @ g,
        "tic": (squares[:-1] @ weights - squares[-1]) / len(residuals),
    }
