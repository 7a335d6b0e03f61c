"""The errors on the plane through three models' weights, and along the line between two."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from genboost.report.exhibits import Exhibit, chosen_cells
from genboost.report.figures.drawing import (
    COLORMAP,
    COLORS,
    FAINT,
    INK,
    LOWEST,
    PAPER,
    legend,
    start,
    tell,
)
from genboost.report.figures.material import Material
from genboost.report.figures.scales import log_scale, round_numbers
from genboost.report.layout import Layout
from genboost.study.cells import Cell

STEPS = (1, 1.5, 2, 3, 5, 7)  # of colours in a decade
FAR = 50  # times the lowest error: all that is higher has one colour
LOOKS = {
    "train_mse": {"label": "training MSE", "color": COLORS[1], "linestyle": "-"},
    "test_mse": {"label": "test MSE", "color": COLORS[0], "linestyle": "--"},
}


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of the cells that the configuration chooses."""
    results, plane = material.results, material.plane
    found = chosen_cells(results.studies, material.config["figures"]["plane"])
    names = [
        f"{letter}: {', '.join(_words(results.layouts[study.name], cell))}"
        for letter, (study, cell) in zip(plane["records"], found, strict=True)
    ]
    figure = start(7.2, 6.4, title)
    if plane["obstacle"]:
        axes = figure.subplots()
        axes.set_title("\n".join(names), loc="left")
        axes.set_axis_off()
        axes.text(0.5, 0.5, plane["obstacle"], ha="center", va="center", color=FAINT,
                  transform=axes.transAxes)  # fmt: skip
        return figure
    panels = figure.subplot_mosaic([[*LOOKS], ["line", "line"]], height_ratios=[2, 1])
    planes = [panels[loss] for loss in LOOKS]
    levels = _levels([plane[loss] for loss in LOOKS])
    for axes, (loss, look) in zip(planes, LOOKS.items(), strict=True):
        colours = _draw_plane(axes, plane, plane[loss], levels)
        axes.set_title(look["label"], loc="left")
    planes[0].set_title("\n".join([*names, "", LOOKS["train_mse"]["label"]]), loc="left")
    planes[0].set_ylabel("distance across")
    bar = figure.colorbar(colours, ax=planes, ticks=levels, format="%g", fraction=0.05)
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.grid(False)
    bar.set_label("MSE")
    _draw_line(panels["line"], plane["line"], [*plane["places"]])
    legend(figure, [*LOOKS.values()])
    share, errors = np.array(plane["line"]["share"]), np.array(plane["line"]["train_mse"])
    between = errors[(share >= 0) & (share <= 1)]
    tell(figure, f"The training MSE is {between[0]:.2f} at A, {between[-1]:.2f} at B, and at most "
                 f"{between.max():.2f} between them.")  # fmt: skip
    return figure


def _words(laid_out: Layout, cell: Cell) -> list[str]:
    """Say where a cell is: its study, its panel if there are several, its place there."""
    panel = [laid_out.panel_of[cell].title] if len(laid_out.panels) > 1 else []
    return [laid_out.study.title, *panel, laid_out.place(cell)]


def _levels(errors: Sequence[Sequence[Sequence[float]]]) -> list[float]:
    """Return the round numbers from just below the lowest error to just above the highest."""
    low = max(np.min(errors), LOWEST)
    high = min(max(np.max(errors), low), FAR * low)
    numbers = round_numbers(low, high, STEPS)
    first, last = bisect_right(numbers, low) - 1, bisect_left(numbers, high)
    return numbers[first : max(last, first + 1) + 1]


def _draw_plane(
    axes: Axes, plane: Mapping[str, Any], errors: Sequence[Sequence[float]], levels: Sequence[float]
) -> QuadContourSet:
    """Draw an error in colour, and the models."""
    norm = LogNorm(levels[0], levels[-1])
    colours = axes.contourf(plane["x"], plane["y"], errors, levels=levels, norm=norm,
                            cmap=COLORMAP, extend="max")  # fmt: skip
    places = np.array([*plane["places"].values()])
    axes.plot(*places[:2].T, color=INK, linewidth=0.8, linestyle=":")
    axes.plot(*places.T, "o", color=INK, markeredgecolor=PAPER, markeredgewidth=0.8, markersize=5)
    for letter, place in plane["places"].items():
        axes.annotate(letter, place, (6, 6), textcoords="offset points", weight="bold",
                      bbox={"boxstyle": "round,pad=0.15", "fc": PAPER, "ec": "none"})  # fmt: skip
    axes.set(aspect="equal", xlabel="distance along A to B")
    axes.grid(False)
    return colours


def _draw_line(axes: Axes, line: Mapping[str, Sequence[float]], names: Sequence[str]) -> None:
    for loss, look in LOOKS.items():
        axes.plot(line["share"], line[loss], linewidth=1.1, **look)
    for end in (0, 1):
        axes.axvline(end, color=INK, linewidth=0.8, linestyle=":")
    log_scale(axes, "y", [error for loss in LOOKS for error in line[loss]])
    axes.set_xticks([0, 0.5, 1], [names[0], "halfway", names[1]])
    axes.set_ylabel("MSE")
