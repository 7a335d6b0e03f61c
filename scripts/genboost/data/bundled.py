"""The data sets that come with scikit-learn, as CSV files: real data without a network."""

import csv
import io

from genboost.data.dataset import Dataset
from genboost.errors import UserError


def content(dataset: Dataset) -> bytes:
    """Return a data set of scikit-learn as a CSV file, with classes by name.

    Raises
    ------
    UserError
        If the description names no data set, or scikit-learn does not have it.
    """
    if not dataset.sklearn:
        raise UserError(f"{dataset.path} names no data set of scikit-learn")
    from sklearn import datasets

    known = {name.removeprefix("load_") for name in datasets.__all__ if name.startswith("load_")}
    if dataset.sklearn not in known - {"files", "sample_image", "sample_images", "svmlight_file"}:
        raise UserError(f"{dataset.path}: scikit-learn has no data set {dataset.sklearn}")
    # Its diabetes data come scaled by default.
    options = {"scaled": False} if dataset.sklearn == "diabetes" else {}
    found = getattr(datasets, f"load_{dataset.sklearn}")(**options)
    labels = (
        [str(found.target_names[code]) for code in found.target]
        if dataset.classes
        else (found.target.tolist())
    )
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*found.feature_names, dataset.label])
    writer.writerows([*row, label] for row, label in zip(found.data.tolist(), labels, strict=True))
    return file.getvalue().encode()
