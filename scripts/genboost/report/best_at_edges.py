"""Which best cells are at the edge of their grid, so that a wider grid may have better ones."""

from collections import Counter
from collections.abc import Iterator

from genboost.analysis import edges
from genboost.report.results import Results
from genboost.study.axes import Setting
from genboost.study.cells import Cell
from genboost.study.grid import Study

Edges = list[tuple[Setting, str]]


def best_at_edges(results: Results, study: Study) -> dict[Cell, Edges]:
    """Return the best cell of each method of a grid and its edges; none of a random search."""
    panels = results.layouts[study.name].tables
    best = ((panel, results.best(study, panel.cells.values())) for panel in panels)
    return {found[0]: edges.edges(found[0], panel.cells.values()) for panel, found in best if found}


def sentences(results: Results) -> Iterator[str]:
    """Say of each study how many methods are best at an edge of the grid, if there are any."""
    for study in results.studies:
        best = best_at_edges(results, study)
        count = sum(map(bool, best.values()))
        counts = Counter(f"the {end} {axis.title}" for of in best.values() for axis, end in of)
        if not count:
            continue
        where = " and ".join(
            f"{number} at {edge}" if len(best) > 1 else edge for edge, number in counts.items()
        )
        who = (
            f"{count} of {len(best)} methods are best at an edge of the grid: {where}"
            if len(best) > 1
            else f"the best cell is at an edge of the grid: {where}"
        )
        yield f"{results.titles[study.name]}: {who}. A wider grid may have better cells."
