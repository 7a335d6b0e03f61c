"""The plain loop: torch.nn, torch.optim, a DataLoader and a SAM class, one model after another."""

from collections.abc import Callable

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from genboost.data.arrays import Data
from genboost.study.cells import Cell
from peers.sam import SAM

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def prepare(data: Data, cell: Cell, seeds: list[int]) -> Callable[[], list[float]]:
    """Return a function that trains a model per seed and returns their test errors."""
    train_set = TensorDataset(torch.tensor(data.train_x), torch.tensor(data.train_y)[:, None])
    test_x, test_y = torch.tensor(data.test_x), torch.tensor(data.test_y)[:, None]
    return lambda: [train(train_set, test_x, test_y, cell, seed) for seed in seeds]


def train(
    train_set: TensorDataset,
    test_x: torch.Tensor,
    test_y: torch.Tensor,
    cell: Cell,
    seed: int,
) -> float:
    """Train a model and return its mean squared error on the test rows."""
    torch.manual_seed(seed)
    loader = DataLoader(train_set, batch_size=cell.batch_size, shuffle=True)
    model = build(test_x.shape[1], cell)
    optimizer = OPTIMIZERS[cell.optimizer](
        model.parameters(), lr=cell.learning_rate, weight_decay=cell.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=cell.t_max)
    sam = SAM(optimizer, cell.sam_rho) if cell.sam_rho is not None else None
    criterion = nn.MSELoss()

    for _ in range(cell.epochs):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            if sam:
                sam.ascend()
                criterion(model(x), y).backward()
                sam.descend()
            else:
                optimizer.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            test_mse = criterion(model(test_x), test_y).item()
    return test_mse


def build(features: int, cell: Cell) -> nn.Sequential:
    """Return a multilayer perceptron with one output."""
    layers: list[nn.Module] = []
    for index in range(cell.hidden_layers):
        layers += [nn.Linear(cell.width if index else features, cell.width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(cell.width, 1))
