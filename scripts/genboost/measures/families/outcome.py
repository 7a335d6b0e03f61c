"""What a model's curves and errors say beyond its test error."""

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

CONSTANT = 1e-3  # the predictions' standard deviation is below this share of the labels'

QUANTITIES = (
    Quantity("gap", "generalization gap", "MSE", "test minus training error, at the end", "lower"),
    Quantity("collapsed", "collapsed", "", "1 if it predicts a constant for all rows, else 0"),
    Quantity("best_epoch", "best epoch", "epochs", "of the lowest test error"),
    Quantity("stopping_epoch", "epoch to stop at", "epochs", "of the lowest validation error"),
    Quantity(
        "early_stopped_mse",
        "test error if stopped early",
        "MSE",
        "at the epoch of the lowest validation error",
        "lower",
        "lowest_validation_mse",
    ),
    Quantity("lowest_validation_mse", "lowest validation error", "MSE", "of any epoch", "lower"),
    Quantity("reached", "reached its training error", "", "1 if it stopped at it, else 0"),
    Quantity("epochs_run", "epochs", "epochs", "to the training error to stop at, or all"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return the gap, whether the model predicts a constant, and when it was best.

    Where there are validation rows, also when they would have stopped the training, and what it
    would have been worth (early stopping in hindsight). Where there is a training error to stop at,
    whether and when it was reached.
    """
    test_loss = np.mean(trained.test_residuals**2)
    values = {
        "gap": test_loss - trained.loss,
        "collapsed": np.std(trained.at.predictions) < CONSTANT * np.std(trained.train.y),
    }
    if len(trained.epochs):  # a snapshot has no curves
        values["best_epoch"] = trained.epochs[np.argmin(trained.test_mse)]
    if len(trained.validation_mse):
        stop = np.argmin(trained.validation_mse)
        values |= {
            "stopping_epoch": trained.epochs[stop],
            "early_stopped_mse": trained.test_mse[stop],
            "lowest_validation_mse": trained.validation_mse[stop],
        }
    if trained.reached is not None:
        values |= {"reached": trained.reached, "epochs_run": trained.epochs[-1]}
    return values
