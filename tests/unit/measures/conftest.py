"""Models to measure: of any architecture, fresh or fitted to some data."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from genboost.data.arrays import Data
from genboost.measures.network import Network
from genboost.measures.trained import Trained
from genboost.train import training
from genboost.train.engines import torch_engine
from genboost.train.problem import Architecture


class Models:
    """Makes trained models to measure, and says what PyTorch makes of them."""

    def of_classes(self, classes: int = 4, **options) -> Trained:
        """Return a network with an output for each class, and labels 0, 1, ..."""
        made = self.of(**options)
        shape = replace(made.architecture, outputs=classes)
        labels = (np.clip(y.round(), 0, classes - 1) for y in (made.data.train_y, made.data.test_y))
        data = replace(made.data, **dict(zip(("train_y", "test_y"), labels, strict=True)))
        start = training.initial_weights(shape, 0)
        return replace(
            made,
            architecture=shape,
            data=data,
            weights=np.random.default_rng(1).normal(size=len(start)) * shape.is_weight,
            initial_weights=start,
            classes=classes,
        )

    def of(
        self,
        activation: str = "relu",
        *,
        features: int = 4,
        hidden_layers: int = 2,
        width: int = 5,
        rows: int = 60,
        steps: int = 0,
        seed: int = 0,
    ) -> Trained:
        """Return a model after `steps` steps of Adam on all rows."""
        random = np.random.default_rng(seed)
        x = random.normal(size=(rows + 20, features)).astype(np.float32)
        hidden = np.tanh(x @ random.normal(size=(features, 3)))
        y = (3 + hidden.sum(axis=1) + 0.3 * random.normal(size=len(x))).astype(np.float32)
        architecture = Architecture(features, hidden_layers, width, activation)
        start = training.initial_weights(architecture, seed)
        network = Network(architecture, x[20:], y[20:])
        return Trained(
            architecture=architecture,
            data=Data(x[20:], y[20:], x[:20], y[:20]),
            weights=fit(network, start, steps),
            initial_weights=start,
            epochs=np.array([1, 2, 3]),
            train_loss=np.array([3.0, 2.0, 1.0]),
            test_mse=np.array([3.0, 1.5, 2.0]),
            learning_rate=0.01,
            seed=seed,
        )

    @cache  # noqa: B019 - one instance
    def fitted(self) -> Trained:
        """Return a model of the default size that has learned something."""
        return self.of(features=16, hidden_layers=4, width=18, rows=1000, steps=400)

    @staticmethod
    def whole(trained: Trained, matrix: np.ndarray) -> np.ndarray:
        """Return a matrix of the parameters that are alive as one of all, [P, P]."""
        result = np.zeros(2 * trained.weights.shape)
        result[np.ix_(trained.alive, trained.alive)] = matrix
        return result

    @staticmethod
    def loss(trained: Trained, weights: torch.Tensor) -> torch.Tensor:
        """Return PyTorch's loss on the training rows at weights [P], by the reference engine."""
        x, y = (torch.as_tensor(a, dtype=torch.float64) for a in _rows(trained))
        return (
            (torch_engine.forward(weights[None], x[None], trained.architecture)[0, :, 0] - y)
            .square()
            .mean()
        )

    @staticmethod
    def module(trained: Trained) -> tuple[nn.Module, list[tuple[torch.Tensor, torch.Tensor]]]:
        """Return the model as a module of plain layers, and its training rows as one batch."""
        layers: list[nn.Module] = []
        for inputs, outputs in trained.architecture.layers:
            layers += [nn.Linear(inputs, outputs, dtype=torch.float64), nn.ReLU()]
        module = nn.Sequential(*layers[:-1])
        nn.utils.vector_to_parameters(torch.tensor(trained.weights), module.parameters())
        x, y = (torch.as_tensor(a, dtype=torch.float64) for a in _rows(trained))
        return module, [(x, y[:, None])]


def fit(network: Network, weights: np.ndarray, steps: int) -> np.ndarray:
    """Return the weights after steps of Adam."""
    mean = square = np.zeros_like(weights)
    for step in range(1, steps + 1):
        gradient = network.gradients(weights[None])[1][0]
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        size = np.sqrt(square / (1 - 0.99**step)) + 1e-8
        weights = weights - 0.003 * mean / (1 - 0.9**step) / size
    return weights


def _rows(trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    return trained.data.train_x, trained.data.train_y


@pytest.fixture(scope="session")
def models() -> Models:
    return Models()
