"""The spectrum of the Hessian of the training error."""

import numpy as np

from genboost.measures import eigenvalues
from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained
from genboost.study.cells import Cell

KWON = "with δ = |w| ⊙ u; Kwon et al. 2021"

# The closed form of the Hessian is that of a plain network's squared error.
ONLY_WITH = {"normalization": "none", "loss": "mse"}


def _edge(cell: Cell) -> float | None:
    """Return 2/η, above which gradient descent without momentum leaves a minimum."""
    is_descent = cell.optimizer == "sgd" and not cell.momentum and cell.sam_rho is None
    return 2 / cell.learning_rate if is_descent else None


QUANTITIES = (
    Quantity("hessian_max", "λ_max", "", "Keskar et al. 2017", "lower", bound=_edge),
    Quantity("hessian_min", "λ_min", ""),
    Quantity("hessian_trace", "tr H", "", "Dinh et al. 2017", "lower"),
    Quantity("hessian_frobenius", "‖H‖_F", "", "Wu et al. 2022", "lower"),
    Quantity("hessian_negative", "negative eigenvalues", "", "beyond rounding"),
    Quantity("hessian_trace_ratio", "tr H / λ_max", ""),
    Quantity("hessian_entropy_rank", "entropy rank of H", "", "Roy & Vetterli 2007"),
    Quantity("gauss_newton_max", "λ_max of G", "", "Martens 2020", "lower"),
    Quantity("hessian_adaptive_max", "adaptive λ_max", "", KWON, "lower"),
    Quantity("hessian_adaptive_trace", "adaptive trace", "", KWON, "lower"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return summaries of the eigenvalues of H, G and THT, T = diag |w|."""
    hessian = trained.hessian
    spectrum = np.zeros(len(trained.weights))
    spectrum[: len(hessian)] = eigenvalues.all_of(hessian)
    size = np.abs(spectrum)
    trace = np.trace(hessian)
    rounding = len(size) * np.finfo(float).eps * size.max()
    share = size[size > 0] / size.sum()
    scale = np.abs(trained.weights[trained.alive])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = trace / spectrum.max()
    return {
        "hessian_max": spectrum.max(),
        "hessian_min": spectrum.min(),
        "hessian_trace": trace,
        "hessian_frobenius": np.linalg.norm(hessian),
        "hessian_negative": np.sum(spectrum < -rounding),
        "hessian_trace_ratio": ratio,
        "hessian_entropy_rank": np.exp(-np.sum(share * np.log(share))),
        "gauss_newton_max": eigenvalues.largest(lambda v: trained.gauss_newton @ v, len(scale)),
        "hessian_adaptive_max": eigenvalues.largest(
            lambda v: scale * (hessian @ (scale * v)), len(scale)
        ),
        "hessian_adaptive_trace": scale**2 @ np.diag(hessian),
    }
