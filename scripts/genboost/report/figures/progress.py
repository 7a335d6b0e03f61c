"""A quantity over the epochs of a study's snapshots, and what theory says that it cannot exceed."""

import itertools
import math
import statistics

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.curves import MOST_LINES
from genboost.report.figures.drawing import (
    COLORS,
    INK,
    LINES,
    MARKERS,
    legend,
    name_outer_axes,
    panels,
    tell,
)
from genboost.report.figures.material import Material
from genboost.report.figures.scales import log_scale, scale
from genboost.report.results import Results
from genboost.study.cells import Cell
from genboost.study.grid import Study

BOUND = (0, (6, 3))  # the dashes of a line


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study: a colour for each row of its tables, a dash for each column."""
    results = material.results
    laid_out = results.layouts[exhibit.study]
    study, across, down = laid_out.study, laid_out.across, laid_out.down
    entries = len(down) + (len(across) if laid_out.columns else 0)
    figure, found = panels(results, laid_out, 2.1, 2.1, title, legend=entries, sharey=True)
    drawn: list[tuple[float, float]] = []
    ends = {}
    for panel, axes in found.values():
        for (row, column), cell in panel.cells.items():
            look = {
                "color": COLORS[down.index(row) % len(COLORS)],
                "linestyle": LINES[across.index(column) % len(LINES)],
                "marker": MARKERS[across.index(column) % len(MARKERS)],
            }
            lines = over_epochs(results, exhibit.quantity.name, study, cell)
            if not lines:
                continue
            drawn += [point for line in lines for point in line]
            _draw_cell(axes, lines, look)
            ends[cell] = statistics.median(line[-1][1] for line in lines)
            if exhibit.quantity.bound and (bound := exhibit.quantity.bound(cell)):
                drawn.append((lines[0][0][0], bound))
                axes.axhline(bound, linestyle=BOUND, linewidth=0.8, color=look["color"])
    epochs, values = zip(*drawn, strict=True) if drawn else ((1,), (1.0,))
    for _, axes in found.values():
        log_scale(axes, "x", epochs)
        scale(axes, "y", values)
    name_outer_axes([axes for _, axes in found.values()], "epoch", exhibit.quantity.label)
    rows = [
        {"label": laid_out.rows.phrase(row), "color": COLORS[place % len(COLORS)]}
        for place, row in enumerate(down)
    ]
    columns = [
        {"label": laid_out.columns.phrase(column), "color": INK, "markerfacecolor": "none",
         "linestyle": LINES[place % len(LINES)], "marker": MARKERS[place % len(MARKERS)]}
        for place, column in enumerate(across if laid_out.columns else [])
    ]  # fmt: skip
    legend(figure, rows + columns)
    if ends:
        extremes = min(ends, key=ends.get), max(ends, key=ends.get)
        said = [f"{results.number(ends[cell])} ({laid_out.place(cell)})" for cell in extremes]
        tell(figure, f"The medians end at {' to '.join(said)}.")
    return figure


def over_epochs(
    results: Results, name: str, study: Study, cell: Cell
) -> list[list[tuple[float, float]]]:
    """Return each model's finite values, if any, by their epochs: of snapshots, and the last."""
    ends = results.about("epochs_run").values.get((study.name, cell), {})
    taken = {n: results.about(f"{name}@{n}").values[study.name, cell] for n in cell.snapshots}
    lines = []
    for run, last in results.about(name).values[study.name, cell].items():
        ended = ends.get(run, math.nan)
        points = [(n, values[run]) for n, values in taken.items()]
        points.append((cell.epochs if math.isnan(ended) else ended, last))
        lines.append([(n, value) for n, value in points if math.isfinite(value)])
    return [line for line in lines if line]


def _draw_cell(axes: Axes, lines: list[list[tuple[float, float]]], look: dict[str, str]) -> None:
    """Draw a few models' lines, or what holds 80 % of many, and their median where most are."""
    by_epoch: dict[float, list[float]] = {}
    for epoch, value in itertools.chain.from_iterable(lines):
        by_epoch.setdefault(epoch, []).append(value)
    most = {n: found for n, found in sorted(by_epoch.items()) if len(found) > len(lines) / 2}
    if len(lines) <= MOST_LINES:
        for line in lines:
            axes.plot(*zip(*line, strict=True), label="seeds", linewidth=0.5,
                      **{**look, "marker": ""})  # fmt: skip
    elif most:
        ends = np.array([np.quantile(found, [0.1, 0.9]) for found in most.values()])
        axes.fill_between(list(most), *ends.T, color=look["color"], alpha=0.15, lw=0)
    middle = list(map(statistics.median, most.values()))
    # Open marks, so that a line on another one shows.
    axes.plot(list(most), middle, linewidth=1.6, markersize=6, markerfacecolor="none", **look)
