"""The cells of a random search: their mean values against each number that was drawn."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORS,
    FAR_APART,
    MANY,
    MARKERS,
    PANELS_ACROSS,
    legend,
    size,
    start,
    tell,
)
from genboost.report.figures.material import Material
from genboost.report.figures.scales import baseline_lines, log_scale, round_numbers, scale
from genboost.report.layout import even
from genboost.study.axes import Setting
from genboost.study.cells import Cell

MOST_TICKS = 6


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study, a panel for each of its numbers."""
    results = material.results.about(exhibit.quantity.name)
    laid_out = results.layouts[exhibit.study]
    study, tuned = laid_out.study, laid_out.tuned
    rows = {cell: results.row(study, cell) for cell in study.cells}
    whole = [row.value for row in rows.values() if _is_whole(row)]
    across = even(len(tuned), PANELS_ACROSS)
    down = -(-len(tuned) // across)
    figure = start(*size(down, across, 1.9, 2.2, legend=len(laid_out.panels)), title)
    grid = figure.subplots(down, across, sharey=True, squeeze=False).flat
    shown = dict(zip(tuned, grid, strict=False))
    for axes in list(grid)[len(tuned) :]:
        axes.remove()
    for number, panel in enumerate(laid_out.panels):
        look = {
            "color": COLORS[number % len(COLORS)],
            "marker": MARKERS[number % len(MARKERS)],
            "linestyle": "none",
        }
        for axis, axes in shown.items():
            cells = [cell for cell in panel.cells.values() if cell[axis.name] is not None]
            _draw_cells(axes, axis, {cell: rows[cell] for cell in cells}, look)
    for axis, axes in shown.items():
        _scale(axes, axis, [cell[axis.name] for cell in study.cells if cell[axis.name] is not None])
        (log_scale if results.is_about_errors else scale)(axes, "y", whole)
        if results.is_about_errors:
            baseline_lines(axes, results, study.cells, "y", named=axis == tuned[-1])
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(exhibit.quantity.label)
    entries = [
        {"label": panel.title, "color": COLORS[number % len(COLORS)], "linestyle": "none",
         "marker": MARKERS[number % len(MARKERS)], "fillstyle": "none", "mew": 0.9}
        for number, panel in enumerate(laid_out.panels)
    ]  # fmt: skip
    legend(figure, entries)
    if best := results.best(study, study.cells):
        tell(figure, f"The best mean is {results.number(best[1].value)}: "
                     f"{laid_out.panel_of[best[0]].title}, {laid_out.place(best[0])}.")  # fmt: skip
    return figure


def _is_whole(row: object) -> bool:
    return not row.diverged and math.isfinite(row.value)


def _draw_cells(axes: Axes, axis: Setting, rows: dict[Cell, object], look: dict) -> None:
    """Draw the cells of a method; those with models that diverged as crosses at the top."""
    rasterized = len(rows) > MANY
    whole = [(cell[axis.name], row.value) for cell, row in rows.items() if _is_whole(row)]
    x, y = [x for x, _ in whole], [y for _, y in whole]
    axes.plot(x, y, **look, fillstyle="none", mew=0.9, rasterized=rasterized)
    if lost := [cell[axis.name] for cell, row in rows.items() if not _is_whole(row)]:
        axes.plot(lost, [0.98] * len(lost), **{**look, "marker": "x"}, clip_on=False,
                  transform=axes.get_xaxis_transform())  # fmt: skip


def _scale(axes: Axes, axis: Setting, values: list[float]) -> None:
    """Scale the x axis: logarithmic if numbers are far apart, with zero at its left end."""
    axes.set_xlabel(axis.title)
    positive = [value for value in values if value > 0]
    low, high = min(positive, default=1), max(positive, default=1)
    if high <= FAR_APART * low:
        return
    decades = round_numbers(low, high)
    ticks = decades[:: -(-len(decades) // MOST_TICKS)]
    if min(values) > 0:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.5, high * 1.5)
    else:
        axes.set_xscale("symlog", linthresh=low)
        axes.set_xlim(-0.3 * low, high * 1.5)
        ticks = [0.0, *ticks[1:]]
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if tick <= 1.5 * high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: axis.shown(float(f"{value:.3g}")))
    )
