"""The methods of a study: what its cells are called by words, each with numbers to be tuned."""

from genboost.study import axes
from genboost.study.axes import Setting
from genboost.study.cells import Cell
from genboost.study.grid import Study


def methods(study: Study) -> dict[str, list[Cell]]:
    """Return the cells of each method: ``Adam, no SAM``, ``Adam, SAM``.

    Words tell methods apart, such as the optimizer; numbers are what a method is tuned by. Of a
    number that can be none, such as SAM's radius, it is whether there is one that tells methods
    apart.
    """
    vary = axes.varying(study.cells)
    telling = [
        setting
        for setting in axes.SETTINGS.values()
        if (setting in vary or setting.is_always_named) and not setting.is_number
    ]
    found: dict[str, list[Cell]] = {}
    for cell in study.cells:
        found.setdefault(", ".join(_phrase(s, cell[s.name]) for s in telling), []).append(cell)
    return found


def _phrase(setting: Setting, value: object) -> str:
    if setting.is_optional and value is not None:
        return setting.some
    return setting.phrase(value)
