"""The readings of the deck's protocol, ranked by how well they explain its figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genboost.analysis import deck, stats
from genboost.study.readings import Reading

WORST = 10.0  # times the deck's figure: what a model that went astray counts as
RESAMPLES = 2_000


def read_trial(path: str | Path, splits: int, seeds: int) -> dict[str, np.ndarray]:
    """Return the errors of a trial's models, by ``last`` and ``best``: [splits, cells, seeds]."""
    import pandas as pd

    frame = pd.read_csv(path)
    return {
        name: frame[name].to_numpy(float).reshape(splits, -1, seeds) for name in ("last", "best")
    }


@dataclass(frozen=True)
class Score:
    """How well a reading explains the deck's figures.

    Attributes
    ----------
    log_error : float
        Root mean square over the cells of log(ours / deck's), ours as the mean over the splits of
        the log of the mean over the seeds.
    noise_floor : float
        The same for one of our splits, three seeds of it, against the other splits: what would be
        left, were the reading right and the deck's split one like ours.
    unexplained : float
        What is left beyond the floor, sqrt(max(0, log_error² - noise_floor²)).
    geometric_mean_ratio, rank_correlation, inside : float
        As in `deck.Agreement`; the interval is that of one more split.
    diverged : float
        Share of the models that diverged.
    gap, gap_low, gap_high : float
        Log error on single splits less that of the best reading, with its 95 % t interval over
        the splits.
    first : float
        Share of resamples, of splits and of cells, in which it has the lowest log error of all.
    """

    reading: Reading
    log_error: float
    noise_floor: float
    unexplained: float
    geometric_mean_ratio: float
    rank_correlation: float
    inside: float
    diverged: float
    gap: float
    gap_low: float
    gap_high: float
    first: float


def score(
    all_readings: Sequence[Reading], errors: Sequence[np.ndarray], deck_errors: np.ndarray
) -> list[Score]:
    """Score readings against the deck's figures, and rank them.

    Parameters
    ----------
    errors
        For each reading, the errors of its models [splits, cells, seeds]; NaN if one diverged.
    deck_errors : [cells]

    Returns
    -------
    list of Score
        The lowest log error first.
    """
    diverged = [float(np.isnan(values).mean()) for values in errors]
    limit = WORST * deck_errors[:, None]
    tamed = [np.minimum(np.where(np.isnan(v), np.inf, v), limit) for v in errors]
    logs = np.stack([np.log(values.mean(axis=2)) for values in tamed])  # [readings, splits, cells]
    target = np.log(deck_errors)
    gaps = logs - target
    alone = np.sqrt((gaps**2).mean(axis=2))  # [readings, splits]
    together = np.sqrt((gaps.mean(axis=1) ** 2).mean(axis=1))
    best = together.argmin()
    first = _first(gaps)
    splits = logs.shape[1]
    scores = []
    for row in np.argsort(together, kind="stable"):
        few = np.log(tamed[row][:, :, : deck.SEEDS].mean(axis=2))
        others = (logs[row].sum(axis=0) - logs[row]) / (splits - 1)
        floor = float(np.sqrt(((few - others) ** 2).mean()))
        behind = stats.estimate(alone[row] - alone[best])
        low, high = stats.interval(logs[row], axis=0, future=1)
        scores.append(
            Score(
                reading=all_readings[row],
                log_error=float(together[row]),
                noise_floor=floor,
                unexplained=math.sqrt(max(0.0, float(together[row]) ** 2 - floor**2)),
                geometric_mean_ratio=float(np.exp(gaps[row].mean())),
                rank_correlation=stats.rank_correlation(logs[row].mean(axis=0), target),
                inside=float(((low <= target) & (target <= high)).mean()),
                diverged=diverged[row],
                gap=behind.mean,
                gap_low=behind.low,
                gap_high=behind.high,
                first=float(first[row]),
            )
        )
    return scores


def _first(gaps: np.ndarray) -> np.ndarray:
    """Return how often each reading comes first when splits and cells are drawn anew."""
    readings_, splits, cells = gaps.shape
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([0])))
    wins = np.zeros(readings_)
    for _ in range(RESAMPLES):
        weights = np.bincount(random.integers(0, splits, splits), minlength=splits) / splits
        squares = np.tensordot(gaps, weights, axes=(1, 0)) ** 2
        wins[
            (squares @ np.bincount(random.integers(0, cells, cells), minlength=cells)).argmin()
        ] += 1
    return wins / RESAMPLES
