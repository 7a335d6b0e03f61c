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

    A try trains a cell drawn at random. With the N cells sorted by what chooses, cell i is the best
    of n tries with the probability

        ((N - i + 1)^n - (N - i)^n) / N^n               drawn with replacement,
        C(N - i, n - 1) / C(N, n)                       without.

    The first is Dodge et al.'s (2019), for the smallest error. Without replacement, it is a random
    walk through a grid; for tries that are a sample themselves, it is an unbiased estimate (Tang et
    al. 2020), and the first is not.

    Parameters
    ----------
    errors : [cells, ...]
        What is reported, such as test errors; other axes, such as seeds, are computed apart.
    tries
        The n to return it for.
    chosen_by
        What the best is chosen by, such as validation errors; by default, `errors`. On a tie, the
        first counts as better.

    Returns
    -------
    array [n, ...]
        To plot against tries, or against gradients: n tries take n times the mean of a try.

    Raises
    ------
    ValueError
        If an error is missing or infinite; give models that diverged the error they are worth.
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
