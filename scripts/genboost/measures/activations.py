"""Activation functions with their first and second derivatives, element by element."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Activation:
    """An activation function a(z).

    Attributes
    ----------
    value : callable
        (z, out): writes a(z) to `out`.
    slope : callable
        (z, a): a'(z), given z and a(z). At a kink it is the left derivative, as in PyTorch.
    curvature : callable or None
        (z, a): a''(z); None if that is zero everywhere but at kinks.
    """

    value: Callable[[np.ndarray, np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray]
    curvature: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


def activation(name: str) -> Activation:
    """Return an activation function of the engines, in closed form or from PyTorch."""
    return CLOSED_FORM.get(name) or from_torch(name)


def from_torch(name: str) -> Activation:
    """Return an activation function of the PyTorch engine, differentiated automatically."""
    import torch

    from genboost.train.engines.torch_engine import ACTIVATIONS

    function = ACTIVATIONS[name]

    def derivative(z: np.ndarray, order: int) -> np.ndarray:
        at = torch.tensor(z, requires_grad=True)
        value = function(at)
        for _ in range(order):
            if not value.requires_grad:  # piecewise linear: the slope depends on nothing
                return np.zeros_like(z)
            (value,) = torch.autograd.grad(value.sum(), at, create_graph=True)
        return value.detach().numpy()

    def value(z: np.ndarray, out: np.ndarray) -> np.ndarray:
        out[...] = derivative(z, 0)
        return out

    return Activation(value, lambda z, a: derivative(z, 1), lambda z, a: derivative(z, 2))


def _elu(z: np.ndarray, out: np.ndarray) -> np.ndarray:
    np.expm1(np.minimum(z, 0), out=out)
    return np.add(out, np.maximum(z, 0), out=out)


def _sigmoid(z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    with np.errstate(over="ignore"):  # 1 / (1 + inf) is right
        return np.reciprocal(1 + np.exp(-z), out=out)


def _silu_slope(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    sigmoid = _sigmoid(z)
    return sigmoid + a * (1 - sigmoid)


def _silu_curvature(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    sigmoid = _sigmoid(z)
    return sigmoid * (1 - sigmoid) * (2 + z * (1 - 2 * sigmoid))


CLOSED_FORM = {
    "relu": Activation(
        value=lambda z, out: np.maximum(z, 0, out=out),
        slope=lambda z, a: z > 0,
    ),
    "leaky_relu": Activation(
        value=lambda z, out: np.maximum(z, 0.01 * z, out=out),
        slope=lambda z, a: np.where(z > 0, 1, 0.01),
    ),
    "elu": Activation(
        value=_elu,
        slope=lambda z, a: np.minimum(a, 0) + 1,
        curvature=lambda z, a: np.where(z > 0, 0, a + 1),
    ),
    "tanh": Activation(
        value=lambda z, out: np.tanh(z, out=out),
        slope=lambda z, a: 1 - a * a,
        curvature=lambda z, a: 2 * a * (a * a - 1),
    ),
    "sigmoid": Activation(
        value=_sigmoid,
        slope=lambda z, a: a * (1 - a),
        curvature=lambda z, a: a * (1 - a) * (1 - 2 * a),
    ),
    "silu": Activation(
        value=lambda z, out: np.multiply(z, _sigmoid(z), out=out),
        slope=_silu_slope,
        curvature=_silu_curvature,
    ),
}
