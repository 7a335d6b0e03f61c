"""A cell: all settings of a model but its seed. No schema is read here, so jobs start fast."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


class Cell(Mapping[str, Any]):
    """The settings that models share which differ in their seed only; frozen and hashable.

    Each setting is an attribute (``cell.learning_rate``) and a key. Which settings there are, and
    their order, is up to who makes a cell: `axes.SETTINGS`, or what a job was given.
    """

    __slots__ = ("__dict__", "_hash")

    def __init__(self, settings: Mapping[str, Any]):
        frozen = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.items()
        }
        vars(self).update(frozen)
        object.__setattr__(self, "_hash", hash(frozenset(frozen.items())))

    def __getattr__(self, name: str) -> Any:  # only for a setting that there is not
        raise AttributeError(f"a cell has no setting {name}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a cell is frozen")

    def __getitem__(self, name: str) -> Any:
        return vars(self)[name]

    def __iter__(self):
        return iter(vars(self))

    def __len__(self) -> int:
        return len(vars(self))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and vars(self) == vars(other)

    def replace(self, **settings: Any) -> "Cell":
        """Return a cell with some other settings."""
        return Cell({**self, **settings})

    def __repr__(self) -> str:
        return f"Cell({vars(self)})"

    def __reduce__(self):
        return Cell, (dict(self),)


def text(value: Any) -> str:
    """Write a value as paths have it: ``3e-5``, ``0.003``, ``0``, ``none``, ``true``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _of_float(value)
    if isinstance(value, list | tuple):
        return "+".join(map(text, value)) or "none"
    return str(value)


@lru_cache
def _of_float(value: float) -> str:
    return re.sub(r"e([-+])0*", r"e\1", repr(float(value))).replace("e+", "e").removesuffix(".0")
