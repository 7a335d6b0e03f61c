"""Turn a checked table into arrays to train on: choose rows, split, code, scale."""

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from genboost.data import missing, origins, split
from genboost.data.arrays import INTERPOLATED, RESPONDENT, Data
from genboost.data.coding import Coding, Input
from genboost.data.dataset import Dataset
from genboost.data.raw_table import Table
from genboost.errors import UserError


@dataclass(frozen=True)
class Settings:
    """How a table is prepared.

    Attributes
    ----------
    zeroed_features : collection of str
        Columns whose values are all replaced by 0; they stay inputs of the network.
    scaling : str
        ``none``; ``standard``: mean 0 and variance 1; ``minmax``: from 0 to 1. Every input is
        scaled by the training rows alone. A zeroed feature stays 0.
    categorical_coding : str
        ``ordinal``: 0, 1, ... in the description's order; ``alphabetical``: the same in
        alphabetical order of the values that occur, like scikit-learn's LabelEncoder;
        ``onehot``: an input for each value.
    label_coding : str
        ``severity``, the description's order, or ``alphabetical``.
    missing : str
        How to treat missing values: ``refuse``, ``drop`` the rows, or ``impute`` the median of
        the training rows or their most frequent category.
    rows : str
        ``all``, or ``respondents`` without interpolated rows.
    split : str
        ``random``, or ``grouped``: an interpolated row is on the side of the two respondents that
        it lies between, and is left out if they are on different sides.
    test_fraction : float
        The share of rows (``grouped``: of respondents) that are for testing, rounded up.
    validation_fraction : float
        The share of what is left that is held out to choose by, likewise; 0 for none.
    stratify : bool
        Whether classes are to have the same shares in all parts.
    shuffle_labels : float
        The share of the training rows whose labels are permuted among them (Zhang et al. 2017,
        section 2.1, permute all). All other rows keep theirs.
    """

    zeroed_features: Collection[str] = ()
    scaling: str = "none"
    categorical_coding: str = "ordinal"
    label_coding: str = "severity"
    missing: str = "refuse"
    rows: str = "all"
    split: str = "random"
    test_fraction: float = 0.2
    validation_fraction: float = 0.0
    split_seed: int = 0
    stratify: bool = False
    shuffle_labels: float = 0.0
    shuffle_seed: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any], dataset: Dataset) -> "Settings":
        """Return the settings in a configuration's data section; null: the data set's own."""
        values = {field.name: data[field.name] for field in fields(cls)}
        if values["zeroed_features"] is None:
            values["zeroed_features"] = dataset.zeroed_features
        return cls(**values)


@dataclass(frozen=True)
class Prepared:
    """Prepared data, and the meaning of its rows and columns.

    Attributes
    ----------
    data : Data
        What models are trained, chosen and tested on.
    coding : Coding
        How rows became x and classes became y.
    train_rows, test_rows, validation_rows : int64 arrays
        Which rows of the raw file, from 0, the rows of x are.
    origin : text array [rows of the file]
        The origin of each row; see `origins.tell`.
    notes : list of str
        What a reader should know about the choice of rows.
    """

    data: Data
    coding: Coding
    train_rows: np.ndarray
    test_rows: np.ndarray
    validation_rows: np.ndarray
    origin: np.ndarray
    notes: list[str]

    @property
    def inputs(self) -> dict[str, str]:
        """The names of x's columns, in order, and how each is coded."""
        return {one.name: one.text for one in self.coding.inputs}


def prepare(table: Table, dataset: Dataset, settings: Settings) -> Prepared:
    """Choose, split, code and scale a table's rows, in any order of columns.

    Raises
    ------
    UserError
        If a value is missing and the settings refuse that; if a zeroed feature does not exist; if
        the rows cannot be chosen or split as asked; if there is nothing to learn.
    """
    if unknown := sorted(set(settings.zeroed_features) - set(table.columns)):
        raise UserError(
            f"zeroed_features: {', '.join(unknown)} is not a feature of {dataset.path}; "
            f"the features are {', '.join(table.columns)}"
        )
    rows, notes = missing.usable_rows(table, dataset, settings.missing)
    origin, why = origins.tell(table, dataset)
    if why and (settings.rows == "respondents" or settings.split == "grouped"):
        raise UserError(f"cannot tell which rows are respondents: {why}")
    if settings.rows == "respondents":
        rows = rows[origin[rows] == RESPONDENT]
    train_rows, test_rows, validation_rows, said = _split(table, dataset, settings, rows, origin)
    coding = _fit(table, dataset, settings, train_rows)
    label = table.label
    if dataset.classes:
        label = np.array(list(coding.classes.values()))[label]
    if len(np.unique(label[train_rows])) == 1:
        raise UserError(
            f"all training rows have the same {dataset.label}, so there is nothing to learn"
        )
    train_y, shuffled = _shuffled(label[train_rows], settings)
    used = np.concatenate([train_rows, test_rows, validation_rows])
    replaced = missing.replaced(_rows(table, used), coding.replacements)
    return Prepared(
        data=Data(
            train_x=coding.apply(_rows(table, train_rows)),
            train_y=train_y.astype(np.float32),
            test_x=coding.apply(_rows(table, test_rows)),
            test_y=label[test_rows].astype(np.float32),
            validation_x=coding.apply(_rows(table, validation_rows)),
            validation_y=label[validation_rows].astype(np.float32),
        ),
        coding=coding,
        train_rows=train_rows,
        test_rows=test_rows,
        validation_rows=validation_rows,
        origin=origin,
        notes=[*notes, *said, *replaced, *shuffled, *_without_order(dataset)],
    )


