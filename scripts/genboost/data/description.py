"""Describe prepared data for a reader, in Markdown."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from genboost.data.arrays import RESPONDENT, UNKNOWN
from genboost.data.dataset import Dataset
from genboost.data.prepare import Prepared, Settings
from genboost.data.raw_table import Table


def describe(
    dataset: Dataset, table: Table, prepared: Prepared, settings: Settings, provenance: dict
) -> str:
    """Return the description; the same inputs give the same text, which has no time in it."""
    data = prepared.data
    all_y = np.concatenate([data.train_y, data.test_y, data.validation_y])
    parts = [f"# {_escaped(dataset.title)}"]
    if provenance["synthetic"]:
        parts.append(
            "> **SYNTHETIC**: a generated stand-in, not the published data set. No result made "
            "from it says anything about the real one."
        )
    kind = f"in {len(dataset.classes)} classes" if dataset.classes else "as a number"
    label = dataset.label.replace("`", "'")
    parts.append(
        f"{len(table.label)} rows, {len(table.columns)} features as {len(prepared.inputs)} inputs, "
        f"and the label `{label}` {kind}. {_origins(prepared)}"
        f"{_duplicates(table)} rows are exact copies of an earlier one."
    )
    inputs = [
        [name, coding, f"{values.mean():z.3f}", f"{values.std():.3f}"]
        for (name, coding), values in zip(
            prepared.inputs.items(), data.train_x.T.astype(np.float64), strict=True
        )
    ]
    parts += [
        "## Split",
        _split(settings),
        *(["\n".join(f"- {_escaped(note)}" for note in prepared.notes)] if prepared.notes else []),
        _rows(dataset, table, prepared),
        "Always predicting the mean has a mean squared error equal to the label's variance: "
        f"{_variance(all_y)} over all rows, "
        f"{_variance(data.train_y)} over the training rows, {_variance(data.test_y)} over the test "
        "rows.",
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
                f"- source: {provenance['source']}, {_escaped(_place(provenance))}",
                f"- sha256: `{provenance['sha256']}`",
                f"- sha256 of the prepared arrays, as in the models' records: `{data.digest}`",
                f"- licence: {_escaped(provenance['licence'])}",
                f"- citation: {_escaped(provenance['citation'])}",
                *(f"- note: {_escaped(note)}" for note in provenance["notes"]),
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _origins(prepared: Prepared) -> str:
    """Say which rows are people's answers; nothing where that is not known."""
    people = np.count_nonzero(prepared.origin == RESPONDENT)
    if set(prepared.origin) == {UNKNOWN}:
        return ""
    made = len(prepared.origin) - people
    return f"{people} rows are answers of people, {made} were interpolated between two of them. "


def _place(provenance: dict) -> str:
    """Return where data come from; of a file its name alone, as a page is for others to read."""
    location = provenance["location"]
    return Path(location).name if provenance["source"] == "file" else location


def _split(settings: Settings) -> str:
    """Say how the rows are split."""
    share = f"{settings.test_fraction:g}"
    drawn = f"{'stratified by class' if settings.stratify else 'at random'} with seed "
    drawn += str(settings.split_seed)
    chosen = ""
    if settings.validation_fraction:
        chosen = f" {settings.validation_fraction:g} of the others are for validation."
    if settings.split == "grouped":
        return (
            f"{share} of the respondents are for testing, drawn {drawn}.{chosen} An interpolated "
            "row is in the same part as the two respondents that it lies between."
        )
    rows = "respondents" if settings.rows == "respondents" else "rows"
    return f"{share} of the {rows} are for testing, drawn {drawn}.{chosen}"


def _rows(dataset: Dataset, table: Table, prepared: Prepared) -> str:
    """Return a table that counts the rows, by class and by origin, in the file and in each part."""
    parts = {
        "rows": slice(None),
        "train": prepared.train_rows,
        "test": prepared.test_rows,
        "validation": prepared.validation_rows,
    }
    if not len(prepared.validation_rows):
        del parts["validation"]
    rows = [
        [name, code, *(np.count_nonzero(table.label[p] == severity) for p in parts.values())]
        for severity, (name, code) in enumerate(prepared.coding.classes.items())
    ]
    origins = [prepared.origin[part] for part in parts.values()]
    if set(prepared.origin) != {UNKNOWN}:
        rows += [
            [name, "", *(np.count_nonzero(origin == name) for origin in origins)]
            for name in dict.fromkeys(prepared.origin.tolist())
        ]
    return _table(
        ["class" if dataset.classes else "", "code", *parts],
        [*rows, ["all", "", *(len(origin) for origin in origins)]],
    )


def _duplicates(table: Table) -> int:
    """Count the rows that repeat an earlier one."""
    rows = list(zip(*table.columns.values(), table.label, strict=True))
    return len(rows) - len(set(rows))


def _variance(label: np.ndarray) -> str:
    """Return the variance (with n, not n - 1) as text."""
    return f"{label.astype(np.float64).var():.4f}"


def _table(header: list[str], rows: Iterable[list[object]]) -> str:
    """Return a Markdown table."""
    cells = [[_escaped(str(entry)) for entry in row] for row in rows]
    lines = [header, ["---"] * len(header), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _escaped(text: str) -> str:
    """Return text as one line for Markdown; an underscore within a word needs no escape."""
    return re.sub(r"([\\`*|<\[]|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(text.split()))
