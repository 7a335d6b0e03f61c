"""The deck's figures held against ours: cell by cell, and how well a reading explains them all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genboost import deck, stats

if TYPE_CHECKING:
    import pandas as pd

DECK_SEEDS = 3  # models behind each of the deck's figures


def hold_against_deck(models: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Hold the cells of studies against the deck's figures.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it.
    figures
        As `deck.load` returns them.

    Returns
    -------
    DataFrame
        One row per study and cell that the deck has and of which no run diverged: ``study``, the
        cell, ``deck``; ``test_mse``, ``sd`` and ``n`` of ours; ``ratio`` (ours by the deck's),
        ``log_ratio``; ``low`` and ``high``, the 95 % prediction interval of a mean of three, and
        whether the deck's figure is ``inside`` it.
    """
    import pandas as pd

    rows = []
    for key, runs in models.groupby(["study", *deck.CELL], sort=False):
        errors = runs["test_mse"].to_numpy(float)
        if np.isfinite(errors).all():
            found = stats.estimate(errors)
            low, high = stats.prediction_interval(errors, DECK_SEEDS)
            rows.append((*key, found.mean, found.sd, found.n, low, high))
    columns = ["study", *deck.CELL, "test_mse", "sd", "n", "low", "high"]
    both = pd.DataFrame(rows, columns=columns).merge(figures, how="inner", on=deck.CELL)
    both["ratio"] = both["test_mse"] / both["deck"]
    both["log_ratio"] = np.log(both["ratio"])
    both["inside"] = (both["low"] <= both["deck"]) & (both["deck"] <= both["high"])
    order = ["deck", "test_mse", "sd", "n", "ratio", "log_ratio", "low", "high", "inside"]
    return both[["study", *deck.CELL, *order]]


@dataclass(frozen=True)
class Agreement:
    """How well some cells agree with the deck's.

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


def agreement(held: pd.DataFrame) -> Agreement:
    """Sum up what `hold_against_deck` found; NaN where there is nothing to compute it from."""
    if held.empty:
        return Agreement(0, *[math.nan] * 5)
    variance = (held["sd"] / held["test_mse"]) ** 2 * (1 / held["n"] + 1 / DECK_SEEDS)
    return Agreement(
        cells=len(held),
        log_error=_rms(held["log_ratio"]),
        noise_floor=float(np.sqrt(variance.mean())),
        geometric_mean_ratio=float(np.exp(held["log_ratio"].mean())),
        inside=float(held["inside"].mean()) if held["low"].notna().all() else math.nan,
        rank_correlation=stats.rank_correlation(held["test_mse"], held["deck"]),
    )


def _rms(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
