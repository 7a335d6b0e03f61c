"""The methods of a study: what its cells are called by words, each with numbers to be tuned."""

from genboost.study import axes
from genboost.study.axes import Setting
from genboost.study.cells import Cell
from genboost.study.grid import Study


def methods(study: Study) -> dict[str, list[Cell]]:
    """Return the cells of each method: ``Adam, no SAM``, ``Adam, SAM``.

    Words tell methods apart, such as the optimizer; numbers are what a method is tuned by. Of a
    number that can be none, such as SAM's radius, whether there is one tells methods
    apart.
    """
    vary = axes.varying(study.cells)
    telling = [
        setting
        for setting in axes.SETTINGS.values()
        if (setting in vary or setting.is_always_named) and not setting.is_number
    ]
    found: dict[tuple[object, ...], list[Cell]] = {}
    for cell in study.cells:
        found.setdefault(tuple(_part(setting, cell) for setting in telling), []).append(cell)
    ordered = sorted(found, key=lambda parts: list(map(_rank, telling, parts)))
    return {", ".join(map(_phrase, telling, parts)): found[parts] for parts in ordered}


def _part(setting: Setting, cell: Cell) -> object:
    """Return what a setting says of a cell's method: of an optional number, if there is one."""
    value = cell[setting.name]
    return value is not None if setting.is_optional else value


def _rank(setting: Setting, part: object) -> tuple[int, object]:
    """Return what sorts parts in the schema's order, and none first."""
    names = setting.rule.get("enum", [])
    return (names.index(part), "") if part in names else (len(names), part)


def _phrase(setting: Setting, part: object) -> str:
    if setting.is_optional:
        return setting.some if part else setting.phrase(None)
    return setting.phrase(part)
