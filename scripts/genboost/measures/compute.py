"""The numbers that measures yield for a trained model."""

from collections.abc import Iterable

from threadpoolctl import threadpool_limits

from genboost.measures.registry import family
from genboost.measures.trained import Trained


def compute(names: Iterable[str], trained: Trained) -> dict[str, float]:
    """Measure a trained model.

    Parameters
    ----------
    names
        Names of measures. What several need is computed once.

    Returns
    -------
    dict
        A number for each quantity; NaN where it is undefined, such as a ratio of zeros.

    Raises
    ------
    UserError
        If there is no such measure.
    """
    values: dict[str, float] = {}
    with threadpool_limits(1):  # sums depend on the number of threads
        for name in names:
            values |= {key: float(value) for key, value in family(name).measure(trained).items()}
    return values
