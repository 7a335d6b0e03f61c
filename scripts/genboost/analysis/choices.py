"""The best cell of each set of cells, and the error that it really has."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genboost.analysis import best_cells, splits, stats
from genboost.analysis.values import Measured
from genboost.analysis.verdicts import FEW
from genboost.study import grid
from genboost.study.cells import Cell


@dataclass(frozen=True)
class Choice:
    """The best cell of a set, and the error that it really has.

    Attributes
    ----------
    scope : str
        What it is the best of.
    cells : int
        What it was chosen from.
    cell, table : str and float
        The cell of the lowest mean over all seeds, and that mean, as in the tables.
    chosen, unbiased, low, high : str and float
        The cell that the first third of the seeds chooses; its mean error on the others, with its
        95 % interval, NaN where fewer than `stats.ENOUGH` errors judge.
    choosing, n : int
        Seeds that choose, and seeds that judge.
    few : int
        Seeds of the choices that the next three are about: three, or all but one of fewer than six.
    apparent, honest, optimism : float
        Over all choices by so few seeds: mean error of the chosen cell on the seeds that chose it
        and on all others, and the difference, by which the first flatters.
    """

    study: str
    scope: str
    cells: int
    cell: str
    table: float
    chosen: str
    unbiased: float
    low: float
    high: float
    choosing: int
    n: int
    few: int
    apparent: float
    honest: float
    optimism: float


def choices(
    measured: Measured, scopes: Sequence[tuple[grid.Study, str, Sequence[Cell]]]
) -> list[Choice]:
    """Say what the best cell of each set is worth.

    Parameters
    ----------
    scopes
        A study, a name and the cells of each set.

    Returns
    -------
    list of Choice
        Without sets of which no cell finished, or fewer than two seeds.
    """
    found = []
    for study, scope, cells in scopes:
        errors = measured.of([(study, cell) for cell in cells])
        n = len(errors.seeds)
        if not errors.cells or n < 2:
            continue
        means = errors.values.mean(axis=(1, 2))
        choosing = best_cells.choosing(n)
        choose, judge = best_cells.apart(errors.values, choosing)
        chosen = int(choose.mean(axis=(1, 2)).argmin())
        judged = _judge(judge[chosen])
        few = FEW if n >= 2 * FEW else n - 1
        on_each = np.moveaxis(errors.values, 1, 0)
        luck = [best_cells.optimism(on_split, few) for on_split in on_each]
        found.append(
            Choice(
                study=study.name,
                scope=scope,
                cells=len(errors.cells),
                cell=measured.describe(errors.cells[means.argmin()]),
                table=float(means.min()),
                chosen=measured.describe(errors.cells[chosen]),
                unbiased=judged.value,
                low=judged.low,
                high=judged.high,
                choosing=choosing,
                n=judge.shape[2],
                few=few,
                apparent=float(np.mean([one.apparent for one in luck])),
                honest=float(np.mean([one.honest for one in luck])),
                optimism=round(float(np.mean([one.optimism for one in luck])), 12) + 0.0,
            )
        )
    return found


def _judge(errors: np.ndarray) -> stats.Interval:
    """Return the mean of errors [splits, seeds] with its interval, if they are enough."""
    crossed = min(errors.shape) > 1
    found = splits.crossed(errors) if crossed else stats.estimate(errors.ravel())
    ends = (found.low, found.high) if errors.size >= stats.ENOUGH else (math.nan, math.nan)
    return stats.Interval(found.mean, *ends)
