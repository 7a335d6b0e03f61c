"""From the records of all models to a table of models, and from that to a table of cells."""

import csv
import itertools
import math
import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from genboost.analysis import curves
from genboost.errors import UserError
from genboost.measures import sheet
from genboost.measures.registry import ERRORS
from genboost.study import axes, grid
from genboost.study.cells import Cell
from genboost.study.grid import SPLIT
from genboost.train import record

TEXTS = {"data", "study", "status", "engine"}
NAMED = 20  # mistakes named in a message


class Collected(NamedTuple):
    """What `collect` returns: the models, how they were trained, and their learning curves."""

    models: pd.DataFrame
    runs: dict[str, Any]
    curves: dict[str, list[dict[str, Any] | None]]


def collect(
    studies: Sequence[grid.Study],
    fingerprints: Callable[[grid.Model], Collection[str]],
    measures: Sequence[str] = (),
    folder: str | Path = ".",
) -> Collected:
    """Read the record of every model of some studies, and no other.

    Parameters
    ----------
    fingerprints
        Returns the fingerprints that a model's record may have (`record.fingerprint`).
    measures
        Names of measures; their numbers are read from the models' sheets.
    folder
        The folder that the records' paths are relative to.

    Returns
    -------
    models : DataFrame
        One row per study and model, in the studies' order: ``data``, what the model was trained on,
        ``study``, then the settings that tell cells apart (`axes.shown_settings`), as
        `axes.Setting.column` writes them; ``seed``, ``test_mse`` and ``train_mse`` (NaN if the run
        diverged), with validation rows ``validation_mse``, ``status`` and ``engine``; then the
        quantities that measures yield.
    runs : dict
        How the models were trained; see `run_facts`.
    curves : dict
        The learning curves of each cell; see `curves.summarize`.

    Raises
    ------
    UserError
        Names every model whose record is missing, damaged, duplicate, or belongs to another model,
        other data or other code.
    """
    models = grid.models(list(studies))
    entries, numbers, mistakes = {}, {}, list(_doubled(studies))
    for model in models:
        try:
            entries[model] = _checked(model, fingerprints(model), Path(folder))
            numbers[model] = _measured(model, entries[model]["sha256"], measures, Path(folder))
        except UserError as error:
            mistakes.append(str(error))
    if mistakes:
        more = len(mistakes) - NAMED
        lines = mistakes[:NAMED] + ([f"and {more} more"] if more > 0 else [])
        raise UserError(
            f"{len(mistakes)} {'mistake' if len(mistakes) == 1 else 'mistakes'} "
            f"in the records of {len(models)} models:\n  " + "\n  ".join(lines)
        )
    settings = axes.shown_settings(cell for study in studies for cell in study.cells)
    errors = [e.name for e in ERRORS if any(e.name in found for found in entries.values())]
    rows = [
        {
            "data": entries[model]["data"]["name"],
            "study": study.name,
            **columns(model.cell, settings),
            "seed": model.seed,
            **{name: entries[model].get(name) for name in (*errors, "status")},
            "engine": entries[model]["engine"][0],
            **numbers[model],
        }
        for study in studies
        for model in study.models
    ]
    frame = pd.DataFrame(rows)
    floats = dict.fromkeys([*errors, *quantities(frame)], float)
    return Collected(
        frame.astype(floats),
        run_facts([found["run"] for found in entries.values()]),
        curves.summarize(
            studies, lambda m: (record.epochs(entries[m]), entries[m]["curves"]["test_mse"])
        ),
    )


def quantities(models: pd.DataFrame) -> list[str]:
    """Return the columns with measures in a table of models: all after ``engine``."""
    return list(models.columns[models.columns.get_loc("engine") + 1 :])


