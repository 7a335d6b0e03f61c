"""How well readings of the protocol explain the deck, and the best one cell by cell."""

import textwrap

from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, FAINT, FILLS, INK, MARKERS, legend, start, tell
from genboost.report.figures.material import Material
from genboost.report.figures.scales import log_scale
from genboost.study.axes import SETTINGS

READINGS_SHOWN = 20  # the best, besides the protocol as stated


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    audit = material.audit
    ranked = audit["ranking"]
    shown = [r for r in ranked if r["rank"] <= READINGS_SHOWN or not r["names"]]
    figure = start(7.2, 4.6 + 0.2 * len(shown), title)
    above, below = figure.subplots(2, height_ratios=[0.2 * len(shown), 3.2])
    for place, reading in enumerate(shown):
        above.plot([reading["noise_floor"], reading["log_error"]], [place] * 2, color=FAINT, lw=0.8)
        above.plot(reading["noise_floor"], place, "|", color=INK, markersize=8)
        fill = "full" if reading["names"] else "none"  # hollow: as stated
        above.plot(reading["log_error"], place, "o", color=COLORS[0], fillstyle=fill)
    names = [textwrap.shorten(r["reading"], 70, placeholder=" …") for r in shown]
    above.set_yticks(range(len(shown)), names)
    above.set_ylim(len(shown) - 0.4, -0.6)
    above.set_xlim(0)
    above.tick_params(axis="y", length=0)
    above.grid(False, axis="y")
    above.set_xlabel("log error (o) and noise floor (|)")
    cells = audit["cells"]
    values = [cell[key] for cell in cells for key in ("deck", "best")]
    for scale in ("x", "y"):
        log_scale(below, scale, values)
    for cell in cells:
        interval = [cell["best_low"], cell["best_high"]]
        if None not in interval:
            below.plot([cell["deck"]] * 2, interval, color=FAINT, lw=0.5, zorder=1)
        place = list(dict.fromkeys(c["optimizer"] for c in cells)).index(cell["optimizer"])
        below.plot(cell["deck"], cell["best"], MARKERS[place], color=COLORS[place],
                   fillstyle=FILLS[place])  # fmt: skip
    below.axline((1, 1), (2, 2), color=INK, linewidth=0.8)
    below.set_aspect("equal", anchor="W")
    below.set_title("the best reading, cell by cell")
    below.set_xlabel("the deck's test MSE")
    below.set_ylabel("our test MSE")
    optimizers = dict.fromkeys(cell["optimizer"] for cell in cells)
    entries = [
        {
            "label": SETTINGS["optimizer"].phrase(name),
            "color": COLORS[place],
            "linestyle": "none",
            "marker": MARKERS[place],
            "fillstyle": FILLS[place],
        }
        for place, name in enumerate(optimizers)
    ]
    legend(figure, entries)
    best = min(ranked, key=lambda reading: reading["rank"])
    tell(figure, f"The best of {len(ranked)} readings has a log error of {best['log_error']:.3f}: "
                 f"{best['reading']}.")  # fmt: skip
    return figure
