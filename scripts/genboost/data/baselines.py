"""The errors of simple methods on the same split, which tell a reader what an MSE is worth."""

from typing import Any

import numpy as np

from genboost.data.arrays import UNKNOWN, Data


def baselines(
    data: Data, seed: int = 0, test_origin: np.ndarray | None = None
) -> dict[str, dict[str, Any]]:
    """Return the errors of predicting the mean and of three other simple methods.

    Ridge regression, boosted trees and the nearest neighbour, each fitted on the training rows with
    scikit-learn's default settings; ridge regression and the neighbour on standardized inputs. One
    thread, so that the result does not depend on the machine's cores.

    Parameters
    ----------
    test_origin : text array [test rows], optional
        The origin of each test row; see `origins.tell`.

    Returns
    -------
    dict
        By method: ``train_mse``, ``test_mse``, and ``test_mse_by_origin``, which is empty if the
        origin is unknown. A nearest neighbour that does far better on interpolated rows than on
        respondents shows that interpolated rows lie close to training rows.
    """
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    models = {
        "mean": DummyRegressor(),
        "ridge": make_pipeline(StandardScaler(), Ridge()),
        "gradient_boosted_trees": HistGradientBoostingRegressor(random_state=seed),
        "nearest_neighbour": make_pipeline(
            StandardScaler(), KNeighborsRegressor(n_neighbors=1, algorithm="brute")
        ),
    }
    train_x, train_y, test_x, test_y = (
        array.astype(np.float64) for array in (data.train_x, data.train_y, data.test_x, data.test_y)
    )
    known = [] if test_origin is None else sorted({*test_origin.tolist()} - {UNKNOWN})
    results = {}
    with threadpool_limits(limits=1):
        for name, model in models.items():
            model.fit(train_x, train_y)
            errors = (model.predict(test_x) - test_y) ** 2
            results[name] = {
                "train_mse": float(np.mean((model.predict(train_x) - train_y) ** 2)),
                "test_mse": float(np.mean(errors)),
                "test_mse_by_origin": {
                    origin: float(np.mean(errors[test_origin == origin])) for origin in known
                },
            }
    return results
