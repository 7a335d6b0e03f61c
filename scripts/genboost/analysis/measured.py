"""The errors of all cells of some studies, to choose from: by cell, split and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genboost.analysis import aggregation
from genboost.study import axes, grid
from genboost.study.cells import Cell

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Errors:
    """Errors of some cells.

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

    def of_cells(self, rows: Sequence[int]) -> Errors:
        """Return the errors of some of the cells, by their places."""
        cells = [self.cells[row] for row in rows]
        return Errors(cells, self.splits, self.seeds, self.values[list(rows)])

    def of_runs(self, splits: Sequence[int], seeds: Sequence[int]) -> Errors:
        """Return the errors with some of the splits and seeds."""
        places = np.ix_(
            range(len(self.cells)),
            [self.splits.index(split) for split in splits],
            [self.seeds.index(seed) for seed in seeds],
        )
        return Errors(self.cells, list(splits), list(seeds), self.values[places])


class Measured:
    """The errors of all cells of some studies, to choose from.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    where
        For ``study`` and some settings, a list of values: the cells that there are to choose from.
    quantity
        The column of the errors, such as those on respondents.
    """

    def __init__(
        self,
        studies: Sequence[grid.Study],
        models: pd.DataFrame,
        where: Mapping[str, Any] | None = None,
        quantity: str = "test_mse",
    ):
        self.studies = [study.over_splits() for study in studies]
        self.where = where or {}
        errors = aggregation.errors_by_cell(self.studies, models, quantity)
        there = [(study.name, cell) for study, cell in grid.chosen(self.studies, self.where)]
        self.errors = {name: errors[name] for name in there}
        self.settings = axes.shown_settings(cell for _, cell in self.errors)

    def select(self, selection: Mapping[str, Any]) -> Errors:
        """Return the errors of the cells that `grid.chosen` returns for a selection."""
        return self.of(grid.chosen(self.studies, selection))

    def of(self, cells: Sequence[tuple[grid.Study, Cell]]) -> Errors:
        """Return the errors of those of some cells in which every run finished.

        With the splits and seeds that all of the cells have.
        """
        names = [(study.name, cell) for study, cell in cells if (study.name, cell) in self.errors]
        runs = [self.errors[name].keys() for name in names]
        splits, seeds = (
            sorted(set.intersection(*({run[part] for run in of_cell} for of_cell in runs)))
            if runs
            else []
            for part in (0, 1)
        )
        values = [
            [[self.errors[name][split, seed] for seed in seeds] for split in splits]
            for name in names
        ]
        table = np.array(values, float).reshape(len(names), len(splits), len(seeds))
        finished = np.isfinite(table).all(axis=(1, 2))
        kept = [name for name, whole in zip(names, finished, strict=True) if whole]
        return Errors(kept, splits, seeds, table[finished])

    def describe(self, cell: tuple[str, Cell]) -> str:
        """Write a cell in a few words: ``Adam, no SAM, 200 epochs, lr 3e-3, wd 1e-4``."""
        return axes.describe(cell[1], self.settings)
