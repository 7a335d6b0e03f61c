"""What a model is: a cell of the grid and a protocol; and the path that names its record."""

import re
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Any

from genboost.errors import UserError

RECORD = (
    "results/models/{variant}/{protocol}/optimizer~{optimizer}/sam_rho~{sam_rho}/epochs~{epochs}"
    "/learning_rate~{learning_rate}/weight_decay~{weight_decay}/seed~{seed}.json"
)


@dataclass(frozen=True)
class Cell:
    """One combination of hyperparameters; `sam_rho` is None without SAM."""

    optimizer: str
    learning_rate: float
    weight_decay: float
    sam_rho: float | None
    epochs: int


@dataclass(frozen=True)
class Protocol:
    """What all cells of a study share: the model and the way it is trained."""

    hidden_layers: int
    width: int
    activation: str
    batch_size: int
    schedule: str
    t_max: int
    eta_min: float
    weight_decay_form: str
    initialization: str
    schedule_step: str
    loss: str
    test_error: str

    @classmethod
    def of(cls, model: dict[str, Any], training: dict[str, Any]) -> "Protocol":
        """Take a protocol out of a configuration's model and training sections."""
        settings = {**model, **training}
        return cls(**{field.name: settings[field.name] for field in fields(cls)})


def cell_and_seed(record: str) -> tuple[Cell, int]:
    """Read a cell and a seed off a record's path.

    Raises
    ------
    UserError
        If the path is not one that `Model.record` makes.
    """
    parts = PurePosixPath(record).with_suffix("").parts
    values = dict(part.split("~", 1) for part in parts[-6:] if "~" in part)
    try:
        cell = Cell(
            optimizer=values["optimizer"],
            learning_rate=float(values["learning_rate"]),
            weight_decay=float(values["weight_decay"]),
            sam_rho=None if values["sam_rho"] == "none" else float(values["sam_rho"]),
            epochs=int(values["epochs"]),
        )
        return cell, int(values["seed"])
    except (KeyError, ValueError):
        raise UserError(
            f"{record} is not the path of a model's record; one looks like "
            "optimizer~adam/sam_rho~none/epochs~200/learning_rate~0.003/weight_decay~0/seed~0.json"
        ) from None


def text(value: Any) -> str:
    """Write a value as paths and tables show it: ``3e-5``, ``0.003``, ``0``, ``none``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return re.sub(r"e([-+])0*", r"e\1", repr(value)).replace("e+", "e").removesuffix(".0")
    if isinstance(value, list | tuple):
        return "+".join(map(text, value)) or "none"
    return str(value)
