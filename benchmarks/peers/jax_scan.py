"""JAX: the training of one model as two nested scans, vmapped over all models and compiled."""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from genboost.data.arrays import Data
from genboost.study.cells import Cell


def prepare(data: Data, cell: Cell, seeds: list[int]) -> Callable[[], list[float]]:
    """Compile, and return a function that trains a model per seed and returns their test errors."""
    train_x, train_y, test_x, test_y = map(jnp.asarray, vars(data).values())
    rows, features = train_x.shape
    sizes = [features] + [cell.width] * cell.hidden_layers + [1]
    steps = -(-rows // cell.batch_size)
    filling = steps * cell.batch_size - rows
    # The last batch is filled up with rows that do not count: all steps of a scan are alike.
    counts = jnp.arange(steps * cell.batch_size).reshape(steps, -1) < rows

    def initialize(key: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
        """As torch.nn.Linear does: uniform in ±1 / sqrt(inputs)."""
        layers = []
        for inputs, outputs in itertools.pairwise(sizes):
            key, of_w, of_b = jax.random.split(key, 3)
            bound = inputs**-0.5
            w = jax.random.uniform(of_w, (inputs, outputs), minval=-bound, maxval=bound)
            b = jax.random.uniform(of_b, (outputs,), minval=-bound, maxval=bound)
            layers.append((w, b))
        return layers

    def predict(parameters: list, x: jax.Array) -> jax.Array:
        *hidden, (w, b) = parameters
        for weight, bias in hidden:
            x = jax.nn.relu(x @ weight + bias)
        return (x @ w + b)[:, 0]

    def loss(parameters: list, batch: jax.Array, counts: jax.Array) -> jax.Array:
        squares = (predict(parameters, train_x[batch]) - train_y[batch]) ** 2
        return (squares * counts).sum() / counts.sum()

    def train(key: jax.Array, learning_rate: float, weight_decay: float, rho: float) -> jax.Array:
        """Train a model and return its mean squared error on the test rows after each epoch."""
        of_weights, of_order = jax.random.split(key)
        parameters = initialize(of_weights)
        zeros = jax.tree.map(jnp.zeros_like, parameters)

        def step(state: tuple, batch_and_counts: tuple) -> tuple[tuple, None]:
            parameters, m, v, t, rate = state
            g = jax.grad(loss)(parameters, *batch_and_counts)
            if cell.sam_rho is not None:
                norm = jnp.sqrt(sum(jnp.sum(value**2) for value in jax.tree.leaves(g)))
                above = jax.tree.map(lambda w, g: w + rho * g / (norm + 1e-12), parameters, g)
                g = jax.grad(loss)(above, *batch_and_counts)
            g = jax.tree.map(lambda g, w: g + weight_decay * w, g, parameters)
            t = t + 1
            if cell.optimizer == "adam":
                m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
                v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, v, g)
                g = jax.tree.map(
                    lambda m, v: m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v
                )
            parameters = jax.tree.map(lambda w, g: w - rate * g, parameters, g)
            return (parameters, m, v, t, rate), None

        def epoch(state: tuple, number_and_key: tuple) -> tuple[tuple, jax.Array]:
            number, key = number_and_key
            rate = learning_rate * (1 + jnp.cos(jnp.pi * number / cell.t_max)) / 2
            order = jnp.pad(jax.random.permutation(key, rows), (0, filling)).reshape(steps, -1)
            state, _ = jax.lax.scan(step, (*state, rate), (order, counts))
            *state, _ = state
            return tuple(state), jnp.mean((predict(state[0], test_x) - test_y) ** 2)

        keys = jax.random.split(of_order, cell.epochs)
        state = (parameters, zeros, zeros, 0)
        return jax.lax.scan(epoch, state, (jnp.arange(cell.epochs), keys))[1]

    # Hyperparameters are arrays with an entry a model: in a grid they differ.
    arguments = (
        jax.vmap(jax.random.key)(np.array(seeds)),
        jnp.full(len(seeds), cell.learning_rate),
        jnp.full(len(seeds), cell.weight_decay),
        jnp.full(len(seeds), cell.sam_rho or 0.0),
    )
    compiled = jax.jit(jax.vmap(train)).lower(*arguments).compile()
    return lambda: np.asarray(compiled(*arguments))[:, -1].tolist()
