"""A quantity of cells, by split and seed: what claims compare and choose best cells by."""

from collections.abc import Mapping, Sequence
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
        Each cell, with the name of its study.
    splits, seeds : list of int
    values : float array [cells, splits, seeds]
    """

    cells: list[tuple[str, Cell]]
    splits: list[int]
    seeds: list[int]
    values: np.ndarray

    def of_cells(self, rows: Sequence[int]) -> "Values":
        """Return the values of some cells, given by index."""
        cells = [self.cells[row] for row in rows]
        return Values(cells, self.splits, self.seeds, self.values[list(rows)])

    def repeated(self, splits: Sequence[int], seeds: Sequence[int]) -> "Values":
        """Return the values on some splits and seeds."""
        places = np.ix_(
            range(len(self.cells)),
            [self.splits.index(split) for split in splits],
            [self.seeds.index(seed) for seed in seeds],
        )
        return Values(self.cells, list(splits), list(seeds), self.values[places])


class Measured:
    """A quantity of all cells of some studies, to choose from.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    where
        For ``study`` and some settings, a list of values: restricts the cells to choose from.
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
        """Return the values of those of some cells of which every model has one.

        Only splits and seeds that all of the cells have are used.
        """
        names = [(study.name, cell) for study, cell in cells if (study.name, cell) in self.values]
        splits, seeds = (
            sorted(set.intersection(*({each[part] for each in self.values[n]} for n in names)))
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
        """Return a cell in a few words: ``Adam, no SAM, 200 epochs, lr 3e-3, wd 1e-4``."""
        return axes.describe(cell[1], self.settings)
