"""A prepared data set, as models are trained on it."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np


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
