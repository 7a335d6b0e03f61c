"""The effective learning rate of normalized layers: the rate in units of their weights' size."""

import numpy as np

from genboost.measures.network import matrices
from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

QUANTITIES = (
    Quantity(
        "effective_rate",
        "effective learning rate, η / ‖W‖²",
        "",
        "of the last step; geometric mean of the hidden layers; van Laarhoven 2017, eq. 9",
    ),
)


def measure(trained: Trained) -> dict[str, float]:
    """Return η / ‖[W | b]‖²_F of the hidden layers; NaN if there are none.

    Where a layer is normalized, the size of its parameters does not count, and a step of η at ‖W‖
    turns them as far as a step of η / ‖W‖² at norm 1.
    """
    hidden = matrices(trained.weights, trained.architecture)[:-1]
    if not hidden:
        return {"effective_rate": np.nan}
    sizes = np.array([np.sum(layer**2) for layer in hidden])
    with np.errstate(divide="ignore"):  # a layer that decayed to nothing
        return {"effective_rate": np.exp(np.log(trained.last_rate / sizes).mean())}