def run_facts(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how long training took, in all and by engine, and the versions used.

    Parameters
    ----------
    runs
        The ``run`` line of every model's record.
    """
    by_engine: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        by_engine.setdefault((run["engine"], run["device"]), []).append(run["seconds"])
    versions = {tuple(run["versions"].items()) for run in runs}
    return {
        "engines": [
            {
                "engine": engine,
                "device": device,
                "models": len(seconds),
                "total": f"{sum(seconds):.1f}",
                "median": f"{statistics.median(seconds):.3f}",
            }
            for (engine, device), seconds in sorted(by_engine.items())
        ],
        "versions": [dict(pairs) for pairs in sorted(versions)],
    }


def columns(cell: Cell, settings: Sequence[axes.Setting]) -> dict[str, Any]:
    """Return some settings of a cell as written in a table of results."""
    return {setting.name: setting.column(cell[setting.name]) for setting in settings}


class Repetition(NamedTuple):
    """What tells the models of a cell apart: the split's seed and the model's."""

    split: int
    seed: int


def values_by_cell(
    studies: Sequence[grid.Study], models: pd.DataFrame, quantity: str = "test_mse"
) -> dict[tuple[str, Cell], dict[Repetition, float]]:
    """Return a quantity of each model of each cell, by the study's name and the cell.

    Cells that differ only in the split count as the first of them.

    Parameters
    ----------
    models
        One row per study and model, as `collect` makes it.
    quantity
        A column; if it is missing, as for a group of rows that the data lack, all values are NaN.
    """
    shown = [axes.SETTINGS[name] for name in models.columns if name in axes.SETTINGS]
    settings = [setting for setting in shown if setting.name != SPLIT]
    cells: dict[tuple[Any, ...], Cell] = {}
    for study in studies:
        for cell in study.cells:
            cells.setdefault((study.name, *columns(cell, settings).values()), cell)
    names = ["study", *(setting.name for setting in settings)]
    # Lists, as to go through a column of texts takes pandas long.
    keys = zip(*(models[name].tolist() for name in names), strict=True)
    several = SPLIT in models
    splits = models[SPLIT].tolist() if several else itertools.repeat(None, len(models))
    values = models[quantity] if quantity in models else pd.Series(math.nan, models.index)
    found: dict[tuple[str, Cell], dict[Repetition, float]] = {}
    for key, split, seed, value in zip(
        keys, splits, models["seed"].tolist(), values.astype(float).tolist(), strict=True
    ):
        cell = cells[key]
        repetition = Repetition(split if several else cell.split_seed, seed)
        found.setdefault((key[0], cell), {})[repetition] = value
    return found


def over_splits(models: pd.DataFrame) -> pd.DataFrame:
    """Return a table of models in which the split no longer tells cells of a study apart.

    Each model has the split seed of its cell's first model; if all are the same, the column goes.
    """
    if SPLIT not in models:
        return models
    keys = [name for name in models.columns[: models.columns.get_loc("seed")] if name != SPLIT]
    first = models.groupby(keys, sort=False)[SPLIT].transform("first")
    if first.nunique() == 1:
        return models.drop(columns=SPLIT)
    return models.assign(**{SPLIT: first})


def summarize(models: pd.DataFrame) -> pd.DataFrame:
    """Summarize the models of each study and cell.

    Returns
    -------
    DataFrame
        The columns before ``seed``; over the models that did not diverge, mean (``test_mse``) and
        deviation (``test_mse_sd``, with n - 1; NaN for one model) of the test MSE, both of the
        train MSE and of the validation MSE, if there is one, and number (``n``); the number of
        models that ``diverged``; and both of each of the `quantities`, the deviation under its name
        and ``_sd``.
    """

    def moments(names: Sequence[str]) -> dict[str, tuple[str, str]]:
        ends = ("", "mean"), ("_sd", "std")
        return {f"{name}{end}": (name, how) for name in names for end, how in ends}

    return (
        models.assign(diverged=models["status"] == "diverged")
        .groupby(list(models.columns[: models.columns.get_loc("seed")]), sort=False)
        .agg(
            **moments([error.name for error in ERRORS if error.name in models]),
            n=("test_mse", "count"),
            diverged=("diverged", "sum"),
            **moments(quantities(models)),
        )
        .reset_index()
    )


def to_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV that `read_csv` restores exactly; NaN is empty."""
    return frame.to_csv(index=False, lineterminator="\n")


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read CSV from `to_csv`; only numbers can be missing, and a study may be called ``NA``."""
    with open(path, newline="", encoding="utf-8") as file:
        header = next(csv.reader(file))
    texts = TEXTS | {name for name, setting in axes.SETTINGS.items() if not setting.is_number}
    frame = pd.read_csv(
        path,
        dtype=dict.fromkeys(texts.intersection(header), str),
        keep_default_na=False,
        na_values={name: [""] for name in header if name not in texts},
    )
    return frame.copy()  # in one piece, or pandas warns when columns are added


def _doubled(studies: Sequence[grid.Study]) -> Iterator[str]:
    """Yield the models that a study has more than once, which would falsify its means."""
    for study in studies:
        for model, times in Counter(study.models).items():
            if times > 1:
                yield f"{model.record} is {times} times in study {study.name}"


def _checked(model: grid.Model, fingerprints: Collection[str], folder: Path) -> dict[str, Any]:
    """Read a model's record, and make sure that it is this model, trained as wanted now."""
    path = folder / model.record
    entries = record.read(path)
    found = {**model.cell, **Cell(entries["settings"]), "seed": entries["seed"]}
    expected = {**model.cell, "seed": model.seed}
    other = [
        f"{key} ({found.get(key)} instead of {expected.get(key)})"
        for key in {**expected, **found}
        if found.get(key) != expected.get(key)
    ]
    if other:
        raise UserError(f"{path} belongs to another {' and '.join(other)}; run snakemake again")
    if entries["fingerprint"] not in fingerprints:
        raise UserError(f"{path} was made with other data, code or engine; run snakemake again")
    return entries


def _measured(
    model: grid.Model, seal: str, measures: Sequence[str], folder: Path
) -> dict[str, float | None]:
    """Read a model's measures; nothing for a model that diverged."""
    if not measures:
        return {}
    path = folder / sheet.path_of(model.record)
    found = sheet.read(path)
    if found is None or found.record != seal or not set(measures) <= found.numbers.keys():
        raise UserError(
            f"{path} is missing, damaged or belongs to another model; run snakemake again"
        )
    return {key: value for name in measures for key, value in found.numbers[name].items()}
