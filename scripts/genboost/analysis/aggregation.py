"""From the records of all models to one row per model, and from these to one row per cell."""

import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from genboost.errors import UserError
from genboost.study import grid
from genboost.train import record

CELL = ["data", *grid.STUDY_CELL]
NAMED = 20  # mistakes that a message names


def collect(
    studies: Sequence[grid.Study],
    fingerprints: Callable[[grid.Model], Collection[str]],
    folder: str | Path = ".",
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read the record of every model of some studies, and nothing else.

    Parameters
    ----------
    fingerprints
        Returns the fingerprints that a model's record may have (`record.fingerprint`).
    folder
        Where the records' paths start.

    Returns
    -------
    DataFrame
        One row per study and model, in the studies' order: the columns `CELL`, of which ``data``
        names what the model was trained on, then ``seed``, ``test_mse`` and ``train_mse`` (NaN if
        the run diverged), ``status`` and ``engine``. ``sam_rho`` is text, ``none`` without SAM.
    dict
        How the models were trained; see `run_facts`.

    Raises
    ------
    UserError
        Naming every model whose record is missing, damaged, doubled or not what is wanted: of
        another model, other data, or trained by other code.
    """
    models = grid.models(list(studies))
    entries, mistakes = {}, list(_doubled(studies))
    for model in models:
        try:
            entries[model] = _checked(model, fingerprints(model), Path(folder))
        except UserError as error:
            mistakes.append(str(error))
    if mistakes:
        more = len(mistakes) - NAMED
        lines = mistakes[:NAMED] + ([f"and {more} more"] if more > 0 else [])
        raise UserError(
            f"{len(mistakes)} {'mistake' if len(mistakes) == 1 else 'mistakes'} "
            f"in the records of {len(models)} models:\n  " + "\n  ".join(lines)
        )
    rows = [
        {
            "data": entries[model]["data"]["name"],
            "study": study.name,
            **asdict(model.cell),
            "sam_rho": grid.text(model.cell.sam_rho),
            "seed": model.seed,
            **{name: entries[model][name] for name in ("test_mse", "train_mse", "status")},
            "engine": entries[model]["engine"][0],
        }
        for study in studies
        for model in study.models
    ]
    columns = [*CELL, "seed", "test_mse", "train_mse", "status", "engine"]
    frame = pd.DataFrame(rows)[columns].astype({"test_mse": float, "train_mse": float})
    return frame, run_facts([found["run"] for found in entries.values()])


def run_facts(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how long training took, in all and by engine, and with which versions.

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


def summarize(models: pd.DataFrame) -> pd.DataFrame:
    """Summarize the models of each study and cell.

    Returns
    -------
    DataFrame
        The columns `CELL`; over the runs that finished, mean (``test_mse``) and standard deviation
        (``test_mse_sd``, with n - 1; NaN for one run) of the test MSE, mean of the train MSE
        (``train_mse``) and number (``n``); and the number of runs that ``diverged``.
    """
    return (
        models.assign(diverged=models["status"] == "diverged")
        .groupby(CELL, sort=False)
        .agg(
            test_mse=("test_mse", "mean"),
            test_mse_sd=("test_mse", "std"),
            train_mse=("train_mse", "mean"),
            n=("test_mse", "count"),
            diverged=("diverged", "sum"),
        )
        .reset_index()
    )


def to_csv(frame: pd.DataFrame) -> str:
    """Write a frame so that `read_csv` gives it back exactly; NaN is empty."""
    return frame.to_csv(index=False, lineterminator="\n")


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read what `to_csv` wrote; only numbers can be missing, a study may be called ``NA``."""
    numbers = ("test_mse", "test_mse_sd", "train_mse")
    return pd.read_csv(
        path,
        dtype={"study": str, "sam_rho": str},
        keep_default_na=False,
        na_values={name: [""] for name in numbers},
    )


def _doubled(studies: Sequence[grid.Study]) -> Iterator[str]:
    """Yield the models that a study has more than once, so that its means would be wrong."""
    for study in studies:
        for model, times in Counter(study.models).items():
            if times > 1:
                yield f"{model.record} is {times} times in study {study.name}"


def _checked(model: grid.Model, fingerprints: Collection[str], folder: Path) -> dict[str, Any]:
    """Read a model's record and make sure that it is this model's, trained as is wanted now."""
    path = folder / model.record
    entries = record.read(path)
    expected = {
        "cell": asdict(model.cell),
        "seed": model.seed,
        "protocol": asdict(model.protocol),
    }
    other = [
        f"another {key} ({_difference(entries[key], value)})"
        for key, value in expected.items()
        if entries[key] != value
    ]
    if other:
        raise UserError(f"{path} is of {' and '.join(other)}; run snakemake again")
    if entries["fingerprint"] not in fingerprints:
        raise UserError(f"{path} is of other data, code or engine; run snakemake again")
    return entries


def _difference(found: Any, expected: Any) -> str:
    """Say where an entry of a record is not as it should be."""
    if not (isinstance(found, dict) and isinstance(expected, dict)):
        return f"{found} instead of {expected}"
    return ", ".join(
        f"{key} {_difference(found.get(key), expected.get(key))}"
        for key in sorted(found.keys() | expected.keys())
        if found.get(key) != expected.get(key)
    )
