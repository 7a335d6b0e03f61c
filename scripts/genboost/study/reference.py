"""The cells of the deck, whose figures are in workflow/reference/deck.csv."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genboost.study.cells import Cell


def cells(path: str | Path, settings: Mapping[str, Any]) -> list[Cell]:
    """Read the deck's cells, in the order of its figures, with settings that it leaves open."""
    with open(path, newline="", encoding="utf-8") as file:
        return [
            Cell(
                {
                    **settings,
                    "optimizer": row["optimizer"],
                    "sam_rho": float(row["sam_rho"]) or None,
                    "epochs": int(row["epochs"]),
                    "learning_rate": float(row["learning_rate"]),
                    "weight_decay": float(row["weight_decay"]),
                }
            )
            for row in csv.DictReader(file)
        ]
