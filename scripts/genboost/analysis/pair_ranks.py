"""How well a measure ranks the cells of a grid: rank statistics over pairs of cells.

A *measure* (a norm, a sharpness) and a *target* (the generalization gap) have one value for each
cell of a grid, an array with an axis for each hyperparameter; NaN where a cell is missing. A pair
of cells is concordant if both differ in the same direction.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from genboost.analysis import stats
from genboost.analysis.stats import Interval

LEAST_PAIRS = 12  # of an environment, as in the code of Dziugaite et al. (2020)


@dataclass(frozen=True)
class Pairs:
    """Pairs of cells, and their weights.

    Attributes
    ----------
    first, second : int arrays [pairs]
        Places of the cells in the flattened grid.
    weights : float array [pairs]
        They sum to 1.
    """

    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray


def all_pairs(present: np.ndarray) -> Pairs:
    """Return all pairs of cells that are `present`, bool in the grid's shape."""
    places = np.flatnonzero(present)
    i, j = np.triu_indices(len(places), 1)
    return Pairs(places[i], places[j], np.full(len(i), 1 / max(len(i), 1)))


def line_pairs(present: np.ndarray, axis: int) -> Pairs:
    """Return the pairs of cells that differ on one axis only; all lines along it count equally."""
    length = present.shape[axis]
    lines = np.moveaxis(np.arange(present.size).reshape(present.shape), axis, -1)
    lines = lines.reshape(-1, length)
    i, j = np.triu_indices(length, 1)
    first, second = lines[:, i].ravel(), lines[:, j].ravel()
    line = np.repeat(np.arange(len(lines)), len(i))
    there = present.ravel()[first] & present.ravel()[second]
    first, second, line = first[there], second[there], line[there]
    in_line = np.bincount(line, minlength=len(lines))
    weights = 1 / in_line[line] / max(np.count_nonzero(in_line), 1)
    return Pairs(first, second, weights)


