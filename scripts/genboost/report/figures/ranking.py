"""How well measures rank the cells of each study by their gaps: Ψ, and ψ of every axis."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.measures import registry
from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, FAINT, INK, MARKERS, legend, start, tell
from genboost.report.figures.lanes import side_by_side
from genboost.report.figures.material import Material
from genboost.report.figures.scales import along
from genboost.study.axes import SETTINGS

ROW = 0.36  # inches
MARK = 3.5  # pt
BELOW = 0.3  # of a row: where marks of axes begin
ACROSS = 2  # studies


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    rankings = [r for r in material.statistics["measures"] if r["psi"]["value"] is not None]
    of_studies = {study.name: [] for study in material.results.studies}
    for ranking in rankings:
        of_studies[ranking["study"]].append(ranking)
    shown = {study: found for study, found in of_studies.items() if found}
    measures = list(dict.fromkeys(ranking["measure"] for ranking in rankings))
    across = min(len(shown), ACROSS)
    down = math.ceil(len(shown) / ACROSS)
    figure = start(7.2, 1.4 + down * (0.4 + ROW * len(measures)), title)
    if not rankings:
        figure.text(0.5, 0.4, "No study has two axes and cells to rank.", ha="center")
        return figure
    titles = {study.name: study.title for study in material.results.studies}
    names = list(dict.fromkeys(axis for ranking in rankings for axis in ranking["axes"]))
    looks = {
        name: {
            "color": COLORS[number % len(COLORS)],
            "marker": MARKERS[number % len(MARKERS)],
            "linestyle": "none",
            "mew": 0,
        }
        for number, name in enumerate(names)
    }
    panels = [*figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).flat]
    panels[0].set(xlim=(-1.02, 1.02), ylim=(len(measures) - 0.2, -0.6))
    for axes, (study, found) in zip(panels, shown.items(), strict=False):
        if len(shown) > 1:
            axes.set_title(titles[study], loc="left")
        axes.axvline(0, color=FAINT, linewidth=0.8)
        for ranking in found:
            _draw_lane(axes, measures.index(ranking["measure"]), ranking, looks)
        axes.tick_params(axis="y", length=0)
        axes.tick_params(labelbottom=True)  # a printed page may hold some panels alone
        axes.grid(False, axis="y")
    for axes in panels[len(shown) :]:
        axes.remove()
    panels[0].set_yticks(
        range(len(measures)), [registry.quantity(measure).label for measure in measures]
    )
    for axes in panels[len(shown) - across : len(shown)]:
        axes.set_xlabel("Ψ, rank correlation with the gap")
    legend(figure, [{"label": f"along {SETTINGS[name].title}", **looks[name]} for name in names])
    best = max(rankings, key=lambda ranking: abs(ranking["psi"]["value"]))
    tell(figure, f"The strongest rank correlation with the gap, {best['psi']['value']:.2f}, is "
                 f"that of {registry.quantity(best['measure']).label}.")  # fmt: skip
    return figure


def _draw_lane(
    axes: Axes, place: int, ranking: dict[str, Any], looks: dict[str, dict[str, Any]]
) -> None:
    """Draw a measure's Ψ with its interval, and ψ of each axis below."""
    psi = ranking["psi"]
    axes.plot([psi["low"], psi["high"]], [place, place], color=INK, linewidth=1.4)
    axes.plot(psi["value"], place, "|", color=INK, markersize=8, mew=1.8)
    known = {n: found["value"] for n, found in ranking["axes"].items()
             if found["value"] is not None}  # fmt: skip
    room = 72 * ROW * (0.85 - BELOW)  # above the next measure
    apart = min(MARK + 1, room / max(1, len(known) - 1))
    asides = side_by_side(along(axes, "x", list(known.values())), apart)
    for (name, value), aside in zip(known.items(), asides, strict=True):
        below = place + BELOW + aside / (72 * ROW)
        axes.plot(value, below, markersize=MARK, **looks[name])
