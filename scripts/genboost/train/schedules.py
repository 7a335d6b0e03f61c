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


def in_place_of_decay(rates: np.ndarray, weight_decay: float) -> np.ndarray:
    """Return the rates with which SGD takes the same steps without weight decay as with it.

    That is, on weights whose size does not count, w = c v for a number c: with decay c shrinks by
    1 - rate * weight_decay a step, and a gradient at v is c times that at w. So v moves by
    rate / (c_t c_(t+1)) times its own: for a constant rate by rate * (1 - rate * decay)^(-2t - 1),
    the exponential schedule of Li & Arora 2020 ("An Exponential Learning Rate Schedule for Deep
    Learning", theorem 2.9 without momentum).

    Parameters
    ----------
    rates : array [steps]
    """
    after = np.cumprod(1 - rates * weight_decay)
    before = np.concatenate([[1], after[:-1]])
    return rates / (before * after)
