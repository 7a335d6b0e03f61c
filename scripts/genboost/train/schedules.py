"""Learning rates over the epochs."""

import math

import numpy as np


def cosine(learning_rate: float, epochs: int, t_max: int, eta_min: float) -> np.ndarray:
    """Return the learning rate of each epoch under cosine annealing.

    This is torch.optim.lr_scheduler.CosineAnnealingLR, stepped after every epoch: the recursion of
    its documentation (SGDR, Loshchilov & Hutter 2017, eq. 5, without restarts), in float64. It
    falls to `eta_min` at epoch `t_max`, then rises again and is back at the top at 2 * `t_max`.
    """
    rates = [learning_rate]
    for t in range(1, epochs):
        last = rates[-1]
        if (t - 1 - t_max) % (2 * t_max) == 0:
            rate = last + (learning_rate - eta_min) * (1 - math.cos(math.pi / t_max)) / 2
        else:
            ratio = (1 + math.cos(math.pi * t / t_max)) / (1 + math.cos(math.pi * (t - 1) / t_max))
            rate = ratio * (last - eta_min) + eta_min
        rates.append(rate)
    return np.array(rates)


def constant(learning_rate: float, epochs: int) -> np.ndarray:
    """Return the same learning rate for each epoch."""
    return np.full(epochs, learning_rate)
