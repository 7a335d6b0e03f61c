"""A measure of each cell against its test error and its gap, a colour and a mark for each method.

Two panels, whatever the number of methods: Matplotlib's time goes into the panels of a figure, and
a study may have a figure for each of twenty measures.
"""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import kendalltau

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    MARKERS,
    best_panels,
    legend,
    log_scale,
    scale,
    start,
)
from genboost.report.figures.material import Material

MOST_METHODS = len(MARKERS)


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study; of one with many methods, the best in colour."""
    results = material.results.about(exhibit.quantity.name)
    laid_out = results.layouts[exhibit.study]
    study = laid_out.study
    panels = best_panels(material.results, laid_out, MOST_METHODS)
    if len(panels) < len(laid_out.panels):
        title += f" (the best {len(panels)} of {len(laid_out.panels)} methods in colour)"
    points = {}  # of each cell: measure, test error, gap
    for cell in study.cells:
        row = results.row(study, cell)
        point = np.array([row.value, row.test_mse, row.test_mse - row.train_mse], float)
        points[cell] = point * (math.nan if row.diverged else 1)
    everything = _finite(list(points.values()))
    figure = start(7.2, 3.0 + 0.17 * len(panels), title)
    both = figure.subplots(1, 2)
    for place, (axes, name) in enumerate(
        zip(both, ("test MSE", "gap (MSE)"), strict=True), start=1
    ):
        _draw_marks(axes, everything[:, [0, place]], color=FAINT, marker=".", alpha=0.5)
        axes.set(xlabel=exhibit.quantity.label, ylabel=name)
        axes.set_title(f"all cells: {_tau(everything[:, [0, place]])}")
    entries = []
    for number, panel in enumerate(panels):
        look = {"color": COLORS[number % len(COLORS)], "marker": MARKERS[number]}
        own = _finite([points[cell] for cell in panel.cells.values()])
        for place, axes in enumerate(both, start=1):
            _draw_marks(axes, own[:, [0, place]], alpha=0.85, **look)
        taus = " and ".join(_tau(own[:, [0, place]]) for place in (1, 2))
        entries.append({"label": f"{panel.title}: {taus}", "linestyle": "none", **look})
    if len(everything):
        for axes in both:
            scale(axes, "x", everything[:, 0].tolist())
        log_scale(both[0], "y", everything[:, 1].tolist())
        scale(both[1], "y", everything[:, 2].tolist())
    legend(figure, entries)
    return figure


def _finite(points: list[np.ndarray]) -> np.ndarray:
    """Return those of some points that have all three numbers, [cells, 3]."""
    found = np.array(points, float).reshape(-1, 3)
    return found[np.isfinite(found).all(axis=1)]


def _draw_marks(axes: Axes, points: np.ndarray, **look: str | float) -> None:
    axes.plot(*points.T, linestyle="none", mew=0, **look)


def _tau(points: np.ndarray) -> str:
    """Return Kendall's rank correlation of points [cells, 2] in words; a dash for none."""
    tau = kendalltau(*points.T).statistic if len(points) > 1 else math.nan
    return "τ –" if math.isnan(tau) else f"τ = {tau:.2f}".replace("-", "−")
