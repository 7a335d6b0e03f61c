"""Describe prepared data for a reader, in Markdown."""

from collections.abc import Iterable

import numpy as np

from genboost.arrays import Arrays
from genboost.checks import Table
from genboost.dataset import Dataset
from genboost.prepare import Settings


def describe(
    dataset: Dataset, table: Table, arrays: Arrays, settings: Settings, provenance: dict
) -> str:
    """Return the description; the same inputs give the same text (no time is in it)."""
    data = arrays.data
    parts = [f"# {dataset.title}"]
    if provenance["synthetic"]:
        parts.append(
            "> **SYNTHETIC**: a generated stand-in, not the published data set. No result that is "
            "made from it says anything about the real one."
        )
    parts.append(
        f"{len(table.label)} rows, {len(table.columns)} features as {len(arrays.features)} inputs, "
        f"and the label `{dataset.label}` in {len(dataset.classes)} classes. "
        f"{_duplicates(table)} rows are exact copies of an earlier one."
    )
    sizes = [len(table.label), len(data.train_y), len(data.test_y)]
    split = "stratified by class" if settings.stratify else "at random"
    parts += [
        "## Split",
        f"{settings.test_fraction:g} of the rows are for testing, drawn {split} with seed "
        f"{settings.split_seed}.",
        _table(
            ["class", "code", "rows", "train", "test"],
            [
                *(
                    [
                        name,
                        code,
                        *(int((y == code).sum()) for y in (table.label, data.train_y, data.test_y)),
                    ]
                    for code, name in enumerate(dataset.classes)
                ),
                ["all", "", *sizes],
            ],
        ),
        "The variance of the label is the mean squared error of always predicting its mean: "
        f"{_variance(table.label)} over all rows, {_variance(data.train_y)} over the training "
        f"rows, {_variance(data.test_y)} over the test rows.",
        "## Inputs",
        f"Categories: {settings.categorical_coding} coding. Scaling: {settings.scaling}"
        + ("." if settings.scaling == "none" else ", fitted on the training rows."),
        _table(
            ["feature", "values", "in the network", "mean (train)", "sd (train)"],
            _inputs(dataset, table, arrays, settings),
        ),
        "## Source",
        "\n".join(
            [
                f"- source: {provenance['source']}, {provenance['location']}",
                f"- sha256: `{provenance['sha256']}`",
                f"- licence: {provenance['licence']}",
                f"- citation: {provenance['citation']}",
                *(f"- note: {' '.join(note.split())}" for note in provenance["notes"]),
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _inputs(
    dataset: Dataset, table: Table, arrays: Arrays, settings: Settings
) -> Iterable[list[object]]:
    """Yield a row of the table of inputs for each feature."""
    x = arrays.data.train_x.astype(np.float64)
    for column in dataset.columns:
        places = [
            place
            for place, name in enumerate(arrays.features)
            if name == column.name or name.startswith(f"{column.name}=")
        ]
        values = list(column.values)
        if settings.categorical_coding == "alphabetical":
            values = sorted(set(table.columns[column.name].tolist())) if values else []
        if column.name in settings.zeroed_features:
            coded = "set to zero"
        elif not values:
            coded = "as it is" if settings.scaling == "none" else "scaled"
        elif settings.categorical_coding == "onehot":
            coded = f"{len(places)} inputs"
        else:
            coded = "codes 0, 1, ..."
        domain = ", ".join(values) or "{:g} to {:g}".format(*column.range or ())
        one = len(places) == 1
        yield [
            column.name,
            domain,
            coded,
            f"{x[:, places[0]].mean():.3f}" if one else "",
            f"{x[:, places[0]].std():.3f}" if one else "",
        ]


def _duplicates(table: Table) -> int:
    """Count the rows that repeat an earlier one."""
    rows = list(zip(*table.columns.values(), table.label, strict=True))
    return len(rows) - len(set(rows))


def _variance(label: np.ndarray) -> str:
    """Return the variance (over n, not n - 1) for the text."""
    return f"{label.astype(np.float64).var():.4f}"


def _table(header: list[str], rows: Iterable[list[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
