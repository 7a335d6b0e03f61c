"""Each model's value against the axis that tables have down, a panel for each table."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORS,
    LINES,
    MANY,
    MARKERS,
    baseline_lines,
    legend,
    log_scale,
    name_outer_axes,
    panels,
    scale,
)
from genboost.report.figures.material import Material
from genboost.study.axes import Setting


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study."""
    results = material.results.about(exhibit.quantity.name)
    laid_out = results.layouts[exhibit.study]
    study, across = laid_out.study, laid_out.across
    figure, found = panels(results, laid_out, 1.75, 1.6, title, legend=len(across), sharey=True)
    values = {cell: results.values[study.name, cell] for cell in study.cells}
    finite = [v for seeds in values.values() for v in seeds.values() if math.isfinite(v)]
    rasterized = len(study.models) > MANY
    *_, last = found
    for name, (panel, axes) in found.items():
        positions = _positions(laid_out.down)
        _name_positions(axes, laid_out.rows, laid_out.down, positions)
        (log_scale if results.is_about_errors else scale)(axes, "y", finite)
        for number, column in enumerate(across):
            # Set side by side, so that marks of different columns do not cover each other.
            aside = number - (len(across) - 1) / 2
            look = {"color": COLORS[number % len(COLORS)], "rasterized": rasterized}
            marker, line = MARKERS[number % len(MARKERS)], LINES[number % len(LINES)]
            places, means = [], []
            for row, position in positions.items():
                if (cell := panel.cells.get((row, column))) is None:
                    continue
                x = _aside(axes, position, aside)
                seeds = list(values[cell].values())
                whole = [value for value in seeds if math.isfinite(value)]
                axes.plot([x] * len(whole), whole, marker, mew=0, alpha=0.65, **look)
                if lost := len(seeds) - len(whole):
                    axes.plot([x] * lost, [0.98] * lost, "x", clip_on=False, **look,
                              transform=axes.get_xaxis_transform())  # fmt: skip
                if whole:
                    places.append(x)
                    means.append(sum(whole) / len(whole))
            axes.plot(places, means, line, **look)
        if results.is_about_errors:
            baseline_lines(axes, results, list(panel.cells.values()), "y", named=name == last)
    name_outer_axes(
        [axes for _, axes in found.values()], laid_out.rows.title, exhibit.quantity.phrase
    )
    if laid_out.columns:
        entries = [
            {"label": laid_out.columns.phrase(column), "color": COLORS[number % len(COLORS)],
             "marker": MARKERS[number % len(MARKERS)], "linestyle": LINES[number % len(LINES)]}
            for number, column in enumerate(across)
        ]  # fmt: skip
        legend(figure, entries)
    return figure


def _positions(values: Sequence) -> dict:
    """Return where values go on an axis: numbers where they are, others one after the other."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return {value: value for value in values}
    return {value: place for place, value in enumerate(values)}


def _aside(axes: Axes, position: float, aside: float) -> float:
    """Return a position a little to one side."""
    if axes.get_xscale() == "linear":
        low, high = axes.get_xlim()
        return position + aside * (high - low) / 60
    return position * 1.07**aside


def _name_positions(axes: Axes, axis: Setting, values: Sequence, positions: dict) -> None:
    """Scale and label the x axis.

    It is logarithmic where numbers are far apart; zero, which has no logarithm, goes to its left
    end.
    """
    places = list(positions.values())
    positive = [place for place in places if place > 0]
    if not axis.is_number or not positive or max(positive) < 5 * min(positive):
        margin = (max(places) - min(places) or 1) / max(2, len(places))
        axes.set_xlim(min(places) - margin, max(places) + margin)
    elif len(positive) < len(places):
        axes.set_xscale("symlog", linthresh=positive[0])
    else:
        axes.set_xscale("log")
        axes.set_xlim(positive[0] / 1.7, positive[-1] * 1.7)
    step = 1 if len(places) <= 7 else -(-len(places) // 5)
    axes.xaxis.set_major_locator(FixedLocator(places[::step]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([axis.shown(value) for value in values[::step]])
