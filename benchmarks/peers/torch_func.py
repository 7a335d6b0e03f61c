"""torch.func: one model's step, vmapped over all models."""

import math
from collections.abc import Callable

import torch
from torch.func import functional_call, grad, stack_module_state, vmap

from genboost.data.arrays import Data
from genboost.study.cells import Cell
from peers.torch_dataloader import build

Parameters = dict[str, torch.Tensor]


def prepare(data: Data, cell: Cell, seeds: list[int]) -> Callable[[], list[float]]:
    """Return a function that trains a model per seed, all at once, and returns their errors."""
    tensors = {name: torch.tensor(array) for name, array in vars(data).items()}
    return lambda: train(tensors, cell, seeds)


def train(tensors: dict[str, torch.Tensor], cell: Cell, seeds: list[int]) -> list[float]:
    """Train a model per seed and return their mean squared errors on the test rows."""
    models, orders = [], []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append(build(tensors["train_x"].shape[1], cell))
        orders.append(torch.Generator().manual_seed(seed))
    skeleton = build(tensors["train_x"].shape[1], cell).to("meta")
    parameters, _ = stack_module_state(models)
    parameters = {name: value.detach() for name, value in parameters.items()}
    # Hyperparameters are tensors with an entry a model: in a grid they differ.
    learning_rate = torch.full((len(seeds),), cell.learning_rate)
    weight_decay = torch.full((len(seeds),), cell.weight_decay)
    rho = torch.full((len(seeds),), cell.sam_rho or 0.0)

    def loss(parameters: Parameters, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (functional_call(skeleton, parameters, (x,)).squeeze(1) - y).square().mean()

    def gradient(
        parameters: Parameters,
        x: torch.Tensor,
        y: torch.Tensor,
        rho: torch.Tensor,
        weight_decay: torch.Tensor,
    ) -> Parameters:
        g = grad(loss)(parameters, x, y)
        if cell.sam_rho is not None:
            norm = torch.stack([value.norm() for value in g.values()]).norm()
            above = {name: parameters[name] + rho * g[name] / (norm + 1e-12) for name in g}
            g = grad(loss)(above, x, y)
        return {name: g[name] + weight_decay * parameters[name] for name in g}

    def sgd(parameters: Parameters, g: Parameters, rate: torch.Tensor) -> Parameters:
        return {name: parameters[name] - rate * g[name] for name in g}

    def adam(
        parameters: Parameters,
        g: Parameters,
        m: Parameters,
        v: Parameters,
        rate: torch.Tensor,
        corrections: torch.Tensor,
    ) -> tuple[Parameters, Parameters, Parameters]:
        m = {name: 0.9 * m[name] + 0.1 * g[name] for name in g}
        v = {name: 0.999 * v[name] + 0.001 * g[name].square() for name in g}
        moved = {
            name: parameters[name]
            - rate * (m[name] / corrections[0]) / ((v[name] / corrections[1]).sqrt() + 1e-8)
            for name in g
        }
        return moved, m, v

    many_gradients, many_losses = vmap(gradient), vmap(loss, in_dims=(0, None, None))
    many_sgd, many_adam = vmap(sgd), vmap(adam, in_dims=(0, 0, 0, 0, 0, None))
    m = {name: torch.zeros_like(value) for name, value in parameters.items()}
    v = {name: torch.zeros_like(value) for name, value in parameters.items()}
    rows, step = len(tensors["train_x"]), 0
    for epoch in range(cell.epochs):
        rate = learning_rate * (1 + math.cos(math.pi * epoch / cell.t_max)) / 2
        order = torch.stack([torch.randperm(rows, generator=generator) for generator in orders])
        for batch in order.split(cell.batch_size, dim=1):
            step += 1
            x, y = tensors["train_x"][batch], tensors["train_y"][batch]
            g = many_gradients(parameters, x, y, rho, weight_decay)
            if cell.optimizer == "adam":
                corrections = torch.tensor([1 - 0.9**step, 1 - 0.999**step])
                parameters, m, v = many_adam(parameters, g, m, v, rate, corrections)
            else:
                parameters = many_sgd(parameters, g, rate)
        test_mse = many_losses(parameters, tensors["test_x"], tensors["test_y"])
    return test_mse.tolist()
