"""The best of many cells: choosing it, what the choice is worth, and comparing two bests.

Errors are float arrays [cells, n], with the same n seeds in the same order in all that is compared,
or [cells, splits, n], where each seed was trained on each split. The cells are chosen by these
errors or by others of the same models, such as those on validation rows: by arrays of the same
shape, ``by``.
"""

from dataclasses import dataclass, replace

import numpy as np

from genboost.analysis import splits, stats

CLOSEST = 8  # rivals of a best cell for its sign-flip test
CHOICES = 200  # of seeds, to see how much a verdict depends on the seeds that chose


def choosing(n: int) -> int:
    """Return how many of n seeds (or splits) choose the best cell of a set; the others judge it."""
    return max(n // 3, 1)


def apart(errors: np.ndarray, chosen: int) -> tuple[np.ndarray, np.ndarray]:
    """Separate choosing models from judging models; without a choice, all judge.

    The mean over the seeds that chose a cell flatters it. On the other seeds, its errors are
    independent of the choice, so intervals and tests hold as for any cell. (Choosing anew for each
    seed by all others would use every seed and be right on average; but a cell that is lucky
    overall would win every time, and neither interval nor test would notice.)

    Of several splits, the first third also chooses: a cell can be lucky with test rows as with
    seeds. So no judging model shares its split or its seed with a choosing one. A single seed
    is taken as given, and only the splits are separated.

    Parameters
    ----------
    errors : [cells, splits, n]
    chosen
        How many seeds choose, or 0.
    """
    _, several, n = errors.shape
    if not chosen:
        return errors, errors
    if several == 1:
        return errors[:, :, :chosen], errors[:, :, chosen:]
    first = choosing(several)
    return errors[:, :first, :chosen], errors[:, first:, chosen if n > 1 else 0 :]


@dataclass(frozen=True)
class Optimism:
    """How much better the best of many cells looks than it is.

    Attributes
    ----------
    apparent : float
        Mean error of the best cell on the seeds that it was chosen by.
    honest : float
        Its mean error on the other seeds.
    """

    apparent: float
    honest: float

    @property
    def optimism(self) -> float:
        """How much the first flatters."""
        return self.honest - self.apparent


def optimism(errors: np.ndarray, few: int, seed: int = 0, by: np.ndarray | None = None) -> Optimism:
    """Choose the best cell by a few of the seeds, look at it on the others, over many subsets.

    Parameters
    ----------
    errors : [cells, n]
    few
        Seeds to choose by, 1 to n - 1.
    by
        What chooses, unless the errors do.
    """
    by = errors if by is None else by
    n = errors.shape[1]
    apparent, honest = [], []
    for chosen in stats.subsets(n, few, seed=seed):
        cell = by[:, chosen].mean(axis=1).argmin()
        apparent.append(errors[cell, chosen].mean())
        honest.append((errors[cell].sum() - errors[cell, chosen].sum()) / (n - few))
    return Optimism(float(np.mean(apparent)), float(np.mean(honest)))


@dataclass(frozen=True)
class Bests:
    """The best cell of one set compared with the best of another.

    Attributes
    ----------
    a, b : int
        The cells that the first seeds choose.
    differences : float array
        Error of a minus that of b on the other seeds; with several splits, [splits, n].
    low, high : float
        95 % interval of min(a) - min(b), the lowest expected error of each set.
    p : float
        The two-sided p value of equal lowest expected errors.
    """

    a: int
    b: int
    differences: np.ndarray
    low: float
    high: float
    p: float


def compare_bests(
    a: np.ndarray,
    b: np.ndarray,
    chosen: int,
    by: tuple[np.ndarray, np.ndarray] | None = None,
) -> Bests:
    """Compare the lowest expected errors of two sets of cells.

    Comparing only the two chosen cells would test the choice, not the claim: with equal minima, it
    finds a difference in 10 to 14 % of simulations, as the larger set's chosen cell is further from
    its best. But the chosen cell of a set is never better than its best, so min(a) < min(b) is
    shown if a's chosen cell is better than *every* cell of b: an intersection-union test (Berger
    1982), at level α without a correction for the number of cells. Its p is the largest of the
    sign-flip tests'; likewise, the interval's upper end is the largest upper end of a difference
    with a cell of b, and the lower end follows from b's chosen cell and all of a. Simulations find
    a false difference in 1 to 4 % of cases, and the interval covers the true one in 96 to 99 %.

    Parameters
    ----------
    a, b : [cells, n] or [cells, splits, n]
    chosen
        How many seeds choose; 0 if both sets have a single cell.
    by
        What chooses of each set, unless the errors do.
    """
    by = by or (a, b)
    if a.ndim == 2:
        found = compare_bests(a[:, None], b[:, None], chosen, (by[0][:, None], by[1][:, None]))
        return replace(found, differences=found.differences[0])
    rows = [int(apart(side, chosen)[0].mean(axis=(1, 2)).argmin()) for side in by]
    a, b = (apart(side, chosen)[1] for side in (a, b))
    below, high = _against_all(a[rows[0]], b)
    above, low = _against_all(b[rows[1]], a)
    return Bests(*rows, a[rows[0]] - b[rows[1]], -low, high, min(below, above))


def _against_all(cell: np.ndarray, rivals: np.ndarray) -> tuple[float, float]:
    """Return p and the largest plausible difference of a cell against the best rival.

    By crossed components over several splits; with one split or one seed, over the other alone.
    """
    differences = cell - rivals
    if min(cell.shape) > 1:
        each = [splits.crossed(d) for d in differences]
        worse = any(d.mean >= 0 for d in each)
        return 1.0 if worse else max(d.p for d in each), max(d.high for d in each)
    differences = differences.reshape(len(rivals), -1)
    _, high = stats.interval(differences)
    largest = float(high.max())
    if (differences.mean(axis=1) >= 0).any():
        return 1.0, largest
    closest = np.argsort(_t_statistic(differences))[-CLOSEST:]
    return max(stats.sign_flip(differences[row]) for row in closest), largest


def _t_statistic(differences: np.ndarray) -> np.ndarray:
    n = differences.shape[-1]
    error = differences.std(axis=-1, ddof=1) / np.sqrt(n) if n > 1 else np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(differences.mean(axis=-1) / error)


@dataclass(frozen=True)
class Outcomes:
    """Of the choices of seeds, the shares in which a's best is lower, higher, or neither."""

    lower: float
    higher: float
    undecided: float


def outcomes(
    a: np.ndarray,
    b: np.ndarray,
    chosen: int,
    seed: int = 0,
    by: tuple[np.ndarray, np.ndarray] | None = None,
) -> Outcomes:
    """Repeat `compare_bests` with other seeds choosing: how much hangs on which ones did.

    By t tests at 5 %, without a correction for other claims.

    Parameters
    ----------
    a, b, chosen, by
        As for `compare_bests`, with two seeds or more left.
    """
    by = by or (a, b)
    if a.ndim == 3 and min(a.shape[1:]) > 1:
        return _outcomes_over_splits(a, b, chosen, seed, by)
    a, b, *by = (side.reshape(len(side), -1) for side in (a, b, *by))
    found = []
    for seeds in stats.subsets(a.shape[1], chosen, CHOICES, seed):
        rest = np.delete(np.arange(a.shape[1]), seeds)
        chosen_a, chosen_b = (
            side[choose[:, seeds].mean(axis=1).argmin(), rest]
            for side, choose in zip((a, b), by, strict=True)
        )
        lower = stats.interval(chosen_a - b[:, rest])[1].max() < 0
        higher = stats.interval(chosen_b - a[:, rest])[1].max() < 0
        found.append((lower, higher, not (lower or higher)))
    return Outcomes(*np.mean(found, axis=0).tolist())


def _outcomes_over_splits(
    a: np.ndarray, b: np.ndarray, chosen: int, seed: int, by: tuple[np.ndarray, np.ndarray]
) -> Outcomes:
    """Repeat the choice with other thirds of the splits and of the seeds."""
    from scipy.special import stdtrit

    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    confidence = (1 + stats.CONFIDENCE) / 2

    def is_lower(cell: np.ndarray, rivals: np.ndarray) -> bool:
        mean, error, freedom = splits.crossed_error(cell - rivals)
        return bool((mean + stdtrit(freedom, confidence) * error).max() < 0)

    found = []
    for _ in range(CHOICES):
        order = np.ix_(*(random.permutation(count) for count in a.shape[1:]))
        choose_a, choose_b = (apart(side[:, *order], chosen)[0] for side in by)
        rest_a, rest_b = (apart(side[:, *order], chosen)[1] for side in (a, b))
        best_a, best_b = (
            rest[choose.mean(axis=(1, 2)).argmin()]
            for choose, rest in ((choose_a, rest_a), (choose_b, rest_b))
        )
        lower, higher = is_lower(best_a, rest_b), is_lower(best_b, rest_a)
        found.append((lower, higher, not (lower or higher)))
    return Outcomes(*np.mean(found, axis=0).tolist())
