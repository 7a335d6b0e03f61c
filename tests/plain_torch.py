"""Training one model as a user of PyTorch would: what the engines are tested against.

nn.Sequential in float64, autograd, and optimizers of torch.optim or pytorch_optimizer.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytorch_optimizer
import torch
from torch import nn

from genboost.data.arrays import Data
from genboost.train.problem import Architecture, Outcome, Problem

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}
OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "lion": pytorch_optimizer.Lion,
}


def network(architecture: Architecture, weights: np.ndarray) -> nn.Sequential:
    """Return torch's own network with these parameters."""
    modules: list[nn.Module] = []
    for inputs, outputs in architecture.layers:
        modules.append(nn.Linear(inputs, outputs))
        if architecture.normalization == "layer":
            modules.append(nn.LayerNorm(outputs, elementwise_affine=False))
        modules.append(ACTIVATIONS[architecture.activation]())
    beyond = 1 if architecture.normalization == "none" else 2  # after the last layer
    net = nn.Sequential(*modules[:-beyond]).double()
    nn.utils.vector_to_parameters(torch.tensor(weights).double(), net.parameters())
    return net


class SAM:
    """SAM around an optimizer, as its two steps are usually written for PyTorch modules."""

    def __init__(
        self, net: nn.Module, base: type[torch.optim.Optimizer], rho: float, **options: float
    ):
        self.named, self.rho = dict(net.named_parameters()), rho
        self.base = base(net.parameters(), **options)
        self.param_groups, self.zero_grad = self.base.param_groups, self.base.zero_grad

    def step(self, closure: Callable[[], float]) -> None:
        saved = {name: p.detach().clone() for name, p in self.named.items()}
        with torch.no_grad():
            for name, move in self.perturbation().items():
                self.named[name].add_(move)
        closure()
        with torch.no_grad():
            for name, p in self.named.items():
                p.copy_(saved[name])
        self.base.step()

    def perturbation(self) -> dict[str, torch.Tensor]:
        norm = torch.cat([p.grad.flatten() for p in self.named.values()]).norm()
        return {name: self.rho * p.grad / (norm + 1e-12) for name, p in self.named.items()}


class ASAM(SAM):
    """Adaptive SAM as in its authors' code, asam.py of github.com/SamsungLabs/ASAM.

    What scales a parameter is |w| + 0.01 if "weight" is in its name, and 1 otherwise. To the norm
    they add 1e-16, which is 1e-12 here as in SAM.
    """

    def perturbation(self) -> dict[str, torch.Tensor]:
        scales = {
            name: p.abs() + 0.01 if "weight" in name else 1.0 for name, p in self.named.items()
        }
        norms = [(scales[name] * p.grad).norm() for name, p in self.named.items()]
        factor = self.rho / (torch.stack(norms).norm() + 1e-12)
        return {name: scales[name] ** 2 * p.grad * factor for name, p in self.named.items()}


def train(problem: Problem, k: int, keep_last: bool = True, sam: Callable | None = None) -> Outcome:
    """Train model k.

    Parameters
    ----------
    keep_last
        Whether a smaller last batch counts.
    sam
        Another `SAM` than those here.
    """
    data = Data(*(torch.tensor(a).double() for a in dataclasses.astuple(problem.data)))
    net = network(problem.architecture, problem.weights[k])
    name, decay = problem.optimizer[k], float(problem.weight_decay[k])
    by_hand = name == "sgd" and problem.decoupled  # torch has no SGD with decoupled decay
    base = OPTIMIZERS["adamw" if name == "adam" and problem.decoupled else name]
    options = {"lr": 1.0, "weight_decay": 0.0 if by_hand else decay}
    if name == "sgd" and problem.momentum[k]:
        options |= {"momentum": problem.momentum[k], "nesterov": bool(problem.nesterov[k])}
    with_sam = not np.isnan(problem.rho[k])
    if with_sam:
        sam = sam or (ASAM if problem.sam_adaptive[k] else SAM)
        optimizer = sam(net, base, rho=float(problem.rho[k]), **options)
    else:
        optimizer = base(net.parameters(), **options)

    def loss(outputs: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
        if problem.loss == "cross_entropy":
            return nn.CrossEntropyLoss(reduction=reduction)(outputs, y.long())
        return nn.MSELoss(reduction=reduction)(outputs.squeeze(1), y)

    def mse(x: torch.Tensor, y: torch.Tensor) -> float:
        with torch.no_grad():
            outputs = net(x)
            if problem.loss == "cross_entropy":
                expected = outputs.softmax(1) @ torch.arange(outputs.shape[1]).double()
            else:
                expected = outputs.squeeze(1)
            return ((expected - y) ** 2).mean().item()

    rates = iter(problem.learning_rate[k])
    train_loss, test_mse, validation_mse = [], [], []
    snapshots = np.full((len(problem.snapshots), problem.architecture.parameters), np.nan)
    for epoch in range(problem.epochs):
        total = 0.0
        order = torch.arange(len(data.train_y))
        if problem.order is not None:
            order = torch.tensor(problem.order[problem.order_of[k], epoch]).long()
        for batch in order.split(problem.batch_size):
            if len(batch) < problem.batch_size and not keep_last:
                continue
            x, y = data.train_x[batch], data.train_y[batch]

            def closure(x=x, y=y) -> float:
                optimizer.zero_grad()
                outputs = net(x)
                loss(outputs, y, "sum" if problem.summed else "mean").backward()
                return loss(outputs, y, "sum").item()

            for group in optimizer.param_groups:
                group["lr"] = next(rates)
            total += closure()
            before = [p.detach().clone() for p in net.parameters()]
            optimizer.step(closure) if with_sam else optimizer.step()
            if by_hand:  # w <- w - rate * direction - rate * decay * w
                with torch.no_grad():
                    for p, old in zip(net.parameters(), before, strict=True):
                        p.sub_(optimizer.param_groups[0]["lr"] * decay * old)
        train_loss.append(total / len(order))
        test_mse.append(mse(data.test_x, data.test_y))
        if len(data.validation_y):
            validation_mse.append(mse(data.validation_x, data.validation_y))
        if epoch + 1 in problem.snapshots:
            now = nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
            snapshots[problem.snapshots.index(epoch + 1)] = now
        stopped = mse(data.train_x, data.train_y) <= problem.stop_at[k]
        if stopped:
            break
    return Outcome(
        weights=nn.utils.parameters_to_vector(net.parameters()).detach().numpy(),
        train_loss=np.array(train_loss),
        test_mse=np.array(test_mse),
        validation_mse=np.array(validation_mse),
        train_mse=np.array(mse(data.train_x, data.train_y)),
        epochs_run=np.array(len(train_loss)),
        stopped=np.array(stopped),
        snapshots=snapshots,
    )
