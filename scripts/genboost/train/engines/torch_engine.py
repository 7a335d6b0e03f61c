"""The reference engine: K models in PyTorch, gradients by autograd, on a CPU or a GPU.

The models' parameters are one tensor [K, P], so an update rule reads as in its paper.
"""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.train.engines.cuda_graphs import State, replayable
from genboost.train.engines.losses import LOSSES
from genboost.train.engines.optim import OPTIMIZERS, adaptive_size, sam_perturbation
from genboost.train.problem import LAYER_NORM_EPSILON, Architecture, Outcome, Problem

ACTIVATIONS = {
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "gelu": functional.gelu,
}


def train(problem: Problem, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Outcome:
    """Train K models.

    Parameters
    ----------
    problem
        The models; `float64` for tests of the arithmetic.
    device
        ``cpu`` or ``cuda``.

    Returns
    -------
    Outcome
        Models that need the same operations (optimizer, with or without SAM) are trained together.

    Raises
    ------
    UserError
        If there is no such optimizer, or its step cannot be recorded for a GPU.
    """
    if unknown := set(problem.optimizer) - OPTIMIZERS.keys():
        raise UserError(
            f"grid.optimizer: {', '.join(sorted(unknown))} is not among OPTIMIZERS in "
            "scripts/genboost/train/engines/optim.py; add it there"
        )
    kinds: dict[tuple[str, bool], list[int]] = {}
    for k, optimizer in enumerate(problem.optimizer):
        kinds.setdefault((optimizer, not np.isnan(problem.rho[k])), []).append(k)
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")  # not TF32, which has 10 bits
    torch.set_flush_denormal(
        True
    )  # weights of dead ReLUs decay into denormals, which are many times slower on a CPU
    try:
        outcomes = [
            _train_alike(problem.select(rows), *kind, device, dtype) for kind, rows in kinds.items()
        ]
    finally:
        torch.set_flush_denormal(False)
        torch.set_float32_matmul_precision(precision)
    order = np.argsort(np.concatenate(list(kinds.values())))
    return Outcome(
        *(
            np.concatenate([getattr(outcome, field.name) for outcome in outcomes])[order]
            for field in fields(Outcome)
        )
    )


def forward(weights: Tensor, x: Tensor, architecture: Architecture) -> Tensor:
    """Return the models' outputs.

    Parameters
    ----------
    weights : tensor [K, P]
    x : tensor [K, rows, features]

    Returns
    -------
    tensor [K, rows, outputs]
    """
    activation = ACTIVATIONS[architecture.activation]
    layers = architecture.layers
    sizes = [size for inputs, outputs in layers for size in (inputs * outputs, outputs)]
    parts = weights.split(sizes, dim=1)
    for index, (inputs, outputs) in enumerate(layers):
        # Contiguous, or bmm would multiply the K matrices one by one.
        matrix = parts[2 * index].contiguous().view(-1, outputs, inputs)
        bias = parts[2 * index + 1].unsqueeze(1)
        x = torch.bmm(x, matrix.transpose(1, 2)) + bias
        if index < len(layers) - 1:
            if architecture.normalization == "layer":
                x = functional.layer_norm(x, (outputs,), eps=LAYER_NORM_EPSILON)
            x = activation(x)
    return x


def _train_alike(
    problem: Problem, optimizer: str, with_sam: bool, device: str, dtype: torch.dtype
) -> Outcome:
    """Train models that share an optimizer, all with SAM or all without."""
    models = _Models(problem, optimizer, with_sam, device, dtype)
    train_step = replayable(models.step, device, f"grid.optimizer: {optimizer}")
    weights = models.tensor(problem.weights)
    rule_state = models.rule.start(weights, problem)
    kept = _Kept(problem, weights)
    times = zip(models.learning_rates, models.steps, strict=True)
    for epoch in range(problem.epochs):
        total = torch.zeros(len(weights), dtype=torch.float64, device=device)
        for batch in models.batches(epoch):
            weights, total, *rule_state = train_step(
                (weights, total, *rule_state), batch, *next(times)
            )
        kept.see(epoch, models, weights, total, rule_state)
        if not kept.running.any():
            break
    return kept.outcome(models)


class _Models:
    """K models that share an optimizer, all with SAM or all without: their steps and errors."""

    def __init__(
        self, problem: Problem, optimizer: str, with_sam: bool, device: str, dtype: torch.dtype
    ):
        self.problem, self.with_sam = problem, with_sam
        self.device, self.dtype = device, dtype
        self.architecture = problem.architecture
        self.rule, self.loss = OPTIMIZERS[optimizer], LOSSES[problem.loss]
        self.data = Data(*(self.tensor(getattr(problem.data, part.name)) for part in fields(Data)))
        self.order_of = torch.as_tensor(problem.order_of, device=device)
        if problem.order is None:
            rows = torch.arange(len(self.data.train_y), device=device)
            self.order = rows.expand(problem.epochs, 1, -1)
            self.order_of = torch.zeros_like(self.order_of)
        else:  # [epochs, R, rows]
            self.order = torch.as_tensor(problem.order, device=device).transpose(0, 1)
        self.learning_rates = self.tensor(problem.learning_rate.T).unsqueeze(2)  # [steps, K, 1]
        self.steps = torch.arange(
            1, len(self.learning_rates) + 1, dtype=torch.float64, device=device
        )
        self.weight_decay = self.tensor(problem.weight_decay).unsqueeze(1)
        self.decays = bool(problem.weight_decay.any())
        self.decoupled = problem.decouples(optimizer)
        self.rho = self.tensor(problem.rho).unsqueeze(1)
        self.adapts = bool(problem.sam_adaptive.any())
        self.adaptive = torch.as_tensor(problem.sam_adaptive, device=device).unsqueeze(1)
        self.is_weight = torch.as_tensor(self.architecture.is_weight, device=device)
        self.is_normalized = torch.as_tensor(self.architecture.is_normalized, device=device)
        self.two_rates = problem.normalized_rate is not None
        if self.two_rates:
            normalized = self.tensor(problem.normalized_rate.T).unsqueeze(2)
            self.learning_rates = torch.cat([self.learning_rates, normalized], dim=2)
            self.weight_decay = self.weight_decay * ~self.is_normalized

    def tensor(self, array: np.ndarray) -> Tensor:
        """Return an array as the models compute with it."""
        return torch.as_tensor(array, dtype=self.dtype, device=self.device)

    def batches(self, epoch: int) -> Sequence[Tensor]:
        """Return the rows of an epoch's batches, each [K, rows of it]."""
        order = self.order[epoch][self.order_of].long()
        return order.split(self.problem.batch_size, dim=1)

    def step(self, state: State, batch: Tensor, learning_rate: Tensor, t: Tensor) -> State:
        """Train on a batch [K, rows of it]; the state: weights, sums of losses, and the rule's."""
        weights, total, *rule_state = state
        if self.two_rates:
            plain, normalized = learning_rate.split(1, dim=1)
            learning_rate = torch.where(self.is_normalized, normalized, plain)
        x = functional.embedding(batch, self.data.train_x)  # data.train_x[batch], and faster
        y = self.data.train_y[batch]
        g, losses = self.gradient(weights, x, y)
        if self.with_sam:
            size = adaptive_size(weights, self.is_weight, self.adaptive) if self.adapts else None
            g, _ = self.gradient(weights + sam_perturbation(g, self.rho, size), x, y)
        if self.decays and not self.decoupled:
            g = g + self.weight_decay * weights
        change, rule_state = self.rule.step(tuple(rule_state), g, learning_rate, t)
        if self.decays and self.decoupled:
            weights = weights - learning_rate * self.weight_decay * weights
        return weights + change, total + losses.sum(dim=1), *rule_state

    def gradient(self, at: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradient [K, P] of each model's loss on a batch, and the rows' losses."""
        at = at.detach().requires_grad_()
        outputs = forward(at, x, self.architecture)
        found = outputs.detach()
        slopes = self.loss.slopes(found, y) * (1 if self.problem.summed else 1 / y.shape[1])
        return torch.autograd.grad(outputs, at, slopes)[0], self.loss.of_rows(found, y)

    def mse(self, weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean squared errors [K] of the predictions on the same rows, in float64."""
        with torch.no_grad():
            outputs = forward(weights, x.expand(len(weights), -1, -1), self.architecture)
        return (self.loss.predictions(outputs) - y).double().square().mean(dim=1)


class _Kept:
    """What is kept of K models, each of which may end early: at an error to stop at, or diverging.

    Attributes
    ----------
    running : bool tensor [K]
        Those that have not ended.
    """

    def __init__(self, problem: Problem, weights: Tensor):
        self._problem = problem
        device, models = weights.device, len(weights)
        self._stop_at = torch.as_tensor(problem.stop_at, device=device)
        # Losses, test and validation errors.
        shape = 3, problem.epochs, models
        self._curves = torch.full(shape, torch.nan, dtype=torch.float64, device=device)
        self._epochs_run = torch.full((models,), problem.epochs, device=device)
        self._stopped = torch.zeros(models, dtype=torch.bool, device=device)
        self.running = ~self._stopped
        self._final, self._final_moment = weights, torch.full_like(weights, torch.nan)
        snapshots = models, len(problem.snapshots), weights.shape[1]
        self._snapshots = weights.new_full(snapshots, torch.nan)
        self._moments = torch.full_like(self._snapshots, torch.nan)

    def see(
        self, epoch: int, models: _Models, weights: Tensor, total: Tensor, rule_state: State
    ) -> None:
        """Take what is wanted after an epoch, counted from 0."""
        data, errors = models.data, self._curves[:, epoch]
        errors[0] = total / len(data.train_y)
        errors[1] = models.mse(weights, data.test_x, data.test_y)
        if self._problem.validated_epochs:
            errors[2] = models.mse(weights, data.validation_x, data.validation_y)
        seen = errors if self._problem.validated_epochs else errors[:2]
        diverges = self.running & ~seen.isfinite().all(dim=0)
        self._epochs_run[diverges] = epoch
        self.running &= ~diverges
        has_moment = models.rule is OPTIMIZERS["adam"]
        moment = rule_state[1] if has_moment else self._final_moment
        stopped = self._stopped.unsqueeze(1)
        self._final = torch.where(stopped, self._final, weights)
        self._final_moment = torch.where(stopped, self._final_moment, moment)
        for place, after in enumerate(self._problem.snapshots):
            if after == epoch + 1:
                self._snapshots[self.running, place] = weights[self.running]
                self._moments[self.running, place] = moment[self.running]
        if not np.isnan(self._problem.stop_at).all():
            train_mse = models.mse(weights, data.train_x, data.train_y)
            reached = self.running & (train_mse <= self._stop_at)
            self._epochs_run[reached] = epoch + 1
            self._stopped |= reached
            self.running &= ~reached

    def outcome(self, models: _Models) -> Outcome:
        """Return the models as they are at the end."""
        data = models.data
        train_loss, test_mse, validation_mse = self._curves.transpose(1, 2).cpu().numpy()
        moments = torch.cat([self._moments, self._final_moment.unsqueeze(1)], dim=1)
        return Outcome(
            weights=self._final.cpu().numpy(),
            train_loss=train_loss,
            test_mse=test_mse,
            validation_mse=validation_mse[:, : self._problem.validated_epochs],
            train_mse=models.mse(self._final, data.train_x, data.train_y).cpu().numpy(),
            epochs_run=self._epochs_run.cpu().numpy(),
            stopped=self._stopped.cpu().numpy(),
            snapshots=self._snapshots.cpu().numpy(),
            second_moments=moments.cpu().numpy(),
        )
