"""How the values of a raw file become a network's inputs: codes, replacements, scales.

Preparation fits a `Coding` to the training rows, codes all rows with it, and keeps it in a file
beside the arrays, so that new rows can be coded in the same way.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from genboost.data import missing, raw_table
from genboost.data.dataset import Column
from genboost.errors import UserError, printable

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Input:
    """An input of the network, which takes its values from a column.

    Attributes
    ----------
    name : str
        The column's name; with one-hot coding followed by the value, as in ``CAEC=no``.
    range : (float, float) or None
        The smallest and largest value of a column of numbers, from the data set's description.
    codes : dict of str to int, or None
        The code of each value of a category. An input with neither range nor codes is set to zero.
    """

    name: str
    column: str
    range: tuple[float, float] | None = None
    codes: dict[str, int] | None = None

    @property
    def is_zeroed(self) -> bool:
        """Whether the input is zero, whatever the column holds."""
        return self.range is None and self.codes is None

    @property
    def text(self) -> str:
        """How the input is coded, in words."""
        if self.range:
            return "{:g} to {:g}".format(*self.range)
        if not self.codes:
            return "set to zero"
        if self.name != self.column:
            return f"1 for {self.name.removeprefix(f'{self.column}=')}"
        return ", ".join(f"{code} {value}" for value, code in self.codes.items())

    def of(self, values: np.ndarray) -> np.ndarray:
        """Return the codes of a column's values, float64 [rows]; no value may be missing.

        Raises
        ------
        UserError
            If the column cannot have a value; names the row, counted from 1.
        """
        if self.is_zeroed:
            return np.zeros(len(values))
        row = 0
        coded = np.empty(len(values))
        try:
            for row, value in enumerate(values):
                coded[row] = value if self.codes is None else self.codes[value]
        except (KeyError, TypeError, ValueError):
            what = f"one of {', '.join(self.codes)}" if self.codes else "a number"
            raise UserError(
                f"column {self.column}, row {row + 1}: {printable(repr(values[row]))} is not {what}"
            ) from None
        return coded


@dataclass(frozen=True)
class Coding:
    """How rows are coded.

    Attributes
    ----------
    inputs : sequence of Input
        In the order of the network's inputs.
    replacements : dict
        By column, the replacement for a missing value; empty if none may be missing.
    label : str
        The name of the label's column.
    classes : dict of str to int
        The code of each class; empty if the label is a number.
    scaling : str
        ``none``; ``standard``: (code - shift) / scale; ``minmax``: code * scale + shift.
    shift, scale : sequence of float
        Of each input; empty without scaling.
    """

    inputs: Sequence[Input]
    replacements: dict[str, float | str]
    label: str
    classes: dict[str, int]
    scaling: str = "none"
    shift: Sequence[float] = ()
    scale: Sequence[float] = ()

    @classmethod
    def load(cls, path: str | Path, data: Mapping[str, str]) -> "Coding":
        """Read what `write` wrote.

        Parameters
        ----------
        data
            ``name`` and ``sha256`` of the data that it must belong to.

        Raises
        ------
        UserError
            If it is missing or damaged, or belongs to other data.
        """
        try:
            content = json.loads(Path(path).read_bytes())
            found = content.pop("data")
            inputs = [Input(**entry) for entry in content.pop("inputs")]
            coding = cls(inputs=inputs, **content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path} is missing or damaged ({error}); run snakemake again"
            ) from error
        if found != data:
            raise UserError(
                f"{path} describes other data ({_shown(found)}) than the model was trained on "
                f"({_shown(data)}); run snakemake again"
            )
        return coding

    def write(self, data: Mapping[str, str]) -> str:
        """Return the coding as a file's text; for `data`, see `load`."""
        return json.dumps({"data": data, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    @property
    def columns(self) -> list[str]:
        """The columns that the network sees, in order."""
        return list(dict.fromkeys(one.column for one in self.inputs if not one.is_zeroed))

    def scaled(self, scaling: str, shift: Iterable[float], scale: Iterable[float]) -> "Coding":
        """Return the same coding with a scaling."""
        return replace(
            self, scaling=scaling, shift=[*map(float, shift)], scale=[*map(float, scale)]
        )

    def apply(self, columns: Mapping[str, Sequence[Any]]) -> np.ndarray:
        """Return rows as the network sees them, coded and scaled, float32 [rows, inputs].

        For the parameter and errors, see `codes`.
        """
        codes = self.codes(columns)
        if self.scaling == "standard":
            codes = (codes - np.array(self.shift)) / np.array(self.scale)
        elif self.scaling == "minmax":
            codes = codes * np.array(self.scale) + np.array(self.shift)
        return codes.astype(np.float32)

    def codes(self, columns: Mapping[str, Sequence[Any]]) -> np.ndarray:
        """Return coded rows before any scaling, float64 [rows, inputs].

        Parameters
        ----------
        columns
            The rows' raw values by column, as `read` returns them or a pandas.DataFrame has them.
            Columns that the network sees as zero may be left out.

        Raises
        ------
        UserError
            If a column or a value is missing, or a column cannot have a value.
        """
        if lacking := [name for name in self.columns if name not in columns]:
            raise UserError(f"missing column {', '.join(lacking)}")
        complete = {name: self._complete(name, columns[name]) for name in self.columns}
        rows = len(columns[next(iter(columns))])
        nothing = np.zeros(rows)
        return np.column_stack([one.of(complete.get(one.column, nothing)) for one in self.inputs])

    def read(self, content: bytes, name: str) -> tuple[dict[str, np.ndarray], list[str]]:
        """Read a CSV file of new rows, and say what is unusual about them.

        Columns that the network does not see, such as the label, are ignored.

        Parameters
        ----------
        content, name
            See `raw_table.read_table`.

        Raises
        ------
        UserError
            If the file cannot be read or lacks a column, if a value is missing and has no
            replacement, or if a column cannot have a value. Names the line and column.
        """
        inputs = {one.column: one for one in self.inputs if not one.is_zeroed}
        wanted = [
            Column(column, (-LARGEST, LARGEST) if one.range else None, tuple(one.codes or ()))
            for column, one in inputs.items()
        ]
        layout = raw_table.Layout(wanted, None, "what the model was trained on")
        columns, holes = raw_table.read_columns(content, layout, name)
        if refused := [hole for hole in holes if hole[1] not in self.replacements]:
            raise UserError(f"{name}: values are missing:\n  {missing.places(refused)}")
        notes = missing.replaced(columns, self.replacements)
        return columns, [*notes, *_beyond(inputs, columns)]

    def nearest_classes(self, predictions: Iterable[float]) -> list[str]:
        """Return the class whose code is nearest to each prediction; of two, the lower one."""
        names, codes = list(self.classes), np.array(list(self.classes.values()))
        return [names[np.lexsort([codes, abs(codes - value)])[0]] for value in predictions]

    def _complete(self, column: str, values: Sequence[Any]) -> np.ndarray:
        """Return a column with its missing values replaced."""
        values = np.asarray(values)
        holes = missing.holes(values)
        if not holes.any():
            return values
        if column not in self.replacements:
            raise UserError(f"column {column}, row {holes.argmax() + 1}: the value is missing")
        return np.where(holes, self.replacements[column], values)


def _shown(data: Any) -> str:
    """Name data in a message."""
    return printable(", ".join(map(str, data.values())) if isinstance(data, dict) else repr(data))


def _beyond(inputs: Mapping[str, Input], columns: Mapping[str, np.ndarray]) -> list[str]:
    """Name the columns with numbers outside the range of all training rows."""
    notes = []
    for column, one in inputs.items():
        if one.range:
            low, high = one.range
            if count := np.count_nonzero((columns[column] < low) | (columns[column] > high)):
                notes.append(
                    f"{column} is outside {one.text}, the range of all training rows, in {count} "
                    "row(s): their predictions are a guess"
                )
    return notes
