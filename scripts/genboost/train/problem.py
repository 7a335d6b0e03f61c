"""What an engine gets and gives back: K models, trained at once on the same data.

Every array has the models on its leading axis. An engine (`torch_engine`, `simd_engine`) is one
function that trains a `Problem`; model k's outcome depends on row k alone.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from genboost.data.arrays import Data
from genboost.train.engines import kernel

# What the compiled kernel can do; torch does all.
KERNEL_OPTIMIZERS = frozenset(kernel.OPTIMIZERS)
KERNEL_ACTIVATIONS = frozenset(kernel.ACTIVATIONS)
KERNEL_NORMALIZATIONS = frozenset({"none"})
KERNEL_LOSSES = frozenset(kernel.LOSSES)

DECOUPLED = frozenset({"adamw", "lion"})  # optimizers whose weight decay is never in the gradient
ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8
LION_BETAS = (0.9, 0.99)
SAM_EPSILON = 1e-12
ASAM_ETA = 0.01
LAYER_NORM_EPSILON = 1e-5

PER_MODEL = (
    "weights",
    "learning_rate",
    "weight_decay",
    "rho",
    "sam_adaptive",
    "momentum",
    "nesterov",
    "stop_at",
    "order_of",
)


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron.

    With the normalization ``layer``, the inputs of each hidden layer's activations are normalized
    over its units (Ba et al. 2016, eq. 4), as torch.nn.LayerNorm does it without gain and bias.
    """

    features: int
    hidden_layers: int
    width: int
    activation: str
    normalization: str = "none"
    outputs: int = 1

    @property
    def layers(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each linear layer."""
        sizes = [self.features] + [self.width] * self.hidden_layers + [self.outputs]
        return list(itertools.pairwise(sizes))

    @property
    def parameters(self) -> int:
        """The number of weights and biases, P."""
        return sum((inputs + 1) * outputs for inputs, outputs in self.layers)

    @property
    def is_weight(self) -> np.ndarray:
        """Which parameters are weights, not biases: bool array [P]."""
        return np.concatenate(
            [
                np.arange((inputs + 1) * outputs) < inputs * outputs
                for inputs, outputs in self.layers
            ]
        )


@dataclass(frozen=True)
class Problem:
    """K models of one architecture, to be trained for the same number of epochs.

    A step takes ``batch_size`` rows; an epoch's last batch holds the remaining rows, and counts.
    With S = ceil(n / batch_size) steps an epoch and n training rows:

    Attributes
    ----------
    weights : float array [K, P]
        Initial parameters: for each layer W[outputs][inputs] row by row, then b[outputs].
    optimizer : list of K names
        ``sgd``; ``adam`` or ``adamw`` (Loshchilov & Hutter 2019), both with `ADAM_BETAS` and
        `ADAM_EPSILON`; ``lion`` (Chen et al. 2023) with `LION_BETAS`; or another that the torch
        engine has.
    learning_rate : float64 array [K, epochs * S]
        The learning rate of every step.
    weight_decay : float64 array [K]
    rho : float64 array [K]
        SAM's radius (Foret et al. 2021, eq. 2); NaN for no SAM.
    sam_adaptive : bool array [K]
        Adaptive SAM (Kwon et al. 2021, algorithm 1): epsilon = rho T^2 g / ||T g||, where T is
        |w| + `ASAM_ETA` for a weight and 1 for a bias, as in the authors' code
        (github.com/SamsungLabs/ASAM). No effect without SAM.
    momentum : float64 array [K]
        SGD's, as in torch.optim.SGD without dampening; 0 for none. No effect on other optimizers.
    nesterov : bool array [K]
        Whether the momentum is Nesterov's.
    stop_at : float64 array [K]
        A model's training ends with the first epoch after which its mean squared error on the
        training rows is at most this; NaN to train all epochs.
    order : int32 array [R, epochs, n] or None
        R orders of the training rows, one permutation an epoch; None to leave them in order.
    order_of : int array [K]
        The index of the order that a model follows.
    decoupled : bool
        Weight decay beside the step, w -= learning_rate * weight_decay * w, on the weights before
        the step (Loshchilov & Hutter 2019, as in torch.optim.AdamW); otherwise weight_decay * w is
        added to the gradient (as torch.optim's ``weight_decay`` does). See `decouples`.
    loss : str
        Of a row: ``mse``, the squared error of the one output; ``cross_entropy``, the negative
        logarithm of the softmax's probability of the class, with an output for each class. The
        labels are then the classes 0, 1, ..., and a model predicts the expected class, the sum of
        k p_k.
    summed : bool
        The loss of a batch is the sum of its rows' losses, otherwise their mean.
    snapshots : tuple of S epochs, counted from 1
        The epochs after which the parameters are kept.
    """

    architecture: Architecture
    data: Data
    batch_size: int
    epochs: int
    weights: np.ndarray
    optimizer: list[str]
    learning_rate: np.ndarray
    weight_decay: np.ndarray
    rho: np.ndarray
    sam_adaptive: np.ndarray
    momentum: np.ndarray
    nesterov: np.ndarray
    stop_at: np.ndarray
    order: np.ndarray | None
    order_of: np.ndarray
    decoupled: bool
    loss: str = "mse"
    summed: bool = False
    snapshots: tuple[int, ...] = ()

    @property
    def validated_epochs(self) -> int:
        """The number of epochs after which there is a validation error: all or none."""
        return self.epochs if len(self.data.validation_y) else 0

    def decouples(self, optimizer: str) -> bool:
        """Say whether an optimizer's weight decay is decoupled, beside the step."""
        return self.decoupled or optimizer in DECOUPLED

    def select(self, models: Sequence[int]) -> "Problem":
        """Return the problem of some of the models."""
        models = list(models)
        return replace(
            self,
            optimizer=[self.optimizer[k] for k in models],
            **{name: getattr(self, name)[models] for name in PER_MODEL},
        )


@dataclass(frozen=True)
class Outcome:
    """The K models after training.

    Attributes
    ----------
    weights : float array [K, P]
        Parameters after the last of `epochs_run`, laid out as in `Problem`.
    train_loss : float64 array [K, epochs]
        Mean loss over an epoch's batches, each before its step, every row counting once.
    test_mse : float64 array [K, epochs]
        Mean squared error of the predictions on the test rows, after each epoch.
    validation_mse : float64 array [K, epochs]
        That on the validation rows, after each epoch; [K, 0] if there are none.
    train_mse : float64 array [K]
        That on the training rows, at the end.
    epochs_run : int array [K]
        Epochs until the first whose train_loss, test_mse or validation_mse is not finite, or up to
        that which reached `stop_at`; `epochs` if there is no such. Entries of the curves from there
        on are meaningless.
    stopped : bool array [K]
        Whether a model reached `stop_at`.
    snapshots : float array [K, S, P]
        Parameters after the epochs of `Problem.snapshots`; NaN after the last of `epochs_run`.

    Squared errors are squared, and they and other losses summed, in float64, row by row in order,
    whatever the precision of the training.
    """

    weights: np.ndarray
    train_loss: np.ndarray
    test_mse: np.ndarray
    validation_mse: np.ndarray
    train_mse: np.ndarray
    epochs_run: np.ndarray
    stopped: np.ndarray
    snapshots: np.ndarray


@dataclass(frozen=True)
class Group:
    """Models of a problem that an engine trained together, returned as soon as they are done.

    Attributes
    ----------
    models : sequence of G indices into the problem's K models
    outcome : Outcome of those G models
    seconds : float
        The time it took.
    """

    models: Sequence[int]
    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class Engine:
    """An engine that is ready to train.

    Attributes
    ----------
    name, device : str
        For the record.
    train : callable
        Trains a problem's models and yields them group by group.
    """

    name: str
    device: str
    train: Callable[[Problem], Iterator[Group]]
