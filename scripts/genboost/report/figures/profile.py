"""Values against the axis that tables have down, a panel for each table: means and seeds."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from genboost.analysis import splits
from genboost.analysis.aggregation import Repetition
from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORS,
    LINES,
    MANY,
    MARKERS,
    SMALLEST,
    legend,
    name_outer_axes,
    panels,
    tell,
)
from genboost.report.figures.material import Material
from genboost.report.figures.scales import baseline_lines, log_scale, scale
from genboost.study.axes import Setting

PANEL = 1.9  # inches across
MOST_SEEDS = 5  # of a cell, that are drawn one by one
SHARE = 0.86  # of the room between two places, that the marks of one take
FAR = 5  # times: from there on numbers go on a logarithmic scale


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study."""
    results = material.results.about(exhibit.quantity.name)
    laid_out = results.layouts[exhibit.study]
    study, across = laid_out.study, laid_out.across
    figure, found = panels(results, laid_out, PANEL, 1.7, title, legend=len(across), sharey=True)
    values = {cell: results.values[study.name, cell] for cell in study.cells}
    finite = [value for some in values.values() for value in some.values() if math.isfinite(value)]
    positions = _positions(laid_out.rows, laid_out.down)
    room = SHARE * _least_gap(positions.values()) / len(across)
    *_, last = found
    for name, (panel, axes) in found.items():
        _name_positions(axes, laid_out.rows, positions)
        (log_scale if results.is_about_errors else scale)(axes, "y", finite)
        for number, column in enumerate(across):
            # Side by side, so that no mark covers another.
            aside = (number - (len(across) - 1) / 2) * room
            cells = {
                positions[row] + aside: values[cell]
                for row in laid_out.down
                if (cell := panel.cells.get((row, column)))
            }
            _draw_column(axes, cells, number, room, len(across) * len(positions) > MANY)
        if results.is_about_errors:
            baseline_lines(axes, results, list(panel.cells.values()), "y", named=name == last)
    name_outer_axes(
        [axes for _, axes in found.values()], laid_out.rows.title, exhibit.quantity.label
    )
    if laid_out.columns:
        looks = [{"label": laid_out.columns.phrase(c), **_look(n)} for n, c in enumerate(across)]
        legend(figure, looks)
    if best := results.best(study, study.cells):
        panel = laid_out.panel_of[best[0]]
        tell(figure, f"The best mean is {results.number(best[1].value)}: {panel.title}, "
                     f"{laid_out.place(best[0])}.")  # fmt: skip
    return figure


def _look(number: int) -> dict[str, Any]:
    return {
        "color": COLORS[number % len(COLORS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": LINES[number % len(LINES)],
    }


def _draw_column(
    axes: Axes,
    cells: dict[float, Mapping[Repetition, float]],
    number: int,
    room: float,
    rasterized: bool,
) -> None:
    """Draw a column's cells by their places: faint seeds or what holds 80 % of them, and means."""
    look = {**_look(number), "rasterized": rasterized}
    plain = {"color": look["color"], "rasterized": rasterized}
    values = {x: np.array(list(found.values())) for x, found in cells.items()}
    whole = {x: found[np.isfinite(found)] for x, found in values.items()}
    some = {x: found for x, found in whole.items() if len(found)}
    means = {x: splits.mean_of_models(cells[x]) for x in some}
    wide = room / 2.2
    dashes, ranges, intervals = [], [], []
    for x, found in some.items():
        if len(found) <= MOST_SEEDS:
            dashes += [((x - wide, y), (x + wide, y)) for y in found]
        else:
            ranges.append([(x, end) for end in np.quantile(found, [0.1, 0.9])])
        if not math.isnan(means[x].low):
            intervals.append([(x, means[x].low), (x, means[x].high)])
    _strokes(axes, dashes, label="seeds", linewidth=0.6, **plain)
    left, right = axes.get_xlim()
    thick = min(2.6, 72 * PANEL * room / (right - left))
    _strokes(axes, ranges, label="ranges", linewidth=0.7, **plain)
    _strokes(axes, intervals, label="intervals", linewidth=thick, **plain)
    axes.plot(list(means), [mean.value for mean in means.values()], label="means",
              linewidth=0.8, markersize=3.2, **look)  # fmt: skip
    if lost := [x for x, found in cells.items() for _ in range(len(found) - len(whole[x]))]:
        axes.plot(lost, [0.98] * len(lost), "x", label="diverged", clip_on=False,
                  color=look["color"], transform=axes.get_xaxis_transform())  # fmt: skip


def _strokes(axes: Axes, lines: Iterable[Sequence[Any]], **look: Any) -> None:
    """Draw lines as one, with gaps: a short file."""
    gap = (math.nan, math.nan)
    points = list(itertools.chain.from_iterable((start, end, gap) for start, end in lines))
    if points:
        axes.plot(*zip(*points, strict=True), solid_capstyle="butt", **look)


def _positions(axis: Setting, values: Sequence[Any]) -> dict[Any, float]:
    """Return where values go on an axis.

    Numbers go where they are, on a logarithmic scale if they are far apart, on which zero goes to
    the left of all others; others go one after the other.
    """
    if not axis.is_number:
        return {value: float(place) for place, value in enumerate(values)}
    positive = [value for value in values if value > 0]
    if not positive or max(positive) < FAR * min(positive) or min(values) < 0:
        return {value: float(value) for value in values}
    places = {value: math.log10(value) for value in positive}
    zero = min(places.values()) - _least_gap(places.values())
    return {value: places.get(value, zero) for value in values}


def _least_gap(places: Iterable[float]) -> float:
    ordered = sorted(places)
    return min((b - a for a, b in itertools.pairwise(ordered)), default=1.0)


def _name_positions(axes: Axes, axis: Setting, positions: dict[Any, float]) -> None:
    """Label the x axis."""
    values, places = list(positions), list(positions.values())
    margin = max(_least_gap(places) * 0.6, (max(places) - min(places)) / 40)
    axes.set_xlim(min(places) - margin, max(places) + margin)
    step = 1 if len(places) <= 7 else -(-len(places) // 5)
    axes.xaxis.set_major_locator(FixedLocator(places[::step]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(_staggered([axis.shown(value) for value in values[::step]],
                                    places[::step], axes.get_xlim()))  # fmt: skip


def _staggered(
    labels: Sequence[str], places: Sequence[float], limits: tuple[float, float]
) -> list[str]:
    """Put labels that would touch the one before them a line lower."""
    long = 72 * PANEL / (limits[1] - limits[0])
    found: list[str] = []
    ends = [-math.inf, -math.inf]  # of the labels on each line
    for label, place in zip(labels, places, strict=True):
        half = 0.62 * SMALLEST * len(label) / 2 / long
        line = 0 if place - half > ends[0] else 1
        ends[line] = place + half
        found.append("\n" * line + label)
    return found
