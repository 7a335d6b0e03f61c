"""Sets of values one below the other: each value a mark, and below them their mean and interval."""

import itertools
import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes

from genboost.report.figures.drawing import COLORS, INK, PAPER
from genboost.report.figures.scales import shares

WIDTH = 5.4  # inches, of a figure of lanes
LANE = 0.62  # inches, with one line of text
LANE_OF_MANY = 0.46  # inches, of quantiles
LINE = 0.17  # inches
MOST_LANES = 6  # in a panel: more go into several, so that their scale is near and pages may break
MOST_DOTS = 100  # in a lane; more values are shown as quantiles

T = TypeVar("T")

_TEXT = 80  # characters in a line
_DOTS = (4.2, 3.6, 3.0, 2.5, 2.1)  # pt, of which the largest is taken that has room
_ROOM = 16.0  # pt, for dots side by side
_VISIBLE = 4.0  # pt, of a bar that has the median marked


@dataclass(frozen=True)
class Lane:
    """A set of values and what is said of it; without values, a heading.

    Attributes
    ----------
    text : str
        Above the values.
    values : sequence of float
    mean : float, optional
    interval : tuple of float
        Its ends; empty where there are fewer than `stats.ENOUGH` values.
    """

    text: str
    values: Sequence[float] = ()
    mean: float | None = None
    interval: tuple[float, ...] = ()
    is_heading: bool = False

    @property
    def shown(self) -> Sequence[float]:
        """What is drawn of its values: all, or what holds 80 % of many."""
        if len(self.values) > MOST_DOTS:
            return bulk(self.values)
        return self.values

    @property
    def lines(self) -> list[str]:
        """Its text in lines."""
        return textwrap.wrap(self.text, _TEXT) or [""]

    @property
    def height(self) -> float:
        """Its height in inches."""
        if self.is_heading:
            return LINE * len(self.lines)
        lane = LANE_OF_MANY if len(self.values) > MOST_DOTS else LANE
        return lane + LINE * (len(self.lines) - 1)


def bulk(values: Sequence[float]) -> list[float]:
    """Return the ends of what holds 80 % of values; none of none."""
    return [float(end) for end in np.quantile(values, [0.1, 0.9])] if values else []


def height(lanes: Iterable[Lane]) -> float:
    """Return the height of some lanes in inches."""
    return math.fsum(lane.height for lane in lanes)


def in_panels(things: Sequence[T]) -> list[Sequence[T]]:
    """Divide what is shown in lanes evenly among panels."""
    many = -(-len(things) // MOST_LANES)
    ends = [len(things) * part // many for part in range(many + 1)]
    return [things[start:end] for start, end in itertools.pairwise(ends)]


def draw(axes: Axes, lanes: Sequence[Lane]) -> list[tuple[float, float]]:
    """Draw lanes on axes whose x scale and limits are set; their y unit is a point.

    Returns
    -------
    list of (float, float)
        Where each lane begins, below its text, and ends.
    """
    ends, top = [], 0.0
    dot = _largest_dot(axes, [lane.values for lane in lanes])
    for lane in lanes:
        bottom = top + 72 * lane.height
        ends.append((top + 72 * LINE * len(lane.lines) + 2, bottom))
        axes.text(0.005, top + 3, "\n".join(lane.lines), va="top", linespacing=1.15,
                  weight="bold" if lane.is_heading else "normal",
                  transform=axes.get_yaxis_transform(), zorder=4,
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6})  # fmt: skip
        if aside := _asides(axes, lane.values, dot):
            axes.plot(lane.values, bottom - 12 - np.array(aside), "o", color=COLORS[0],
                      mec=PAPER, mew=0.3, markersize=dot)  # fmt: skip
        elif lane.values:
            _draw_quantiles(axes, lane.values, bottom - 14)
        if lane.mean is not None:
            _draw_mean(axes, lane, bottom - 5)
        top = bottom
    axes.set_ylim(top, 0)
    axes.set_yticks([])
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    return ends


def _largest_dot(axes: Axes, some: Iterable[Sequence[float]]) -> float:
    """Return the size of dots at which most sets of values have room for theirs."""
    few = [values for values in some if 0 < len(values) <= MOST_DOTS]
    return max(_DOTS, key=lambda dot: (sum(bool(_asides(axes, own, dot)) for own in few), dot))


def _asides(axes: Axes, values: Sequence[float], dot: float) -> list[float]:
    """Return how far dots go aside so that none hides another; none if that takes more room."""
    if not 0 < len(values) <= MOST_DOTS:
        return []
    found = side_by_side(_in_points(axes, values), dot)
    return found if max(found) <= _ROOM - dot / 2 else []


def _draw_mean(axes: Axes, lane: Lane, place: float) -> None:
    if lane.interval:
        axes.plot(lane.interval, [place] * 2, label="interval", color=INK, linewidth=1.4)
    axes.plot(lane.mean, place, "|", label="mean", color=INK, markersize=7, mew=1.6)


def _draw_quantiles(axes: Axes, values: Sequence[float], place: float) -> None:
    """Draw what holds 80 % and 50 % of many values, and their median."""
    low, first, median, third, high = np.quantile(values, [0.1, 0.25, 0.5, 0.75, 0.9])
    axes.plot([low, high], [place] * 2, color=COLORS[0], linewidth=2)
    axes.plot([first, third], [place] * 2, color=COLORS[0], linewidth=7)
    left, right = _in_points(axes, [first, third])
    if right - left > _VISIBLE:  # or it would hide the bar
        axes.plot(median, place, "|", color=PAPER, markersize=7, mew=1.2)
    else:  # of equal values, the bar has no length
        axes.plot(median, place, "s", color=COLORS[0], markersize=_VISIBLE)


def _in_points(axes: Axes, values: Sequence[float]) -> np.ndarray:
    """Return about where values are along the x axis, in points."""
    return shares(axes, "x", values) * 72 * (WIDTH - 0.3)


def side_by_side(across: Sequence[float] | np.ndarray, dot: float) -> list[float]:
    """Return how far dots go aside so that none hides another: always that first which goes least.

    Parameters
    ----------
    across
        Where the dots are along their axis.
    dot
        Their diameter, in the same unit.
    """
    found = dict.fromkeys(np.argsort(across, kind="stable").tolist(), 0.0)
    placed: list[tuple[float, float]] = []
    left = list(found)
    while left:
        index = min(left, key=found.__getitem__)
        left.remove(index)
        placed.append((float(across[index]), found[index]))
        for other in left:
            if abs(across[other] - across[index]) < dot:
                found[other] = _lowest(float(across[other]), placed, dot)
    return [found[index] for index in range(len(across))]


def _lowest(x: float, placed: Sequence[tuple[float, float]], dot: float) -> float:
    """Return the lowest place for a dot, from zero on, that is clear of others."""
    near = [(a, b) for a, b in placed if abs(x - a) < dot]
    free = [0.0, *(b + math.sqrt(dot**2 - (x - a) ** 2) for a, b in near)]
    least = (dot - 1e-6) ** 2
    return min(y for y in free if all((x - a) ** 2 + (y - b) ** 2 > least for a, b in near))
