"""The spectrum of the Hessian of the training error."""

from collections.abc import Callable

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

KWON = "with δ = |w| ⊙ u; Kwon et al. 2021"

# The closed form of the Hessian is that of a plain network's squared error.
ONLY_WITH = {"normalization": "none", "loss": "mse"}

QUANTITIES = (
    Quantity("hessian_max", "λ_max", "", "Keskar et al. 2017", "lower"),
    Quantity("hessian_min", "λ_min", ""),
    Quantity("hessian_trace", "tr H", "", "Dinh et al. 2017", "lower"),
    Quantity("hessian_frobenius", "‖H‖_F", "", "Wu et al. 2022", "lower"),
    Quantity("hessian_negative", "Negative eigenvalues", "", "beyond rounding"),
    Quantity("hessian_trace_ratio", "tr H / λ_max", ""),
    Quantity("hessian_entropy_rank", "Entropy rank of H", "", "Roy & Vetterli 2007"),
    Quantity("gauss_newton_max", "λ_max of G", "", "Martens 2020", "lower"),
    Quantity("hessian_adaptive_max", "Adaptive λ_max", "", KWON, "lower"),
    Quantity("hessian_adaptive_trace", "Adaptive trace", "", KWON, "lower"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return summaries of the eigenvalues of H, G and THT, T = diag |w|."""
    hessian = trained.hessian
    eigenvalues = np.zeros(len(trained.weights))
    eigenvalues[: len(hessian)] = np.linalg.eigvalsh(hessian)
    size = np.abs(eigenvalues)
    trace = np.trace(hessian)
    rounding = len(size) * np.finfo(float).eps * size.max()
    share = size[size > 0] / size.sum()
    scale = np.abs(trained.weights[trained.alive])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = trace / eigenvalues.max()
    return {
        "hessian_max": eigenvalues.max(),
        "hessian_min": eigenvalues.min(),
        "hessian_trace": trace,
        "hessian_frobenius": np.linalg.norm(hessian),
        "hessian_negative": np.sum(eigenvalues < -rounding),
        "hessian_trace_ratio": ratio,
        "hessian_entropy_rank": np.exp(-np.sum(share * np.log(share))),
        "gauss_newton_max": largest(lambda v: trained.gauss_newton @ v, len(scale)),
        "hessian_adaptive_max": largest(lambda v: scale * (hessian @ (scale * v)), len(scale)),
        "hessian_adaptive_trace": scale**2 @ np.diag(hessian),
    }


def largest(product: Callable[[np.ndarray], np.ndarray], size: int) -> float:
    """Return the largest eigenvalue of a symmetric matrix, given by its products (Lanczos).

    Every vector is made orthogonal to all earlier ones, and the iteration stops when only rounding
    is left: a power iteration that stops when its value hardly changes is off by a hundredth.
    """
    v = np.random.Generator(np.random.PCG64(0)).standard_normal(size)
    vectors = np.empty((size, size))
    diagonal, beside = [], []
    v /= np.linalg.norm(v)
    for k in range(size):
        vectors[k] = v
        u = product(v)
        diagonal.append(u @ v)
        for _ in range(2):  # twice is enough (Parlett)
            u -= vectors[: k + 1].T @ (vectors[: k + 1] @ u)
        norm = np.linalg.norm(u)
        if k % 5 == 4 or norm == 0 or k == size - 1:
            tridiagonal = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
            values, coordinates = np.linalg.eigh(tridiagonal)
            if norm * abs(coordinates[-1, -1]) <= 1e-13 * np.abs(values).max():
                break
        beside.append(norm)
        v = u / norm
    return values[-1]
