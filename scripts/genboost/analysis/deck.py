"""The test errors of the slides that this study repeats, compared with ours.

Where the figures come from: workflow/reference/README.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from genboost.analysis import aggregation, stats
from genboost.files import ROOT
from genboost.study import axes, grid
from genboost.study.cells import text

PATH = ROOT / "workflow/reference/deck.csv"
SEEDS = 3  # models behind each of the deck's figures


def load(path: str | Path = PATH) -> pd.DataFrame:
    """Read the deck's figures: one line per cell, with columns `axes.ALWAYS` and ``deck``, its MSE.

    ``sam_rho`` is text; ``none`` stands for the file's 0, the deck's models without SAM.
    """
    figures = pd.read_csv(path).rename(columns={"test_mse": "deck"})
    rho = [text(value or None) for value in figures["sam_rho"].astype(float)]
    return figures.assign(sam_rho=rho)[[*axes.ALWAYS, "deck"]]


def is_repeated_by(study: grid.Study) -> bool:
    """Say whether a study has cells with the deck's data set and protocol, the defaults."""
    return any(map(axes.repeats_standard, study.cells))


def compare(
    studies: Sequence[grid.Study], models: pd.DataFrame, figures: pd.DataFrame
) -> pd.DataFrame:
    """Compare the deck's figures with studies that repeat it.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    figures
        What `load` returns.

    Returns
    -------
    DataFrame
        One line per study and cell that the deck has too, with its data and protocol, and without
        a diverged model: ``data``, ``study``, the cell, ``deck``; ``test_mse``, ``sd`` and ``n`` of
        ours; ``difference`` (ours minus the deck's), ``ratio`` (ours divided by the deck's),
        ``log_ratio``; ``low`` and ``high``, the 95 % prediction interval of a mean of three
        (NaN with fewer than `stats.ENOUGH` seeds), and whether the deck's figure is ``inside`` it.
    """
    settings = [axes.SETTINGS[name] for name in axes.ALWAYS]
    theirs = {tuple(row): error for *row, error in figures.itertuples(index=False)}
    data = dict(zip(models["study"], models["data"], strict=True))
    rows = []
    for (study, cell), errors_of in aggregation.values_by_cell(studies, models).items():
        key = tuple(aggregation.columns(cell, settings).values())
        # The deck's split was one and the same.
        by_seed = [error for which, error in errors_of.items() if which.split == cell.split_seed]
        errors = np.array(by_seed, float)
        if axes.repeats_standard(cell) and key in theirs and np.isfinite(errors).all():
            found = stats.estimate(errors)
            interval = stats.interval(errors, future=SEEDS)
            if found.n < stats.ENOUGH:
                interval = (math.nan, math.nan)
            ours = (found.mean, found.sd, found.n, *interval)
            rows.append((data[study], study, *key, theirs[key], *ours))
    keys = ["data", "study", *axes.ALWAYS]
    both = pd.DataFrame(rows, columns=[*keys, "deck", "test_mse", "sd", "n", "low", "high"])
    both["difference"] = both["test_mse"] - both["deck"]
    both["ratio"] = both["test_mse"] / both["deck"]
    both["log_ratio"] = np.log(both["ratio"].astype(float))
    both["inside"] = (both["low"] <= both["deck"]) & (both["deck"] <= both["high"])
    order = ["deck", "test_mse", "sd", "n", "difference", "ratio", "log_ratio", "low", "high"]
    return both[[*keys, *order, "inside"]]


@dataclass(frozen=True)
class Agreement:
    """How well some cells agree with the deck's; NaN where it cannot be computed.

    Attributes
    ----------
    cells : int
    log_error : float
        Root mean square of log(ours / deck's).
    noise_floor : float
        What it would be if the deck's figures were means of three more of our seeds.
    geometric_mean_ratio : float
        Of ours divided by the deck's.
    inside : float
        Share of the deck's figures in our prediction intervals; 0.95 if our seeds explained them.
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
    """Sum up what `compare` found; a cell in several studies counts once, as in the first."""
    compared = compared.drop_duplicates(axes.ALWAYS)
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
