"""The error on parts of the test rows, such as respondents and interpolated rows."""

import numpy as np

from genboost.measures.registry import Quantity
from genboost.measures.trained import Trained

QUANTITIES = (Quantity("test_mse[*]", "test error, {}", "MSE", "", "lower", "validation_mse"),)


def measure(trained: Trained) -> dict[str, float]:
    """Return the mean squared error on the test rows of each group.

    A column is named after the grouping and the group: ``test_mse[origin=respondent]``.
    """
    squares = trained.test_residuals**2
    return {
        f"test_mse[{column}={value}]": np.mean(squares[values == value])
        for column, values in trained.test_groups.items()
        for value in np.unique(values)
    }
