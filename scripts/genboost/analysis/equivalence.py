"""Paired ratios, and tests that two things are equal to within a margin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from genboost.analysis import stats
from genboost.analysis.stats import Interval

MARGIN = math.log(1.05)  # of differences of logs: 5 % more, in either direction


def ratio(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> Interval:
    """Return the geometric mean of a / b over pairs, with the t interval of log a - log b.

    Raises
    ------
    ValueError
        If a value is not positive.
    """
    found = stats.estimate(log_ratios(a, b))
    return Interval(math.exp(found.mean), math.exp(found.low), math.exp(found.high))


def log_ratios(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return log a - log b of pairs of positive values, to be compared like differences."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if (a <= 0).any() or (b <= 0).any():
        raise ValueError("a ratio takes positive values")
    return np.log(a) - np.log(b)


@dataclass(frozen=True)
class Equivalence:
    """Whether a mean difference is shown to be within ± a margin.

    Attributes
    ----------
    margin : float
    p : float
        The p value of a larger difference; at most alpha exactly if the interval is within
        ± margin.
    low, high : float
        The 1 - 2 alpha interval.
    """

    margin: float
    p: float
    low: float
    high: float


def equivalence(
    differences: Sequence[float] | np.ndarray,
    margin: float = MARGIN,
    alpha: float = 1 - stats.CONFIDENCE,
) -> Equivalence:
    """Test whether a mean difference is within ± margin: two one-sided t tests (Schuirmann 1987).

    The p value is the larger of those of "at most -margin" and "at least margin". A difference that
    is merely not significant is no evidence of equality; this test is.

    Parameters
    ----------
    differences : [n]
        Paired differences, or `log_ratios` if the margin is a ratio's; n >= 2.
    """
    differences = np.asarray(differences, dtype=float)
    n, mean = len(differences), differences.mean()
    error = differences.std(ddof=1) / math.sqrt(n)
    inside = margin - abs(mean)  # how far the nearer margin is
    p = float(stdtr(n - 1, -inside / error)) if error else float(inside <= 0)
    low, high = stats.interval(differences, confidence=1 - 2 * alpha)
    return Equivalence(margin, p, float(low), float(high))
