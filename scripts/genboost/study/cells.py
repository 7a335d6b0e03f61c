"""What a model is: a cell of the grid and a protocol; and the path that names its record."""

import re
from dataclasses import dataclass, fields
from typing import Any

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
