"""A measure of each cell against its test error and its gap, two panels for each method."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genboost.analysis import stats
from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    PAPER,
    SMALLEST,
    best_panels,
    in_lines,
    start,
    tell,
)
from genboost.report.figures.material import Material
from genboost.report.figures.scales import log_scale, scale
from genboost.report.layout import even

MOST_METHODS = 8
ACROSS = 4  # methods
LINE = 18  # characters, of a panel's title


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study; of one with many methods, the best."""
    results = material.results.about(exhibit.quantity.name)
    laid_out = results.layouts[exhibit.study]
    study = laid_out.study
    panels = best_panels(material.results, laid_out, MOST_METHODS)
    if len(panels) < len(laid_out.panels):
        title += f" (the best {len(panels)} of {len(laid_out.panels)} panels)"
    points = {}  # of each cell: measure, test error, gap
    for cell in study.cells:
        row = results.row(study, cell)
        point = np.array([row.value, row.test_mse, row.test_mse - row.train_mse], float)
        points[cell] = point * (math.nan if row.diverged else 1)
    all_points = np.array([point for point in points.values() if np.isfinite(point).all()])
    all_points = all_points.reshape(-1, 3)
    across = even(len(panels), ACROSS)
    down = -(-len(panels) // across)
    figure = start(max(4.2, 1.0 + 1.55 * across), 0.9 + 2.9 * down, title)
    grid = figure.subplots(2 * down, across, sharex=True, sharey="row", squeeze=False)
    pairs = grid.reshape(down, 2, across).swapaxes(1, 2).reshape(-1, 2)  # of each method
    for axes in pairs[len(panels) :].flat:
        axes.remove()
    for panel, pair in zip(panels, pairs, strict=False):
        own = np.array([points[cell] for cell in panel.cells.values()])
        own = own[np.isfinite(own).all(axis=1)]
        for row, axes in enumerate(pair, start=1):
            axes.plot(*all_points[:, [0, row]].T, "o", color=FAINT, mew=0, markersize=1.8,
                      rasterized=True)  # fmt: skip
            axes.plot(*own[:, [0, row]].T, "o", color=COLORS[0], mec=PAPER, mew=0.3)
            tau = stats.kendall_tau_b(own[:, 0], own[:, row])
            told = [] if math.isnan(tau) else [f"τ-b = {tau:.2f}".replace("= -", "= −")]
            axes.set_title("\n".join([in_lines(panel.title, LINE), *told][row - 1 :]))
    for _, lower in pairs[len(panels) - across : len(panels)]:
        lower.tick_params(labelbottom=True)
    if len(all_points):
        for axes in pairs[: len(panels)].flat:
            axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        scale(grid[0, 0], "x", all_points[:, 0].tolist())
        for upper, lower in pairs[: len(panels) : across]:
            log_scale(upper, "y", all_points[:, 1].tolist())
            scale(lower, "y", all_points[:, 2].tolist())
    for upper, lower in pairs[: len(panels) : across]:
        upper.set_ylabel("test MSE")
        lower.set_ylabel("gap (MSE)")
    figure.supxlabel(exhibit.quantity.label, fontsize=SMALLEST)
    if len(all_points) > 1:
        taus = [stats.kendall_tau_b(all_points[:, 0], all_points[:, row]) for row in (1, 2)]
        tell(figure, f"Over {len(all_points)} cells, Kendall's τ-b with the test error is "
                     f"{taus[0]:.2f}, with the gap {taus[1]:.2f}.")  # fmt: skip
    return figure
