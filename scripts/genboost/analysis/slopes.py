"""How much a quantity changes when the value of an axis doubles."""

from collections.abc import Sequence

import numpy as np

from genboost.analysis.values import Values
from genboost.measures import registry
from genboost.study import axes, trends
from genboost.study.cells import Cell


def weights(cells: Sequence[tuple[str, Cell]], axis: str) -> np.ndarray:
    """Return what to multiply cells' values by for their sum to be the slope.

    It is the least-squares slope on the axis's base-2 logarithm, with an intercept for each line
    of cells that differ in the axis alone, so that no other axis passes for a trend.

    Parameters
    ----------
    cells
        Each with the name of its study.

    Returns
    -------
    array [cells]
        Zeros if no two cells differ in the axis alone.
    """
    found = np.zeros(len(cells))
    for line in trends.lines(cells, axis):
        logs = np.log2([cells[place][1][axis] for place in line])
        found[line] = logs - logs.mean()
    squares = (found**2).sum()
    return found / squares if squares else found


def slopes(values: Values, axis: str) -> Values:
    """Return the slope of each split and seed, as if it were the value of a single cell."""
    of_cells = weights(values.cells, axis)
    slope = np.tensordot(of_cells, values.values, 1)[None]
    return Values(values.cells[:1], values.splits, values.seeds, slope, slope)


def extent(cells: Sequence[tuple[str, Cell]], axis: str) -> str:
    """Say which cells a slope is over: ``4 cells, width 32 to 256``."""
    used = [place for line in trends.lines(cells, axis) for place in line]
    values = [cells[place][1][axis] for place in used]
    setting = axes.SETTINGS[axis]
    return f"{len(used)} cells, {setting.phrase(min(values))} to {setting.shown(max(values))}"


def ends(cells: Sequence[tuple[str, Cell]], axis: str) -> list[tuple[Cell, Cell]]:
    """Return the cells with the highest and the lowest value of each line."""
    return [(cells[line[-1]][1], cells[line[0]][1]) for line in trends.lines(cells, axis)]


def subject(quantity: str, slope_on: str) -> str:
    """Name what a claim is about: ``test MSE``, or ``test MSE per doubling of width``."""
    phrase = registry.quantity(quantity).phrase
    return f"{phrase} per doubling of {axes.SETTINGS[slope_on].title}" if slope_on else phrase
