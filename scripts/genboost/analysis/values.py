"""A quantity of cells, by split and seed: what claims compare and choose best cells by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from genboost.analysis import aggregation
from genboost.measures.registry import TEST_MSE, Quantity
from genboost.study import axes, grid
from genboost.study.cells import Cell

# What `aggregation.values_by_cell` returns: a quantity by cell, then by split and seed.
_Table = Mapping[tuple[str, Cell], Mapping[aggregation.Repetition, float]]


@dataclass(frozen=True)
class Values:
    """A quantity of some cells.

    Attributes
    ----------
    cells : list of (str, Cell)
        Each cell, with the name of its study.
    splits, seeds : list of int
    values : float array [cells, splits, seeds]
    choosing : float array [cells, splits, seeds]
        By whose means the best cells are chosen: the values themselves, or validation errors.
    """

    cells: list[tuple[str, Cell]]
    splits: list[int]
    seeds: list[int]
    values: np.ndarray
    choosing: np.ndarray

    def of_cells(self, rows: Sequence[int]) -> "Values":
        """Return those of some cells, by their places."""
        rows = list(rows)
        cells = [self.cells[row] for row in rows]
        return Values(cells, self.splits, self.seeds, self.values[rows], self.choosing[rows])

    def on(self, splits: Sequence[int], seeds: Sequence[int]) -> "Values":
        """Return the values on some splits and seeds."""
        places = np.ix_(
            range(len(self.cells)),
            [self.splits.index(split) for split in splits],
            [self.seeds.index(seed) for seed in seeds],
        )
        values, choosing = self.values[places], self.choosing[places]
        return Values(self.cells, list(splits), list(seeds), values, choosing)

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> "Values":
        """Return a function of them."""
        return replace(self, values=function(self.values), choosing=function(self.choosing))


def choosing_column(quantity: Quantity, choose_by: str) -> str:
    """Return the column that chooses the best cells of a quantity.

    Parameters
    ----------
    choose_by : str
        ``test`` or ``validation``, the rows that choose.
    """
    return quantity.chosen_by if quantity.chosen_by and choose_by != "test" else quantity.name


def sign_of(quantity: Quantity) -> int:
    """Return what to multiply a quantity by for lower to be better: -1 where higher is."""
    return -1 if quantity.better == "higher" else 1


def errors_or_useless(
    cells: Sequence[tuple[str, Cell]],
    values: _Table,
    useless: Callable[[Cell, int], float],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the test errors of some cells, and which are of models that are no good.

    These have the error of predicting the mean: a model that diverged is worth no more, nor is
    one whose error is higher, by however much it misses.

    Parameters
    ----------
    cells
        Each with the name of its study.
    values
        As `aggregation.values_by_cell` returns them.
    useless
        Returns the test error of predicting the mean, on the data of a cell in a split.

    Returns
    -------
    float array [cells, splits, seeds]
    bool array [cells, splits, seeds]
        With the splits and seeds that all of the cells have.
    """
    splits, seeds = _repetitions(cells, values)
    errors = _array(cells, values, splits, seeds)
    limits = np.array([[useless(cell, split) for split in splits] for _, cell in cells])[..., None]
    return np.fmin(errors, limits), ~(errors < limits)


def _repetitions(cells: Sequence[tuple[str, Cell]], values: _Table) -> tuple[list[int], list[int]]:
    """Return the splits and the seeds that all of some cells have."""
    of_each = [values[cell] for cell in cells]
    splits, seeds = (
        sorted(set.intersection(*({which[part] for which in each} for each in of_each)))
        if of_each
        else []
        for part in (0, 1)
    )
    return splits, seeds


def _array(
    cells: Sequence[tuple[str, Cell]], values: _Table, splits: list[int], seeds: list[int]
) -> np.ndarray:
    """Return the values of some cells as an array [cells, splits, seeds]."""
    found = [[[values[cell][split, seed] for seed in seeds] for split in splits] for cell in cells]
    return np.array(found, float).reshape(len(cells), len(splits), len(seeds))


class Measured:
    """A quantity of all cells of some studies, to choose from.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    where
        For ``study`` and some settings, a list of values: the cells that there are to choose from.
    choose_by
        The rows that choose the best of them, ``test`` or ``validation``.
    """

    def __init__(
        self,
        studies: Sequence[grid.Study],
        models: pd.DataFrame,
        quantity: Quantity = TEST_MSE,
        where: Mapping[str, Any] | None = None,
        choose_by: str = "test",
    ):
        self.studies = [study.over_splits() for study in studies]
        self.models = models
        self.quantity = quantity
        self.where = where or {}
        self.choose_by = choose_by
        columns = quantity.name, choosing_column(quantity, choose_by)
        found = {
            column: aggregation.values_by_cell(self.studies, models, column)
            for column in set(columns)
        }
        there = [(study.name, cell) for study, cell in grid.chosen(self.studies, self.where)]
        self.values, self.choices = (
            {name: found[column][name] for name in there} for column in columns
        )
        self.settings = axes.shown_settings(cell for _, cell in self.values)

    def of_quantity(self, quantity: Quantity) -> "Measured":
        """Return another quantity of the same cells."""
        return Measured(self.studies, self.models, quantity, self.where, self.choose_by)

    def chosen_by(self, rows: str) -> "Measured":
        """Return the same of the same cells, of which other rows choose the best."""
        return Measured(self.studies, self.models, self.quantity, self.where, rows)

    def select(self, selection: Mapping[str, Any]) -> Values:
        """Return the values of the cells that `grid.chosen` returns for a selection."""
        return self.of(grid.chosen(self.studies, selection))

    def of(self, cells: Sequence[tuple[grid.Study, Cell]]) -> Values:
        """Return the values of those of some cells of which every model has one.

        Only splits and seeds that all of the cells have are used.
        """
        names = [(study.name, cell) for study, cell in cells if (study.name, cell) in self.values]
        splits, seeds = _repetitions(names, self.values)
        values, choices = (
            _array(names, table, splits, seeds) for table in (self.values, self.choices)
        )
        finished = np.isfinite(values + choices).all(axis=(1, 2))
        kept = [name for name, whole in zip(names, finished, strict=True) if whole]
        return Values(kept, splits, seeds, values[finished], choices[finished])

    def describe(self, cell: tuple[str, Cell]) -> str:
        """Return a cell in a few words: ``Adam, no SAM, 200 epochs, lr 3e-3, wd 1e-4``."""
        return axes.describe(cell[1], self.settings)
