"""A prepared data set, as models are trained on it."""

import hashlib
import zipfile
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from genboost.errors import UserError

MARK = "SYNTHETIC"
# The origin of a row; see origins.py.
RESPONDENT, INTERPOLATED, UNKNOWN = "respondent", "interpolated", "unknown"


def marked(dataset: str, synthetic: bool) -> str:
    """Return a data set's name in results, marked if it is a generated stand-in."""
    return f"{dataset} ({MARK})" if synthetic else dataset


def _no_rows() -> np.ndarray:
    return np.empty(0, np.float32)


@dataclass(frozen=True)
class Data:
    """A prepared data set, split in two or three; x is [rows, features], y is [rows]; float32.

    There may be no validation rows.
    """

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    validation_x: np.ndarray = field(default_factory=_no_rows)
    validation_y: np.ndarray = field(default_factory=_no_rows)

    @classmethod
    def load(cls, path: str | Path) -> "Data":
        """Read what prepare.py wrote; see `_read` for errors."""
        return cls(*_read(path, *(part.name for part in fields(cls))))

    @staticmethod
    def origins(path: str | Path) -> np.ndarray:
        """Return the origin of each test row in a file, text [rows], see `origins.tell`."""
        return _read(path, "test_origin")[0]

    @staticmethod
    def classes(path: str | Path) -> int:
        """Return how many classes the label in a file has, coded 0, 1, ...; 0 for a number."""
        return int(_read(path, "classes")[0])

    @staticmethod
    def name(path: str | Path) -> str:
        """Return the name of the data set in a file, as `marked` has it; see `_read` for errors."""
        return str(_read(path, "name")[0])

    @classmethod
    def identity(cls, path: str | Path) -> str:
        """Return what tells the data in a file from all others; see `_read` for errors."""
        return f"{cls.name(path)}, {cls.classes(path)} classes, {cls.load(path).digest}"

    @cached_property
    def digest(self) -> str:
        """A digest of the arrays, not of the file: its headers depend on Python's version.

        A part without rows counts as if there were no such part.
        """
        total = hashlib.sha256()
        for part in fields(self):
            array = getattr(self, part.name)
            if len(array):
                total.update(f"{part.name} {array.dtype.str} {array.shape}".encode())
                total.update(array.tobytes())
        return total.hexdigest()


def _read(path: str | Path, *names: str) -> list[np.ndarray]:
    """Read some arrays of a file.

    Raises
    ------
    UserError
        If the file or one of its arrays is missing or damaged.
    """
    try:
        with np.load(path) as arrays:
            return [arrays[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is missing or damaged ({error}); run snakemake again") from error
