"""A prepared data set, as models are trained on it."""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

MARK = "SYNTHETIC"


def marked(dataset: str, synthetic: bool) -> str:
    """Return what results call a data set: its name, with a mark if it is a generated stand-in."""
    return f"{dataset} ({MARK})" if synthetic else dataset


@dataclass(frozen=True)
class Data:
    """A prepared data set, split in two; x is [rows, features], y is [rows]; float32."""

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray

    @classmethod
    def load(cls, path: str | Path) -> "Data":
        """Read what prepare.py wrote."""
        with np.load(path) as arrays:
            return cls(*(arrays[field.name] for field in fields(cls)))

    @staticmethod
    def name(path: str | Path) -> str:
        """Return the name of the data set in a file, as `marked` has it."""
        with np.load(path) as arrays:
            return str(arrays["name"])

    @property
    def digest(self) -> str:
        """A digest of the arrays, not of the file: its headers depend on Python's version."""
        total = hashlib.sha256()
        for field in fields(self):
            array = getattr(self, field.name)
            total.update(f"{field.name} {array.dtype.str} {array.shape}".encode())
            total.update(array.tobytes())
        return total.hexdigest()
