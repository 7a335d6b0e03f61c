"""Update rules, as their papers write them, for K models at once.

A rule is two functions of tensors: `start` makes the state that it keeps from step to step, and
`step` returns the change of the parameters and the new state. To add an optimizer, add a class to
`OPTIMIZERS` and its name to `grid.optimizer` in the configuration schema; if its weight decay is
always beside the step, also to `problem.DECOUPLED`.

On a GPU, Python runs a step once; its tensor operations are then repeated without Python. So
anything that differs between steps has to be a tensor, in the state or among the arguments: a
Python number would never change. A rule that makes a tensor of a number with `torch.tensor`, or
looks into a tensor with ``if``, ``float()`` or Python's ``max`` (use `torch.where` and
`torch.maximum`), ends training on a GPU with an error that names it.
"""

from typing import Protocol

import torch

from genboost.train.problem import (
    ADAM_BETAS,
    ADAM_EPSILON,
    ASAM_ETA,
    LION_BETAS,
    SAM_EPSILON,
    Problem,
)

State = tuple[torch.Tensor, ...]


class Optimizer(Protocol):
    """The interface of an update rule."""

    @staticmethod
    def start(weights: torch.Tensor, problem: Problem) -> State:
        """Return the state before the first step.

        Parameters
        ----------
        weights : tensor [K, P]
        problem
            The K models, for a rule's settings.
        """
        ...

    @staticmethod
    def step(
        state: State, gradient: torch.Tensor, learning_rate: torch.Tensor, t: torch.Tensor
    ) -> tuple[torch.Tensor, State]:
        """Return the change of the parameters, and the new state.

        Parameters
        ----------
        state
            May be changed in place; the new state has the same shapes and dtypes.
        gradient : tensor [K, P]
        learning_rate : tensor [K, 1]
        t : float64 tensor []
            The number of the step: 1, 2, ...
        """
        ...


class SGD:
    """Stochastic gradient descent with or without momentum, like torch.optim.SGD without dampening.

    Nesterov's momentum is that of Sutskever, Martens, Dahl & Hinton (2013), "On the Importance of
    Initialization and Momentum in Deep Learning".
    """

    @staticmethod
    def start(weights: torch.Tensor, problem: Problem) -> State:
        """Return nothing without momentum; else velocity, momentum [K, 1] and nesterov [K, 1]."""
        if not problem.momentum.any():
            return ()
        momentum = torch.as_tensor(problem.momentum, dtype=weights.dtype, device=weights.device)
        nesterov = torch.as_tensor(problem.nesterov, device=weights.device)
        return torch.zeros_like(weights), momentum.unsqueeze(1), nesterov.unsqueeze(1)

    @staticmethod
    def step(
        state: State, gradient: torch.Tensor, learning_rate: torch.Tensor, t: torch.Tensor
    ) -> tuple[torch.Tensor, State]:
        """Return -learning_rate * (the gradient, the velocity, or Nesterov's sum of both)."""
        if not state:
            return -learning_rate * gradient, ()
        velocity, momentum, nesterov = state
        velocity = momentum * velocity + gradient
        direction = torch.where(nesterov, gradient + momentum * velocity, velocity)
        return -learning_rate * direction, (velocity, momentum, nesterov)


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1), with the operations in torch.optim.Adam's order.

    AdamW takes the same step, with weight decay always beside it (see `problem.DECOUPLED`).
    """

    @staticmethod
    def start(weights: torch.Tensor, problem: Problem) -> State:
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


class Lion:
    """Lion: Chen et al. (2023), "Symbolic Discovery of Optimization Algorithms", algorithm 2."""

    @staticmethod
    def start(weights: torch.Tensor, problem: Problem) -> State:
        """Return m."""
        return (torch.zeros_like(weights),)

    @staticmethod
    def step(
        state: State, gradient: torch.Tensor, learning_rate: torch.Tensor, t: torch.Tensor
    ) -> tuple[torch.Tensor, State]:
        """Return -learning_rate * sign(c), where c is between m and the gradient."""
        beta1, beta2 = LION_BETAS
        (m,) = state
        direction = m.lerp(gradient, 1 - beta1).sign()
        m.lerp_(gradient, 1 - beta2)
        return -learning_rate * direction, state


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": Adam,
    "lion": Lion,
}


def sam_perturbation(
    gradient: torch.Tensor, rho: torch.Tensor, size: torch.Tensor | None = None
) -> torch.Tensor:
    """Return SAM's epsilon = rho * T^2 g / ||T g||, one norm over all of a model's parameters.

    Foret, Kleiner, Mobahi & Neyshabur (2021), "Sharpness-Aware Minimization for Efficiently
    Improving Generalization", eq. 2 with p = 2, where T is 1. Kwon, Kim, Park & Choi (2021), "ASAM:
    Adaptive Sharpness-Aware Minimization for Scale-Invariant Learning of Deep Neural Networks",
    algorithm 1, otherwise.

    Parameters
    ----------
    gradient : tensor [K, P]
    rho : tensor [K, 1]
    size : tensor [K, P], optional
        T, such as `adaptive_size` returns; 1 if not given.
    """
    if size is not None:
        gradient = size * gradient
    norm = gradient.norm(dim=1, keepdim=True)
    if size is not None:
        gradient = size * gradient
    return rho * gradient / (norm + SAM_EPSILON)


def adaptive_size(
    weights: torch.Tensor, is_weight: torch.Tensor, adaptive: torch.Tensor
) -> torch.Tensor:
    """Return ASAM's T [K, P]: |w| + eta for the weights of adaptive models, 1 for all else.

    Parameters
    ----------
    weights : tensor [K, P]
    is_weight : bool tensor [P]
        False for biases, which the authors' code (github.com/SamsungLabs/ASAM) leaves alone.
    adaptive : bool tensor [K, 1]
    """
    return (weights.abs() + ASAM_ETA).masked_fill(~(adaptive & is_weight), 1)
