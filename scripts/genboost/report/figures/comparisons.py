"""The paired differences that claims are about, with their intervals."""

import textwrap

from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, FAINT, INK, start
from genboost.report.figures.material import Material


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    comparisons = material.statistics["comparisons"]
    figure = start(7.2, 1.1 + 0.36 * len(comparisons), title)
    axes = figure.subplots()
    for place, found in enumerate(comparisons):
        side = (0.0, 0.5) if found["claim"] == "lower" else (0.5, 0.5)
        axes.broken_barh([side], (place - 0.38, 0.76), color=FAINT, alpha=0.16, linewidth=0,
                         transform=axes.get_yaxis_transform())  # fmt: skip
        if not found["n"]:
            continue
        seeds = found["differences"]
        axes.plot(seeds, [place] * len(seeds), "o", color=COLORS[0], alpha=0.5, mew=0)
        if found["low"] is not None:
            axes.plot([found["low"], found["high"]], [place, place], color=INK, linewidth=1.2)
        axes.plot(found["difference"], place, "|", color=INK, markersize=10, mew=1.6)
    names = [f"{textwrap.fill(c['title'], 38)}\n{c['verdict']}, n = {c['n']}" for c in comparisons]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    # Zero in the middle, so that half of the width is the side on which a claim holds.
    ends = [c[key] for c in comparisons for key in ("low", "high", "difference")]
    reach = 1.05 * max((abs(end) for end in ends if end is not None), default=0.0) or 1.0
    axes.set_xlim(-reach, reach)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("difference in test MSE")
    return figure
