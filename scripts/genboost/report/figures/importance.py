"""Which axis of each study's grid the test errors depend on: shares of their variance."""

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from genboost.analysis.anova import BEYOND, SEED
from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, FAINT, INK, legend, start, tell
from genboost.report.figures.material import Material
from genboost.report.importance_table import heading, name

MOST_PAIRS = 10  # that are drawn, the largest
KINDS = {"one axis": COLORS[0], "two axes together": COLORS[4], "the rest": FAINT}


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure, a panel for each set of test rows of each study that has a complete grid."""
    found = [
        (heading(material.results, one["study"], one["rows"]), _shown(one["shares"]))
        for one in material.statistics["importance"]
    ]
    if not found:
        figure = start(7.2, 1.4, title)
        figure.text(0.5, 0.4, "All test errors are the same.", ha="center")
        return figure
    counts = [len(shares) for _, shares in found]
    figure = start(7.2, 1.0 + sum(0.45 + 0.17 * count for count in counts), title)
    grid = figure.subplots(len(found), squeeze=False, sharex=True, height_ratios=counts)[:, 0]
    for axes, (part, shares) in zip(grid, found, strict=True):
        axes.set_title(part, loc="left")
        for place, share in enumerate(shares):
            axes.barh(place, max(share["share"], 0), color=KINDS[_kind(share)], height=0.7)
            if share["low"] is not None:
                axes.plot([share["low"], share["high"]], [place] * 2, color=INK, linewidth=1.2)
        axes.set_yticks(range(len(shares)), [name(share["of"]) for share in shares])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(shares) - 0.4, -0.6)
        axes.grid(False, axis="y")
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
    axes.set_xlabel("share of the variance of log test MSE")
    legend(figure, [{"label": label, "color": c, "linewidth": 5} for label, c in KINDS.items()])
    largest = [(part, max(shares, key=lambda share: share["share"])) for part, shares in found]
    told = [f"{part}: {name(share['of'])}, {share['share']:.0%}" for part, share in largest]
    tell(figure, f"The largest share of the variance, {'; '.join(told)}.")
    return figure


def _shown(shares: list[dict]) -> list[dict]:
    """Return the axes, the largest pairs, and then the rest; the largest first."""
    shares = sorted(shares, key=lambda share: -share["share"])
    kinds = {kind: [share for share in shares if _kind(share) == kind] for kind in KINDS}
    one, two, rest = kinds.values()
    return [*one, *two[:MOST_PAIRS], *rest]


def _kind(share: dict) -> str:
    if tuple(share["of"]) in (SEED, BEYOND):
        return "the rest"
    return "one axis" if len(share["of"]) == 1 else "two axes together"
