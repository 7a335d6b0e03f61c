"""The file of prepared arrays that every training job reads; numpy is all that it needs."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genboost.engine import Data
from genboost.errors import UserError


@dataclass(frozen=True)
class Arrays:
    """Prepared data and what its rows and columns are.

    Attributes
    ----------
    data : Data
        What models are trained and tested on.
    features : list of str
        The names of x's columns.
    train_rows, test_rows : int64 arrays
        Which rows of the raw file, from 0, the rows of x are.
    """

    data: Data
    features: list[str]
    train_rows: np.ndarray
    test_rows: np.ndarray


def to_bytes(arrays: Arrays) -> bytes:
    """Return an npz file; not compressed, so that the bytes depend on no version of zlib."""
    file = io.BytesIO()
    np.savez(
        file,
        train_x=arrays.data.train_x,
        train_y=arrays.data.train_y,
        test_x=arrays.data.test_x,
        test_y=arrays.data.test_y,
        features=np.array(arrays.features),
        train_rows=arrays.train_rows,
        test_rows=arrays.test_rows,
    )
    return file.getvalue()


def load(path: str | Path) -> Arrays:
    """Read what `to_bytes` made.

    Raises
    ------
    UserError
        If the file cannot be read or is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return Arrays(
                data=Data(*(file[key] for key in ("train_x", "train_y", "test_x", "test_y"))),
                features=file["features"].tolist(),
                train_rows=file["train_rows"],
                test_rows=file["test_rows"],
            )
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        raise UserError(f"cannot read the prepared data {path} ({error}); delete it") from error
