"""Which measures there are, what they yield, and their numbers for a trained model.

A measure is a file in `families/` and has its name. It holds `QUANTITIES`, a tuple of `Quantity`,
and a function ``measure(trained)`` that returns a number for each of them. One that sets
`OF_NORMALIZED` to False is not for networks with a normalization.
"""

import pkgutil
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import Literal

from genboost.errors import UserError
from genboost.measures import families
from genboost.measures.trained import Trained
from genboost.study.cells import Cell

NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules(families.__path__)))


@dataclass(frozen=True)
class Quantity:
    """A number that a measure yields.

    Attributes
    ----------
    name : str
        Of its column. A ``*`` stands for what only the data tell, such as the values of a column.
    title : str
        As figures and tables have it; with a ``{}`` for what the ``*`` stands for.
    unit : str
        Empty for a pure number.
    source : str
        The paper and the equation; empty for what needs none.
    better : str
        ``lower`` if that is held to generalize better, ``higher``, or ``none`` for no sense.
    """

    name: str
    title: str
    unit: str = ""
    source: str = ""
    better: Literal["lower", "higher", "none"] = "none"


def quantities(names: Iterable[str] = NAMES) -> list[Quantity]:
    """Return what measures yield, measure by measure.

    Raises
    ------
    UserError
        If there is no such measure.
    """
    return [quantity for name in names for quantity in _family(name).QUANTITIES]


def quantity(column: str, names: Iterable[str] = NAMES) -> Quantity | None:
    """Return the quantity that a column holds, under the column's name; None if it holds none.

    What ends in ``@5`` is of the weights after epoch 5 (`training.snapshots`).
    """
    if found := re.fullmatch(r"(.+)@(\d+)", column):
        whole = quantity(found[1], names)
        return whole and replace(whole, name=column, title=f"{whole.title}, epoch {found[2]}")
    for candidate in quantities(names):
        before, star, after = candidate.name.partition("*")
        if column == candidate.name:
            return candidate
        if star and column.startswith(before) and column.endswith(after):
            told = column.removeprefix(before).removesuffix(after)
            return replace(candidate, name=column, title=candidate.title.format(told))
    return None


def mistakes(names: Iterable[str], cells: Iterable[Cell]) -> str:
    """Say which measures are unknown, or cannot be taken of some cells; empty if all can."""
    names = list(names)
    if unknown := [name for name in names if name not in NAMES]:
        return f"{', '.join(unknown)} is unknown; choose from {', '.join(NAMES)}"
    plain = [name for name in names if not getattr(_family(name), "OF_NORMALIZED", True)]
    if plain and any(cell.normalization != "none" for cell in cells):
        return (
            f"{', '.join(plain)} cannot be taken of networks with a normalization; leave out "
            "these, or train those in a run of their own"
        )
    return ""


def compute(names: Iterable[str], trained: Trained) -> dict[str, float]:
    """Measure a trained model.

    Parameters
    ----------
    names
        Of measures. What several of them need is computed once.

    Returns
    -------
    dict
        A number for each quantity. NaN where it is not defined: a ratio of zeros.

    Raises
    ------
    UserError
        If there is no such measure.
    """
    from threadpoolctl import threadpool_limits

    values: dict[str, float] = {}
    with threadpool_limits(1):  # sums of several threads depend on how many there are
        for name in names:
            values |= {key: float(value) for key, value in _family(name).measure(trained).items()}
    return values


def _family(name: str) -> ModuleType:
    if name not in NAMES:
        raise UserError(f"there is no measure {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"{families.__name__}.{name}")