def concordance(measure: np.ndarray, target: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Return 1 for each pair that is concordant, -1 if discordant, 0 for a tie in either."""
    measure, target = measure.ravel(), target.ravel()
    return np.sign(measure[pairs.first] - measure[pairs.second]) * np.sign(
        target[pairs.first] - target[pairs.second]
    )


@dataclass(frozen=True)
class Coefficient:
    """A rank coefficient from -1 to 1, with its 95 % interval and the p value of no correlation."""

    value: float
    low: float
    high: float
    p: float


NO_PAIRS = Coefficient(math.nan, math.nan, math.nan, math.nan)


def kendall_tau_a(measure: np.ndarray, target: np.ndarray) -> Coefficient:
    """Return Kendall's τ-a over all pairs of cells: a tie counts 0 (Jiang et al. 2020)."""
    pairs = all_pairs(~np.isnan(measure + target))
    return _coefficient(measure.size, [pairs], [concordance(measure, target, pairs)])


def granulated(measure: np.ndarray, target: np.ndarray) -> tuple[list[Coefficient], Coefficient]:
    """Return ψ of every axis and their mean Ψ (Jiang et al. 2020).

    ψ is the mean of Kendall's τ-a over the lines that vary one axis alone, so a measure cannot
    score by knowing another axis's value. An axis without pairs has no ψ and does not count.
    """
    present = ~np.isnan(measure + target)
    axes = [line_pairs(present, axis) for axis in range(measure.ndim)]
    signs = [concordance(measure, target, pairs) for pairs in axes]
    each = [
        _coefficient(measure.size, [pairs], [sign]) for pairs, sign in zip(axes, signs, strict=True)
    ]
    used = [axis for axis, pairs in enumerate(axes) if len(pairs.first)]
    together = _coefficient(measure.size, [axes[a] for a in used], [signs[a] for a in used])
    return each, together


def _coefficient(
    cells: int, groups: Sequence[Pairs], concordances: Sequence[np.ndarray]
) -> Coefficient:
    """Return the mean over groups of pairs of their weighted mean concordance.

    Pairs that share a cell are dependent. With w the weights and c the concordances, the variance
    is taken as Σ w_p c_p w_q c_q over pairs p, q that share a cell, p = q included (dyadic
    clusters: Fafchamps & Gubert 2007; Aronow, Samii & Assenova 2015), or that of independent pairs
    if larger; it includes seed noise. Resampling lines axis by axis would miss what the axes share,
    and cover Ψ in 75 to 90 % of cases. The interval is Wilson's for as many independent signs as
    have this variance, so it has a width even where all pairs agree.
    """
    if not sum(len(pairs.first) for pairs in groups):
        return NO_PAIRS
    means = [pairs.weights @ sign for pairs, sign in zip(groups, concordances, strict=True)]
    mean = float(np.mean(means))
    first = np.concatenate([pairs.first for pairs in groups])
    second = np.concatenate([pairs.second for pairs in groups])
    weights = np.concatenate([pairs.weights for pairs in groups]) / len(groups)
    parts = weights * np.concatenate(concordances)
    by_cell = np.bincount(first, parts, cells) + np.bincount(second, parts, cells)
    # 1 / (independent signs that would be as precise)
    scatter = float(max((by_cell**2).sum() - (parts**2).sum(), (weights**2).sum()))
    low, high = wilson(mean, 1 / scatter)
    return Coefficient(mean, low, high, float(2 * ndtr(-abs(mean) / math.sqrt(scatter))))


def wilson(mean: float, n: float, tail: float = (1 - stats.CONFIDENCE) / 2) -> tuple[float, float]:
    """Return Wilson's (1927) interval for the mean of n independent signs ±1."""
    square = float(ndtri(tail)) ** 2 / n
    middle = mean / (1 + square)
    half = math.sqrt(max(square * (1 + square - mean**2), 0)) / (1 + square)
    return middle - half, middle + half


@dataclass(frozen=True)
class SignError:
    """The robust sign error: of the environment in which a measure ranks worst.

    Attributes
    ----------
    error : Interval
        0.5 is chance.
    axis : int
    levels : tuple of int
        The indices of the axis's two values that the environment compares.
    pairs : int
        Its pairs whose targets differ by more than seed noise.
    environments : int
        How many have `LEAST_PAIRS` such pairs or more.
    """

    error: Interval
    axis: int
    levels: tuple[int, int]
    pairs: int
    environments: int


def sign_error(measure: np.ndarray, target: np.ndarray) -> SignError | None:
    """Return the largest sign error over environments (Dziugaite et al. 2020).

    An environment changes an axis from one value to another, all else being equal; its sign error
    is the share of its pairs of cells that are discordant, (1 - concordance) / 2. Pairs whose
    targets differ by at most the half-width of the 95 % t interval of the difference, paired by
    seed, are left out, as their order is unknown.

    Parameters
    ----------
    measure : [axis 1, axis 2, ...]
    target : [axis 1, axis 2, ..., seeds]
        Of two seeds or more.

    Returns
    -------
    SignError or None
        None if no environment has `LEAST_PAIRS` pairs. The interval covers the largest error of all
        environments: Wilson's upper ends, and lower ends with Bonferroni's correction.
    """
    present = ~np.isnan(measure + target.mean(axis=-1))
    targets = target.reshape(-1, target.shape[-1])
    tail = (1 - stats.CONFIDENCE) / 2
    found = []  # (error, pairs, axis, levels)
    for axis, length in enumerate(measure.shape):
        pairs = line_pairs(present, axis)
        step = math.prod(measure.shape[axis + 1 :])
        levels = (pairs.first // step % length) * length + pairs.second // step % length
        differences = targets[pairs.first] - targets[pairs.second]
        low, high = stats.interval(differences)
        decided = (low > 0) | (high < 0)
        discordant = (1 - concordance(measure, target.mean(axis=-1), pairs)) / 2
        for level in np.unique(levels[decided]):
            kept = discordant[decided & (levels == level)]
            if len(kept) >= LEAST_PAIRS:
                found.append((float(kept.mean()), len(kept), axis, divmod(int(level), length)))
    if not found:
        return None
    error, count, axis, worst = max(found)
    # Wilson's interval for a share is half as wide as for signs.
    high = max(wilson(2 * e - 1, n, tail)[1] for e, n, *_ in found)
    low = max(wilson(2 * e - 1, n, tail / len(found))[0] for e, n, *_ in found)
    interval = Interval(error, (1 + low) / 2, (1 + high) / 2)
    return SignError(interval, axis, worst, count, len(found))


def information(
    measure: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None, most: int = 2
) -> tuple[float, tuple[int, ...]]:
    """Return K, the least conditional mutual information (Jiang et al. 2020).

    Of two cells drawn at random, V_μ and V_g are the signs of their differences in measure and
    target, and U_S their values on a set S of axes. K is the least I(V_μ; V_g | U_S) / H(V_g | U_S)
    over the sets of at most `most` axes: what the measure says beyond the hyperparameters, as a
    share of all there is to say. Values of U_S are weighted by their probability. (The scoring
    program of the PGDL competition weights them equally.)

    Parameters
    ----------
    weights : [cells], optional
        How often each cell of the flattened grid counts.

    Returns
    -------
    K and the set S of axes for which it is least; NaN if the target never varies.
    """
    weights = np.ones(measure.size) if weights is None else weights
    places = np.flatnonzero(~np.isnan(measure + target).ravel() & (weights > 0))
    i, j = np.triu_indices(len(places), 1)
    first, second = places[i], places[j]
    weight = weights[first] * weights[second]
    flat_measure, flat_target = measure.ravel(), target.ravel()
    kind = 3 * np.sign(flat_measure[first] - flat_measure[second]) + np.sign(
        flat_target[first] - flat_target[second]
    )
    kind = kind.astype(np.int64) + 4
    levels = np.unravel_index(np.arange(measure.size), measure.shape)
    axes = [axis for axis, length in enumerate(measure.shape) if length > 1]
    least: tuple[float, tuple[int, ...]] = (math.nan, ())
    for factors in itertools.chain(*(itertools.combinations(axes, n) for n in range(most + 1))):
        code, count = np.zeros(measure.size, dtype=np.int64), 1
        for axis in factors:
            code, count = code * measure.shape[axis] + levels[axis], count * measure.shape[axis]
        place = (code[first] * count + code[second]) * 9 + kind
        table = np.bincount(place, weight, count * count * 9).reshape(count, count, 3, 3)
        table = (
            table + table.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
        )  # each pair in both directions
        known, entropy = conditional_information(table.reshape(-1, 3, 3))
        if entropy > 1e-12 and not known / entropy >= least[0]:
            least = known / entropy, factors
    return least


def conditional_information(table: np.ndarray) -> tuple[float, float]:
    """Return I(X; Y | U) and H(Y | U) in nats, from counts [u, x, y]."""
    total = table.sum()
    # NumPy's sum takes three times as long over axes as short as these.
    x, y, u = (np.einsum(f"uxy->{kept}", table) for kept in ("ux", "uy", "u"))

    def entropy(counts: np.ndarray) -> float:
        shares = counts[counts > 0] / total
        return float(-(shares * np.log(shares)).sum())

    given = entropy(y) - entropy(u)
    return max(entropy(x) + entropy(y) - entropy(table) - entropy(u), 0.0), given
