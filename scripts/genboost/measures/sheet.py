"""A sheet: the measures of one trained model, in a separate file beside the record.

It names the record's seal and a digest of the test rows' origins, so it belongs to that very model
and those rows. For each measure, it names a digest of the code, so an edit of one measure
recomputes that measure alone.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


def path_of(record: str) -> str:
    """Return the path of the sheet that belongs to a record."""
    return record.replace("results/models/", "results/measures/", 1)


@dataclass
class Sheet:
    """The numbers of a model.

    Attributes
    ----------
    record : str
        The seal of the model's record.
    origins : str
        A digest of the origins of the test rows; see `identity_of`.
    code : dict
        By measure, a digest of the code that computed its numbers.
    numbers : dict
        By measure, a number for each quantity; None if it is not finite.
    """

    record: str
    origins: str
    code: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def add(self, measure: str, code: str, values: Mapping[str, float]) -> None:
        """Add a measure's numbers."""
        self.code[measure] = code
        self.numbers[measure] = {
            name: value if math.isfinite(value) else None for name, value in values.items()
        }

    def lacks(self, wanted: Mapping[str, str]) -> list[str]:
        """Return those of the wanted measures that are missing, or computed by other code."""
        return [name for name, code in wanted.items() if self.code.get(name) != code]

    def write(self) -> str:
        """Return the sheet as a file's text, the same for the same numbers."""
        content: dict[str, Any] = {
            "record": self.record,
            "origins": self.origins,
            "code": dict(sorted(self.code.items())),
            "numbers": dict(sorted(self.numbers.items())),
        }
        return json.dumps({**content, "sha256": _checksum(content)}, indent=1) + "\n"


def read(path: str | Path) -> Sheet | None:
    """Read a sheet; None if it is missing, cut short or altered."""
    try:
        content = json.loads(Path(path).read_bytes())
        if content.pop("sha256") == _checksum(content):
            return Sheet(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def identity_of(origins: np.ndarray) -> str:
    """Return a digest of the origins of the test rows, text [rows]."""
    return hashlib.sha256("\n".join(origins).encode()).hexdigest()


def identity_of_all(paths: Iterable[str]) -> str:
    """Return one identity for many sheets, missing and damaged ones included."""
    total = hashlib.sha256()
    for path in paths:
        found = read(path)
        total.update((found.write() if found else f"no {path}").encode())
    return total.hexdigest()


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
