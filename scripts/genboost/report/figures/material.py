"""What figures are drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from genboost.measures.network import Network
from genboost.report.results import Results
from genboost.study.grid import Model


class Curves(NamedTuple):
    """A trained model's curves, and the epochs that they are of."""

    train_loss: Sequence[float]
    test_mse: Sequence[float]
    learning_rate: Sequence[float]
    epoch: Sequence[int]


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
    audit : dict, optional
        What results/NAME/audit/audit.json holds, if the configuration has an audit.
    minimum : callable
        Returns a model's weights and its network on the rows; asked only for corners of planes.
    """

    config: dict[str, Any]
    results: Results
    statistics: dict[str, Any]
    read: Callable[[Model], Curves]
    audit: dict[str, Any] | None = None
    minimum: Callable[[Model], Minimum] | None = None
