"""Cells, studies and training problems to test with."""

from dataclasses import replace
from typing import Any

import pandas as pd

from genboost.data.arrays import Data
from genboost.study import axes
from genboost.study.cells import Cell
from genboost.study.grid import Study
from genboost.train import training
from genboost.train.problem import Problem


def cell(**settings: Any) -> Cell:
    """Return a cell of the standard study, but for some settings."""
    named = {
        "optimizer": "adam",
        "sam_rho": None,
        "epochs": 200,
        "learning_rate": 3e-3,
        "weight_decay": 0.0,
    }
    assert set(named) == set(axes.ALWAYS)
    settings = {axes.ORIGIN: None, **axes.standard(), **named, **settings}
    assert settings.keys() == {axes.ORIGIN, *axes.SETTINGS}
    return Cell(settings)


def posed(models: int, data: Data, **fields: Any) -> Problem:
    """Return a problem of some models of the standard cell, but for some fields.

    A field that a new setting adds is as that setting's default has it.
    """
    plain = cell(epochs=fields.get("epochs", 1), batch_size=fields["batch_size"])
    return replace(training.pose([(plain, 0)] * models, data), **fields)


def studies_of(models: pd.DataFrame) -> list[Study]:
    """Return the studies that a table of models is of."""
    found = []
    for name, rows in models.groupby("study", sort=False):
        keys = rows[axes.ALWAYS].drop_duplicates().to_dict("records")
        cells = [
            cell(**{**key, "sam_rho": None if key["sam_rho"] == "none" else float(key["sam_rho"])})
            for key in keys
        ]
        found.append(Study(name, name, {}, tuple(cells), tuple(rows["seed"].unique())))
    return found
