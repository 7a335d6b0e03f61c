"""PAC-Bayes: the noise that the weights bear, and the terms of bounds that follow."""

from collections.abc import Callable
from functools import cache

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

RISE = 0.1  # of the loss, as a share of the labels' variance; Jiang: of the accuracy
PAIRS = 8  # of noise vectors z and -z; they give sigma to 5 % (root mean square)
PRECISION = 3e-3  # of sigma, relative
SEED = 0  # the noise is the same for all models
FLOOR = 1e-3  # Jiang's epsilon: keeps a weight that did not move from making a bound infinite

JIANG = "Jiang et al. 2020, eq. {}"

# The closed form of the Hessian is that of a plain network's squared error.
ONLY_WITH = {"normalization": "none", "loss": "mse"}

QUANTITIES = (
    Quantity("pac_bayes_sigma", "σ that the weights bear", "", JIANG.format(53), "higher"),
    Quantity("pac_bayes_flatness", "1/σ²", "", JIANG.format(53), "lower"),
    Quantity("pac_bayes_init", "PAC-Bayes, from w₀", "", JIANG.format(48), "lower"),
    Quantity("pac_bayes_orig", "PAC-Bayes, from 0", "", JIANG.format(49), "lower"),
    Quantity("pac_bayes_mag_sigma", "σ′ that |w| bears", "", JIANG.format(61), "higher"),
    Quantity("pac_bayes_mag_flatness", "1/σ′²", "", JIANG.format(61), "lower"),
    Quantity("pac_bayes_mag_init", "magnitude-aware, from w₀", "", JIANG.format(56), "lower"),
    Quantity("pac_bayes_mag_orig", "magnitude-aware, from 0", "", JIANG.format(57), "lower"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return σ with E L(w + σz) − L(w) = 0.1 Var(y), and the bounds' terms with it.

    z is standard normal. In the magnitude-aware form, wᵢ gets the noise σ′ |wᵢ| zᵢ.
    """
    weights, rows = trained.weights, len(trained.train.y)
    moved = weights - trained.initial_weights
    sigma = tolerated(trained, np.ones_like(weights))
    sigma_mag = tolerated(trained, np.abs(weights))

    def bound(reference: np.ndarray) -> float:
        complexity = reference @ reference / (4 * sigma**2) + np.log(rows / sigma) + 10
        return np.sqrt(complexity / rows)

    def bound_mag(reference: np.ndarray) -> float:
        above = FLOOR**2 + (sigma_mag**2 + 1) * (reference @ reference) / len(weights)
        below = FLOOR**2 + sigma_mag**2 * moved**2
        complexity = np.log(above / below).sum() / 4 + np.log(rows / sigma_mag) + 10
        return np.sqrt(complexity / rows)

    with np.errstate(divide="ignore", invalid="ignore"):  # no noise harms weights of zero
        return {
            "pac_bayes_sigma": sigma,
            "pac_bayes_flatness": sigma**-2,
            "pac_bayes_init": bound(moved),
            "pac_bayes_orig": bound(weights),
            "pac_bayes_mag_sigma": sigma_mag,
            "pac_bayes_mag_flatness": sigma_mag**-2,
            "pac_bayes_mag_init": bound_mag(moved),
            "pac_bayes_mag_orig": bound_mag(weights),
        }


def tolerated(trained: Trained, scale: np.ndarray) -> float:
    """Return the standard deviation σ of noise σ · scale · z that raises the loss as agreed.

    A few directions make most of the rise, so a mean over draws is off by a third. Most of the rise
    is the quadratic part σ²/2 z'Hz, whose mean σ²/2 tr H is known. The draws give only the rest.
    """
    half = scale * np.random.Generator(np.random.PCG64(SEED)).standard_normal((PAIRS, len(scale)))
    noise = np.concatenate([half, -half])
    alive, h = trained.alive, trained.hessian
    quadratic = np.einsum("kp,kp->k", half[:, alive] @ h, half[:, alive]).mean()
    trace = scale[alive] ** 2 @ np.diag(h)
    target = RISE * np.var(trained.train.y)

    def excess(log_sigma: float) -> float:
        sigma = np.exp(log_sigma)
        losses = trained.train.losses(trained.weights + sigma * noise)
        return losses.mean() - trained.loss + sigma**2 / 2 * (trace - quadratic) - target

    guess = np.log(2 * target / trace) / 2 if trace > 0 else 0.0
    return float(np.exp(crossing(excess, guess, step=0.25, precision=PRECISION)))


def crossing(
    function: Callable[[float], float], start: float, step: float, precision: float
) -> float:
    """Return where a function, negative far to the left and positive far to the right, is zero.

    Infinity if it is still negative after a hundred steps: there are no weights to disturb.
    """
    from scipy.optimize import brentq

    function = cache(function)  # brentq evaluates the two ends again
    lower = upper = start
    while function(upper) < 0:
        if upper > start + 100 * step:
            return np.inf
        lower, upper = upper, upper + step
    while function(lower) > 0:
        lower, upper = lower - step, lower
    return brentq(function, lower, upper, xtol=precision)
