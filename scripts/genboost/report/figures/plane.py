"""The losses on the plane through three models' weights, and along the line between two."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.measures.plane import Plane
from genboost.report.exhibits import Exhibit, chosen_cells
from genboost.report.figures.drawing import COLORS, FAINT, INK, legend, log_scale, start, tell
from genboost.report.figures.material import Material, Minimum
from genboost.report.layout import Layout
from genboost.study.cells import Cell
from genboost.study.grid import Model

RESOLUTION = 41  # places along each side of the plane
ALONG = 61  # places along the line
MARGIN = 0.25  # of the plane's width and of the line, beyond the models
LEVELS = 9
LETTERS = "ABC"
LOOKS = {
    "train": {"label": "training MSE", "color": COLORS[1], "linestyle": "-"},
    "test": {"label": "test MSE", "color": COLORS[0], "linestyle": "--"},
}


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of the cells that the configuration chooses."""
    results = material.results
    found = chosen_cells(results.studies, material.config["figures"]["plane"])
    minima = [material.read_minimum(Model(cell, study.seeds[0])) for study, cell in found]
    figure = start(5.6, 7.2, title)
    above, below = figure.subplots(2, 1, height_ratios=[2.2, 1])
    names = [
        f"{letter}: {', '.join(_words(results.layouts[study.name], cell))}"
        for letter, (study, cell) in zip(LETTERS, found, strict=True)
    ]
    above.set_title("\n".join(names), loc="left")
    whole = [minimum for minimum in minima if minimum]
    if len(whole) < len(minima):
        above.text(0.5, 0.5, "a model diverged", ha="center", va="center", color=FAINT,
                   transform=above.transAxes)  # fmt: skip
        below.remove()
        return figure
    plane = Plane.through(np.array([minimum.weights for minimum in whole]))
    _draw_plane(above, plane, whole[0])
    _draw_line(figure, below, plane, whole[0])
    legend(figure, [*LOOKS.values()])
    return figure


def _words(laid_out: Layout, cell: Cell) -> list[str]:
    """Say where a cell is: its study, its panel if there are several, its place there."""
    panel = [laid_out.panel_of[cell].title] if len(laid_out.panels) > 1 else []
    return [laid_out.study.title, *panel, laid_out.place(cell)]


def _draw_plane(axes: Axes, plane: Plane, minimum: Minimum) -> None:
    low, high = plane.points.min(axis=0), plane.points.max(axis=0)
    margin = MARGIN * (high - low).max()
    x, y = np.linspace(low - margin, high + margin, RESOLUTION).T
    weights = plane.at(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    losses = {
        name: getattr(minimum, name).losses(weights).reshape(RESOLUTION, RESOLUTION)
        for name in LOOKS
    }
    finite = losses["train"][np.isfinite(losses["train"]) & (losses["train"] > 0)]
    levels = np.geomspace(finite.min(), finite.max(), LEVELS + 2)[1:-1]
    for name, look in LOOKS.items():
        lines = axes.contour(x, y, losses[name], levels=levels, colors=look["color"],
                             linestyles=look["linestyle"], linewidths=0.9)  # fmt: skip
        if name == "train":
            axes.clabel(lines, fmt="%.2g", fontsize=6)
    axes.plot(*plane.points[:2].T, color=INK, linewidth=0.8, linestyle=":")
    axes.plot(*plane.points.T, "o", color=INK, markersize=4, label="minima")
    for letter, place in zip(LETTERS, plane.points, strict=True):
        axes.annotate(letter, place, (4, 4), textcoords="offset points", weight="bold")
    axes.set(aspect="equal", xlabel="distance along A to B", ylabel="distance across")
    axes.grid(False)


def _draw_line(figure: Figure, axes: Axes, plane: Plane, minimum: Minimum) -> None:
    share = np.linspace(-MARGIN, 1 + MARGIN, ALONG)
    weights = plane.at(share[:, None] * plane.points[1])
    losses = {name: getattr(minimum, name).losses(weights) for name in LOOKS}
    for name, look in LOOKS.items():
        axes.plot(share, losses[name], linewidth=1.1, **look)
    for end in (0, 1):
        axes.axvline(end, color=INK, linewidth=0.8, linestyle=":")
    log_scale(axes, "y", np.concatenate([*losses.values()]).tolist())
    axes.set_xticks([0, 0.5, 1], ["A", "halfway", "B"])
    axes.set_ylabel("MSE")
    between = losses["train"][(share >= 0) & (share <= 1)]
    tell(figure, f"The training MSE is {between[0]:.2f} at A, {between[-1]:.2f} at B, and at most "
                 f"{between.max():.2f} between them.")  # fmt: skip