def _rows(table: Table, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the features of some rows."""
    return {name: values[rows] for name, values in table.columns.items()}


def _split(
    table: Table, dataset: Dataset, settings: Settings, rows: np.ndarray, origin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Return the rows for training, testing and validation, and what is to be said of them."""
    if settings.stratify and not dataset.classes:
        raise UserError(f"data.stratify needs classes, but {dataset.label} is a number")
    how = {
        "seed": settings.split_seed,
        "classes": table.label if settings.stratify else None,
    }
    hold_out, notes = partial(split.at_random, **how), []
    if settings.split == "grouped":
        parents = origins.parents(table, dataset, origin)
        hold_out = partial(split.grouped, origin=origin, parents=parents, **how)
        notes = [parents.note(rows[origin[rows] == INTERPOLATED])]
    train, test = hold_out(rows, fraction=settings.test_fraction)
    validation = train[:0]
    if settings.validation_fraction:
        train, validation = hold_out(train, fraction=settings.validation_fraction)
    if settings.split == "grouped":
        left_out = len(rows) - len(train) - len(test) - len(validation)
        notes.append(
            f"{left_out} interpolated rows were left out, since the two respondents that they lie "
            "between are kept apart"
        )
    return train, test, validation, notes


def _shuffled(label: np.ndarray, settings: Settings) -> tuple[np.ndarray, list[str]]:
    """Permute a share of labels among their rows; return all labels, and notes."""
    if not settings.shuffle_labels:
        return label, []
    random = np.random.default_rng(settings.shuffle_seed)
    chosen = random.permutation(len(label))[: round(settings.shuffle_labels * len(label))]
    label = label.copy()
    label[np.sort(chosen)] = label[chosen]
    return label, [
        f"the labels of {len(chosen)} training rows are permuted at random among those rows "
        f"(seed {settings.shuffle_seed}); all other rows keep their labels"
    ]


def _without_order(dataset: Dataset) -> list[str]:
    """Return a warning if the classes have no order, as their codes are arbitrary numbers."""
    if dataset.ordered or len(dataset.classes) == 2:
        return []
    return [
        "the classes have no order: their codes are arbitrary, and so is the squared error of "
        "predicting them as a number"
    ]


def to_bytes(prepared: Prepared, name: str) -> bytes:
    """Return an npz file, uncompressed so that the bytes do not depend on zlib's version.

    Parameters
    ----------
    name
        The data set's name in results; see `arrays.marked`.
    """
    file = io.BytesIO()
    np.savez(
        file,
        **vars(prepared.data),
        name=name,
        classes=len(prepared.coding.classes),
        inputs=np.array(list(prepared.inputs)),
        train_rows=prepared.train_rows,
        test_rows=prepared.test_rows,
        validation_rows=prepared.validation_rows,
        train_origin=prepared.origin[prepared.train_rows],
        test_origin=prepared.origin[prepared.test_rows],
    )
    return file.getvalue()


def _fit(table: Table, dataset: Dataset, settings: Settings, train_rows: np.ndarray) -> Coding:
    """Return the coding that the settings ask for, fitted to the training rows."""
    impute = settings.missing == "impute"
    names = sorted(dataset.classes) if settings.label_coding == "alphabetical" else dataset.classes
    coding = Coding(
        inputs=_inputs(table, dataset, settings),
        replacements=missing.replacements(table, dataset, train_rows) if impute else {},
        label=dataset.label,
        classes={name: names.index(name) for name in dataset.classes},
    )
    codes = coding.codes(_rows(table, train_rows))
    if settings.scaling == "standard":
        from sklearn.preprocessing import StandardScaler

        standard = StandardScaler().fit(codes)
        return coding.scaled("standard", standard.mean_, standard.scale_)
    if settings.scaling == "minmax":
        from sklearn.preprocessing import MinMaxScaler

        minmax = MinMaxScaler().fit(codes)
        return coding.scaled("minmax", minmax.min_, minmax.scale_)
    return coding


def _inputs(table: Table, dataset: Dataset, settings: Settings) -> list[Input]:
    """Return the network's inputs."""
    inputs: list[Input] = []
    for column in dataset.columns:
        name, values = column.name, list(column.values)
        if column.range:
            found = [Input(name, name, range=column.range)]
        elif settings.categorical_coding == "onehot":
            found = [
                Input(
                    f"{name}={value}", name, codes={other: int(other == value) for other in values}
                )
                for value in values
            ]
        else:
            if settings.categorical_coding == "alphabetical":
                values = sorted({*table.columns[name].tolist()} - {""})
            found = [Input(name, name, codes={value: code for code, value in enumerate(values)})]
        zeroed = name in settings.zeroed_features
        inputs += [Input(one.name, name) for one in found] if zeroed else found
    return inputs
