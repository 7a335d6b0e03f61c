"""The settings of a model, each a possible axis of a grid: a table made from the schema.

From it follow the path of a record, the columns of results, the order of all of these, and how
prose names a setting and its values.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from genboost.study import schema
from genboost.study.cells import Cell, text

STANDARD = "default"  # the name of what is as the defaults say
ORIGIN = "origin"  # where data come from, as `config.resolve` names it; a cell has it, too


@dataclass(frozen=True)
class Setting:
    """A setting of a model, an axis of the grid if it takes a single value.

    Attributes
    ----------
    name, block : str
        Its key, and the block of the configuration that has it.
    rule : dict
        The schema's rule of one value.
    default : Any
        None for the keys of `grid`, which have no default: a path always names them.
    title, short : str
        ``learning rate`` and ``lr``.
    """

    name: str
    block: str
    rule: schema.Rule = field(repr=False, compare=False)
    default: Any
    title: str
    short: str

    @property
    def is_axis(self) -> bool:
        """Whether a grid may span it."""
        return schema.is_axis(self.rule)

    @property
    def is_always_named(self) -> bool:
        """Whether paths, columns and titles name it whatever its value: it has no default."""
        return self.block == schema.GRID

    @property
    def only_records(self) -> bool:
        """Whether it says what is kept of training and changes no result: nothing names it."""
        return self.rule.get("records", False)

    @property
    def is_number(self) -> bool:
        """Whether each value is a number, not text or nothing."""
        return bool(kinds := set(schema.types(self.rule))) and kinds <= {"number", "integer"}

    @property
    def is_text(self) -> bool:
        """Whether its values are words, not numbers."""
        return "enum" in self.rule or bool({"string", "boolean"} & set(schema.types(self.rule)))

    @property
    def is_optional(self) -> bool:
        """Whether its values are numbers, or none."""
        kinds = set(schema.types(self.rule))
        return "null" in kinds and bool(kinds & {"number", "integer"})

    @property
    def some(self) -> str:
        """What prose calls any value but none: ``SAM``, whatever the radius."""
        return self.rule.get("some", self.title)

    def column(self, value: Any) -> Any:
        """Return a value as a table of results has it: a number, or text."""
        return value if self.is_number else text(value)

    def shown(self, value: Any) -> str:
        """Write a value, or what `column` makes of it, for people: ``Adam``, ``3e-3``, ``none``."""
        names = {text(key): name for key, name in self.rule.get("names", {}).items()}
        if self.rule.get("scientific"):
            return _scientific(value)
        return names.get(text(value), text(value))

    def phrase(self, value: Any) -> str:
        """Write a value in a sentence: ``lr 3e-3``, ``200 epochs``, ``no SAM``."""
        words = {text(key): phrase for key, phrase in self.rule.get("words", {}).items()}
        if text(value) in words:
            return words[text(value)]
        return self.rule.get("phrase", f"{self.short} {{}}").format(self.shown(value))

    def slug(self, value: Any) -> str:
        """Write a value in a file's name: ``adam``, ``no-sam``, ``width-9``."""
        if value is None:
            return re.sub(r"\W+", "-", self.phrase(value)).lower()
        pattern = self.rule.get("slug", f"{self.name.replace('_', '-')}-{{}}")
        return pattern.format(text(value))

    @property
    def slugs(self) -> str:
        """A regular expression for all that `slug` can return."""
        values = "|".join(map(re.escape, self.rule.get("enum", []))) or "[0-9a-z.+-]+?"
        found = re.escape(self.slug("VALUE")).replace("VALUE", f"({values})")
        return f"{found}|{self.slug(None)}" if "null" in schema.types(self.rule) else found


def _settings() -> dict[str, Setting]:
    found = {}
    for name, block, rule in schema.settings():
        title = rule.get("title", name.replace("_", " "))
        default = None if block == schema.GRID else schema.normalized(rule["default"], rule)
        if isinstance(default, list):
            default = tuple(default)
        found[name] = Setting(name, block, rule, default, title, rule.get("short", title))
    return found


