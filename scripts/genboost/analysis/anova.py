"""Analysis of variance of complete grids: how much varies with each axis.

Values are an array with one axis for each factor. A set of factors is a tuple of axes, in order.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genboost.analysis import stats

Factors = tuple[int, ...]


def sums_of_squares(values: np.ndarray, most: int | None = None) -> dict[Factors, float]:
    """Return the sum of squares of every effect in a complete grid.

    The effect of a set u of factors is the variation of the means over all other factors that no
    smaller set explains; its sum of squares is that of f_u over the grid, where values = Σ_u f_u.

    Parameters
    ----------
    values
        One value for each combination of the factors.
    most
        The most factors that an effect may have; by default, all.

    Returns
    -------
    dict
        By set of factors, without the mean. All together sum to Σ (values - mean)².

    Raises
    ------
    ValueError
        If a value is missing or infinite: effects are orthogonal on a complete grid only.
    """
    if not np.isfinite(values).all():
        raise ValueError("the grid has gaps")
    values = values - values.mean()
    axes = range(values.ndim)
    sizes = range(1, (values.ndim if most is None else most) + 1)
    # Σ over the grid of (mean over all other factors)² is that of u and of all subsets of u.
    found: dict[Factors, float] = {}
    for factors in itertools.chain(*(itertools.combinations(axes, size) for size in sizes)):
        means = values.mean(axis=tuple(axis for axis in axes if axis not in factors))
        total = float((means**2).sum()) * values.size / means.size
        smaller = (
            f for size in range(1, len(factors)) for f in itertools.combinations(factors, size)
        )
        found[factors] = total - sum(found[f] for f in smaller)
    return found


def mean_squares(values: np.ndarray) -> dict[Factors, float]:
    """Return the mean square of every effect in a complete grid: per degree of freedom."""
    return {
        factors: total / math.prod(values.shape[axis] - 1 for axis in factors)
        for factors, total in sums_of_squares(values).items()
    }


def components(values: np.ndarray) -> dict[Factors, float]:
    """Return the components of variance of fully crossed random factors.

    Unbiased, from E[MS_u] = Σ_{v ⊇ u} σ²_v Π_{k ∉ v} n_k (Searle, Casella & McCulloch 1992, chapter
    4); a small component may come out below zero. The component of all factors together is the
    residual: with one value per combination, it cannot be told from noise.

    Parameters
    ----------
    values
        One value for each combination of the factors, each with two levels or more.
    """
    squares = mean_squares(values)
    found = {}
    for factors in squares:
        larger = (other for other in squares if set(factors) <= set(other))
        signed = sum((-1) ** (len(other) - len(factors)) * squares[other] for other in larger)
        found[factors] = signed / (values.size / math.prod(values.shape[a] for a in factors))
    return found


@dataclass(frozen=True)
class Share:
    """A share of a variance, with its 95 % interval.

    Attributes
    ----------
    of : tuple of str
        The axes whose effect it is; ``("seed",)`` for seeds, ``("beyond pairs",)`` for all effects
        of three axes or more.
    share, low, high : float
        From 0 to 1 but for chance; NaN ends with fewer than three seeds.
    """

    of: tuple[str, ...]
    share: float
    low: float
    high: float


SEED, BEYOND = ("seed",), ("beyond pairs",)


def importance(values: np.ndarray, axes: Sequence[str]) -> list[Share]:
    """Decompose the variance over a complete grid by axis and pair of axes (functional ANOVA).

    With the effects f_u of the cells' expected values, the share of u is mean(f_u²) / V, where V is
    the variance of a model whose cell is drawn evenly from the grid (Hutter, Hoos & Leyton-Brown
    2014, with the grid instead of their forest). Seeds make noise in the
    means, which would count as effects, so it is removed: mean(f_u²) is estimated by
    (SS_u - SS_{u, seed} / (S - 1)) / N, and the variance between seeds of a cell is a share of its
    own.

    Parameters
    ----------
    values : [axis 1, axis 2, ..., seeds]
        For example logs of test errors; two seeds or more, the same in every cell.
    axes
        Names of the axes but the seeds.

    Returns
    -------
    list of Share
        Axes, pairs of axes, all beyond pairs, seeds; the shares sum to 1. Intervals are jackknife
        intervals over the seeds, and hold for this grid and other seeds.
    """
    names: list[tuple[str, ...]] = [
        *((axes[a],) for a in range(len(axes))),
        *((axes[a], axes[b]) for a, b in itertools.combinations(range(len(axes)), 2)),
        *([BEYOND] if len(axes) > 2 else []),
        SEED,
    ]
    shares, low, high = stats.jackknife(_shares, values)
    return [
        Share(name, float(share), *ends)
        for name, share, *ends in zip(
            names, shares, np.clip(low, 0, 1).tolist(), np.clip(high, 0, 1).tolist(), strict=True
        )
    ]


def _shares(values: np.ndarray) -> np.ndarray:
    """Return the shares of `importance`, in its order."""
    *cells, seeds = values.shape
    seed_axis = len(cells)
    squares = sums_of_squares(values, most=min(3, values.ndim))

    def effect(factors: Factors) -> float:
        return (squares[factors] - squares[(*factors, seed_axis)] / (seeds - 1)) / values.size

    effects = [
        effect(factors)
        for size in (1, 2)
        for factors in itertools.combinations(range(seed_axis), size)
    ]
    means = values.mean(axis=-1)
    within = float(((values - means[..., None]) ** 2).sum())
    between = seeds * float(((means - means.mean()) ** 2).sum())
    all_cells = (between - (within - squares[(seed_axis,)]) / (seeds - 1)) / values.size
    by_seed = within / (means.size * (seeds - 1))
    beyond = [all_cells - sum(effects)] if seed_axis > 2 else []
    # Without seeds that differ from all others, nothing may vary at all: no share is known then.
    return np.array([*effects, *beyond, by_seed]) / ((all_cells + by_seed) or math.nan)
