"""What a budget of tries buys: the expected best of n hyperparameter settings."""

from collections.abc import Sequence

import numpy as np


def expected_best(
    errors: np.ndarray,
    tries: Sequence[int] | None = None,
    chosen_by: np.ndarray | None = None,
    replacement: bool = False,
) -> np.ndarray:
    """Return the expected error of the best of n tries, for n = 1 to all, or some of these.

    A try trains a cell drawn at random. With the cells sorted by what chooses, cell i of N is the
    best of n tries with a probability of

        ((N - i + 1)^n - (N - i)^n) / N^n               drawn with replacement,
        C(N - i, n - 1) / C(N, n)                       without,

    the first being Dodge et al.'s (2019), for the smallest. Without replacement it is
    a random walk through a grid, and of tries that are a sample themselves an estimate without
    bias (Tang et al. 2020), which the other is not.

    Parameters
    ----------
    errors : [cells, ...]
        What is reported, such as test errors; other axes, such as seeds, are computed apart.
    tries
        The n to return it for.
    chosen_by
        What the best is chosen by, such as validation errors; by `errors` themselves, unless
        given. Of equal ones, the first counts as the better.

    Returns
    -------
    array [n, ...]
        Against gradient evaluations instead of tries: n tries take n times the mean of a try.

    Raises
    ------
    ValueError
        If an error is missing or infinite: give models that diverged the error that they are worth.
    """
    chosen_by = errors if chosen_by is None else chosen_by
    if not (np.isfinite(errors).all() and np.isfinite(chosen_by).all()):
        raise ValueError("an error is missing or infinite")
    order = np.argsort(chosen_by, axis=0, kind="stable")
    ranked = np.take_along_axis(errors, order, axis=0)
    n = np.arange(1, len(errors) + 1) if tries is None else np.asarray(tries)
    weights = (_with_replacement if replacement else _without_replacement)(n, len(errors))
    return np.tensordot(weights, ranked, axes=(1, 0))


def _with_replacement(n: np.ndarray, count: int) -> np.ndarray:
    """Return the probability [n, i] that the try of rank i is the best of n."""
    left = 1 - np.arange(count + 1) / count  # share of the tries that are not among the i best
    return left[:-1] ** n[:, None] - left[1:] ** n[:, None]


def _without_replacement(n: np.ndarray, count: int) -> np.ndarray:
    """Return the same for tries that are all different."""
    # C(N - i - 1, n - 1) / C(N, n) with i from 0, each from the one before.
    i = np.arange(count - 1)
    steps = np.maximum(count - i - n[:, None], 0) / (count - i - 1)
    return np.cumprod(np.concatenate([n[:, None] / count, steps], axis=1), axis=1)
