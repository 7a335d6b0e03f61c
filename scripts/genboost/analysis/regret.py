"""What it costs to choose the best cell by validation rows, and what the test rows flatter by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genboost.analysis import choices, splits, stats
from genboost.analysis.best_cells import CHOICES
from genboost.analysis.values import Measured
from genboost.measures.registry import Quantity
from genboost.study import grid
from genboost.study.cells import Cell


@dataclass(frozen=True)
class Regret:
    """How much higher the test error of the cell that validation rows choose is.

    Attributes
    ----------
    by_validation, by_test : float
        Mean test error, in repetitions that had no part in the choice, of the cell that validation
        errors choose, and of the cell that test errors choose.
    low, high : float
        95 % interval of what the first is higher by; NaN for fewer than four splits.
    same : float
        Share of the choices in which both choose the same cell.
    """

    by_validation: float
    by_test: float
    low: float
    high: float
    same: float

    @property
    def regret(self) -> float:
        """What the first is higher by."""
        return self.by_validation - self.by_test


def regret(validation: np.ndarray, test: np.ndarray, chosen: int, seed: int = 0) -> Regret:
    """Choose the best cell by validation and by test errors, and judge both by other repetitions.

    A choice is made on one split, by some of the seeds. The other seeds judge it, on other splits
    if there are several: the first half of them choose. On a single split the same test rows judge
    that chose, and part of what they choose by is luck with them. The interval is over choosing and
    judging splits, crossed (`splits.crossed`).

    Parameters
    ----------
    validation, test : [cells, splits, n]
        Errors of the same models; of two splits or two seeds at least.
    chosen
        Number of choosing seeds, below n unless n is 1; averaged over all such subsets.
    """
    _, several, n = test.shape
    half = max(several // 2, 1)
    choosing, judging = slice(half), slice(half if several > 1 else 0, None)
    subsets = stats.subsets(n, chosen, CHOICES, seed)
    judged, same = [], []
    for seeds in subsets:
        rest = np.delete(np.arange(n), seeds) if n > 1 else seeds
        on_rest = test[:, judging][:, :, rest].mean(axis=2)
        cells = [
            e[:, choosing][:, :, seeds].mean(axis=2).argmin(axis=0) for e in (validation, test)
        ]
        judged.append([on_rest[chosen_on_each] for chosen_on_each in cells])
        same.append(np.mean(cells[0] == cells[1]))
    errors = np.mean(judged, axis=0)  # [validation or test, choosing splits, judging splits]
    by_validation, by_test = errors.mean(axis=(1, 2)).tolist()
    difference = errors[0] - errors[1]
    ends = math.nan, math.nan
    if min(difference.shape) > 1:
        found = splits.crossed(difference)
        ends = found.low, found.high
    return Regret(by_validation, by_test, *ends, float(np.mean(same)))


@dataclass(frozen=True)
class BothChoices:
    """The cell that the test rows choose of a set, and the one that the validation rows choose.

    Attributes
    ----------
    scope : str
        What it is the best of.
    cells : int
        What it was chosen from.
    by_test, by_validation : str
        The cells of the lowest mean test and validation error over all repetitions.
    lowest, reached : float
        Their mean test errors.
    stopped_early : float
        Mean test error of the cell that the lowest validation errors of any epoch choose, each
        model taken at that epoch; NaN where that was not measured.
    few, splits, seeds : int
        Seeds that choose for the next six, of all the seeds, and splits.
    honest_by_validation, honest_by_test, honest, low, high, same : float
        As `Regret` has them; NaN for a single repetition.
    """

    study: str
    scope: str
    cells: int
    by_test: str
    lowest: float
    by_validation: str
    reached: float
    regret: float
    stopped_early: float
    few: int
    splits: int
    seeds: int
    honest_by_validation: float = math.nan
    honest_by_test: float = math.nan
    honest: float = math.nan
    low: float = math.nan
    high: float = math.nan
    same: float = math.nan


def regrets(
    measured: Measured,
    stopped_early: Quantity,
    scopes: Sequence[tuple[grid.Study, str, Sequence[Cell]]],
) -> list[BothChoices]:
    """Say what choosing by validation rows costs in each set of cells.

    Parameters
    ----------
    measured
        The test errors.
    stopped_early
        What a model's test error is where validation rows stop the training.
    scopes
        A study, a name and the cells of each set.

    Returns
    -------
    list of BothChoices
        Without sets of which no cell finished, or none has validation rows.
    """
    measured = measured.chosen_by("validation")
    early = measured.of_quantity(stopped_early)
    found = []
    for study, scope, cells in scopes:
        errors = measured.of([(study, cell) for cell in cells])
        if not errors.cells:
            continue
        means = errors.values.mean(axis=(1, 2))
        by_test = int(means.argmin())
        by_validation = int(errors.choosing.mean(axis=(1, 2)).argmin())
        stopped = early.of([(study, cell) for cell in cells])
        at_the_end = math.nan
        if stopped.cells:
            best = stopped.choosing.mean(axis=(1, 2)).argmin()
            at_the_end = float(stopped.values[best].mean())
        several, n = errors.values.shape[1:]
        few = choices.few_of(n)
        honest = {}
        if several * n > 1:
            judged = regret(errors.choosing, errors.values, few)
            honest = {
                "honest_by_validation": judged.by_validation,
                "honest_by_test": judged.by_test,
                "honest": judged.regret,
                "low": judged.low,
                "high": judged.high,
                "same": judged.same,
            }
        found.append(
            BothChoices(
                study=study.name,
                scope=scope,
                cells=len(errors.cells),
                by_test=measured.describe(errors.cells[by_test]),
                lowest=float(means[by_test]),
                by_validation=measured.describe(errors.cells[by_validation]),
                reached=float(means[by_validation]),
                regret=float(means[by_validation] - means[by_test]),
                stopped_early=at_the_end,
                few=few,
                splits=several,
                seeds=n,
                **honest,
            )
        )
    return found
