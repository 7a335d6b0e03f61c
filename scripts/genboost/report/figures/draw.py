"""Draw a figure among the exhibits."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from matplotlib.figure import Figure

from genboost.report import figures
from genboost.report.exhibits import Exhibit
from genboost.report.figures import drawing
from genboost.report.figures.material import Material


def figure(material: Material, exhibit: Exhibit) -> Figure:
    """Draw the figure of an exhibit.

    Its module, whose digest the rule has from the exhibits, has a function ``draw``.
    """
    module = import_module(f"{figures.__name__}.{exhibit.kind}")
    draw: Callable[[str], Figure] = partial(module.draw, material, exhibit)
    return drawing.with_style(draw, material.results.marked(exhibit.title))
