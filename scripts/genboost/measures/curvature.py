"""The Hessian of the mean squared error, exactly and in closed form.

H = G + R with the Gauss-Newton matrix G = (2/n) sum J'J and R = (2/n) sum r d2f, for the residuals
r = f - y. With z the values before the activations and a those after, a layer is z_l = W_l a_(l-1),
biases included. A prediction's second derivative then has two parts:

- two layers' weights multiply each other. For l < m:
  d2f / dW_l[j,q] dW_m[o,p] = delta_m[o] (da_(m-1)[p] / dz_l[j]) a_(l-1)[q];
- activations are curved: for all l and m there is another (d2f / dz_l[j] dz_m[o]) a_(l-1)[q]
  a_(m-1)[p]. For a piecewise linear activation it is zero.

All sums over rows are products of matrices.
"""

from collections.abc import Iterator

import numpy as np

from genboost.measures.network import Linearization


def gauss_newton(jacobian: np.ndarray) -> np.ndarray:
    """Return G [P, P] from the Jacobian's transpose [P, rows]."""
    return (2 / jacobian.shape[1]) * (jacobian @ jacobian.T)


def hessian(at: Linearization, g: np.ndarray) -> np.ndarray:
    """Return H [P, P], given G."""
    h = g.copy()
    for lower, upper, block in _residual_blocks(at):
        _add(h, _columns(at, lower), _columns(at, upper), block)
        if lower != upper:
            _add(h, _columns(at, upper), _columns(at, lower), block.transpose(2, 3, 0, 1))
    return h


def _residual_blocks(at: Linearization) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield l, m and R's block [j, q, o, p] for layers l <= m."""
    depth = len(at.layers)
    factor = (2 / len(at.residuals)) * at.residuals
    curved = _second_derivatives(at) if at.activation.curvature else {}
    for lower in range(depth):
        reached = None  # da_(upper-1)[p] / dz_lower[j], as [p, j, rows]
        for upper in range(lower, depth):
            j, q = at.layers[lower].shape
            o, p = at.layers[upper].shape
            block = np.zeros((j, q, o, p))
            if (lower, upper) in curved:
                block += _contract(
                    factor * curved[lower, upper], at.inputs[lower], at.inputs[upper]
                ).transpose(0, 2, 1, 3)
            if upper > lower:
                reached = _reach(at, upper, reached)
                block[..., :-1] += _product_block(at, lower, upper, factor, reached)
            yield lower, upper, block


def _reach(at: Linearization, upper: int, below: np.ndarray | None) -> np.ndarray:
    """Return da_(upper-1)/dz_l [p, j, rows] from da_(upper-2)/dz_l; if None, l = upper - 1.

    In that case it is diagonal, and is kept as [p, rows].
    """
    slope = at.slopes[upper - 1]
    if below is None:
        return slope.astype(float)
    matrix = at.layers[upper - 1][:, :-1]
    product = matrix[:, :, None] * below if below.ndim == 2 else _apply(matrix, below)
    return np.multiply(product, slope[:, None], out=product)


def _product_block(
    at: Linearization, lower: int, upper: int, factor: np.ndarray, reached: np.ndarray
) -> np.ndarray:
    """Return what two layers' product adds to R's block: [j, q, o, p] without biases in p."""
    delta, inputs = at.delta[upper], at.inputs[lower]
    left = _outer(factor * delta, inputs)  # [o q, rows]
    if reached.ndim == 2:
        diagonal = (left @ reached.T).reshape(len(delta), len(inputs), len(reached))
        block = np.zeros((len(reached), len(inputs), len(delta), len(reached)))
        units = np.arange(len(reached))
        block[units, :, :, units] = diagonal.transpose(2, 1, 0)
        return block
    p, j, rows = reached.shape
    product = left @ reached.reshape(p * j, rows).T
    return product.reshape(len(delta), len(inputs), p, j).transpose(3, 1, 0, 2)


def _second_derivatives(at: Linearization) -> dict[tuple[int, int], np.ndarray]:
    """Return d2f / dz_l dz_m [j, o, rows] of the hidden layers l <= m.

    From the last layer to the first: z_l acts through z_(l+1) = W a(z_l), and by its own curvature.
    """
    result: dict[tuple[int, int], np.ndarray] = {}
    hidden = len(at.layers) - 1
    for layer in range(hidden - 1, -1, -1):
        matrix = at.layers[layer + 1][:, :-1]
        slope, a = at.slopes[layer], at.inputs[layer + 1][:-1]
        for upper in range(layer + 1, hidden):
            result[layer, upper] = _pull_back(matrix, slope, result[layer + 1, upper])
        if layer + 1 < hidden:
            mixed = result[layer, layer + 1].transpose(1, 0, 2)
            own = _pull_back(matrix, slope, mixed)
        else:
            own = np.zeros((len(slope), *slope.shape))
        bend = at.activation.curvature(at.z[layer], a) * (matrix.T @ at.delta[layer + 1])
        units = np.arange(len(slope))
        own[units, units] += bend
        result[layer, layer] = own
    return result


def _pull_back(matrix: np.ndarray, slope: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Return slope[j] * sum over u of matrix[u, j] above[u, o], [j, o, rows]."""
    return slope[:, None] * _apply(matrix.T, above)


def _apply(matrix: np.ndarray, array: np.ndarray) -> np.ndarray:
    """Return a matrix times an array [p, j, rows], over p."""
    p, j, rows = array.shape
    return (matrix @ array.reshape(p, j * rows)).reshape(len(matrix), j, rows)


def _contract(k: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the sum over rows of k[j, o] left[q] right[p], as [j, o, q, p]."""
    j, o, rows = k.shape
    product = k.reshape(j * o, rows) @ _outer(left, right).T
    return product.reshape(j, o, len(left), len(right))


def _outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return each row's products left[o] right[q], as [o q, rows]."""
    return (left[:, None] * right).reshape(len(left) * len(right), left.shape[1])


def _columns(at: Linearization, layer: int) -> tuple[int, int, int]:
    """Return a layer's first parameter, its outputs and its inputs."""
    outputs, inputs = at.layers[layer].shape
    return sum(matrix.size for matrix in at.layers[:layer]), outputs, inputs - 1


def _add(
    h: np.ndarray, rows: tuple[int, int, int], columns: tuple[int, int, int], block: np.ndarray
) -> None:
    """Add a block [j, q, o, p] of two layers to H, whose weights and biases lie apart."""
    (row, j, q), (column, o, p) = rows, columns
    row_bias, column_bias = row + j * q, column + o * p
    h[row:row_bias, column:column_bias].reshape(j, q, o, p)[...] += block[:, :-1, :, :-1]
    h[row:row_bias, column_bias : column_bias + o].reshape(j, q, o)[...] += block[:, :-1, :, -1]
    h[row_bias : row_bias + j, column:column_bias].reshape(j, o, p)[...] += block[:, -1, :, :-1]
    h[row_bias : row_bias + j, column_bias : column_bias + o] += block[:, -1, :, -1]
