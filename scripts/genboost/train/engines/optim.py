"""Update rules, as their papers write them, for K models at once.

A rule is two functions of tensors: `start` makes the state that it keeps from step to step, `step`
returns what the parameters move by, and the new state. To add an optimizer, add a class to
`OPTIMIZERS` and its name to `grid.optimizer` in the configuration schema.

On a GPU a step runs in Python once, and its tensor operations are then repeated without Python. So
what differs from step to step has to be a tensor, in the state or among the arguments: a number
that Python keeps would stay as it was. A rule that makes a tensor of a number with `torch.tensor`,
or looks into one with ``if``, ``float()`` or Python's ``max`` (`torch.where` and `torch.maximum`
serve instead), ends training on a GPU with an error that names it.
"""

from typing import Protocol

import torch

from genboost.train.problem import ADAM_BETAS, ADAM_EPSILON, SAM_EPSILON

State = tuple[torch.Tensor, ...]


class Optimizer(Protocol):
    """What an update rule looks like."""

    @staticmethod
    def start(weights: torch.Tensor) -> State:
        """Return the state before the first step, given the parameters [K, P]."""
        ...

    @staticmethod
    def step(
        state: State, gradient: torch.Tensor, learning_rate: torch.Tensor, t: torch.Tensor
    ) -> tuple[torch.Tensor, State]:
        """Return the change of the parameters, and the new state.

        Parameters
        ----------
        state
            It may be changed in place; the new one has the same shapes and dtypes.
        gradient : tensor [K, P]
        learning_rate : tensor [K, 1]
        t : float64 tensor []
            The number of the step: 1, 2, ...
        """
        ...


class SGD:
    """Plain stochastic gradient descent."""

    @staticmethod
    def start(weights: torch.Tensor) -> State:
        """Return nothing."""
        return ()

    @staticmethod
    def step(
        state: State, gradient: torch.Tensor, learning_rate: torch.Tensor, t: torch.Tensor
    ) -> tuple[torch.Tensor, State]:
        """Return -learning_rate * gradient."""
        return -learning_rate * gradient, ()


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1), with the operations in torch.optim.Adam's order."""

    @staticmethod
    def start(weights: torch.Tensor) -> State:
        """Return m and v."""
        return torch.zeros_like(weights), torch.zeros_like(weights)

    @staticmethod
    def step(
        state: State, gradient: torch.Tensor, learning_rate: torch.Tensor, t: torch.Tensor
    ) -> tuple[torch.Tensor, State]:
        """Return -learning_rate * m_hat / (sqrt(v_hat) + epsilon)."""
        beta1, beta2 = ADAM_BETAS
        m, v = state
        m.lerp_(gradient, 1 - beta1)
        v.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        root_v_hat = v.sqrt() / (1 - beta2**t) ** 0.5
        step_size = learning_rate / (1 - beta1**t)
        return -step_size * (m / (root_v_hat + ADAM_EPSILON)), state


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
