"""Differences over splits and seeds: what holds beyond the split that a study drew.

All models are trained with the same seeds on every split, so a difference in error of two cells is
d_js = μ + a_j + b_s + e_js, of split j and seed s.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from genboost.analysis import anova, stats
from genboost.analysis.aggregation import Repetition
from genboost.analysis.stats import Interval

USUAL = 20  # splits in a study of several


@dataclass(frozen=True)
class Difference:
    """A mean difference, its 95 % interval and the p value of no difference.

    Attributes
    ----------
    mean, low, high, p : float
    error : float
        Standard error of the mean.
    freedom : float
        Degrees of freedom of the t distribution behind the interval and p.
    """

    mean: float
    error: float
    freedom: float
    low: float
    high: float
    p: float

    @classmethod
    def of(
        cls, mean: float, error: float, freedom: float, confidence: float = stats.CONFIDENCE
    ) -> "Difference":
        """Return the t interval and the two-sided t test of a mean with a standard error."""
        from scipy.special import stdtr, stdtrit

        half = float(stdtrit(freedom, (1 + confidence) / 2)) * error
        p = 2 * float(stdtr(freedom, -abs(mean) / error)) if error else float(mean == 0)
        return cls(mean, error, freedom, mean - half, mean + half, p)

    def p_beyond(self, margin: float) -> float:
        """Return the p value of a difference of at least the margin, by two one-sided t tests."""
        from scipy.special import stdtr

        if not self.error:
            return float(abs(self.mean) >= margin)
        return float(stdtr(self.freedom, (abs(self.mean) - margin) / self.error))


def crossed(differences: np.ndarray, confidence: float = stats.CONFIDENCE) -> Difference:
    """Estimate a difference over splits and seeds, random and crossed.

    The variance of the mean is σ²_a / J + σ²_b / S + σ²_e / (J S), with the components from the
    mean squares, those below zero taken as zero; its degrees of freedom are Satterthwaite's (1946).
    It holds for other seeds and other random splits *of the same rows*. New rows vary more: see
    `corrected_resampled_t`.

    Parameters
    ----------
    differences : [splits, seeds]
        A single split or seed says nothing of its variance: the interval and p are NaN.
    """
    mean, error, freedom = map(float, crossed_error(differences))
    return Difference.of(mean, error, freedom, confidence)


def mean_of(errors: np.ndarray) -> Interval:
    """Return the mean of errors or differences [splits, seeds], with its interval.

    Its ends are NaN for fewer than `stats.ENOUGH`.
    """
    found = crossed(errors) if min(errors.shape) > 1 else stats.estimate(errors.ravel())
    ends = (found.low, found.high) if errors.size >= stats.ENOUGH else (math.nan, math.nan)
    return Interval(found.mean, *ends)


def mean_of_models(values: Mapping[Repetition, float]) -> Interval:
    """Return the mean of a cell's models that did not diverge, with the interval of `mean_of`.

    With several splits, its ends are also NaN if a model of some split and seed is missing.
    """
    splits, seeds = (sorted({which[part] for which in values}) for part in (0, 1))
    array = np.array([[values.get((s, j), math.nan) for j in seeds] for s in splits], float)
    finite = array[np.isfinite(array)]
    if len(splits) > 1 and finite.size < array.size:
        return Interval(stats.estimate(finite).mean, math.nan, math.nan)
    return mean_of(array if len(splits) > 1 else finite[None])


@np.errstate(divide="ignore", invalid="ignore")  # of a single split or seed
def crossed_error(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean of `crossed`, its standard error and degrees of freedom, of each of many.

    Parameters
    ----------
    differences : [..., splits, seeds]
    """
    splits, seeds = differences.shape[-2:]
    mean = differences.mean(axis=(-2, -1), keepdims=True)
    by_split = differences.mean(axis=-1, keepdims=True) - mean
    by_seed = differences.mean(axis=-2, keepdims=True) - mean
    freedoms = splits - 1, seeds - 1, (splits - 1) * (seeds - 1)
    split = seeds * (by_split**2).sum(axis=(-2, -1)) / freedoms[0]
    seed = splits * (by_seed**2).sum(axis=(-2, -1)) / freedoms[1]
    left = differences - mean - by_split - by_seed
    rest = (left**2).sum(axis=(-2, -1)) / freedoms[2]
    # σ²_a / J = (MS_a - MS_e) / (J S), or zero; so for seeds. Terms that cancel are left out.
    used = split > rest, seed > rest, (split > rest) == (seed > rest)
    squares = zip((split, seed, rest), used, freedoms, strict=True)
    spread = sum(np.where(use, square, 0) ** 2 / freedom for square, use, freedom in squares)
    total = np.maximum(split - rest, 0) + np.maximum(seed - rest, 0) + rest
    freedom = np.where(spread > 0, total**2 / spread, freedoms[2])
    return mean[..., 0, 0], np.sqrt(total / (splits * seeds)), freedom


