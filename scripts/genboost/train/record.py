"""The record of a trained model: one JSON file, one line a key, the same bytes for the same model.

Only the last line, ``run``, tells how and when it was made, and may differ from run to run. The
line before it seals the others, so that a record that was cut short or altered is never used.
"""

import base64
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genboost.errors import UserError
from genboost.study.cells import Cell, Protocol
from genboost.train.training import Result

SEAL = ',\n"sha256": '
END = "\n}\n"


def compose(
    cell: Cell,
    seed: int,
    protocol: Protocol,
    result: Result,
    origin: dict[str, Any],
    run: dict[str, Any],
) -> str:
    """Write a trained model as a record's text.

    Parameters
    ----------
    origin
        What it was trained on and by: ``data`` (name and digest), ``code`` (a digest) and
        ``fingerprint``, which stands for all that determines the result; see `train.py`.
    run
        What may differ between two runs: seconds, engine, device, versions.
    """
    errors = result.test_mse
    entries = {
        "cell": asdict(cell),
        "seed": seed,
        "protocol": asdict(protocol),
        **origin,
        "status": "diverged" if result.diverged else "finished",
        "test_mse": None
        if result.diverged
        else float(errors.min() if protocol.test_error == "best" else errors[-1]),
        "train_mse": None if result.diverged else result.train_mse,
        "gradient_evaluations": result.gradient_evaluations,
        "curves": {
            name: [float(value) for value in getattr(result, name)]
            for name in ("train_loss", "test_mse", "learning_rate")
        },
        "weights": None if result.diverged else _encode(result.weights),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
    sealed = "{\n" + ",\n".join(lines)
    return f'{sealed}{SEAL}"{_checksum(sealed.encode())}",\n"run": {json.dumps(run)}{END}'


class DamagedError(UserError):
    """A record was cut short or altered."""


def read(path: str | Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    UserError
        If the file is missing, cut short or altered; of these, the last two as a `DamagedError`.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run snakemake again to train that model") from None
    sealed = content.partition(SEAL.encode())[0]
    try:
        entries = json.loads(content)
        if content.endswith(END.encode()) and entries["sha256"] == _checksum(sealed):
            return entries
    except (ValueError, KeyError, TypeError):
        pass
    raise DamagedError(f"{path} is damaged; delete it and run snakemake again")


def weights(entries: dict[str, Any]) -> np.ndarray | None:
    """Return the final parameters, float32 [P] as in `Result.weights`; None if it diverged."""
    if entries["weights"] is None:
        return None
    return np.frombuffer(base64.b64decode(entries["weights"]), dtype="<f4")


def is_valid(path: str | Path, fingerprint: str) -> bool:
    """Say whether a whole record with that fingerprint is there."""
    try:
        return read(path)["fingerprint"] == fingerprint
    except UserError:
        return False


def is_damaged(path: str | Path) -> bool:
    """Say whether a file is there that is no whole record, by a look at its two ends (cheap)."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
            file.seek(max(file.seek(0, 2) - len(END), 0))
            return start != b"{\n" or file.read() != END.encode()
    except FileNotFoundError:
        return False


def _checksum(sealed: bytes) -> str:
    return hashlib.sha256(sealed).hexdigest()


def _encode(array: np.ndarray) -> str:
    return base64.b64encode(array.astype("<f4").tobytes()).decode()
