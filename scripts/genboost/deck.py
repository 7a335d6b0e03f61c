"""The test errors of the slides that this study repeats (see workflow/reference/README.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genboost import grid

if TYPE_CHECKING:
    import pandas as pd

PATH = Path(__file__).parents[2] / "workflow/reference/deck.csv"
CELL = ["optimizer", "learning_rate", "weight_decay", "sam_rho", "epochs"]


def load(path: str | Path = PATH) -> pd.DataFrame:
    """Read the deck's figures: one row per cell, the columns `CELL` and ``deck``, its test MSE.

    ``sam_rho`` is text, ``none`` where the file has 0: the deck's models without SAM.
    """
    import pandas as pd

    figures = pd.read_csv(path)
    rho = [grid.text(value or None) for value in figures["sam_rho"].astype(float)]
    return figures.assign(sam_rho=rho).rename(columns={"test_mse": "deck"})


def compare(summary: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Put the deck's figures beside a study's.

    Parameters
    ----------
    summary
        One row per study and cell, as `aggregation.summarize` makes it.
    figures
        What `load` returns.

    Returns
    -------
    DataFrame
        The cells of `summary` that the deck has and of which no run diverged, in order: the
        columns ``study``, `CELL`, ``deck``, ``test_mse``, ``difference`` (ours less the deck's)
        and ``ratio`` (ours by the deck's).
    """
    both = summary[summary["diverged"] == 0].merge(figures, how="inner", on=CELL)
    both = both[["study", *CELL, "deck", "test_mse"]]
    return both.assign(
        difference=both["test_mse"] - both["deck"], ratio=both["test_mse"] / both["deck"]
    )


def agreement(compared: pd.DataFrame) -> dict[str, float]:
    """Say how well our test errors agree with the deck's.

    Returns
    -------
    dict
        ``cells``, the number compared; ``mean_ratio`` and ``geometric_mean_ratio``, of ours by the
        deck's; ``rank_correlation``, Spearman's (Pearson's of the ranks, ties sharing their mean
        rank). NaN where there is nothing to compute it from.
    """
    import numpy as np

    ours, theirs = compared["test_mse"].rank(), compared["deck"].rank()
    varied = ours.nunique() > 1 and theirs.nunique() > 1
    return {
        "cells": len(compared),
        "mean_ratio": compared["ratio"].mean(),
        "geometric_mean_ratio": float(np.exp(np.log(compared["ratio"]).mean())),
        "rank_correlation": ours.corr(theirs) if varied else float("nan"),
    }
