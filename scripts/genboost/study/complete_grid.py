"""The complete grid among the cells of a study: what a sum over all axes can be taken of."""

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from genboost.study.axes import Setting
from genboost.study.cells import Cell
from genboost.study.grid import Study

LEAST = 0.5  # of a study's cells, that its complete grid has


@dataclass(frozen=True)
class CompleteGrid:
    """Cells that are all combinations of the values of two axes or more.

    Attributes
    ----------
    levels : dict
        By axis: its values, two or more.
    cells : list of Cell
        Those of the last axis one after the other.
    """

    levels: dict[Setting, list[Any]]
    cells: list[Cell]


def complete_grid(study: Study) -> CompleteGrid | None:
    """Return all cells of a study if they are a complete grid, or else a large part that is one.

    Until no gap is left, the value goes that the fewest of its combinations are there of. None if
    that leaves fewer than `LEAST` of the cells, or fewer than two axes, and for a random search.
    """
    if study.sampled:
        return None
    axes = study.axes
    cells = {tuple(cell[axis.name] for axis in axes): cell for cell in study.cells}
    while len(cells) >= LEAST * len(study.cells):
        counts = [Counter(values) for values in zip(*cells, strict=True)]
        if len(cells) == math.prod(map(len, counts)):
            return _with_two_axes(axes, cells)
        gaps = (
            (count * len(of_axis), place, value)
            for place, of_axis in enumerate(counts)
            if len(of_axis) > 1
            for value, count in of_axis.items()
        )
        _, worst, value = min(gaps, key=lambda gap: gap[0])
        cells = {values: cell for values, cell in cells.items() if values[worst] != value}
    return None


def _with_two_axes(axes: list[Setting], cells: dict[tuple[Any, ...], Cell]) -> CompleteGrid | None:
    values = zip(*cells, strict=True)
    levels = {axis: list(dict.fromkeys(own)) for axis, own in zip(axes, values, strict=True)}
    levels = {axis: own for axis, own in levels.items() if len(own) > 1}
    if len(levels) < 2:
        return None
    by_values = {tuple(cell[axis.name] for axis in levels): cell for cell in cells.values()}
    return CompleteGrid(levels, [by_values[v] for v in itertools.product(*levels.values())])