SETTINGS = _settings()
SHOWN = [setting for setting in SETTINGS.values() if not setting.only_records]
AXES = {name: setting for name, setting in SETTINGS.items() if setting.is_axis}
ALWAYS = [name for name, setting in SETTINGS.items() if setting.is_always_named]
OF_DATA = [setting for setting in SETTINGS.values() if setting.block == "data"]
# What leaves the test rows and their labels alone. A split's seed draws them, but repeats a cell.
_OF_OTHER_ROWS = {
    *("zeroed_features", "scaling", "categorical_coding", "validation_fraction"),
    *("shuffle_labels", "shuffle_seed", "split_seed"),
}
OF_TEST_ROWS = [setting for setting in OF_DATA if setting.name not in _OF_OTHER_ROWS]
"""What decides the rows that test a cell, and their labels: errors on others are no rivals."""
_OF_TRAINING = [s for s in SETTINGS.values() if s.block != "data" and not s.is_always_named]


def standard() -> dict[str, Any]:
    """Return the default of each setting that has one."""
    return {name: s.default for name, s in SETTINGS.items() if not s.is_always_named}


@cache
def variant(cell: Cell) -> str:
    """Name a cell's data: where they come from, and how they are prepared, unless as usual."""
    origin = cell.get(ORIGIN) and f"{ORIGIN}~{cell[ORIGIN]}"
    return "+".join(filter(None, [origin, _named(OF_DATA, cell, "+", nothing="")])) or STANDARD


@cache
def protocol(cell: Cell) -> str:
    """Name what differs from the defaults in how a cell's models are made, apart from the grid."""
    return _named(_OF_TRAINING, cell, "+")


@cache
def path(cell: Cell) -> str:
    """Return the folder of the records of a cell's models, which names it."""
    own = _named(_OF_TRAINING, cell, "/", nothing="")
    always = "/".join(f"{name}~{text(cell[name])}" for name in ALWAYS)
    return "/".join(filter(None, ["results/models", variant(cell), own, always]))


def _named(settings: Iterable[Setting], cell: Cell, separator: str, nothing: str = STANDARD) -> str:
    # "+" and not ",": Snakemake takes a comma in a wildcard for the end of it when it submits jobs.
    values = vars(cell)
    changed = (f"{s.name}~{text(values[s.name])}" for s in settings if values[s.name] != s.default)
    return separator.join(changed) or nothing


def repeats_standard(cell: Cell) -> bool:
    """Say whether all settings of a cell that have a default, and change a result, have that."""
    has_defaults = all(cell[s.name] == s.default for s in SHOWN if not s.is_always_named)
    return has_defaults and not cell.get(ORIGIN)


def shown_settings(cells: Iterable[Cell]) -> list[Setting]:
    """Return what tells cells apart: what always has a name, and what differs."""
    cells = list(cells)
    return [s for s in SHOWN if s.is_always_named or _varies(s, cells)]


def varying(cells: Iterable[Cell]) -> list[Setting]:
    """Return the settings that are not the same in all of some cells, and can change a result."""
    cells = list(cells)
    return [s for s in SHOWN if _varies(s, cells)]


def _varies(setting: Setting, cells: list[Cell]) -> bool:
    return any(cell[setting.name] != cells[0][setting.name] for cell in cells)


def describe(cell: Cell, settings: Iterable[Setting]) -> str:
    """Write some settings of a cell in a few words: ``Adam, no SAM, 200 epochs, lr 3e-3``."""
    return ", ".join(setting.phrase(cell[setting.name]) for setting in settings)


def _scientific(value: float) -> str:
    """Write a number with its exact digits: ``3e-5``, ``2e-2``, ``0.1``, ``0``."""
    number = Decimal(repr(float(value))).normalize()
    exponent = number.adjusted()
    if not value or -2 < exponent < 3:
        return f"{number:f}"
    return f"{number.scaleb(-exponent)}e{exponent}"
