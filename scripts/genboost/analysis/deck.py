"""The test errors of the slides that this study repeats, held against ours.

Where the figures come from: workflow/reference/README.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genboost.analysis import stats
from genboost.files import ROOT
from genboost.study import grid

if TYPE_CHECKING:
    import pandas as pd

PATH = ROOT / "workflow/reference/deck.csv"
SEEDS = 3  # models behind each of the deck's figures


def load(path: str | Path = PATH) -> pd.DataFrame:
    """Read the deck's figures: one row per cell, the columns `grid.CELL` and ``deck``, its MSE.

    ``sam_rho`` is text, ``none`` where the file has 0: the deck's models without SAM.
    """
    import pandas as pd

    figures = pd.read_csv(path)
    rho = [grid.text(value or None) for value in figures["sam_rho"].astype(float)]
    return figures.assign(sam_rho=rho).rename(columns={"test_mse": "deck"})


def is_repeated_by(study: grid.Study) -> bool:
    """Say whether a study has the deck's data set and protocol, which are the schema's defaults."""
    return study.variant == grid.STANDARD == grid.protocol_name(study.protocol)


def compare(
    studies: Sequence[grid.Study], models: pd.DataFrame, figures: pd.DataFrame
) -> pd.DataFrame:
    """Put the deck's figures beside those of the studies that repeat it.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    figures
        What `load` returns.

    Returns
    -------
    DataFrame
        One row per study and cell that the deck has and of which no run diverged: ``data``,
        ``study``, the cell, ``deck``; ``test_mse``, ``sd`` and ``n`` of ours; ``difference`` (ours
        less the deck's), ``ratio`` (ours by the deck's), ``log_ratio``; ``low`` and ``high``, the
        95 % prediction interval of a mean of three, and whether the deck's figure is ``inside`` it.
    """
    import pandas as pd

    names = [study.name for study in studies if is_repeated_by(study)]
    keys = ["data", "study", *grid.CELL]
    rows = []
    for key, runs in models[models["study"].isin(names)].groupby(keys, sort=False):
        errors = runs["test_mse"].to_numpy(float)
        if np.isfinite(errors).all():
            found = stats.estimate(errors)
            low, high = stats.interval(errors, future=SEEDS)
            rows.append((*key, found.mean, found.sd, found.n, low, high))
    columns = [*keys, "test_mse", "sd", "n", "low", "high"]
    # Without a row the columns would be objects, which match no numbers.
    ours = pd.DataFrame(rows, columns=columns).astype(figures.dtypes[grid.CELL].to_dict())
    both = ours.merge(figures, how="inner", on=grid.CELL)
    both["difference"] = both["test_mse"] - both["deck"]
    both["ratio"] = both["test_mse"] / both["deck"]
    both["log_ratio"] = np.log(both["ratio"].astype(float))
    both["inside"] = (both["low"] <= both["deck"]) & (both["deck"] <= both["high"])
    order = ["deck", "test_mse", "sd", "n", "difference", "ratio", "log_ratio", "low", "high"]
    return both[[*keys, *order, "inside"]]


@dataclass(frozen=True)
class Agreement:
    """How well some cells agree with the deck's; NaN where there is nothing to compute it from.

    Attributes
    ----------
    cells : int
    log_error : float
        Root mean square of log(ours / deck's).
    noise_floor : float
        What it would be, were the deck's figures means of three more of our seeds.
    geometric_mean_ratio : float
        Of ours by the deck's.
    inside : float
        Share of the deck's figures in our prediction intervals; 0.95 if ours explained them.
    rank_correlation : float
        Spearman's.
    """

    cells: int
    log_error: float
    noise_floor: float
    geometric_mean_ratio: float
    inside: float
    rank_correlation: float


def agreement(compared: pd.DataFrame) -> Agreement:
    """Sum up what `compare` found; a cell that several studies have counts once, the first."""
    compared = compared.drop_duplicates(grid.CELL)
    if compared.empty:
        return Agreement(0, *[math.nan] * 5)
    variance = (compared["sd"] / compared["test_mse"]) ** 2 * (1 / compared["n"] + 1 / SEEDS)
    return Agreement(
        cells=len(compared),
        log_error=float(np.sqrt(np.mean(compared["log_ratio"] ** 2))),
        noise_floor=float(np.sqrt(variance.mean())),
        geometric_mean_ratio=float(np.exp(compared["log_ratio"].mean())),
        inside=float(compared["inside"].mean()) if compared["low"].notna().all() else math.nan,
        rank_correlation=stats.rank_correlation(compared["test_mse"], compared["deck"]),
    )
