"""What a measure has to beat: numbers that know nothing about flatness or norms."""

import hashlib

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

QUANTITIES = (
    Quantity("control_train_mse", "training error", "MSE", "at the end", "lower"),
    Quantity("control_learning_rate", "learning rate", "", "the cell's"),
    Quantity("control_random", "a random number", "", "uniform, drawn by the weights"),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return the training error, the learning rate, and a random number."""
    digest = hashlib.sha256(trained.weights.tobytes()).digest()
    random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8])))
    return {
        "control_train_mse": trained.loss,
        "control_learning_rate": trained.learning_rate,
        "control_random": random.random(),
    }
