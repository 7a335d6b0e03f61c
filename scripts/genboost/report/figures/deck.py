"""Our mean test MSE against the deck's, a panel for each study that shares its cells."""

from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    FILLS,
    INK,
    MARKERS,
    legend,
    log_scale,
    start,
)
from genboost.report.figures.material import Material
from genboost.study.axes import SETTINGS


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    cells = material.statistics["deck"]
    shared = [
        study for study in material.results.studies if any(c["study"] == study.name for c in cells)
    ]
    figure = start(0.6 + 3.3 * max(1, len(shared)), 4.4, title)
    if not shared:
        figure.text(0.5, 0.5, "The studies have none of the deck's cells.", ha="center")
        return figure
    all_axes = figure.subplots(1, len(shared), sharex=True, sharey=True, squeeze=False)[0]
    values = [cell[key] for cell in cells for key in ("deck", "test_mse")]
    radii = list(dict.fromkeys(cell["sam_rho"] for cell in cells))
    looks = {}
    for place, optimizer in enumerate(dict.fromkeys(cell["optimizer"] for cell in cells)):
        for number, rho in enumerate(radii):
            color = COLORS[number % len(COLORS)]
            looks[optimizer, rho] = {
                "color": color,
                "marker": MARKERS[number % len(MARKERS)],
                "fillstyle": FILLS[place % len(FILLS)],
                "linestyle": "none",
            }
    for study, axes in zip(shared, all_axes, strict=True):
        for scale in ("x", "y"):
            log_scale(axes, scale, values)
        bottom = axes.get_ylim()[0]
        for cell in cells:
            if cell["study"] == study.name:
                look = looks[cell["optimizer"], cell["sam_rho"]]
                if cell["low"] is not None:
                    axes.plot([cell["deck"]] * 2, [max(cell["low"], bottom), cell["high"]],
                              color=FAINT, linewidth=0.5, alpha=0.6, zorder=1)  # fmt: skip
                axes.plot(cell["deck"], cell["test_mse"], alpha=0.85, **look)
        axes.axline((1, 1), (2, 2), color=INK, linewidth=0.8)
        axes.set_aspect("equal")
        axes.set_title(study.title)
        axes.set_xlabel("the deck's test MSE")
    all_axes[0].set_ylabel("our test MSE")
    used = {(cell["optimizer"], cell["sam_rho"]) for cell in cells}
    optimizers, radii = SETTINGS["optimizer"], SETTINGS["sam_rho"]
    entries = [
        {"label": f"{optimizers.phrase(optimizer)}, {radii.phrase(rho)}", **look}
        for (optimizer, rho), look in looks.items()
        if (optimizer, rho) in used
    ]
    legend(figure, entries)
    return figure
