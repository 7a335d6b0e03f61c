"""What a few of a study's seeds, or other ones that choose, would have said of a claim."""

from typing import Any

import numpy as np

from genboost.analysis import best_cells, stats
from genboost.analysis.values import Values

FEW = 3  # seeds of the deck's study


def in_subsets(a: Values, b: Values, by: str, difference: float) -> dict[str, Any]:
    """Return how often three of the seeds, on one split, would have said something else."""
    _, several, n = a.values.shape
    if n < 2 * FEW or difference == 0:
        return {}
    few = stats.subsets(n, FEW)
    gaps = np.array([_plain(a, b, split, s, by) for split in range(several) for s in few])
    low, high = stats.interval(gaps)
    excludes_zero = (low > 0) | (high < 0)
    wrong = np.sign(gaps.mean(axis=1)) != np.sign(difference)
    return {
        "subsets": len(gaps),
        "wrong_direction": float(wrong.mean()),
        "decided_right": float((excludes_zero & ~wrong).mean()),
        "decided_wrong": float((excludes_zero & wrong).mean()),
    }


def stability(a: Values, b: Values, choosing: int, difference: float, p: float) -> float:
    """Return the share of choices of seeds with which a comparison comes out as this one did."""
    by = a.choosing, b.choosing
    shares = best_cells.outcomes(a.values, b.values, choosing, by=by)
    if p > 1 - stats.CONFIDENCE:
        return shares.undecided
    return shares.lower if difference < 0 else shares.higher


def _plain(a: Values, b: Values, split: int, seeds: np.ndarray, by: str) -> np.ndarray:
    """Compare as tables of means invite to: the cells that are lowest on these very seeds."""
    (of_a, by_a), (of_b, by_b) = (
        (side.values[:, split, seeds], side.choosing[:, split, seeds]) for side in (a, b)
    )
    if by == "each":
        return (of_a - of_b).mean(axis=0)
    return of_a[by_a.mean(axis=1).argmin()] - of_b[by_b.mean(axis=1).argmin()]
