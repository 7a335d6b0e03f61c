"""What tuning buys: the expected best error of each method against tries, and against gradients."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, LINES, legend, start, tell
from genboost.report.figures.material import Material
from genboost.report.figures.scales import baseline_lines, log_scale

MOST_METHODS = 8  # that are drawn of a study, the best


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure, a row of two panels for each study that has cells to choose from."""
    results = material.results
    curves = material.statistics["budget"]["curves"]
    studies = [s for s in results.studies if any(c["study"] == s.name for c in curves)]
    shown = {
        study.name: _best([c for c in curves if c["study"] == study.name]) for study in studies
    }
    names = list(dict.fromkeys(curve["method"] for own in shown.values() for curve in own))
    looks = {
        name: {"color": COLORS[place % len(COLORS)], "linestyle": LINES[place % len(LINES)]}
        for place, name in enumerate(names)
    }
    figure = start(7.2, 1.0 + 2.4 * len(studies), title)
    grid = figure.subplots(len(studies), 2, squeeze=False, sharey="row")
    for (by_tries, by_gradients), study in zip(grid, studies, strict=True):
        own = shown[study.name]
        by_tries.set_title(results.titles[study.name], loc="left")
        errors = [error for curve in own for error in curve["best"]]
        for axes, costs in ((by_tries, [1] * len(own)), (by_gradients, [c["cost"] for c in own])):
            for curve, cost in zip(own, costs, strict=True):
                _draw_curve(axes, curve, cost, looks[curve["method"]])
            numbers = zip(costs, (curve["tries"] for curve in own), strict=True)
            log_scale(
                axes, "x", [cost * n for cost, tries in numbers for n in tries], is_count=True
            )
        log_scale(by_tries, "y", errors)
        baseline_lines(by_tries, results, study.cells, "y", named=False)
        baseline_lines(by_gradients, results, study.cells, "y")
        by_tries.set_ylabel("expected best test MSE")
    by_tries.set_xlabel("tries")
    by_gradients.set_xlabel("gradients computed per training row")
    legend(figure, [{"label": name, **look} for name, look in looks.items()])
    if all_curves := [curve for own in shown.values() for curve in own]:
        best = _best(all_curves)[0]
        tell(figure, f"The lowest expected error, {best['best'][-1]:.2f}, is that of "
                     f"{best['method']} after {best['tries'][-1]} tries.")  # fmt: skip
    return figure


def _best(curves: list[dict]) -> list[dict]:
    return sorted(curves, key=lambda curve: curve["best"][-1])[:MOST_METHODS]


def _draw_curve(axes: Axes, curve: dict, cost: float, look: dict) -> None:
    x = cost * np.array(curve["tries"])
    axes.plot(x, curve["best"], **look, marker="o" if len(x) == 1 else "")
    low, high = (np.array(curve[end], float) for end in ("low", "high"))
    axes.fill_between(x, low, high, color=look["color"], alpha=0.18, linewidth=0)
