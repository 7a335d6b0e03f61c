"""The best cell of each panel of each study: its seeds, and their mean."""

import itertools
import math

from matplotlib.figure import Figure

from genboost.analysis import splits
from genboost.report.exhibits import Exhibit
from genboost.report.figures import lanes
from genboost.report.figures.drawing import best_panels, start, tell
from genboost.report.figures.lanes import Lane
from genboost.report.figures.material import Material
from genboost.report.figures.scales import baseline_lines, log_scale
from genboost.report.results import Results
from genboost.study.cells import Cell
from genboost.study.grid import Study


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure; of a study with many panels, the best."""
    results = material.results
    shown: list[Lane] = []
    for study in results.studies:
        laid_out = results.layouts[study.name]
        panels = best_panels(results, laid_out)
        few = len(panels) < len(laid_out.panels)
        if few or len(results.studies) > 1:
            some = f" (the best {len(panels)} of {len(laid_out.panels)})" if few else ""
            shown.append(Lane(f"{study.title}{some}", is_heading=True))
        for panel in panels:
            best = results.best(study, panel.cells.values())
            if best is None:
                shown.append(Lane(f"{panel.title}: models in every cell diverged"))
            else:
                text = f"{panel.title}, {laid_out.place(best[0])}"
                shown.append(_lane(results, study, best[0], text))
    parts = list(map(list, lanes.in_panels(shown)))
    for above, below in itertools.pairwise(parts):
        if above[-1].is_heading:
            below.insert(0, above.pop())
    heights = list(map(lanes.height, parts))
    figure = start(lanes.WIDTH, 0.6 + 0.45 * len(parts) + sum(heights), title)
    grid = figure.subplots(len(parts), squeeze=False, height_ratios=heights)[:, 0]
    values = [value for lane in shown for value in (*lane.values, lane.mean) if value]
    cells = [cell for study in results.studies for cell in study.cells]
    for axes, part in zip(grid, parts, strict=True):
        log_scale(axes, "x", values)
        baseline_lines(axes, results, cells, "x", named=axes is grid[0])
        lanes.draw(axes, part)
        axes.set_xlabel("test MSE")
    if means := [(lane.mean, lane.text) for lane in shown if lane.mean is not None]:
        best_mean, text = min(means)
        tell(figure, f"The lowest mean test MSE is {results.number(best_mean)}: {text}.")
    return figure


def _lane(results: Results, study: Study, cell: Cell, text: str) -> Lane:
    """Return a cell's lane; models that collapsed to a constant are counted, not drawn."""
    errors = results.values[study.name, cell]
    constant = results.about("collapsed").values[study.name, cell]
    drawn = [error for run, error in errors.items() if constant[run] != 1]
    found = splits.mean_of_models(errors)
    if lost := len(errors) - len(drawn):
        text += f"; {lost} of {len(errors)} collapsed"
    interval = () if math.isnan(found.low) else (found.low, found.high)
    return Lane(text, drawn, found.value, interval)
