"""The reference engine: K models in PyTorch, gradients by autograd, on a CPU or a GPU.

The models' parameters are one tensor [K, P], so an update rule reads as in its paper.
"""

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

    def tensor(array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, dtype=dtype, device=device)

    architecture = problem.architecture
    models, rows = len(problem.optimizer), len(problem.data.train_y)
    data = Data(*(tensor(getattr(problem.data, field.name)) for field in fields(Data)))
    order_of = torch.as_tensor(problem.order_of, device=device)
    if problem.order is None:
        order = torch.arange(rows, device=device).expand(problem.epochs, 1, -1)
        order_of = torch.zeros_like(order_of)
    else:
        order = torch.as_tensor(problem.order, device=device).transpose(0, 1)  # [epochs, R, rows]
    learning_rates = tensor(problem.learning_rate.T).unsqueeze(2)  # [steps, K, 1]
    steps = torch.arange(1, len(learning_rates) + 1, dtype=torch.float64, device=device)
    weight_decay = tensor(problem.weight_decay).unsqueeze(1)
    rho = tensor(problem.rho).unsqueeze(1)
    decays = bool(problem.weight_decay.any())
    decoupled = problem.decouples(optimizer)
    rule, loss = OPTIMIZERS[optimizer], LOSSES[problem.loss]
    adapts = bool(problem.sam_adaptive.any())
    adaptive = torch.as_tensor(problem.sam_adaptive, device=device).unsqueeze(1)
    is_weight = torch.as_tensor(architecture.is_weight, device=device)

    def gradient(at: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradient [K, P] of each model's loss on a batch, and the rows' losses."""
        at = at.detach().requires_grad_()
        outputs = forward(at, x, architecture)
        found = outputs.detach()
        slopes = loss.slopes(found, y) * (1 if problem.summed else 1 / y.shape[1])
        return torch.autograd.grad(outputs, at, slopes)[0], loss.of_rows(found, y)

    def step(state: State, batch: Tensor, learning_rate: Tensor, t: Tensor) -> State:
        """Train on a batch [K, rows of it]; the state: weights, sums of losses, and the rule's."""
        weights, total, *rule_state = state
        x = functional.embedding(batch, data.train_x)  # data.train_x[batch], and faster
        y = data.train_y[batch]
        g, losses = gradient(weights, x, y)
        if with_sam:
            size = adaptive_size(weights, is_weight, adaptive) if adapts else None
            g, _ = gradient(weights + sam_perturbation(g, rho, size), x, y)
        if decays and not decoupled:
            g = g + weight_decay * weights
        change, rule_state = rule.step(tuple(rule_state), g, learning_rate, t)
        if decays and decoupled:
            weights = weights - learning_rate * weight_decay * weights
        return weights + change, total + losses.sum(dim=1), *rule_state

    def mse(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean squared errors [K] of the predictions on the same rows, in float64."""
        with torch.no_grad():
            outputs = forward(weights, x.expand(len(weights), -1, -1), architecture)
        return (loss.predictions(outputs) - y).double().square().mean(dim=1)

    train_step = replayable(step, device, f"grid.optimizer: {optimizer}")
    weights = tensor(problem.weights)
    rule_state = rule.start(weights, problem)
    times = zip(learning_rates, steps, strict=True)
    curves = torch.full((3, problem.epochs, models), torch.nan, dtype=torch.float64, device=device)
    seen = curves if problem.validated_epochs else curves[:2]
    train_loss, test_mse, validation_mse = curves
    stop_at = torch.as_tensor(problem.stop_at, device=device)
    stops = not np.isnan(problem.stop_at).all()
    epochs_run = torch.full((models,), problem.epochs, device=device)
    stopped = torch.zeros(models, dtype=torch.bool, device=device)
    running = ~stopped
    final = weights
    snapshots = weights.new_full((models, len(problem.snapshots), weights.shape[1]), torch.nan)
    for epoch in range(problem.epochs):
        total = torch.zeros(models, dtype=torch.float64, device=device)
        for batch in order[epoch][order_of].long().split(problem.batch_size, dim=1):
            weights, total, *rule_state = train_step(
                (weights, total, *rule_state), batch, *next(times)
            )
        train_loss[epoch] = total / rows
        test_mse[epoch] = mse(weights, data.test_x, data.test_y)
        if problem.validated_epochs:
            validation_mse[epoch] = mse(weights, data.validation_x, data.validation_y)
        diverges = running & ~seen[:, epoch].isfinite().all(dim=0)
        epochs_run[diverges] = epoch
        running &= ~diverges
        final = torch.where(stopped.unsqueeze(1), final, weights)
        for place, after in enumerate(problem.snapshots):
            if after == epoch + 1:
                snapshots[running, place] = weights[running]
        if stops:
            reached = running & (mse(weights, data.train_x, data.train_y) <= stop_at)
            epochs_run[reached] = epoch + 1
            stopped |= reached
            running &= ~reached
        if not running.any():
            break
    train_loss, test_mse, validation_mse = curves.transpose(1, 2).cpu().numpy()
    return Outcome(
        weights=final.cpu().numpy(),
        train_loss=train_loss,
        test_mse=test_mse,
        validation_mse=validation_mse[:, : problem.validated_epochs],
        train_mse=mse(final, data.train_x, data.train_y).cpu().numpy(),
        epochs_run=epochs_run.cpu().numpy(),
        stopped=stopped.cpu().numpy(),
        snapshots=snapshots.cpu().numpy(),
    )
