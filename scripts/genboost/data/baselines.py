"""What simple methods reach on the same split, so that a reader can tell what an MSE is worth."""

import numpy as np

from genboost.data.arrays import Data


def baselines(data: Data, seed: int = 0) -> dict[str, dict[str, float]]:
    """Return train and test MSE of predicting the mean, ridge regression and boosted trees.

    Each is fitted on the training rows, with scikit-learn's default settings; ridge regression on
    standardized inputs. One thread, so that the result does not depend on the machine's cores.
    """
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    models = {
        "mean": DummyRegressor(),
        "ridge": make_pipeline(StandardScaler(), Ridge()),
        "gradient_boosted_trees": HistGradientBoostingRegressor(random_state=seed),
    }
    train_x, train_y, test_x, test_y = (
        array.astype(np.float64) for array in (data.train_x, data.train_y, data.test_x, data.test_y)
    )
    results = {}
    with threadpool_limits(limits=1):
        for name, model in models.items():
            model.fit(train_x, train_y)
            results[name] = {
                "train_mse": float(np.mean((model.predict(train_x) - train_y) ** 2)),
                "test_mse": float(np.mean((model.predict(test_x) - test_y) ** 2)),
            }
    return results
