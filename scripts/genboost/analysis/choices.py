"""The best cell of each set of cells, and its true error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genboost.analysis import best_cells, edges, splits
from genboost.analysis.few_seeds import FEW
from genboost.analysis.values import Measured
from genboost.study import grid
from genboost.study.cells import Cell


@dataclass(frozen=True)
class Choice:
    """The best cell of a set, and its true error.

    Attributes
    ----------
    scope : str
        The set that it is the best of.
    cells : int
        The number of cells it was chosen from.
    cell, table : str and float
        The best cell over all seeds, and its mean error, as in the tables.
    edge : str
        The edges of the grid that this cell is at, as `edges.named` has them.
    chosen, unbiased, low, high : str and float
        The cell that the first third of the seeds chooses; its mean error on the others, with its
        95 % interval, NaN where fewer than `stats.ENOUGH` errors judge.
    choosing, n : int
        Seeds that choose, and seeds that judge.
    few : int
        Seeds that choose for the next three values: three, or all but one of fewer than six.
    apparent, honest, optimism : float
        Over all choices by so few seeds: the chosen cell's mean error on the seeds that chose it,
        on all others, and the difference.
    """

    study: str
    scope: str
    cells: int
    cell: str
    table: float
    edge: str
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
    """Judge the best cell of each set.

    Parameters
    ----------
    scopes
        A study, a name and the cells of each set.

    Returns
    -------
    list of Choice
        Without sets that have no finished cell or fewer than two seeds.
    """
    found = []
    for study, scope, cells in scopes:
        errors = measured.of([(study, cell) for cell in cells])
        n = len(errors.seeds)
        if not errors.cells or n < 2:
            continue
        best = int(errors.choosing.mean(axis=(1, 2)).argmin())
        best_cell = errors.cells[best]
        choosing = best_cells.choosing(n)
        choose, _ = best_cells.apart(errors.choosing, choosing)
        _, judge = best_cells.apart(errors.values, choosing)
        chosen = int(choose.mean(axis=(1, 2)).argmin())
        judged = splits.mean_of(judge[chosen])
        few = few_of(n)
        luck = [
            best_cells.optimism(errors.values[:, split], few, by=errors.choosing[:, split])
            for split in range(len(errors.splits))
        ]
        found.append(
            Choice(
                study=study.name,
                scope=scope,
                cells=len(errors.cells),
                cell=measured.describe(best_cell),
                table=float(errors.values.mean(axis=(1, 2))[best]),
                edge="" if study.sampled else edges.named(edges.edges(best_cell[1], cells)),
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


def few_of(n: int) -> int:
    """Return how many of n seeds choose where all subsets do: three, or all but one of few."""
    return FEW if n >= 2 * FEW else max(n - 1, 1)
