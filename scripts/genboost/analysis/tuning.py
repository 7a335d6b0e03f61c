"""What tuning buys: the expected best error of each method, by tries and by gradients computed.

A try trains one cell of a method, with one seed. Its cost is the number of gradients that are
computed for each training row: one an epoch, two with SAM. One that stops early counts in full.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genboost.analysis import splits
from genboost.analysis.aggregation import Repetition
from genboost.analysis.budget import expected_best
from genboost.analysis.values import errors_or_useless
from genboost.study import axes
from genboost.study.cells import Cell
from genboost.study.grid import Study
from genboost.study.methods import methods

POINTS = 40  # of a curve
RESAMPLES = 1000
TRIES, GRADIENTS = "tries", "gradients"


@dataclass(frozen=True)
class Curve:
    """The expected best of n tries of a method.

    Attributes
    ----------
    study, method : str
    cells : int
        That a try is drawn from, without replacement.
    cost : float
        Of a try, on average.
    tries : list of int
        The n.
    best, low, high : list of float
        The expected best error, and its 95 % interval; NaN where there is none.
    """

    study: str
    method: str
    cells: int
    cost: float
    tries: list[int]
    best: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Winner:
    """The method with the lowest expected best error at a budget.

    Attributes
    ----------
    study : str
    unit : str
        `TRIES` or `GRADIENTS`, of which the budget is a number.
    budget : float
    method, next : str
        The best, and the second best.
    best, difference, low, high : float
        Expected best error of the first; that minus the second's, with its 95 % interval.
    """

    study: str
    unit: str
    budget: float
    method: str
    next: str
    best: float
    difference: float
    low: float
    high: float


def tuning(
    study: Study,
    values: Mapping[tuple[str, Cell], Mapping[Repetition, float]],
    useless: Callable[[Cell, int], float],
) -> tuple[list[Curve], list[Winner]]:
    """Return what tuning each method of a study buys, and which is the best at which budget.

    The best of some tries is the one of the lowest test error. The cells of a grid are what there
    is to try, so intervals are t intervals over the seeds (and splits). Those of a random search
    are a sample, so intervals come from resampling cells; beyond half of them there is none, since
    resampled cells cannot tell what more tries would find.

    Parameters
    ----------
    study
        As `Study.over_splits` returns it.
    values, useless
        As of `errors_or_useless`.
    """
    if len(study.cells) < 2:
        return [], []
    rivals: dict[tuple[object, ...], list[_Method]] = {}
    for title, cells in methods(study).items():
        method = _Method(
            title,
            errors_or_useless([(study.name, cell) for cell in cells], values, useless)[0],
            float(np.mean([cell.epochs * gradients(cell) for cell in cells])),
            resampled=bool(study.sampled),
        )
        rows = tuple(cells[0][setting.name] for setting in axes.OF_TEST_ROWS)
        rivals.setdefault(rows, []).append(method)
    return (
        [method.curve(study.name) for found in rivals.values() for method in found],
        [
            _winner(study.name, found, *budget)
            for found in rivals.values()
            if len(found) > 1
            for budget in _budgets(found)
        ],
    )


def gradients(cell: Cell) -> int:
    """Return how many gradients an epoch computes for each training row."""
    return 1 if cell.sam_rho is None else 2


class _Method:
    """A method's errors [cells, splits, seeds]."""

    def __init__(self, title: str, errors: np.ndarray, cost: float, resampled: bool):
        self.title, self.errors, self.cost, self.is_resampled = title, errors, cost, resampled

    def best(self, tries: Sequence[int]) -> np.ndarray:
        """Return the expected best error [tries, splits, seeds]; no more than all are tried."""
        return expected_best(self.errors, np.minimum(tries, len(self.errors)))

    @cached_property
    def resamples(self) -> np.ndarray:
        """Errors [cells, resamples × splits × seeds] of cells that are drawn again."""
        count = len(self.errors)
        random = np.random.default_rng([count, *map(ord, self.title)])
        drawn = random.integers(count, size=(count, RESAMPLES))
        return self.errors[drawn].reshape(count, -1)

    def resampled(self, tries: Sequence[int]) -> np.ndarray:
        """Return the expected best error [tries, resamples] of cells that are drawn again."""
        best = expected_best(self.resamples, np.minimum(tries, len(self.errors)))
        return best.reshape(len(best), RESAMPLES, -1).mean(axis=2)

    def knows(self, tries: int) -> bool:
        """Say whether there is an interval for this number of tries."""
        return not self.is_resampled or tries <= max(1, len(self.errors) // 2)

    def curve(self, study: str) -> Curve:
        count = len(self.errors)
        tries = sorted({round(n) for n in np.geomspace(1, count, POINTS)})
        best = self.best(tries)
        if self.is_resampled:
            low, high = np.quantile(self.resampled(tries), [0.025, 0.975], axis=1)
        else:
            judged = map(splits.mean_of, best)
            low, high = np.array([(one.low, one.high) for one in judged]).T
        known = np.array([self.knows(n) for n in tries])
        low, high = np.where(known, low, math.nan), np.where(known, high, math.nan)
        means = best.mean(axis=(1, 2))
        ends = low.tolist(), high.tolist()
        return Curve(study, self.title, count, self.cost, tries, means.tolist(), *ends)


def _budgets(found: Sequence[_Method]) -> list[tuple[str, float, list[int]]]:
    """Return the budgets to compare methods at: the unit, the budget and each method's tries."""
    most = max(len(method.errors) for method in found)
    counts = [*itertools.takewhile(lambda n: n < most, (2**k for k in itertools.count())), most]
    budgets = [(TRIES, float(n), [n] * len(found)) for n in counts]
    costs = [method.cost for method in found]
    if len(set(costs)) > 1:
        for n in counts:
            budget = n * max(costs)
            budgets.append((GRADIENTS, budget, [int(budget // cost) for cost in costs]))
    return budgets


def _winner(
    study: str, found: Sequence[_Method], unit: str, budget: float, tries: Sequence[int]
) -> Winner:
    """Return the best method at a budget, compared with the next."""
    best = [method.best([n])[0] for method, n in zip(found, tries, strict=True)]
    first, second = sorted(range(len(found)), key=lambda place: best[place].mean())[:2]
    difference = best[first] - best[second]
    pair = [(found[place], tries[place]) for place in (first, second)]
    if not all(method.knows(n) for method, n in pair):
        low, high = math.nan, math.nan
    elif found[first].is_resampled:
        one, other = (method.resampled([n])[0] for method, n in pair)
        low, high = np.quantile(one - other, [0.025, 0.975]).tolist()
    else:
        judged = splits.mean_of(difference)
        low, high = judged.low, judged.high
    return Winner(
        study,
        unit,
        budget,
        found[first].title,
        found[second].title,
        float(best[first].mean()),
        float(difference.mean()),
        low,
        high,
    )
