"""Each cell's test error against its training error: how high it lies above a line is the gap."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, INK, MANY, MARKERS, best_panels, start, tell
from genboost.report.figures.material import Material
from genboost.report.figures.scales import log_scale
from genboost.report.layout import Panel

ACROSS = 2
SIDE = 3.2  # inches, of a panel
TOGETHER = len(COLORS)  # tables that share a panel
LINE = 0.19  # inches, of a legend


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study; tables that differ in the last axes only share a panel."""
    results, laid_out = material.results, material.results.layouts[exhibit.study]
    study = laid_out.study
    chosen = best_panels(results, laid_out)
    if len(chosen) < len(laid_out.panels):
        title += f" (the best {len(chosen)} of {len(laid_out.panels)} methods)"
    groups = laid_out.lines(chosen, TOGETHER)
    across = min(ACROSS, len(groups))
    down = -(-len(groups) // across)
    figure = start(0.8 + SIDE * across, 0.6 + (SIDE + 0.2) * down, title)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).flat
    rows = [results.row(study, cell) for panel in chosen for cell in panel.cells.values()]
    whole = [(row.train_mse, row.test_mse) for row in rows if not row.diverged]
    errors = np.array(whole).reshape(-1, 2)
    for axes, group in zip(grid, groups, strict=False):
        for which, values in zip("xy", errors.T, strict=True):
            log_scale(axes, which, values.tolist())
        axes.axline((1, 1), (2, 2), color=INK, linewidth=0.8)
        of_group = [
            [(row.train_mse, row.test_mse) for cell in panel.cells.values()
             if not (row := results.row(study, cell)).diverged]
            for panel in group
        ]  # fmt: skip
        _draw_group(axes, group, of_group, len(errors) > MANY)
    for axes in grid[len(groups) :]:
        axes.remove()
    for number, axes in enumerate(grid[: len(groups)]):
        if number % across == 0:
            axes.set_ylabel("test MSE")
        if number + across >= len(groups):
            axes.set_xlabel("train MSE")
            axes.tick_params(labelbottom=True)
    train, test = errors.T
    if len(test):
        gap = np.median(test - train)
        tell(figure, f"The test MSE is above the train MSE in {(test > train).sum()} of "
                     f"{len(test)} cells; the median gap is {gap:.2f}.")  # fmt: skip
    return figure


def _draw_group(
    axes: Axes,
    group: Sequence[Panel],
    errors: Sequence[Sequence[tuple[float, float]]],
    rasterized: bool,
) -> None:
    """Draw some tables' cells, and name what the tables do not share."""
    parts = [panel.title.split(", ") for panel in group]
    shared = [part for part in parts[0] if all(part in other for other in parts)]
    axes.set_title(", ".join(shared))
    for number, (own, points) in enumerate(zip(parts, errors, strict=True)):
        train, test = np.array(points).reshape(-1, 2).T
        name = ", ".join(part for part in own if part not in shared) or "all cells"
        if len(test) and train[test.argmin()] > 0:
            name += f" ({test.min() / train[test.argmin()]:.2f})"
        axes.plot(train, test, MARKERS[number], color=COLORS[number], markersize=4, label=name,
                  fillstyle="none", mew=0.9, rasterized=rasterized)  # fmt: skip
    low, high = axes.get_ylim()
    room = LINE * (len(group) + 0.7) / SIDE  # of the legend, above the points
    axes.set_ylim(low, high * (high / low) ** (room / (1 - room)))
    axes.legend(loc="upper left", handletextpad=0.2, borderaxespad=0.2)