def corrected_resampled_t(
    differences: np.ndarray,
    train_rows: int,
    test_rows: int,
    confidence: float = stats.CONFIDENCE,
) -> Difference:
    """Estimate a difference over data sets like this one (Nadeau & Bengio 2003).

    Splits of one file share most of their training rows, so their differences agree with each other
    more than those of new data would. The variance of their mean is therefore taken as
    (1 / J + test_rows / train_rows) times the variance between splits, not 1 / J times.

    Parameters
    ----------
    differences : [splits] or [splits, seeds]
        With several seeds, a split's difference is their mean.
    """
    if differences.ndim > 1:
        differences = differences.mean(axis=1)
    splits = len(differences)
    error = differences.std(ddof=1) * math.sqrt(1 / splits + test_rows / train_rows)
    return Difference.of(float(differences.mean()), float(error), splits - 1, confidence)


def probability_lower(differences: np.ndarray, confidence: float = stats.CONFIDENCE) -> Interval:
    """Return the probability that A has a lower error than B if each is trained once.

    It is P(A > B) of Bouthillier et al. (2021), who call a difference meaningful if it is 0.75 or
    more and its interval lies above 0.5. Equal errors count half. Models share splits and seeds, so
    the interval is Clopper and Pearson's for as many independent models as would give the mean
    difference the same variance (after Korn & Graubard 1998, who take the variance of the share;
    that of the difference is known better, and is larger, as signs agree less than differences). A
    bootstrap interval would have no width where A always wins.

    Parameters
    ----------
    differences : [splits, seeds]
        Error of A minus that of B on the same split and seed. A single split or seed is taken as
        given.
    """
    from scipy.special import betaincinv

    share = float(((differences < 0) + (differences == 0) / 2).mean())
    models = float(differences.size)
    if min(differences.shape) > 1:
        parts = anova.components(differences).values()
        error = crossed(differences).error
        models = sum(max(part, 0) for part in parts) / error**2 if error else 1.0
    won, tail = share * models, (1 - confidence) / 2
    low = float(betaincinv(won, models - won + 1, tail)) if won > 0 else 0.0
    high = float(betaincinv(won + 1, models - won, 1 - tail)) if won < models else 1.0
    return Interval(share, low, high)


def variance_shares(errors: np.ndarray) -> dict[str, float]:
    """Return the shares of the variance of test errors by cell, split and seed.

    Parameters
    ----------
    errors : [cells, splits, seeds]
        For example logs of test errors; two or more of each.

    Returns
    -------
    dict
        By ``cell``, ``split``, ``seed``, their pairs (``cell × split``: some splits favour some
        cells) and ``rest``. They sum to 1; a component below zero counts as zero.
    """
    names = "cell", "split", "seed"
    found = {
        " × ".join(names[axis] for axis in factors): max(component, 0.0)
        for factors, component in anova.components(errors).items()
    }
    found["rest"] = found.pop(" × ".join(names))
    total = sum(found.values())
    return {name: component / total for name, component in found.items()}
