"""Axes of figures: logarithmic scales, ticks whose labels have room, and names beside an axis."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from genboost.report.figures.drawing import FAINT, SMALLEST, are_far_apart
from genboost.report.results import SIMPLE, Results
from genboost.study.cells import Cell

# Steps of a decade between ticks, the finest first.
STEPS = ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,))
GAP = 4  # pt, between the labels of ticks
# How much of an axis is left when titles and legends have taken their room.
LAID_OUT = {"x": 1.0, "y": 0.75}


def scale(axes: Axes, which: str, values: Sequence[float]) -> None:
    """Scale an axis to finite values: logarithmic if all are positive and far apart."""
    if are_far_apart(values):
        log_scale(axes, which, values)


def log_scale(axes: Axes, which: str, values: Sequence[float], is_count: bool = False) -> None:
    """Make an axis logarithmic, with round numbers as ticks; the range is that of the values.

    The ticks of a count are whole numbers.
    """
    axis = getattr(axes, f"{which}axis")
    values = [value for value in values if value > 0] or [1.0]
    low, high = min(values) / 1.12, max(values) * 1.12
    getattr(axes, f"set_{which}lim")(low, high)  # before the scale, which no value need be fit for
    getattr(axes, f"set_{which}scale")("log")
    axis.set_major_locator(FixedLocator(clear_ticks(axes, which, low, high, is_count)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))


def clear_ticks(
    axes: Axes, which: str, low: float, high: float, is_count: bool = False
) -> list[float]:
    """Return round numbers of a logarithmic scale, as many as have room for their labels."""
    finest = 3 if high / low > 200 else 1 if high / low > 8 else 0
    finer = [(1, steps) for steps in STEPS[finest:]]
    most = len(round_numbers(low, high))
    coarser = [(every, STEPS[-1]) for every in range(2, most + 1)]
    for every, steps in finer + coarser:
        numbers = round_numbers(low, high, steps)[::every]
        ticks = [number for number in numbers if low <= number <= high]
        ticks = [tick for tick in ticks if tick.is_integer() or not is_count]
        if are_clear(axes, which, ticks, list(map(tick_text, ticks))):
            break
    if len(ticks) < 2:
        even = MaxNLocator(3, integer=is_count).tick_values(low, high)
        ticks = [tick for tick in even if low <= tick <= high]
    return ticks


def tick_text(value: float) -> str:
    """Write a round number short, and one of thousands with commas."""
    return f"{value:,g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def length(axes: Axes, which: str) -> float:
    """Return about how long an axis will be when the figure is laid out, in points."""
    figure, box = axes.get_figure(), axes.get_position()
    inches = (
        figure.get_figwidth() * box.width if which == "x" else figure.get_figheight() * box.height
    )
    return float(72 * LAID_OUT[which] * inches)


def shares(axes: Axes, which: str, places: Sequence[float]) -> np.ndarray:
    """Return where places are along an axis, in shares of it."""
    scaled = getattr(axes, f"{which}axis").get_transform().transform
    low, high = scaled(np.array(getattr(axes, f"get_{which}lim")()))
    return (scaled(np.array(places, float)) - low) / (high - low)


def along(axes: Axes, which: str, places: Sequence[float]) -> np.ndarray:
    """Return about where places are along an axis, in points."""
    return shares(axes, which, places) * length(axes, which)


def are_clear(axes: Axes, which: str, places: Sequence[float], labels: Sequence[str]) -> bool:
    """Say if labels at places along an axis, in order, will be clear of each other."""
    sizes = _sizes(which, labels)
    room = np.diff(along(axes, which, places)) - (sizes[1:] + sizes[:-1]) / 2
    return bool((room > GAP).all())


def _sizes(which: str, labels: Sequence[str]) -> np.ndarray:
    """Return about how long labels are along an axis, in points."""
    lines = [label.split("\n") for label in labels]
    if which == "x":
        return np.array([0.62 * SMALLEST * max(map(len, some)) for some in lines])
    return np.array([1.25 * SMALLEST * len(some) for some in lines])


def round_numbers(low: float, high: float, steps: Sequence[float] = (1,)) -> list[float]:
    """Return the round numbers of all decades that a range touches, also those beyond its ends."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{step}e{decade}") for decade in decades for step in steps]


