"""The worst case near a minimum: the highest loss in a ball or a box around the weights.

A perturbation is written as delta = scale * u, element by element, and u is kept in a ball or a box
of a given radius around zero. With a scale of |w| that is adaptive sharpness (Kwon et al. 2021).
"""

from collections.abc import Callable

import numpy as np

from genboost.measures.network import Network

STEPS = 20
STARTS = 3  # zero, whose first step is SAM's, and random starts
STEP = 1.0  # of the radius; shorter steps end lower
SETTLED = (
    3e-3  # an ascent ends when a step moves it by less (relative); its loss is off by the square
)
SEED = 0  # the random starts are the same for all models


def into_ball(u: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return u [K, P], shortened to a norm of radius [K, 1] if it is longer."""
    norm = np.linalg.norm(u, axis=1, keepdims=True)
    return u * np.minimum(1, radius / np.maximum(norm, np.finfo(float).tiny))


def into_box(u: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return u [K, P] cut off at ± radius [K, 1]."""
    return np.clip(u, -radius, radius)


def along_gradient(gradient: np.ndarray) -> np.ndarray:
    """Return the direction of steepest ascent, of norm 1; zero if there is none."""
    norm = np.linalg.norm(gradient, axis=1, keepdims=True)
    return gradient / np.where(norm > 0, norm, 1)


def highest_losses(
    network: Network,
    weights: np.ndarray,
    scale: np.ndarray,
    radii: tuple[float, ...],
    project: Callable[[np.ndarray, np.ndarray], np.ndarray] = into_ball,
    direction: Callable[[np.ndarray], np.ndarray] = along_gradient,
) -> np.ndarray:
    """Return the highest loss found within each radius, by projected gradient ascent.

    Parameters
    ----------
    weights, scale : array [P]
    radii
        Of u.
    project, direction
        `into_ball` and `along_gradient`, or `into_box` and numpy.sign.

    Returns
    -------
    array [radii]
        The best of all steps from all starts, a lower bound of the maximum. The search is in single
        precision; the loss at the point found is computed in double.
    """
    radius = np.repeat(radii, STARTS)[:, None]
    random = np.random.Generator(np.random.PCG64(SEED)).standard_normal((STARTS - 1, len(weights)))
    starts = np.concatenate([np.zeros((1, len(weights))), direction(random)])
    u = np.tile(starts, (len(radii), 1)) * radius
    best, best_loss = u.copy(), np.full(len(u), -np.inf)
    moving = np.arange(len(u))
    search = network.in_single_precision()
    for _ in range(STEPS):
        here, around = u[moving], radius[moving]
        losses, gradients = search.gradients(weights + scale * here)
        higher = losses > best_loss[moving]
        best[moving[higher]], best_loss[moving[higher]] = here[higher], losses[higher]
        there = project(here + STEP * around * direction(scale * gradients), around)
        u[moving] = there
        moved = np.linalg.norm(there - here, axis=1) > SETTLED * np.linalg.norm(there, axis=1)
        moving = moving[moved]
    highest = network.losses(weights + scale * np.concatenate([u, best]))
    return highest.reshape(2, len(radii), STARTS).max(axis=(0, 2))
