"""The losses on the plane through three models' weights, and along the line between two."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit, chosen_cells
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    INK,
    LOWEST,
    legend,
    log_scale,
    start,
    tell,
)
from genboost.report.figures.material import Material
from genboost.report.layout import Layout
from genboost.study.cells import Cell

STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))  # of contours in a decade
CONTOURS = 6  # at least, if the errors are far enough apart
LOOKS = {
    "train_mse": {"label": "training MSE", "color": COLORS[1], "linestyle": "-"},
    "test_mse": {"label": "test MSE", "color": COLORS[0], "linestyle": "--"},
}


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of the cells that the configuration chooses."""
    results, plane = material.results, material.plane
    found = chosen_cells(results.studies, material.config["figures"]["plane"])
    figure = start(5.6, 7.2, title)
    above, below = figure.subplots(2, 1, height_ratios=[2.2, 1])
    names = [
        f"{letter}: {', '.join(_words(results.layouts[study.name], cell))}"
        for letter, (study, cell) in zip(plane["records"], found, strict=True)
    ]
    above.set_title("\n".join(names), loc="left")
    if plane["obstacle"]:
        above.text(0.5, 0.5, plane["obstacle"], ha="center", va="center", color=FAINT,
                   transform=above.transAxes)  # fmt: skip
        below.remove()
        return figure
    _draw_plane(above, plane)
    _draw_line(below, plane["line"], [*plane["places"]])
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


def _draw_plane(axes: Axes, plane: Mapping[str, Any]) -> None:
    levels = _levels(np.ravel(plane["train_mse"]))
    for name, look in LOOKS.items():
        lines = axes.contour(plane["x"], plane["y"], plane[name], levels=levels,
                             colors=look["color"], linestyles=look["linestyle"],
                             linewidths=0.9)  # fmt: skip
        if name == "train_mse":
            axes.clabel(lines, fmt="%g")
    places = np.array([*plane["places"].values()])
    axes.plot(*places[:2].T, color=INK, linewidth=0.8, linestyle=":")
    axes.plot(*places.T, "o", color=INK, markersize=5, label="minima")
    for letter, place in plane["places"].items():
        axes.annotate(letter, place, (4, 4), textcoords="offset points", weight="bold")
    axes.set(aspect="equal", xlabel="distance along A to B", ylabel="distance across")
    axes.grid(False)


def _levels(errors: np.ndarray) -> list[float]:
    """Return round numbers between the lowest and the highest error."""
    low, high = max(errors.min(), LOWEST), errors.max()
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in STEPS:
        levels = [step * 10.0**decade for decade in decades for step in steps]
        levels = [level for level in levels if low < level < high]
        if len(levels) >= CONTOURS:
            break
    return levels


def _draw_line(axes: Axes, line: Mapping[str, Sequence[float]], names: Sequence[str]) -> None:
    for loss, look in LOOKS.items():
        axes.plot(line["share"], line[loss], linewidth=1.1, **look)
    for end in (0, 1):
        axes.axvline(end, color=INK, linewidth=0.8, linestyle=":")
    log_scale(axes, "y", [error for loss in LOOKS for error in line[loss]])
    axes.set_xticks([0, 0.5, 1], [names[0], "halfway", names[1]])
    axes.set_ylabel("MSE")
