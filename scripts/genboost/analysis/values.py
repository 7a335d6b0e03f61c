"""A quantity of cells, seed by seed: what claims compare and what best cells are chosen by."""

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
        Each with the name of its study.
    seeds : list of int
    values : float array [cells, seeds]
    """

    cells: list[tuple[str, Cell]]
    seeds: list[int]
    values: np.ndarray

    def of_cells(self, rows: Sequence[int]) -> "Values":
        """Return those of some cells, by their places."""
        return Values([self.cells[row] for row in rows], self.seeds, self.values[list(rows)])

    def of_seeds(self, seeds: Sequence[int]) -> "Values":
        """Return those of some seeds."""
        columns = [self.seeds.index(seed) for seed in seeds]
        return Values(self.cells, list(seeds), self.values[:, columns])


class Measured:
    """A quantity of all cells of some studies, to choose from.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    """

    def __init__(
        self,
        studies: Sequence[grid.Study],
        models: pd.DataFrame,
        quantity: Quantity = TEST_MSE,
    ):
        self.studies = studies
        self.models = models
        self.quantity = quantity
        self.values = aggregation.values_by_cell(studies, models, quantity.name)
        self.settings = axes.shown_settings(cell for _, cell in self.values)

    def select(self, selection: Mapping[str, Any]) -> Values:
        """Return the values of the cells that `grid.chosen` returns for a selection."""
        return self.of(grid.chosen(self.studies, selection))

    def of(self, cells: Sequence[tuple[grid.Study, Cell]]) -> Values:
        """Return the values of those of some cells of which every run has one."""
        of_studies = [set(study.seeds) for study in {s.name: s for s, _ in cells}.values()]
        seeds = sorted(set.intersection(*of_studies)) if of_studies else []
        names = [(study.name, cell) for study, cell in cells]
        values = [[self.values[name][seed] for seed in seeds] for name in names]
        table = np.array(values, float).reshape(len(names), len(seeds))
        finished = np.isfinite(table).all(axis=1)
        kept = [name for name, whole in zip(names, finished, strict=True) if whole]
        return Values(kept, seeds, table[finished])

    def describe(self, cell: tuple[str, Cell]) -> str:
        """Write a cell in a few words: ``Adam, no SAM, 200 epochs, lr 3e-3, wd 1e-4``."""
        return axes.describe(cell[1], self.settings)
