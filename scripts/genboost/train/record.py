"""The record of a trained model: one JSON file, one line a key, the same bytes for the same model.

Its *fingerprint* stands for everything that determines the model: data, code, engine, and the
record's path, which names all settings that differ from the defaults. Only the last line, ``run``,
says how the record was made, and may differ between two runs of the workflow. The line before it
seals the others, so a record that was cut short or altered is never used.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from genboost.errors import UserError
from genboost.study.cells import Cell
from genboost.train.training import Result

CURVES = ("train_loss", "test_mse", "learning_rate")
SEAL = b',\n"sha256": '
SEALED = re.compile(rb'"([0-9a-f]{64})",\n"run": (\{.*\})\n\}\n')
FINGERPRINT = re.compile(rb'^"fingerprint": "([0-9a-f]{64})"', re.MULTILINE)
SETTINGS = re.compile(rb'^"settings": (\{.*\}),$', re.MULTILINE)


class Identity(NamedTuple):
    """What identifies a record: everything that determined its model, and the model."""

    fingerprint: str
    settings: Cell
    seal: str


def fingerprint(path: str, data: str, code: str, engine: str, device: str) -> str:
    """Return a digest of everything that determines a model.

    Parameters
    ----------
    path
        The record's, which names what differs from the defaults. So a new setting leaves all
        fingerprints as they are.
    data : str
        What tells the data from others, as `Data.identity` has it.
    code : str
        A digest of the code that trains.
    engine, device
        ``simd`` or ``torch``, on ``cpu`` or ``cuda``.
    """
    basis = [path, data, code, engine, device]
    return hashlib.sha256(json.dumps(basis).encode()).hexdigest()


def compose(
    cell: Cell,
    seed: int,
    result: Result,
    origin: dict[str, Any],
    run: dict[str, Any],
) -> str:
    """Return a trained model as a record's text.

    Parameters
    ----------
    origin
        ``data`` (name and digest), ``code`` (a digest) and the `fingerprint`.
    run
        What may differ between two runs of the workflow: seconds, engine, device, versions.
    """
    errors = result.test_mse
    # Counted from the end, so that the last epoch is kept.
    kept = slice((len(errors) - 1) % cell.record_every, None, cell.record_every)
    validated = ("validation_mse",) if cell.validation_fraction else ()
    curves = {name: getattr(result, name)[kept] for name in (*CURVES, *validated)}
    if cell.record_every > 1:
        curves["epoch"] = np.arange(1, len(errors) + 1)[kept]
    entries = {
        "settings": dict(cell),
        "seed": seed,
        **origin,
        "status": "diverged" if result.diverged else "finished",
        "test_mse": None
        if result.diverged
        else float(errors.min() if cell.test_error == "best" else errors[-1]),
        "train_mse": None if result.diverged else result.train_mse,
        **{
            name: None if result.diverged else float(result.validation_mse[-1])
            for name in validated
        },
        **({} if cell.stop_at_train_mse is None else {"reached": result.reached}),
        "gradient_evaluations": result.gradient_evaluations,
        "curves": {name: curve.tolist() for name, curve in curves.items()},
        "weights": None if result.diverged else _encode(result.weights),
    }
    if cell.snapshots:
        entries["snapshots"] = {n: _encode(w) for n, w in result.snapshots.items()}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
    sealed = ("{\n" + ",\n".join(lines)).encode()
    tail = f'"{_checksum(sealed)}",\n"run": {json.dumps(run)}\n}}\n'
    return (sealed + SEAL + tail.encode()).decode()


class DamagedError(UserError):
    """A record was cut short or altered."""


def read(path: str | Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    UserError
        If the file is missing; if it was cut short or altered, a `DamagedError`.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}; run snakemake again to train that model"
        ) from None
    if _tail(content):
        return json.loads(content)
    raise DamagedError(f"{path} is damaged; run snakemake again to train that model")


def identity(path: str | Path) -> Identity | None:
    """Return a record's identity, without taking the time to read its numbers.

    Returns
    -------
    Identity or None
        None if the record is missing, cut short or altered.
    """
    try:
        content = Path(path).read_bytes()
    except OSError:
        return None
    tail, found, settings = (_tail(content), FINGERPRINT.search(content), SETTINGS.search(content))
    if not (tail and found and settings):
        return None
    return Identity(found[1].decode(), Cell(json.loads(settings[1])), tail[1].decode())


def seal_of_all(records: Mapping[str, Identity | None]) -> str:
    """Return one seal for many records, given by path."""
    total = hashlib.sha256()
    for path, found in records.items():
        total.update(f"{path} {found.seal if found else None}\n".encode())
    return total.hexdigest()


def epochs(entries: dict[str, Any]) -> np.ndarray:
    """Return the epochs of the curves' points, an int array counted from 1."""
    curves = entries["curves"]
    return np.array(curves.get("epoch", range(1, len(curves["test_mse"]) + 1)), int)


def weights(entries: dict[str, Any]) -> np.ndarray | None:
    """Return the final parameters, float32 [P] as in `Result.weights`; None if it diverged."""
    return None if entries["weights"] is None else _decode(entries["weights"])


def snapshots(entries: dict[str, Any]) -> dict[int, np.ndarray]:
    """Return the parameters after some epochs, float32 [P], by epoch."""
    return {int(n): _decode(text) for n, text in entries.get("snapshots", {}).items()}


def _tail(content: bytes) -> re.Match[bytes] | None:
    """Match the end of a whole record, from its seal on; None for any other content.

    Every byte counts: the seal is the checksum of all bytes before it, and only the ``run`` line
    follows it. So no key can be added to the sealed ones.
    """
    sealed, _, rest = content.partition(SEAL)
    tail = SEALED.fullmatch(rest)
    if not tail or tail[1].decode() != _checksum(sealed):
        return None
    try:
        run = json.loads(tail[2])
    except ValueError:
        return None
    return tail if {"seconds", "engine", "device", "versions"} <= run.keys() else None


def _checksum(sealed: bytes) -> str:
    return hashlib.sha256(sealed).hexdigest()


def _decode(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def _encode(array: np.ndarray) -> str:
    return base64.b64encode(array.astype("<f4").tobytes()).decode()
