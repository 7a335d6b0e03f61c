"""How well measures rank the cells of each study by their gaps: Ψ, and ψ of every axis."""

from matplotlib.figure import Figure

from genboost.measures import registry
from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, FAINT, INK, MARKERS, legend, start, tell
from genboost.report.figures.lanes import side_by_side
from genboost.report.figures.material import Material
from genboost.report.figures.scales import along
from genboost.study.axes import SETTINGS

ROW = 0.33  # inches
MARK = 3.5  # pt


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    rankings = [r for r in material.statistics["measures"] if r["psi"]["value"] is not None]
    figure = start(7.2, 1.4 + ROW * len(rankings), title)
    if not rankings:
        figure.text(0.5, 0.4, "No study has two axes and cells to rank.", ha="center")
        return figure
    titles = {study.name: study.title for study in material.results.studies}
    several = len({ranking["study"] for ranking in rankings}) > 1
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
    axes = figure.subplots()
    axes.set_xlim(-1.02, 1.02)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    for place, ranking in enumerate(rankings):
        psi = ranking["psi"]
        axes.plot([psi["low"], psi["high"]], [place, place], color=INK, linewidth=1.4)
        axes.plot(psi["value"], place, "|", color=INK, markersize=8, mew=1.8)
        known = {n: found["value"] for n, found in ranking["axes"].items()
                 if found["value"] is not None}  # fmt: skip
        asides = side_by_side(along(axes, "x", list(known.values())), MARK + 1)
        for (name, value), aside in zip(known.items(), asides, strict=True):
            below = place + 0.32 + aside / (72 * ROW)
            axes.plot(value, below, markersize=MARK, **looks[name])
    labels = [
        registry.quantity(r["measure"]).label + (f"\n{titles[r['study']]}" if several else "")
        for r in rankings
    ]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.2, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.set_xlabel("Ψ, rank correlation with the gap")
    legend(figure, [{"label": f"along {SETTINGS[name].title}", **looks[name]} for name in names])
    best = max(rankings, key=lambda ranking: abs(ranking["psi"]["value"]))
    tell(figure, f"The strongest rank correlation with the gap, {best['psi']['value']:.2f}, is "
                 f"that of {registry.quantity(best['measure']).phrase}.")  # fmt: skip
    return figure
