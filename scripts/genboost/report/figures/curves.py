"""Learning curves: of the best cell of each panel of a study, or of chosen cells."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit, choices_of_curves, chosen_cells
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    PANELS_ACROSS,
    in_lines,
    legend,
    log_scale,
    name_outer_axes,
    panels,
    size,
    start,
)
from genboost.report.figures.material import Material
from genboost.study.grid import Model

MANY_VALUES = 30_000  # from which on curves are drawn as pixels, also in an SVG


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study, or of the cells that the configuration chooses."""
    figure, models = (_of_best if exhibit.study else _of_chosen)(material, exhibit, title)
    _draw_curves(figure, material, models)
    name_outer_axes(models, "epoch", "MSE")
    return figure


def _of_best(
    material: Material, exhibit: Exhibit, title: str
) -> tuple[Figure, dict[Axes, list[Model]]]:
    results, laid_out = material.results, material.results.layouts[exhibit.study]
    study = laid_out.study
    figure, found = panels(results, laid_out, 1.75, 1.5, title, legend=3, sharey=True)
    models: dict[Axes, list[Model]] = {}
    for panel, axes in found.values():
        best = results.best(study, panel.cells.values())
        models[axes] = [Model(best[0], seed) for seed in study.seeds] if best else []
        if best:
            axes.set_title(f"{in_lines(panel.title)}\n{laid_out.place(best[0])}")
    return figure, models


def _of_chosen(
    material: Material, exhibit: Exhibit, title: str
) -> tuple[Figure, dict[Axes, list[Model]]]:
    results = material.results
    found = chosen_cells(results.studies, choices_of_curves(material.config))
    figure = start(*size(len(found), 1.75, 1.5, legend=3), title)
    rows = -(-len(found) // PANELS_ACROSS)
    across = min(len(found), PANELS_ACROSS)
    all_axes = figure.subplots(rows, across, sharey=True, squeeze=False).flat
    models = {}
    for (study, cell), axes in zip(found, all_axes, strict=False):
        laid_out = results.layouts[study.name]
        models[axes] = [Model(cell, seed) for seed in study.seeds]
        axes.set_title(f"{in_lines(laid_out.panel_of[cell].title)}\n{laid_out.place(cell)}")
    for axes in all_axes[len(found) :]:
        axes.remove()
    return figure, models


def _draw_curves(
    figure: Figure, material: Material, models: Mapping[Axes, Sequence[Model]]
) -> None:
    """Draw models' curves on their axes, and the legend."""
    looks = {
        "test MSE": {"color": COLORS[0], "linestyle": "-"},
        "training loss": {"color": COLORS[1], "linestyle": "--"},
    }
    found = {axes: [material.read(model) for model in some] for axes, some in models.items()}
    shown = [
        value
        for curves in found.values()
        for curve in curves
        for values in (curve.test_mse, curve.train_loss)
        for value in values
    ]
    rasterized = len(shown) > MANY_VALUES
    for axes, curves in found.items():
        for curve in curves:
            for values, look in zip(
                (curve.test_mse, curve.train_loss), looks.values(), strict=True
            ):
                axes.plot(curve.epoch, values, linewidth=0.8, alpha=0.85, **look,
                          rasterized=rasterized)  # fmt: skip
        if not curves:
            axes.text(0.5, 0.5, "models in every\ncell diverged", ha="center", va="center",
                      color=FAINT, transform=axes.transAxes)  # fmt: skip
        elif len(curves[0].learning_rate):
            rates = curves[0].learning_rate
            strip = axes.twinx()
            strip.set(ylim=(0, 4), yticks=[], zorder=-1)
            strip.grid(False)
            strip.spines[:].set_visible(False)
            relative = [value / (rates[0] or 1) for value in rates]
            strip.fill_between(curves[0].epoch, relative, color=FAINT, alpha=0.3, lw=0)
            axes.patch.set_visible(False)
    # The first epochs can be worse than any prediction that makes sense by orders of magnitude.
    means = [errors["mean"]["test_mse"] for errors in material.results.baselines.values()]
    most = 2 * max(means) or math.inf
    for axes in models:
        log_scale(axes, "y", [min(value, most) for value in shown])
    entries = [{"label": label, **look} for label, look in looks.items()]
    rate = {"label": "learning rate", "color": FAINT, "linewidth": 5, "alpha": 0.4}
    legend(figure, [*entries, rate])
