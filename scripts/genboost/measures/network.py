"""A network on fixed rows, in double precision: predictions, error, gradient, and what they are of.

A network's prediction is its one output or, with an output for each class, the expected class.

Arrays are [units, rows]: products with the small weight matrices are many times faster than the
other way round. A layer's matrix [W | b] has its biases in the last column, and the array that it
multiplies ends with a line of ones.
"""

from dataclasses import dataclass, replace

import numpy as np

from genboost.measures.activations import Activation, activation
from genboost.train.problem import LAYER_NORM_EPSILON, Architecture


def matrices(
    weights: np.ndarray, architecture: Architecture, dtype: type = np.float64
) -> list[np.ndarray]:
    """Return each layer's [W | b], [outputs, inputs + 1], from parameters [P]."""
    result, at = [], 0
    for inputs, outputs in architecture.layers:
        matrix = np.empty((outputs, inputs + 1), dtype)
        matrix[:, :-1] = weights[at : at + inputs * outputs].reshape(outputs, inputs)
        at += (inputs + 1) * outputs
        matrix[:, -1] = weights[at - outputs : at]
        result.append(matrix)
    return result


def parameters(layers: list[np.ndarray]) -> np.ndarray:
    """Return the parameters [P] of layers' [W | b]: the reverse of `matrices`."""
    return np.concatenate([part for m in layers for part in (m[:, :-1].ravel(), m[:, -1])])


@dataclass(frozen=True)
class Linearization:
    """A network at certain weights, on its rows; l counts the layers.

    Attributes
    ----------
    layers : list of [W | b], [outputs, inputs + 1]
    inputs : list of arrays [inputs + 1, rows]
        What each layer multiplies: the data, then the previous layer's activations; with ones.
    z : list of arrays [outputs, rows]
        Of each layer, before its activation, normalized where the network does that. The last
        layer's are the outputs.
    slopes : list of arrays [outputs, rows]
        a'(z) of the hidden layers.
    delta : list of arrays [outputs, rows]
        Of each layer, df/d(W a + b), for the predictions f.
    predictions : array [rows]
        f.
    residuals : array [rows]
        f - y.
    """

    activation: Activation
    layers: list[np.ndarray]
    inputs: list[np.ndarray]
    z: list[np.ndarray]
    slopes: list[np.ndarray]
    delta: list[np.ndarray]
    predictions: np.ndarray
    residuals: np.ndarray

    def pruned(self) -> tuple["Linearization", np.ndarray]:
        """Return the same without what is zero on all rows, and the indices of the rest.

        Dead units and inputs of zeros have no effect: the predictions' first and second derivatives
        by their weights are zero.

        Returns
        -------
        Linearization
            With layers of different widths.
        int array [A]
            Its parameters, among all P.
        """
        lines = [inputs.any(axis=1) for inputs in self.inputs]
        for line, slopes in zip(lines[1:], self.slopes, strict=True):
            line[:-1] |= slopes.any(axis=1)
        units = [line[:-1] for line in lines[1:]] + [np.full(len(self.z[-1]), True)]
        kept = [np.outer(unit, line) for unit, line in zip(units, lines, strict=True)]
        linearization = replace(
            self,
            layers=[m[np.ix_(u, i)] for m, u, i in zip(self.layers, units, lines, strict=True)],
            inputs=[a[line] for a, line in zip(self.inputs, lines, strict=True)],
            z=[z[unit] for z, unit in zip(self.z, units, strict=True)],
            slopes=[slopes[unit] for slopes, unit in zip(self.slopes, units, strict=False)],
            delta=[delta[unit] for delta, unit in zip(self.delta, units, strict=True)],
        )
        return linearization, np.flatnonzero(parameters(kept))

    def jacobian(self) -> np.ndarray:
        """Return the gradients of the predictions as [P, rows], the Jacobian's transpose."""
        rows = len(self.residuals)
        result = np.empty((sum(matrix.size for matrix in self.layers), rows))
        at = 0
        for delta, inputs in zip(self.delta, self.inputs, strict=True):
            outputs, weights = len(delta), len(delta) * (len(inputs) - 1)
            block = result[at : at + weights].reshape(outputs, len(inputs) - 1, rows)
            np.multiply(delta[:, None], inputs[:-1], out=block)
            result[at + weights : at + weights + outputs] = delta
            at += weights + outputs
        return result


