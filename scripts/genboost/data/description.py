"""Describe prepared data for a reader, in Markdown."""

from collections.abc import Iterable

import numpy as np

from genboost.data.dataset import Dataset
from genboost.data.prepare import Prepared, Settings, label_codes
from genboost.data.raw_table import Table


def describe(
    dataset: Dataset, table: Table, prepared: Prepared, settings: Settings, provenance: dict
) -> str:
    """Return the description; the same inputs give the same text (no time is in it)."""
    data = prepared.data
    parts = [f"# {dataset.title}"]
    if provenance["synthetic"]:
        parts.append(
            "> **SYNTHETIC**: a generated stand-in, not the published data set. No result that is "
            "made from it says anything about the real one."
        )
    parts.append(
        f"{len(table.label)} rows, {len(table.columns)} features as {len(prepared.inputs)} inputs, "
        f"and the label `{dataset.label}` in {len(dataset.classes)} classes. "
        f"{_duplicates(table)} rows are exact copies of an earlier one."
    )
    split = "stratified by class" if settings.stratify else "at random"
    codes = label_codes(dataset, settings)
    labels = (codes[table.label], data.train_y, data.test_y)
    classes = [
        [name, code, *(np.count_nonzero(label == code) for label in labels)]
        for code, name in zip(codes, dataset.classes, strict=True)
    ]
    inputs = [
        [name, coding, f"{values.mean():z.3f}", f"{values.std():.3f}"]
        for (name, coding), values in zip(
            prepared.inputs.items(), data.train_x.T.astype(np.float64), strict=True
        )
    ]
    parts += [
        "## Split",
        f"{settings.test_fraction:g} of the rows are for testing, drawn {split} with seed "
        f"{settings.split_seed}.",
        _table(
            ["class", "code", "rows", "train", "test"],
            [*classes, ["all", "", *(len(label) for label in labels)]],
        ),
        "The variance of the label is the mean squared error of always predicting its mean: "
        f"{_variance(labels[0])} over all rows, {_variance(data.train_y)} over the training "
        f"rows, {_variance(data.test_y)} over the test rows.",
        "## Inputs",
        f"Categories: {settings.categorical_coding} coding. Scaling: {settings.scaling}"
        + ("." if settings.scaling == "none" else ", fitted on the training rows."),
        _table(
            ["input", "coded from", "mean (train)", "sd (train)"],
            inputs,
        ),
        "## Source",
        "\n".join(
            [
                f"- source: {provenance['source']}, {provenance['location']}",
                f"- sha256: `{provenance['sha256']}`",
                f"- sha256 of the prepared arrays, as in the models' records: `{data.digest}`",
                f"- licence: {provenance['licence']}",
                f"- citation: {provenance['citation']}",
                *(f"- note: {' '.join(note.split())}" for note in provenance["notes"]),
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


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
