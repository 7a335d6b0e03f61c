"""Draw the figures of the catalogue."""

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

from matplotlib.figure import Figure

from genboost.report.figures import (
    audit,
    catalogue,
    comparisons,
    curves,
    deck,
    drawing,
    heatmap,
    methods,
    profile,
    schemes,
)
from genboost.report.figures.material import Material

KINDS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (audit, comparisons, curves, deck, heatmap, methods, profile, schemes)
}


def figures(material: Material) -> Iterator[tuple[str, Figure]]:
    """Draw all figures, one after the other.

    Yields
    ------
    (str, Figure)
        A figure's name and the figure, in the order of `catalogue.captions`.
    """
    for name, caption in catalogue.captions(material.config).items():
        draw: Callable[[str], Figure] = partial(KINDS[caption.kind].draw, material, caption)
        yield name, drawing.with_style(draw, material.results.marked(caption.title))
