"""Best cells at the edge of a grid, beyond which a better one may lie."""

from collections.abc import Iterable

from genboost.study import axes, schema
from genboost.study.axes import Setting
from genboost.study.cells import Cell

LEAST = 3  # values of an axis: of two, each is at an edge
LOWEST, HIGHEST = "lowest", "highest"


def edges(cell: Cell, cells: Iterable[Cell]) -> list[tuple[Setting, str]]:
    """Return the axes on which a cell has the lowest or highest of all values of some cells.

    Of axes of numbers; where no lower or higher value is possible, such as a weight decay below
    zero, that is no edge.
    """
    cells = list(cells)
    found = []
    for setting in axes.varying(cells):
        value, rule = cell[setting.name], setting.rule
        values = {other[setting.name] for other in cells} - {None}
        if (
            value is None
            or len(values) < LEAST
            or not schema.has_distributions(setting.name, rule)
            or value in (rule.get("minimum"), rule.get("maximum"))
        ):
            continue
        if value == min(values):
            found.append((setting, LOWEST))
        elif value == max(values):
            found.append((setting, HIGHEST))
    return found


def named(found: Iterable[tuple[Setting, str]]) -> str:
    """Name edges in a few words: ``highest lr, lowest wd``."""
    return ", ".join(f"{end} {setting.short}" for setting, end in found)
