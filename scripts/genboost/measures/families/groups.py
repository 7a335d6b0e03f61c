"""The error on parts of the test rows, by columns of the data."""

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

QUANTITIES = (Quantity("test_mse[*]", "Test error, {}", "MSE", "", "lower"),)


def measure(trained: Trained) -> dict[str, float]:
    """Return the mean squared error on the test rows with each value of each column.

    A column's name is that of the data's column and the value: ``test_mse[gender=female]``.
    """
    squares = trained.test_residuals**2
    return {
        f"test_mse[{column}={value}]": np.mean(squares[values == value])
        for column, values in trained.test_groups.items()
        for value in np.unique(values)
    }
