"""The error of each method's best cell against the gradients that its training took."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from genboost.analysis import splits, tuning
from genboost.analysis.curves import thinned
from genboost.analysis.stats import Interval
from genboost.report.exhibits import Exhibit
from genboost.report.figures.curves import MOST_EPOCHS
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    LINES,
    MARKERS,
    WIDEST,
    best_panels,
    columns,
    legend,
    start,
    tell,
)
from genboost.report.figures.lanes import side_by_side
from genboost.report.figures.material import Curves, Material
from genboost.report.figures.scales import along, baseline_lines, log_scale

MOST_METHODS = 12  # of a study
MARK = 7.0  # pt


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure: the median's way, and the mean at the end."""
    results = material.results
    methods: list[tuple[str, np.ndarray, np.ndarray, Interval]] = []
    for study in results.studies:
        laid_out = results.layouts[study.name]
        for panel in best_panels(results, laid_out, MOST_METHODS):
            if best := results.best(study, panel.cells.values()):
                curves = material.curves(study, best[0])
                name = f"{panel.title}, {laid_out.place(best[0])}".replace("SAM with", "SAM")
                costs, errors = _way([*curves.values()], tuning.gradients(best[0]))
                mean = splits.mean_of_models(dict(zip(curves, errors[:, -1], strict=True)))
                methods.append((name, costs, np.median(errors, axis=0), mean))
    lines = -(-len(methods) // columns(WIDEST, [name for name, *_ in methods]))
    figure = start(WIDEST, 3.4 + 0.17 * lines, title)
    axes = figure.subplots()
    means = [mean.value for *_, mean in methods]
    ends = [costs[-1] for _, costs, *_ in methods]
    log_scale(axes, "x", [cost / 20 for cost in ends] + ends, is_count=True)
    useless = max(e["mean"]["test_mse"] for e in results.baselines.values())
    log_scale(axes, "y", [*means, useless])
    asides = _asides(axes, ends, means)
    entries = []
    for number, (name, costs, median, mean) in enumerate(methods):
        color = COLORS[number % len(COLORS)]
        look = {"color": color, "linestyle": LINES[number // len(COLORS) % len(LINES)]}
        marker = MARKERS[number % len(MARKERS)]
        axes.plot(costs, median, linewidth=0.9, **look)
        moved = ScaledTranslation(asides[number] / 72, 0, figure.dpi_scale_trans)
        end = {"color": color, "clip_on": False, "transform": axes.transData + moved}
        if not math.isnan(mean.low):
            axes.plot([costs[-1]] * 2, [mean.low, mean.high], label="interval",
                      linewidth=1.6, **end)  # fmt: skip
        axes.plot(costs[-1], mean.value, marker, label="mean", markersize=MARK - 1, **end)
        entries.append({"label": name, "marker": marker, **look})
    baseline_lines(axes, results, [c for study in results.studies for c in study.cells], "y")
    axes.set_xlabel("gradients computed per training row")
    axes.set_ylabel("test MSE")
    _draw_frontier(axes, ends, means)
    if methods:
        legend(figure, entries)
        least = int(np.argmin(means))
        tell(figure, f"The lowest mean test MSE, {means[least]:.2f}, takes {ends[least]:g} "
                     f"gradients per training row: {methods[least][0]}.")  # fmt: skip
    else:
        axes.text(0.5, 0.5, "models in every cell diverged", ha="center", transform=axes.transAxes)
    return figure


def _asides(axes: Axes, costs: list[float], errors: list[float]) -> np.ndarray:
    """Return how far marks of the same cost go to the right so that none hides another, in pt."""
    heights = along(axes, "y", errors)
    found = np.zeros(len(errors))
    for cost in set(costs):
        alike = [place for place, other in enumerate(costs) if other == cost]
        found[alike] = side_by_side(heights[alike], MARK)
    return found


def _way(curves: list[Curves], gradients: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients that a cell's models have taken by some epochs, and their errors.

    A model that stops before the others keeps its last error.

    Parameters
    ----------
    gradients
        That an epoch computes for each training row.
    """
    longest = max(curves, key=lambda curve: len(curve.epoch))
    length = len(longest.epoch)
    shown = thinned(length, MOST_EPOCHS)
    costs = gradients * np.array(longest.epoch, float)[shown]
    errors = [np.pad(c.test_mse, (0, length - len(c.test_mse)), "edge") for c in curves]
    return costs, np.array(errors)[:, shown]


def _draw_frontier(axes: Axes, costs: list[float], errors: list[float]) -> None:
    """Draw the lowest error that each cost or less reaches."""
    lowest, corners = math.inf, []
    for cost, error in sorted(zip(costs, errors, strict=True)):
        if error < lowest:
            corners.append((cost, error))
            lowest = error
    if corners:
        corners.append((axes.get_xlim()[1], lowest))
        axes.step(*zip(*corners, strict=True), where="post", color=FAINT, linewidth=2, zorder=0)
