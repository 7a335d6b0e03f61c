"""An order: models to train, and how, passed from the workflow to the training script."""

import json
from dataclasses import dataclass
from pathlib import Path

from genboost.study.cells import Cell
from genboost.train import record


@dataclass(frozen=True)
class Order:
    """What to train, and by what engine.

    Attributes
    ----------
    models : dict
        By record: cell and seed.
    engine, device : str
        As in the configuration.
    accepted : list of (str, str)
        Engines and devices whose records are kept.
    code : dict
        By engine: a digest of the code that trains.
    """

    models: dict[str, tuple[Cell, int]]
    engine: str
    device: str
    accepted: list[tuple[str, str]]
    code: dict[str, str]

    def write(self) -> str:
        """Return the order as text for `read`."""
        names = list(next(iter(self.models.values()))[0])
        models = [
            [path, [cell[name] for name in names], seed]
            for path, (cell, seed) in self.models.items()
        ]
        return json.dumps({**vars(self), "settings": names, "models": models})

    @classmethod
    def read(cls, text: str) -> "Order":
        """Read an order from JSON, or from the path of a JSON file."""
        found = json.loads(text if text.startswith("{") else Path(text).read_bytes())
        names = found.pop("settings")
        models = {
            path: (Cell(dict(zip(names, values, strict=True))), seed)
            for path, values, seed in found.pop("models")
        }
        return cls(models=models, **found)

    def fingerprint(self, path: str, data: str, engine: str, device: str) -> str:
        """Return the fingerprint of a record; see `record.fingerprint` for the parameters."""
        return record.fingerprint(path, data, self.code[engine], engine, device)

    def is_met(self, path: str, found: record.Identity | None, data: str) -> bool:
        """Say whether the record found at a path is whole and is the one ordered.

        A record that is older than a setting lacks it: the model was trained with the setting's
        default, or its path would be another.
        """
        if found is None:
            return False
        cell, _ = self.models[path]
        return cell == cell.replace(**found.settings) and any(
            found.fingerprint == self.fingerprint(path, data, *by) for by in self.accepted
        )
