"""Claims about trends: how a quantity changes along an axis of numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genboost.study import axes, grid, schema
from genboost.study.cells import Cell, text
from genboost.study.layers import Key

AXES = [name for name, axis in axes.AXES.items() if schema.has_distributions(name, axis.rule)]


def lines(cells: Sequence[tuple[str, Cell]], axis: str) -> list[list[int]]:
    """Return the places of cells that differ in an axis alone, in the order of its values.

    Parameters
    ----------
    cells
        Each with the name of its study.

    Returns
    -------
    list of list of int
        Of two cells or more each.
    """
    found: dict[tuple[Any, ...], list[int]] = {}
    for place, (study, cell) in enumerate(cells):
        rest = (cell[name] for name in axes.SETTINGS if name != axis)
        found.setdefault((study, *rest), []).append(place)
    return [
        sorted(line, key=lambda place: cells[place][1][axis])
        for line in found.values()
        if len(line) > 1
    ]


def mistakes(config: Mapping[str, Any], studies: Sequence[grid.Study]) -> Iterator[tuple[Key, str]]:
    """Yield why claims of a resolved configuration about slopes could not be tested."""
    for name, claim in config["comparisons"].items():
        key, axis = ("comparisons", name), claim["slope_on"]
        if axis is None:
            continue
        if claim["b"] is not None:
            yield (*key, "b"), "slope_on takes the cells of a alone; leave b out"
        if claim["by"] == "best":
            yield (*key, "by"), "slope_on takes each cell of a, not the best; leave by out"
        if axis not in AXES:
            choices = ", ".join(AXES)
            yield (*key, "slope_on"), f"{axis} is no axis of numbers; choose from {choices}"
            continue
        cells = [(study.name, cell) for study, cell in grid.chosen(studies, claim["a"])]
        values = dict.fromkeys(cell[axis] for _, cell in cells)
        if odd := [text(value) for value in values if not value or value < 0]:
            yield (
                (*key, "slope_on"),
                f"a slope takes positive numbers, but cells of a have {axis} {', '.join(odd)}; "
                "name the others in a",
            )
        elif cells and not lines(cells, axis):
            yield (
                (*key, "slope_on"),
                f"no two cells of a differ in {axis} alone, so there is no slope",
            )
