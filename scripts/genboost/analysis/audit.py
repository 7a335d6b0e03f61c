"""The readings of the deck's protocol, ranked by how well they explain its figures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from genboost.analysis import deck, stats
from genboost.study.readings import Reading

WORST = 10.0  # times the deck's figure: what a model that went astray counts as
RESAMPLES = 2_000


def read_trial(path: str | Path, splits: int, seeds: int) -> dict[str, np.ndarray]:
    """Return the errors of a trial's models by ``last`` and ``best``, [splits, cells, seeds]."""
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
        What it would be if the reading were right and the deck's split and three seeds like ours.
    unexplained : float
        What the floor leaves, sqrt(max(0, log_error² - noise_floor²)).
    geometric_mean_ratio, rank_correlation, inside : float
        As in `deck.Agreement`; the interval is that of one more split.
    diverged : float
        Share of the models that diverged.
    gap, gap_low, gap_high : float
        Log error on single splits minus that of the best reading, with its 95 % t interval over
        the splits.
    first : float
        Share of resamples (of splits, seeds and cells) in which it has the lowest log error.
    p : float
        The p value of no reading being better, from the same resamples; see `confidence_set`.
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
    p: float


def score(
    all_readings: Sequence[Reading], errors: Sequence[np.ndarray], deck_errors: np.ndarray
) -> list[Score]:
    """Score readings against the deck's figures, and rank them.

    Parameters
    ----------
    errors
        For each reading, the errors of its models [splits, cells, seeds]; NaN if one diverged. No
        two splits share a seed.
    deck_errors : [cells]

    Returns
    -------
    list of Score
        The lowest log error first.
    """
    diverged = [float(np.isnan(values).mean()) for values in errors]
    limit = WORST * deck_errors[:, None]
    tamed = np.stack([np.minimum(np.where(np.isnan(v), np.inf, v), limit) for v in errors])
    logs = np.log(tamed.mean(axis=3))  # [readings, splits, cells]
    target = np.log(deck_errors)
    gaps = logs - target
    alone = np.sqrt((gaps**2).mean(axis=2))  # [readings, splits]
    together = np.sqrt((gaps.mean(axis=1) ** 2).mean(axis=1))
    floors = noise_floor(tamed)
    drawn = resampled(tamed, target)
    first = np.bincount(drawn.argmin(axis=1), minlength=len(tamed)) / len(drawn)
    p = confidence_set(together, drawn)
    scores = []
    for row in np.argsort(together, kind="stable"):
        behind = stats.estimate(alone[row] - alone[together.argmin()])
        low, high = stats.interval(logs[row], axis=0, future=1)
        scores.append(
            Score(
                reading=all_readings[row],
                log_error=float(together[row]),
                noise_floor=float(floors[row]),
                unexplained=math.sqrt(max(0.0, float(together[row] ** 2 - floors[row] ** 2))),
                geometric_mean_ratio=float(np.exp(gaps[row].mean())),
                rank_correlation=stats.rank_correlation(logs[row].mean(axis=0), target),
                inside=float(((low <= target) & (target <= high)).mean()),
                diverged=diverged[row],
                gap=behind.mean,
                gap_low=behind.low,
                gap_high=behind.high,
                first=float(first[row]),
                p=float(p[row]),
            )
        )
    return scores


def noise_floor(errors: np.ndarray) -> np.ndarray:
    """Return the log error that a reading would have if it had made the deck.

    The log of the deck's figure, a mean of three seeds on one split, has variance v. Ours is a mean
    over J splits of the log of a split's mean over all its seeds, which has variance w. So the two
    differ with variance v + w / J.

    Parameters
    ----------
    errors : [..., splits, cells, seeds]

    Returns
    -------
    array [...]
    """
    deck_like = np.log(errors[..., : deck.SEEDS].mean(axis=-1)).var(axis=-2, ddof=1)
    ours = np.log(errors.mean(axis=-1)).var(axis=-2, ddof=1)
    return np.sqrt((deck_like + ours / errors.shape[-3]).mean(axis=-1))


def resampled(errors: np.ndarray, target: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """Return the log errors of readings when splits, their seeds and the deck's cells are redrawn.

    All readings share the draws. As each split has its own seeds, seeds are drawn within every
    split drawn (a two-stage bootstrap: Davison & Hinkley 1997, section 3.8).

    Parameters
    ----------
    errors : [readings, splits, cells, seeds]
    target : [cells]
        Logs of the deck's figures.

    Returns
    -------
    array [resamples, readings]
    """
    count, splits, cells, seeds = errors.shape
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([0])))
    found = np.empty((resamples, count))
    for resample in found:
        total = np.zeros((count, cells))
        for split in random.integers(0, splits, splits):
            chosen = np.bincount(random.integers(0, seeds, seeds), minlength=seeds)
            total += np.log(errors[:, split] @ (chosen / seeds))
        weights = np.bincount(random.integers(0, cells, cells), minlength=cells)
        resample[:] = np.sqrt((total / splits - target) ** 2 @ weights / cells)
    return found


def confidence_set(scores: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return a p value for each candidate: that none has a lower expected score.

    The candidates with p > 0.05 contain the best in 95 % of cases, however many there are, and
    cannot be told apart: the model confidence set of Hansen, Lunde & Nason (2011), statistic T_max.
    Its worst member is dropped, after its distance from the mean is tested against the largest
    distance by chance, until one is left; a p value is the largest so far.

    Parameters
    ----------
    scores : [candidates]
    drawn : [resamples, candidates]
        The scores of resamples.
    """
    noise = drawn - drawn.mean(axis=0)
    alive, p, largest = list(range(len(scores))), np.ones(len(scores)), 0.0
    while len(alive) > 1:
        chance = noise[:, alive] - noise[:, alive].mean(axis=1, keepdims=True)
        spread = np.sqrt((chance**2).mean(axis=0))
        if not spread.any():  # the same candidate, several times
            break
        spread[spread == 0] = np.inf
        distance = (scores[alive] - scores[alive].mean()) / spread
        worst = distance.argmax()
        largest = max(largest, float(((chance / spread).max(axis=1) >= distance[worst]).mean()))
        p[alive.pop(worst)] = largest
    return p
