"""What figures are drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from genboost.measures.network import Network
from genboost.report.results import Results
from genboost.study.grid import Model


class Curves(NamedTuple):
    """A trained model's curves, the epochs that they are of, and what all its training cost."""

    train_loss: Sequence[float]
    test_mse: Sequence[float]
    learning_rate: Sequence[float]
    epoch: Sequence[int]
    gradient_evaluations: int
    validation_mse: Sequence[float] = ()


class Minimum(NamedTuple):
    """A trained model's weights [P], and its network on the training and on the test rows."""

    weights: np.ndarray
    train: Network
    test: Network


@dataclass(frozen=True)
class Material:
    """What figures are drawn from.

    Attributes
    ----------
    config : dict
        The resolved configuration.
    statistics : dict
        What results/NAME/statistics/statistics.json holds.
    read : callable
        Returns a model's curves; asked only for models of which a figure shows them.
    read_minimum : callable
        Returns a model's minimum; None if it diverged.
    audit : dict, optional
        What results/NAME/audit/audit.json holds, if the configuration has an audit.
    """

    config: dict[str, Any]
    results: Results
    statistics: dict[str, Any]
    read: Callable[[Model], Curves]
    read_minimum: Callable[[Model], Minimum | None]
    audit: dict[str, Any] | None = None
