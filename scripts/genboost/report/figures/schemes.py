"""The claims under each scheme: differences with their intervals, scheme by scheme."""

import textwrap

from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, INK, MARKERS, start
from genboost.report.figures.material import Material

APART = 0.8  # of the room of a claim, that its schemes take


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    schemes = material.statistics["schemes"]
    claims = [verdict["title"] for verdict in schemes[0]["verdicts"]]
    figure = start(7.2, 1.4 + len(claims) * (0.12 + 0.14 * len(schemes)), title)
    axes = figure.subplots()
    for number, scheme in enumerate(schemes):
        color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
        aside = (number + 0.5) / len(schemes) * APART - APART / 2
        axes.plot([], [], marker, color=color, label=scheme["title"], linestyle="none")
        for place, found in enumerate(scheme["verdicts"]):
            if not found["n"]:
                continue
            if found["low"] is not None:
                ends = [found["low"], found["high"]]
                axes.plot(ends, [place + aside] * 2, color=color, linewidth=1.2)
            decided = found["verdict"] in ("supported", "contradicted")
            axes.plot(found["difference"], place + aside, marker, color=color,
                      mfc=color if decided else "white")  # fmt: skip
    axes.set_yticks(range(len(claims)), [textwrap.fill(claim, 38) for claim in claims])
    axes.set_ylim(len(claims) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    for place in range(1, len(claims)):
        axes.axhline(place - 0.5, color=INK, linewidth=0.3)
    axes.set_xscale("symlog", linthresh=0.1)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("difference in MSE")
    figure.legend(loc="outside lower center", ncols=min(len(schemes), 5))
    return figure