class Network:
    """A network and rows on which its loss is the mean squared error of its predictions.

    Parameters
    ----------
    x : array [rows, features]
    y : array [rows]
    dtype
        The precision of the arithmetic.
    """

    def __init__(
        self, architecture: Architecture, x: np.ndarray, y: np.ndarray, dtype: type = np.float64
    ):
        self.architecture = architecture
        self.activation = activation(architecture.activation)
        self.dtype = dtype
        self.y = y.astype(dtype)
        rows = len(y)
        # Kept between calls: new memory would cost as much as the arithmetic.
        self._z = [np.empty((outputs, rows), dtype) for _, outputs in architecture.layers]
        self._inputs = [np.ones((inputs + 1, rows), dtype) for inputs, _ in architecture.layers]
        self._inputs[0][:-1] = x.T
        self._delta = [np.empty_like(z) for z in self._z]
        self._deviation: list[np.ndarray] = [np.ones(rows, dtype) for _ in self._z[:-1]]

    def in_single_precision(self) -> "Network":
        """Return a network on the same rows in float32, which is faster by half, for a search."""
        return Network(self.architecture, self._inputs[0][:-1].T, self.y, np.float32)

    def predictions(self, weights: np.ndarray) -> np.ndarray:
        """Return the predictions [rows] at weights [P]."""
        return self._forward(self._matrices(weights)).copy()

    def classes(self, weights: np.ndarray, count: int) -> np.ndarray:
        """Return the class [rows] that each row is put into at weights [P], of 0 to `count` - 1.

        The most probable one; of a single output, the nearest. Of two, the lower one.
        """
        predictions = self._forward(self._matrices(weights))
        if len(self._z[-1]) > 1:
            return self._z[-1].argmax(axis=0)
        return np.clip(np.ceil(predictions - 0.5), 0, count - 1).astype(int)

    def losses(self, weights: np.ndarray) -> np.ndarray:
        """Return the losses [K] at each of K weights [K, P]."""
        return np.array([self._loss(self._matrices(w)) for w in weights])

    def gradients(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses [K] and gradients [K, P] at each of K weights [K, P]."""
        losses, gradients = np.empty(len(weights)), np.empty_like(weights)
        for k, w in enumerate(weights):
            layers = self._matrices(w)
            residuals = self._forward(layers) - self.y
            losses[k] = residuals @ residuals / len(residuals)
            self._delta[-1][...] = self._slopes() * (residuals * (2 / len(residuals)))
            self._backward(layers)
            pairs = zip(self._delta, self._inputs, strict=True)
            gradients[k] = parameters([delta @ inputs.T for delta, inputs in pairs])
        return losses, gradients

    def linearize(self, weights: np.ndarray) -> Linearization:
        """Return the network at weights [P]."""
        layers = self._matrices(weights)
        predictions = self._forward(layers).copy()
        self._delta[-1][...] = self._slopes()
        self._backward(layers)
        hidden = zip(self._z, self._inputs[1:], strict=False)
        return Linearization(
            activation=self.activation,
            layers=layers,
            inputs=[inputs.copy() for inputs in self._inputs],
            z=[z.copy() for z in self._z],
            slopes=[self.activation.slope(z, a[:-1]) for z, a in hidden],
            delta=[delta.copy() for delta in self._delta],
            predictions=predictions,
            residuals=predictions - self.y,
        )

    def _matrices(self, weights: np.ndarray) -> list[np.ndarray]:
        return matrices(weights, self.architecture, self.dtype)

    def _forward(self, layers: list[np.ndarray]) -> np.ndarray:
        """Return the predictions, after storing z and the layers' inputs."""
        last = len(layers) - 1
        for layer, matrix in enumerate(layers):
            z = np.matmul(matrix, self._inputs[layer], out=self._z[layer])
            if layer < last:
                if self.architecture.normalization == "layer":
                    z -= z.mean(axis=0)
                    self._deviation[layer] = np.sqrt(np.mean(z**2, axis=0) + LAYER_NORM_EPSILON)
                    z /= self._deviation[layer]
                self.activation.value(z, self._inputs[layer + 1][:-1])
        z = self._z[-1]
        if len(z) == 1:
            return z[0]
        probabilities = np.exp(z - z.max(axis=0))
        self._probabilities = probabilities / probabilities.sum(axis=0)
        return np.arange(len(z)) @ self._probabilities

    def _slopes(self) -> np.ndarray | float:
        """After `_forward`: return the prediction's derivatives by the outputs, [outputs, rows]."""
        if len(self._z[-1]) == 1:
            return 1.0
        codes = np.arange(len(self._z[-1]))
        return self._probabilities * (codes[:, None] - codes @ self._probabilities)

    def _loss(self, layers: list[np.ndarray]) -> float:
        residuals = self._forward(layers) - self.y
        return residuals @ residuals / len(residuals)

    def _backward(self, layers: list[np.ndarray]) -> None:
        """After `_forward`, compute d/d(W a + b) of each layer from that of the last."""
        for layer in range(len(layers) - 1, 0, -1):
            delta = self._delta[layer - 1]
            np.matmul(layers[layer][:, :-1].T, self._delta[layer], out=delta)
            z = self._z[layer - 1]
            delta *= self.activation.slope(z, self._inputs[layer][:-1])
            if self.architecture.normalization == "layer":
                delta -= delta.mean(axis=0) + z * np.mean(delta * z, axis=0)
                delta /= self._deviation[layer - 1]
