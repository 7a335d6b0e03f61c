"""Draw the figures among the exhibits."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

from matplotlib.figure import Figure

from genboost.report import exhibits, figures
from genboost.report.exhibits import Exhibit
from genboost.report.figures import drawing
from genboost.report.figures.material import Material


def drawn(material: Material) -> Iterator[tuple[Exhibit, Figure]]:
    """Draw all figures, one after the other.

    A figure's module, whose digest the rule has from the exhibits, has a function ``draw``.
    """
    for exhibit in exhibits.of(exhibits.FIGURES, material.config):
        module = import_module(f"{figures.__name__}.{exhibit.kind}")
        draw: Callable[[str], Figure] = partial(module.draw, material, exhibit)
        yield exhibit, drawing.with_style(draw, material.results.marked(exhibit.title))
