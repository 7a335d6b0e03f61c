"""A trained model, as measures see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from genboost.data.arrays import Data
from genboost.measures import curvature
from genboost.measures.network import Linearization, Network
from genboost.train.problem import Architecture


@dataclass(frozen=True)
class Trained:
    """A trained model, with what several measures need, computed once.

    Attributes
    ----------
    weights, initial_weights : float64 array [P]
        Laid out as in `genboost.train.problem.Problem`.
    epochs : int array
        Those that the curves are of, the last among them, counted from 1.
    train_loss, test_mse, validation_mse : float64 array [epochs]
        The curves; of a snapshot there are none, and the last needs validation rows.
    learning_rate : float
        The cell's.
    reached : bool or None
        Whether it reached the training error to stop at; None if there is no such.
    classes : int
        How many the label has; 0 if it is a number.
    test_groups : mapping of a name to an array [test rows]
        What groups the test rows: their ``origin``, if known.
    """

    architecture: Architecture
    data: Data
    weights: np.ndarray
    initial_weights: np.ndarray
    epochs: np.ndarray
    train_loss: np.ndarray
    test_mse: np.ndarray
    learning_rate: float
    seed: int
    validation_mse: np.ndarray = field(default_factory=lambda: np.array([]))
    reached: bool | None = None
    classes: int = 0
    test_groups: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def train(self) -> Network:
        """The network on the training rows."""
        return Network(self.architecture, self.data.train_x, self.data.train_y)

    @cached_property
    def at(self) -> Linearization:
        """The network on the training rows at the final weights."""
        return self.train.linearize(self.weights)

    @cached_property
    def loss(self) -> float:
        """The mean squared error of the predictions on the training rows."""
        return self.at.residuals @ self.at.residuals / len(self.at.residuals)

    @cached_property
    def gradient(self) -> np.ndarray:
        """The gradient [P] of the loss."""
        return self.train.gradients(self.weights[None])[1][0]

    @cached_property
    def test(self) -> Network:
        """The network on the test rows."""
        return Network(self.architecture, self.data.test_x, self.data.test_y)

    @cached_property
    def test_residuals(self) -> np.ndarray:
        """F - y on the test rows."""
        return self.test.predictions(self.weights) - self.test.y

    @cached_property
    def _pruned(self) -> tuple[Linearization, np.ndarray]:
        return self.at.pruned()

    @property
    def alive(self) -> np.ndarray:
        """The indices [A] of the parameters whose small changes affect the predictions."""
        return self._pruned[1]

    @cached_property
    def jacobian(self) -> np.ndarray:
        """The gradients of the predictions by `alive` on the training rows, [A, rows]."""
        return self._pruned[0].jacobian()

    @cached_property
    def gauss_newton(self) -> np.ndarray:
        """G [A, A] of `alive`; see `curvature`. For all others it is zero."""
        return curvature.gauss_newton(self.jacobian)

    @cached_property
    def hessian(self) -> np.ndarray:
        """The Hessian of the loss, [A, A] of `alive`. For all others it is zero."""
        return curvature.hessian(self._pruned[0], self.gauss_newton)
