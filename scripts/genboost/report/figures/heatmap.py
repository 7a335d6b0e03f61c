"""A study's mean values in colour: a panel for each table, its rows down and columns across."""

import itertools
import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, NullLocator

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORMAP,
    COLORS,
    FAINT,
    INK,
    color,
    color_scale,
    name_outer_axes,
    panels,
    tell,
)
from genboost.report.figures.material import Material
from genboost.report.figures.scales import are_clear, clear_ticks, tick_text, ticks_below
from genboost.report.results import Results

BAR, SHARE = 0.12, 0.8  # of the colours' scale: its height in inches, and its share of the width
TICK = 0.5  # inches that a number on that scale takes
TITLES = 0.2  # inches, of a panel's titles, beyond what any figure leaves for them
LINE = 0.15  # inches
USELESS = "≥ predicting\nthe mean"


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study."""
    results = material.results.about(exhibit.quantity.name)
    laid_out = results.layouts[exhibit.study]
    study, down, across = laid_out.study, laid_out.down, laid_out.across
    # Wide enough for a panel's title, and a number in a cell where there are not too many.
    height = min(0.22, 9 / len(down))
    width = min(max(0.5, 1.6 / len(across)), 7 / len(across))
    tall = height * len(down) + TITLES
    figure, found = panels(results, laid_out, width * len(across), tall, title, legend=2)
    # The scale of the colours goes below the columns' title, and has names of two lines for errors.
    lines = 2 * bool(laid_out.columns) + results.is_about_errors
    figure.set_figheight(figure.get_figheight() + LINE * lines)
    norm = color_scale(results, study)
    best_of_all = results.best_choices.get(study.name)
    for panel, axes in found.values():
        for (y, row), (x, column) in itertools.product(enumerate(down), enumerate(across)):
            if (cell := panel.cells.get((row, column))) is None:
                continue
            mean = results.row(study, cell)
            text, ink = _draw_cell(axes, x, y, mean, norm)
            if width < 0.46 or height < 0.15:
                continue
            star = "★" if mean.choice == best_of_all and not mean.diverged else ""
            axes.text(x, y, star + text, ha="center", va="center", color=ink)
        if best := results.best(study, panel.cells.values()):
            places = {cell: place for place, cell in panel.cells.items()}
            row, column = places[best[0]]
            _frame(axes, across.index(column), down.index(row))
        axes.set_xlim(-0.5, len(across) - 0.5)
        axes.set_ylim(len(down) - 0.5, -0.5)
        names = map(laid_out.columns.shown, across) if laid_out.columns else [""]
        axes.set_xticks(range(len(across)), names)
        axes.set_yticks(range(len(down)), map(laid_out.rows.shown, down))
        axes.tick_params(length=0)
        axes.grid(False)
        axes.spines[:].set_visible(False)
    all_axes = [axes for _, axes in found.values()]
    name_outer_axes(
        all_axes, laid_out.columns.title if laid_out.columns else "", laid_out.rows.title
    )
    tall *= max(axes.get_subplotspec().rowspan.stop for axes in all_axes)
    _color_bar(figure, all_axes, tall, norm, results)
    if best := results.best(study, study.cells):
        tell(figure, f"The best mean is {results.number(best[1].value)}: "
                     f"{laid_out.panel_of[best[0]].title}, {laid_out.place(best[0])}.")  # fmt: skip
    return figure


def _draw_cell(axes: Axes, x: int, y: int, cell: Any, norm: Normalize) -> tuple[str, str]:
    """Draw a cell of a heatmap; return the text that goes on it and the text's colour."""
    place = {"xy": (x - 0.5, y - 0.5), "width": 1, "height": 1, "linewidth": 0.5}
    if cell.diverged:
        axes.add_patch(Rectangle(**place, facecolor="none", edgecolor=FAINT, hatch="//////"))
        return f"{cell.diverged}×", INK
    if not math.isfinite(cell.value):
        return "–", INK
    background, ink = color(cell.value, norm)
    axes.add_patch(Rectangle(**place, facecolor=background, edgecolor=background))
    return _short(cell.value), ink


def _frame(axes: Axes, x: int, y: int) -> None:
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=COLORS[1],
                             linewidth=1.6, zorder=3, clip_on=False))  # fmt: skip


def _short(value: float) -> str:
    """Write a number in four characters or so."""
    if value == 0 or 0.01 <= abs(value) < 9999.5:
        return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")


def _color_bar(
    figure: Figure, all_axes: list[Axes], tall: float, norm: Normalize, results: Results
) -> None:
    """Draw the scale of the colours below panels that are together so many inches tall."""
    extend = "max" if results.is_about_errors else "neither"
    # Below, so that it is whole where the figure goes over pages.
    bar = figure.colorbar(
        ScalarMappable(norm, COLORMAP), ax=all_axes, extend=extend, location="bottom",
        fraction=1.5 * BAR / tall, pad=BAR / tall, shrink=SHARE,
        aspect=SHARE * figure.get_figwidth() / BAR,
    )  # fmt: skip
    if results.is_about_errors:
        ticks = [*ticks_below(norm.vmin, norm.vmax), norm.vmax]
        labels = [*map(tick_text, ticks[:-1]), USELESS]
        while len(ticks) > 1 and not are_clear(bar.ax, "x", ticks, labels):
            del ticks[-2], labels[-2]
        bar.set_ticks(ticks, labels=labels)
        bar.ax.xaxis.set_minor_locator(NullLocator())
    elif isinstance(norm, LogNorm):
        ticks = clear_ticks(bar.ax, "x", norm.vmin, norm.vmax)
        bar.set_ticks(ticks, labels=list(map(tick_text, ticks)))
        bar.ax.xaxis.set_minor_locator(NullLocator())
    else:
        room = SHARE * figure.get_figwidth() / TICK
        bar.locator = MaxNLocator(int(room), steps=[1, 2, 5, 10])
    bar.ax.grid(False)
    bar.outline.set_visible(False)
    bar.set_label(results.quantity.label)
