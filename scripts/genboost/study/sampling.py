"""Random search: values of a grid that are drawn from distributions, trial by trial.

An axis lists values, distributions such as ``{log_uniform: [1e-5, 1e-1]}``, or both. As in
scikit-learn's ParameterSampler, each trial draws one of an axis's entries, all being equally
likely, and, if that is a distribution, a value of it.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from genboost.study.layers import Key

LOG, UNIFORM = "log_uniform", "uniform"
DIGITS = 3  # significant ones of what is drawn, so that paths and tables read well
TRIALS, SEED = "trials", "sampling_seed"


def is_distribution(value: Any) -> bool:
    """Say whether an entry of an axis is a distribution, not a value."""
    return isinstance(value, Mapping)


def sampled(grid: Mapping[str, Any]) -> list[str]:
    """Return the axes of a grid that have a distribution."""
    return [
        axis
        for axis, entries in grid.items()
        if isinstance(entries, list) and any(map(is_distribution, entries))
    ]


def without_defaults(grid: Mapping[str, Any]) -> dict[str, Any]:
    """Return a grid without the keys of random search, unless it is one."""
    drop = () if sampled(grid) else (TRIALS, SEED)
    return {key: value for key, value in grid.items() if key not in drop}


def draw(entries: Sequence[Any], trials: int, seed: int, axis: str, whole: bool) -> list[Any]:
    """Draw the values of an axis.

    Every axis has random numbers of its own, two for each trial. So more trials, or other axes,
    leave all that was drawn before as it was.

    Parameters
    ----------
    entries
        Values and distributions.
    seed, axis
        What the random numbers follow from.
    whole
        Whether values are integers. Of these, ``log_uniform`` draws k with a probability
        proportional to log((k + 1) / k).
    """
    sequence = np.random.SeedSequence([seed, zlib.crc32(axis.encode())])
    random = np.random.Generator(np.random.PCG64(sequence)).random((trials, 2))
    return [
        _value(entries[int(which * len(entries))], where, whole) for which, where in random.tolist()
    ]


def highest(entries: Sequence[Any]) -> Any:
    """Return the highest of some values, or what a distribution among them may draw."""
    return max(_bounds(entry)[1] if is_distribution(entry) else entry for entry in entries)


def mistakes(key: Key, entries: Sequence[Any]) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with the distributions among the entries of an axis."""
    for number, entry in enumerate(entries):
        if not is_distribution(entry):
            continue
        (kind,) = entry
        place, bounds = (*key, number, kind), entry[kind]
        if len(bounds) != 2:
            yield place, f"takes two numbers, [lowest, highest], not {len(bounds)}"
        elif bounds[0] >= bounds[1]:
            yield place, f"{bounds[0]} is not below {bounds[1]}; it takes [lowest, highest]"
        elif kind == LOG and bounds[0] <= 0:
            yield place, f"{bounds[0]} has no logarithm; the lowest must be more than 0"


def _bounds(distribution: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
    (bounds,) = distribution.values()
    return bounds


def _value(entry: Any, where: float, whole: bool) -> Any:
    """Return an entry, or the quantile of it that lies where a number in [0, 1) says."""
    if not is_distribution(entry):
        return entry
    low, high = _bounds(entry)
    end = high + 1 if whole else high
    value = low * (end / low) ** where if LOG in entry else low + (end - low) * where
    value = int(value) if whole else float(f"{value:.{DIGITS - 1}e}")
    return min(max(value, low), high)
