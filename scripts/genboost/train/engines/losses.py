"""What a network's outputs are trained by, and what number they predict.

A loss is three functions of tensors. To add one, add a class to `LOSSES` and its name to
`training.loss` in the configuration schema. What `optim.py` says of numbers in Python holds here,
too.
"""

from typing import Protocol

import torch
from torch import Tensor


class Loss(Protocol):
    """What a loss looks like. Outputs are tensors [K, rows, outputs], labels y [K, rows]."""

    @staticmethod
    def of_rows(outputs: Tensor, y: Tensor) -> Tensor:
        """Return each row's loss, float64 [K, rows]."""
        ...

    @staticmethod
    def slopes(outputs: Tensor, y: Tensor) -> Tensor:
        """Return the derivatives of each row's loss by its outputs, [K, rows, outputs]."""
        ...

    @staticmethod
    def predictions(outputs: Tensor) -> Tensor:
        """Return the number that each row's outputs predict, [K, rows]."""
        ...


class SquaredError:
    """(f - y)^2, of one output f."""

    @staticmethod
    def of_rows(outputs: Tensor, y: Tensor) -> Tensor:
        """Return (f - y)^2."""
        return (outputs.squeeze(2) - y).double().square()

    @staticmethod
    def slopes(outputs: Tensor, y: Tensor) -> Tensor:
        """Return 2 (f - y)."""
        return 2 * (outputs - y.unsqueeze(2))

    @staticmethod
    def predictions(outputs: Tensor) -> Tensor:
        """Return f."""
        return outputs.squeeze(2)


class CrossEntropy:
    """-ln p_y with p = softmax(z), of an output z_k for each class k, as torch.nn.CrossEntropyLoss.

    It predicts the expected class, the sum of k p_k.
    """

    @staticmethod
    def of_rows(outputs: Tensor, y: Tensor) -> Tensor:
        """Return -ln p_y."""
        logs = outputs.log_softmax(dim=2)
        return -logs.gather(2, y.long().unsqueeze(2)).squeeze(2).double()

    @staticmethod
    def slopes(outputs: Tensor, y: Tensor) -> Tensor:
        """Return p_k, minus 1 for the class y."""
        return outputs.softmax(dim=2) - (y.unsqueeze(2) == _classes(outputs)).to(outputs.dtype)

    @staticmethod
    def predictions(outputs: Tensor) -> Tensor:
        """Return the expected class."""
        return (outputs.softmax(dim=2) * _classes(outputs)).sum(dim=2)


def _classes(outputs: Tensor) -> Tensor:
    """Return 0, 1, ..., as the labels have the classes."""
    return torch.arange(outputs.shape[2], dtype=outputs.dtype, device=outputs.device)


LOSSES: dict[str, type[Loss]] = {"mse": SquaredError, "cross_entropy": CrossEntropy}
