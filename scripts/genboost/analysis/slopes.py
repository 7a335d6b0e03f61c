"""How much a quantity changes when the value of an axis doubles."""

import numpy as np

from genboost.analysis.values import Values
from genboost.measures import registry
from genboost.study import axes, trends
from genboost.study.cells import Cell


class Slope:
    """A slope over some cells: on the base-2 logarithm of an axis, by least squares.

    Each line of cells that differ in the axis alone has an intercept of its own, so that no other
    axis passes for a trend. Without such lines, there is no slope.

    Parameters
    ----------
    of
        The values of the cells, whose settings on the axis are positive numbers.
    axis
        Its name.

    Attributes
    ----------
    lines : list of list of int
        As `trends.lines` returns them.
    """

    def __init__(self, of: Values, axis: str):
        self.of, self.axis = of, axis
        self.lines = trends.lines(of.cells, axis)

    @property
    def values(self) -> Values:
        """The slope of each split and seed, as if it were the value of a single cell."""
        weights = np.zeros(len(self.of.cells))
        for line in self.lines:
            logs = np.log2([self._cell(place)[self.axis] for place in line])
            weights[line] = logs - logs.mean()
        slope = np.tensordot(weights / (weights**2).sum(), self.of.values, 1)[None]
        return Values(self.of.cells[:1], self.of.splits, self.of.seeds, slope, slope)

    @property
    def extent(self) -> str:
        """Which cells it is over: ``4 cells, width 32 to 256``."""
        used = [self._cell(place)[self.axis] for line in self.lines for place in line]
        setting = axes.SETTINGS[self.axis]
        return f"{len(used)} cells, {setting.phrase(min(used))} to {setting.shown(max(used))}"

    @property
    def ends(self) -> list[tuple[Cell, Cell]]:
        """The cells with the highest and the lowest value of each line."""
        return [(self._cell(line[-1]), self._cell(line[0])) for line in self.lines]

    def _cell(self, place: int) -> Cell:
        return self.of.cells[place][1]


def subject(quantity: str, slope_on: str) -> str:
    """Name what a claim is about: ``test MSE``, or ``test MSE per doubling of width``."""
    label = registry.quantity(quantity).label
    return f"{label} per doubling of {axes.SETTINGS[slope_on].title}" if slope_on else label
