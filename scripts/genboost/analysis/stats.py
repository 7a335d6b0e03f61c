"""Statistics of test errors over seeds: intervals, paired tests, power and resampling.

Pure functions of arrays, which know nothing about cells or files. The last axis of an array of
errors is the seeds, the same seeds in the same order in all arrays compared.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import nctdtr, stdtrit

CONFIDENCE = 0.95
POWER = 0.8
ENOUGH = 5  # the fewest values with a useful t interval
EXACT_LIMIT = 40  # values up to which a sign-flip test counts all 2**n signs
DRAWS = 100_000
SUBSETS = 5_000


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard deviation (n - 1) and t interval; NaN where n is too small."""

    mean: float
    sd: float
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


def estimate(values: Sequence[float] | np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Estimate a mean from n independent values.

    The interval is mean ± t(n - 1) sd / sqrt(n), so the mean of n such values should be about
    normal.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean = float(values.mean()) if n else math.nan
    sd = float(values.std(ddof=1)) if n > 1 else math.nan
    half = float(half_width(sd, n, confidence=confidence))
    return Estimate(mean, sd, n, mean - half, mean + half)


def half_width(
    sd: float | np.ndarray,
    n: int | np.ndarray,
    future: int | None = None,
    confidence: float = CONFIDENCE,
) -> np.ndarray:
    """Return half the width of the t interval of each of some samples of normal values.

    Parameters
    ----------
    sd, n
        Standard deviation (n - 1) and size of each sample, of one shape or one for all.
    future
        For a prediction interval: how many more values it should hold the mean of. By default, the
        interval is for the expected value.

    Returns
    -------
    array
        t(n - 1) sd / sqrt(n), or t(n - 1) sd sqrt(1 / n + 1 / future); NaN where n < 2.
    """
    n = np.asarray(n, dtype=float)
    scaled = stdtrit(n - 1, (1 + confidence) / 2) * sd
    return scaled / np.sqrt(n) if future is None else scaled * np.sqrt(1 / n + 1 / future)


def interval(
    values: Sequence[float] | np.ndarray,
    axis: int = -1,
    future: int | None = None,
    confidence: float = CONFIDENCE,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the t intervals of the samples along an axis; see `half_width`."""
    values = np.asarray(values, dtype=float)
    n = values.shape[axis]
    mean = values.mean(axis=axis)
    sd = values.std(axis=axis, ddof=1) if n > 1 else np.full(mean.shape, math.nan)
    half = half_width(sd, n, future, confidence)
    return mean - half, mean + half


def jackknife(
    statistic: Callable[[np.ndarray], np.ndarray],
    values: np.ndarray,
    confidence: float = CONFIDENCE,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimate a smooth statistic of a sample, and its interval, leaving each value out once.

    The pseudo-values n θ - (n - 1) θ₋ᵢ are much like independent values of the statistic, so their
    t interval is taken (Tukey 1958; Efron & Tibshirani 1993, chapter 11).

    Parameters
    ----------
    statistic
        A function of an array [..., n], for any n of two or more.
    values : [..., n]
        The sample lies along the last axis.

    Returns
    -------
    estimate, low, high : arrays of the statistic's shape
        The statistic of all values; NaN ends with n < `ENOUGH`.
    """
    n = values.shape[-1]
    everything = np.asarray(statistic(values), dtype=float)
    if n < ENOUGH:
        nothing = np.full(everything.shape, math.nan)
        return everything, nothing, nothing
    without = np.array([statistic(np.delete(values, i, axis=-1)) for i in range(n)])
    half = half_width((n - 1) * without.std(axis=0, ddof=1), n, confidence=confidence)
    return everything, everything - half, everything + half


def sign_flip(
    differences: Sequence[float] | np.ndarray, draws: int = DRAWS, seed: int = 0
) -> float:
    """Test whether paired differences lie around zero, by flipping their signs (Fisher 1935).

    If neither of a pair is better, each difference is as likely to have either sign. The p value
    is the share of all 2**n assignments of signs whose mean is at least as far from zero as the
    one observed; so it is never below 2**(1 - n).

    Parameters
    ----------
    differences : [n]
    draws, seed
        With more than `EXACT_LIMIT` differences, signs are drawn at random, and the observed ones
        count as one more draw.

    Returns
    -------
    float
        The two-sided p value; 1 if there is no difference.
    """
    differences = np.asarray(differences, dtype=float)
    sizes = np.abs(differences)
    # Sums that differ only by rounding are equal.
    observed = abs(differences.sum()) - 1e-12 * sizes.sum()
    if len(sizes) > EXACT_LIMIT:
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
        extreme = 1
        for start in range(0, draws, 10_000):
            signs = random.integers(0, 2, size=(min(10_000, draws - start), len(sizes))) * 2 - 1
            extreme += int((np.abs(signs @ sizes) >= observed).sum())
        return extreme / (draws + 1)
    # Each sum over all is one over the first half plus one over the second. What is looked up is
    # sorted, too: neighbours are then found in the same part of memory, several times as fast.
    first, second = (np.sort(_signed_sums(half)) for half in np.array_split(sizes, 2))
    below = np.searchsorted(second, -observed - first, side="right")
    above = len(second) - np.searchsorted(second, observed - first, side="left")
    # Near zero, both count the same sums.
    return min(int((below + above).sum()) / 2 ** len(sizes), 1.0)


def _signed_sums(sizes: np.ndarray) -> np.ndarray:
    """Return the sums of all 2**n assignments of signs."""
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums + size, sums - size])
    return sums


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p values of several tests to bound the chance of any false finding (Holm 1979)."""
    adjusted, largest = [math.nan] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def seeds_needed(
    effect: float, sd: float, alpha: float = 1 - CONFIDENCE, power: float = POWER
) -> int | None:
    """Return how many pairs a two-sided t test needs to find a difference that is as estimated.

    Parameters
    ----------
    effect, sd
        Mean and standard deviation of the paired differences.

    Returns
    -------
    int or None
        The least n >= 2 with that power (from the noncentral t distribution); None for no effect,
        or if it takes more than a million.
    """
    if not (math.isfinite(effect) and math.isfinite(sd)) or effect == 0:
        return None

    def reached(n: int) -> bool:
        if sd == 0:
            return True
        shift = abs(effect) / sd * math.sqrt(n)
        if shift > 30:
            return True
        critical = stdtrit(n - 1, 1 - alpha / 2)
        return 1 - nctdtr(n - 1, shift, critical) >= power  # in its direction

    low, high = 1, 2
    while not reached(high):
        low, high = high, 2 * high
        if high > 1_000_000:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def subsets(n: int, size: int, limit: int = SUBSETS, seed: int = 0) -> np.ndarray:
    """Return subsets of 0..n-1 of a size, int [subsets, size]: all, or `limit` drawn at random."""
    if math.comb(n, size) <= limit:
        return np.array(list(itertools.combinations(range(n), size)), dtype=int).reshape(-1, size)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    return np.sort([random.permutation(n)[:size] for _ in range(limit)], axis=1)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's rank correlation, ties sharing their mean rank; NaN without variation."""
    a, b = _ranks(first), _ranks(second)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0 or np.isnan([first, second]).any():
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1 on; ties share their mean. Importing SciPy's takes most of a second."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]


def kendall_tau_b(first: np.ndarray, second: np.ndarray) -> float:
    """Return Kendall's rank correlation τ-b (1945), which allows for ties; NaN without variation.

    Parameters
    ----------
    first, second : ndarray of shape (n,)
        Finite values. The work grows with n².
    """
    a, b = (
        np.sign(np.subtract.outer(values, values)).ravel()
        for values in (np.asarray(first), np.asarray(second))
    )
    untied = float(np.abs(a).sum()) * float(np.abs(b).sum())
    return float(a @ b) / math.sqrt(untied) if untied else math.nan
