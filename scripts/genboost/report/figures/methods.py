"""The best cell of each panel of each study: its seeds and their mean."""

import math

from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    INK,
    baseline_lines,
    best_panels,
    log_scale,
    start,
)
from genboost.report.figures.material import Material


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure; of a study with many panels, the best."""
    results = material.results
    rows: list[tuple[str, list[float] | None]] = []
    for study in results.studies:
        laid_out = results.layouts[study.name]
        panels = best_panels(results, laid_out)
        few = len(panels) < len(laid_out.panels)
        if few or len(results.studies) > 1:
            some = f" (the best {len(panels)} of {len(laid_out.panels)})" if few else ""
            rows.append((f"{study.title}{some}", None))
        for panel in panels:
            best = results.best(study, panel.cells.values())
            errors = list(results.values[study.name, best[0]].values()) if best else []
            place = f", {laid_out.place(best[0])}" if best else ""
            rows.append((f"{panel.title}{place}", errors))
    figure = start(7.2, 1.0 + 0.22 * len(rows), title)
    axes = figure.subplots()
    for place, (_, errors) in enumerate(rows):
        if errors:
            axes.plot(errors, [place] * len(errors), "o", color=COLORS[0], alpha=0.6, mew=0)
            mean = math.fsum(errors) / len(errors)
            axes.plot(mean, place, "|", color=INK, markersize=10, mew=1.6)
        elif errors is not None:
            axes.text(0.02, place, "models in every cell diverged", color=FAINT, va="center",
                      transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    for label, (_, errors) in zip(axes.get_yticklabels(), rows, strict=True):
        if errors is None:
            label.set_weight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(False, axis="y")
    log_scale(axes, "x", [error for _, errors in rows for error in errors or []])
    baseline_lines(axes, results, [c for study in results.studies for c in study.cells], "x")
    axes.set_xlabel("test MSE")
    return figure
