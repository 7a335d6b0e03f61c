"""The list of measures and what each yields; compute.py computes them for a trained model.

A measure is a file in `families/` and has its name. It holds `QUANTITIES`, a tuple of `Quantity`,
and a function ``measure(trained)`` that returns a number for each of them. `ONLY_WITH`, if there is
one, says which values some settings of the networks must have.
"""

import difflib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from genboost.errors import UserError
from genboost.measures import families
from genboost.study.cells import Cell

DRAWN = ("weight_norm", "sensitivity")  # unless the configuration chooses
NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules(families.__path__)))


@dataclass(frozen=True)
class Quantity:
    """A number that a measure yields.

    Attributes
    ----------
    name : str
        Its column. A ``*`` stands for what only the data say, such as the values of a column.
    title : str
        The title as it stands within a sentence, with a ``{}`` for what the ``*`` stands for.
    unit : str
        The unit; empty for a pure number.
    source : str
        The paper and the equation; empty if it needs none.
    better : str
        ``lower`` if that is held to generalize better, ``higher``, or ``none`` for no sense.
    chosen_by : str
        The column that chooses the best cells in its place where validation rows choose
        (`tables.choose_by`); it is better in the same sense. Empty for its own.
    bound : callable, optional
        Returns what theory says that it cannot exceed for a cell, or None for nothing.
    """

    name: str
    title: str
    unit: str = ""
    source: str = ""
    better: Literal["lower", "higher", "none"] = "none"
    chosen_by: str = ""
    bound: Callable[[Cell], float | None] | None = None

    @property
    def label(self) -> str:
        """The title with the unit: ``generalization gap (MSE)``."""
        said = not self.unit or self.unit in self.title
        return self.title if said else f"{self.title} ({self.unit})"

    @property
    def slug(self) -> str:
        """The quantity in the names of files."""
        return re.sub(r"[^\w-]+", "-", self.name).strip("-")


# What every model has, whether or not anything is measured of it; the last with validation rows.
VALIDATION_MSE = Quantity("validation_mse", "validation MSE", "MSE", better="lower")
TEST_MSE = Quantity("test_mse", "test MSE", "MSE", better="lower", chosen_by=VALIDATION_MSE.name)
ERRORS = (TEST_MSE, Quantity("train_mse", "train MSE", "MSE", better="lower"), VALIDATION_MSE)


def quantities(names: Iterable[str] = NAMES) -> list[Quantity]:
    """Return the quantities of measures, measure by measure.

    Raises
    ------
    UserError
        If there is no such measure.
    """
    return [quantity for name in names for quantity in family(name).QUANTITIES]


def quantity(column: str, names: Iterable[str] = NAMES) -> Quantity | None:
    """Return the quantity in a column, named like the column; None if the column has none.

    The suffix ``@5`` means the weights after epoch 5 (`training.snapshots`).
    """
    if found := re.fullmatch(r"(.+)@(\d+)", column):
        whole = quantity(found[1], names)
        return whole and replace(whole, name=column, title=f"{whole.title}, epoch {found[2]}")
    for candidate in (*ERRORS, *quantities(names)):
        before, star, after = candidate.name.partition("*")
        if column == candidate.name:
            return candidate
        if star and column.startswith(before) and column.endswith(after):
            told = column.removeprefix(before).removesuffix(after)
            return replace(candidate, name=column, title=candidate.title.format(told))
    return None


def drawn(config: Mapping[str, Any]) -> list[str]:
    """Return the quantities that a resolved configuration draws and ranks as measures."""
    chosen = config["figures"]["measures"]
    if chosen is not None:
        return chosen
    return [name for name in DRAWN if quantity(name, config["measures"])]


def mistakes(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the measures and quantities that a resolved configuration names in error."""
    measured = config["measures"]
    for place, name in enumerate(measured):
        if name not in NAMES:
            yield ("measures", place), f"{name} is unknown; choose from {', '.join(NAMES)}"
    measured = [name for name in measured if name in NAMES]
    for key, name in _named(config):
        if quantity(name, measured) is None:
            yield key, _missing(name, measured)
    for name, claim in config["comparisons"].items():
        found = quantity(claim["quantity"], measured)
        if found and found.better == "none" and claim["by"] == "best":
            which = f"{found.name} has no best: neither lower nor higher counts as better"
            yield ("comparisons", name, "quantity"), f"{which}; compare by: each"


def _named(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the quantities that a configuration names, with their keys."""
    for name, claim in config["comparisons"].items():
        yield ("comparisons", name, "quantity"), claim["quantity"]
    for name, scheme in config["schemes"].items():
        yield ("schemes", name, "quantity"), scheme["quantity"]
    shown = (("tables", "quantities"), ("figures", "measures"), ("figures", "over_epochs"))
    for section, key in shown:
        for place, name in enumerate(config[section][key] or []):
            yield (section, key, place), name


def _missing(name: str, measured: Sequence[str]) -> str:
    """Say why there is no such quantity, and what to do."""
    for measure in NAMES:
        if quantity(name, [measure]):
            return f"{name} is not measured; add {measure} to measures"
    known = [found.name for found in (*ERRORS, *quantities(measured))]
    close = difflib.get_close_matches(name, [*known, *(q.name for q in quantities())], n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
    return f"{name} is unknown; {hint}"


def unfit(
    names: Iterable[str], cells: Iterable[Cell]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the measures that cannot be taken of some of the cells."""
    cells = list(cells)
    for place, name in enumerate(names):
        needed = getattr(family(name), "ONLY_WITH", {}) if name in NAMES else {}
        for setting, value in needed.items():
            if other := {cell[setting] for cell in cells} - {value}:
                yield (
                    ("measures", place),
                    f"{name} needs {setting}: {value}, but some models have "
                    f"{' or '.join(sorted(other))}; leave it out, or train those in a separate run",
                )


def family(name: str) -> ModuleType:
    """Return the module of a measure.

    Raises
    ------
    UserError
        If there is no such measure.
    """
    if name not in NAMES:
        raise UserError(f"there is no measure {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"{families.__name__}.{name}")