def ticks_below(low: float, high: float) -> list[float]:
    """Return round numbers of a logarithmic scale that keep clear of its upper end."""
    steps = (1, 2, 3, 5) if len(round_numbers(low, high)) < 5 else (1,)
    return [tick for tick in round_numbers(low, high, steps) if low <= tick <= high * 0.85]


def baseline_lines(
    axes: Axes, results: Results, cells: Sequence[Cell], which: str, named: bool = True
) -> None:
    """Draw what simple methods reach on the data of some cells, unless the data differ."""
    simple = results.simple(cells)
    if any(len(errors) > 1 for errors in simple.values()):
        return
    # Zero has no place on a logarithmic scale.
    found = {name: errors[0] for name, errors in simple.items() if errors[0] > 0}
    low, high = getattr(axes, f"get_{which}lim")()
    low = min([low, *(error / 1.1 for error in found.values())])
    high = max([high, *(error * 1.1 for error in found.values())])
    log_scale(axes, which, [low * 1.12, high / 1.12])
    for error in found.values():
        line = axes.axvline if which == "x" else axes.axhline
        line(error, color=FAINT, linestyle=":", linewidth=0.9, zorder=0)
    if named:
        labels = [textwrap.fill(SIMPLE.get(name, name), 12) for name in found]
        name_places(axes, which, list(found.values()), labels)


def name_places(
    axes: Axes, which: str, places: Sequence[float], labels: Sequence[str]
) -> list[tuple[float, float]]:
    """Name places along an axis beyond its end, so that no label covers another.

    Returns
    -------
    list of (float, float)
        Where the labels went, in fractions of the axes.
    """
    long = length(axes, which)
    moved = apart(along(axes, which, places), _sizes(which, labels), 0, long) / long
    found = [(float(at), 1.01) if which == "x" else (1.02, float(at)) for at in moved]
    align = {"ha": "center", "va": "bottom"} if which == "x" else {"ha": "left", "va": "center"}
    for label, place in zip(labels, found, strict=True):
        axes.text(*place, label, linespacing=1.0, transform=axes.transAxes, **align)
    return found


def apart(
    places: Sequence[float] | np.ndarray,
    sizes: Sequence[float] | np.ndarray,
    low: float = -math.inf,
    high: float = math.inf,
) -> np.ndarray:
    """Move things along a line, as little as it takes, so that none covers another.

    Parameters
    ----------
    places, sizes
        Their middles and lengths.
    low, high
        The ends of the line, between which they stay if they are not longer together.
    """

    def begin(members: Sequence[int]) -> float:
        """Return where a group of things that touch begins: their mean distance is least."""
        begins = np.cumsum([0.0, *(sizes[i] for i in members)])
        middles = begins[:-1] + np.diff(begins) / 2
        at = float(np.mean([places[i] for i in members] - middles))
        return max(low, min(at, high - float(begins[-1])))

    # Groups that touch: where the first of a group begins, its length and its members.
    groups: list[tuple[float, float, list[int]]] = []
    for index in np.argsort(places, kind="stable"):
        groups.append((begin([index]), float(sizes[index]), [index]))
        while len(groups) > 1 and groups[-2][0] + groups[-2][1] > groups[-1][0]:
            second, first = groups.pop(), groups.pop()
            members = [*first[2], *second[2]]
            groups.append((begin(members), first[1] + second[1], members))
    found = np.zeros(len(sizes))
    for begins_at, _, members in groups:
        for index in members:
            found[index] = begins_at + sizes[index] / 2
            begins_at += sizes[index]
    return found
