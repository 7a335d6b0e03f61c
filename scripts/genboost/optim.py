"""Update rules, as their papers write them, for K models at once.

A rule is a class with the parameters' shape; `step` returns what the parameters move by. To add an
optimizer, add a class to `OPTIMIZERS` and its name to `grid.optimizer` in the configuration schema.
"""

from typing import Protocol

import torch

from genboost.engine import ADAM_BETAS, ADAM_EPSILON, SAM_EPSILON


class Optimizer(Protocol):
    """What an update rule looks like."""

    def __init__(self, weights: torch.Tensor) -> None: ...

    def step(self, gradient: torch.Tensor, learning_rate: torch.Tensor) -> torch.Tensor:
        """Return the change [K, P] of the parameters, given learning rates [K, 1]."""
        ...


class SGD:
    """Plain stochastic gradient descent."""

    def __init__(self, weights: torch.Tensor) -> None:
        pass

    def step(self, gradient: torch.Tensor, learning_rate: torch.Tensor) -> torch.Tensor:
        """Return -learning_rate * gradient."""
        return -learning_rate * gradient


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1), with the operations in torch.optim.Adam's order."""

    def __init__(self, weights: torch.Tensor) -> None:
        self.t = 0
        self.m = torch.zeros_like(weights)
        self.v = torch.zeros_like(weights)

    def step(self, gradient: torch.Tensor, learning_rate: torch.Tensor) -> torch.Tensor:
        """Return -learning_rate * m_hat / (sqrt(v_hat) + epsilon)."""
        beta1, beta2 = ADAM_BETAS
        self.t += 1
        self.m.lerp_(gradient, 1 - beta1)
        self.v.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        root_v_hat = self.v.sqrt() / (1 - beta2**self.t) ** 0.5
        step_size = learning_rate / (1 - beta1**self.t)
        return -step_size * (self.m / (root_v_hat + ADAM_EPSILON))


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}


def sam_perturbation(gradient: torch.Tensor, rho: torch.Tensor) -> torch.Tensor:
    """Return SAM's epsilon = rho * g / ||g||, one norm over all of a model's parameters.

    Foret, Kleiner, Mobahi & Neyshabur (2021), "Sharpness-Aware Minimization for Efficiently
    Improving Generalization", eq. 2 with p = 2.

    Parameters
    ----------
    gradient : tensor [K, P]
    rho : tensor [K, 1]
    """
    norm = gradient.norm(dim=1, keepdim=True)
    return rho * gradient / (norm + SAM_EPSILON)
