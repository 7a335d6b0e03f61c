"""The plain loop without a DataLoader: batches are taken from the tensors by index."""

from collections.abc import Callable

import torch
from torch import nn

from genboost.data.arrays import Data
from genboost.study.cells import Cell
from peers.sam import SAM
from peers.torch_dataloader import OPTIMIZERS, build


def prepare(data: Data, cell: Cell, seeds: list[int]) -> Callable[[], list[float]]:
    """Return a function that trains a model per seed and returns their test errors."""
    tensors = {name: torch.tensor(array) for name, array in vars(data).items()}
    return lambda: [train(tensors, cell, seed) for seed in seeds]


def train(tensors: dict[str, torch.Tensor], cell: Cell, seed: int) -> float:
    """Train a model and return its mean squared error on the test rows."""
    torch.manual_seed(seed)
    train_x, train_y = tensors["train_x"], tensors["train_y"][:, None]
    test_x, test_y = tensors["test_x"], tensors["test_y"][:, None]
    model = build(train_x.shape[1], cell)
    optimizer = OPTIMIZERS[cell.optimizer](
        model.parameters(), lr=cell.learning_rate, weight_decay=cell.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=cell.t_max)
    sam = SAM(optimizer, cell.sam_rho) if cell.sam_rho is not None else None
    criterion = nn.MSELoss()

    for _ in range(cell.epochs):
        for batch in torch.randperm(len(train_x)).split(cell.batch_size):
            x, y = train_x[batch], train_y[batch]
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            if sam:
                sam.ascend()
                criterion(model(x), y).backward()
                sam.descend()
            else:
                optimizer.step()
        scheduler.step()
        with torch.no_grad():
            test_mse = criterion(model(test_x), test_y).item()
    return test_mse
