"""A quantity of cells, by split and seed: what claims compare and what best cells are chosen by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from genboost.analysis import aggregation
from genboost.measures.registry import TEST_MSE, Quantity
from genboost.study import axes, grid
from genboost.study.cells import Cell


@dataclass(frozen=True)
class Values:
    """A quantity of some cells.

    Attributes
    ----------
    cells : list of (str, Cell)
        Each with the name of its study.
    splits, seeds : list of int
    values : float array [cells, splits, seeds]
    """

    cells: list[tuple[str, Cell]]
    splits: list[int]
    seeds: list[int]
    values: np.ndarray

    def of_cells(self, rows: Sequence[int]) -> "Values":
        """Return those of some cells, by their places."""
        cells = [self.cells[row] for row in rows]
        return Values(cells, self.splits, self.seeds, self.values[list(rows)])

    def of_runs(self, splits: Sequence[int], seeds: Sequence[int]) -> "Values":
        """Return those of some splits and seeds."""
        places = np.ix_(
            range(len(self.cells)),
            [self.splits.index(split) for split in splits],
            [self.seeds.index(seed) for seed in seeds],
        )
        return Values(self.cells, list(splits), list(seeds), self.values[places])


def errors_or_useless(
    cells: Sequence[tuple[str, Cell]],
    values: Mapping[tuple[str, Cell], Mapping[aggregation.Run, float]],
    useless: Callable[[Cell], float],
) -> np.ndarray:
    """Return the test errors of some cells; of models that are no good, that of useless ones.

    A model that diverged is worth no more than one that predicts the mean; nor is one whose error
    is higher, by however much it misses.

    Parameters
    ----------
    cells
        Each with the name of its study.
    values
        As `aggregation.values_by_cell` returns them.
    useless
        Returns the test error of predicting the mean, on the data of a cell.

    Returns
    -------
    array [cells, splits, seeds]
        With the splits and seeds that all of the cells have.
    """
    splits, seeds = (
        sorted(set.intersection(*({run[part] for run in values[cell]} for cell in cells)))
        for part in (0, 1)
    )
    errors = [[[values[cell][split, seed] for seed in seeds] for split in splits] for cell in cells]
    limits = np.array([useless(cell) for _, cell in cells])[:, None, None]
    return np.fmin(np.array(errors, float), limits)


class Measured:
    """A quantity of all cells of some studies, to choose from.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    where
        For ``study`` and some settings, a list of values: the cells that there are to choose from.
    """

    def __init__(
        self,
        studies: Sequence[grid.Study],
        models: pd.DataFrame,
        quantity: Quantity = TEST_MSE,
        where: Mapping[str, Any] | None = None,
    ):
        self.studies = [study.over_splits() for study in studies]
        self.models = models
        self.quantity = quantity
        self.where = where or {}
        values = aggregation.values_by_cell(self.studies, models, quantity.name)
        there = [(study.name, cell) for study, cell in grid.chosen(self.studies, self.where)]
        self.values = {name: values[name] for name in there}
        self.settings = axes.shown_settings(cell for _, cell in self.values)

    def of_quantity(self, quantity: Quantity) -> "Measured":
        """Return another quantity of the same cells."""
        return Measured(self.studies, self.models, quantity, self.where)

    def select(self, selection: Mapping[str, Any]) -> Values:
        """Return the values of the cells that `grid.chosen` returns for a selection."""
        return self.of(grid.chosen(self.studies, selection))

    def of(self, cells: Sequence[tuple[grid.Study, Cell]]) -> Values:
        """Return the values of those of some cells of which every run has one.

        With the splits and seeds that all of the cells have.
        """
        names = [(study.name, cell) for study, cell in cells if (study.name, cell) in self.values]
        splits, seeds = (
            sorted(set.intersection(*({run[part] for run in self.values[n]} for n in names)))
            if names
            else []
            for part in (0, 1)
        )
        values = [
            [[self.values[name][split, seed] for seed in seeds] for split in splits]
            for name in names
        ]
        table = np.array(values, float).reshape(len(names), len(splits), len(seeds))
        finished = np.isfinite(table).all(axis=(1, 2))
        kept = [name for name, whole in zip(names, finished, strict=True) if whole]
        return Values(kept, splits, seeds, table[finished])

    def describe(self, cell: tuple[str, Cell]) -> str:
        """Write a cell in a few words: ``Adam, no SAM, 200 epochs, lr 3e-3, wd 1e-4``."""
        return axes.describe(cell[1], self.settings)
