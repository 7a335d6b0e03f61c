"""The description of a data set, read from one YAML file (see workflow/datasets/obesity.yaml)."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from genboost.errors import UserError
from genboost.files import ROOT

DATASETS = ROOT / "workflow/datasets"

_REQUIRED = {"title": str, "licence": str, "citation": str, "label": dict, "columns": dict}
_OPTIONAL = {
    "file": str,
    "kaggle": dict,
    "uci": dict,
    "sklearn": str,
    "respondents": dict,
    "zeroed_features": list,
    "ignored_columns": list,
}


@dataclass(frozen=True)
class Column:
    """A feature: a number with a range, or a category with values in their natural order.

    Attributes
    ----------
    range : (float, float) or None
        Smallest and largest value of a number, both allowed.
    values : tuple of str
        A category's values; empty for a number.
    mean, sd : tuple of float
        A number's mean and standard deviation in each class; empty where not given.
    shares : tuple of tuple of float
        [classes][values], the relative frequency of a category's values; empty where not given.
    """

    name: str
    range: tuple[float, float] | None
    values: tuple[str, ...]
    mean: tuple[float, ...] = ()
    sd: tuple[float, ...] = ()
    shares: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Respondents:
    """How to tell people's answers from rows interpolated between two of them.

    Attributes
    ----------
    first_rows : int
        How many rows at the top of the file are answers.
    decimals : dict of str to int
        How many decimals an answer has at most, by column; interpolated values have more.
    """

    first_rows: int
    decimals: dict[str, int]


@dataclass(frozen=True)
class Dataset:
    """What is known about a data set before its file is read.

    Attributes
    ----------
    path : Path
        The YAML file.
    sklearn : str or None
        The data set's name in scikit-learn, as in ``sklearn.datasets.load_NAME``.
    label_range : (float, float) or None
        Smallest and largest value of a label that is a number.
    classes : tuple of str
        The label's values in order of severity, coded 0, 1, ...; empty if it is a number.
    class_rows : tuple of int
        How many rows of the published file each class has.
    ordered : bool
        Whether the classes have an order, so that their codes are meaningful numbers.
    rows : int
        How many rows the published file has; 0 if unknown.
    respondents : Respondents or None
        How to tell the rows' origins; None if no row is known to be interpolated.
    zeroed_features : tuple of str
        Features that the model sees as zero, unless a configuration names others.
    ignored_columns : tuple of str
        Other columns that a file may have, such as row numbers.
    """

    path: Path
    title: str
    licence: str
    citation: str
    file: str | None
    kaggle: str | None
    kaggle_sha256: str | None
    uci_url: str | None
    sklearn: str | None
    label: str
    label_range: tuple[float, float] | None
    classes: tuple[str, ...]
    class_rows: tuple[int, ...]
    ordered: bool
    rows: int
    respondents: Respondents | None
    columns: tuple[Column, ...]
    zeroed_features: tuple[str, ...]
    ignored_columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the configuration calls the data set."""
        return self.path.stem

    @property
    def feature_columns(self) -> list[str]:
        """The names of the columns other than the label, in order."""
        return [column.name for column in self.columns]


def load(path: str | Path) -> Dataset:
    """Read and check the description of a data set.

    Raises
    ------
    UserError
        If the file cannot be read or is no description of a data set; names the key.
    """
    path = Path(path)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a safe one
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the data set description {path}: {error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{path} is not valid YAML: {error}") from error
    try:
        return _dataset(path, document)
    except _InvalidError as error:
        raise UserError(f"{path}: {error}") from error


def find(name: str) -> Dataset:
    """Return the description of the data set that a configuration names.

    Raises
    ------
    UserError
        If there is none of that name, or it is wrong.
    """
    path = Path(os.path.relpath(DATASETS / f"{name}.yaml"))
    if not path.is_file():
        known = sorted(file.stem for file in DATASETS.glob("*.yaml"))
        raise UserError(f"{path} does not exist; the data sets are {', '.join(known)}")
    return _load(path)


_load = cache(load)


class _Loader(yaml.SafeLoader):
    """Refuses duplicate keys, of which YAML's readers silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if first := lines.get(str(key.value)):
                problem = f"{key.value} duplicate key, first on line {first}"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            lines[str(key.value)] = line
        return super().construct_mapping(node, deep)


class _InvalidError(Exception):
    """A key of a description is wrong; the message names it."""


def _dataset(path: Path, document: Any) -> Dataset:
    """Build a `Dataset` from a parsed YAML document."""
    top = _mapping("the file", document, _REQUIRED, _OPTIONAL)
    kaggle = _mapping("kaggle", top.get("kaggle", {}), {}, {"dataset": str, "sha256": str})
    uci = _mapping("uci", top.get("uci", {}), {}, {"url": str})
    label = _mapping(
        "label",
        top["label"],
        {"name": str},
        {"classes": dict, "ordered": bool, "range": list, "rows": int},
    )
    classes, label_range = _label_values(label)
    rows = label.get("rows", sum(classes.values()))
    names = _texts("columns", list(top["columns"]))
    if label["name"] in names:
        raise _InvalidError(f"columns: {label['name']} is the label; list the features only")
    columns = tuple(_column(name, top["columns"][name], len(classes)) for name in names)
    zeroed = top.get("zeroed_features", [])
    if unknown := [str(name) for name in zeroed if name not in names]:
        raise _InvalidError(f"zeroed_features: {', '.join(unknown)} is not one of the columns")
    ignored = _texts("ignored_columns", top["ignored_columns"]) if "ignored_columns" in top else ()
    if used := sorted({*names, label["name"]} & {*ignored}):
        raise _InvalidError(f"ignored_columns: {', '.join(used)} is used")
    return Dataset(
        path=path,
        title=top["title"],
        licence=top["licence"],
        citation=top["citation"],
        file=top.get("file"),
        kaggle=kaggle.get("dataset"),
        kaggle_sha256=kaggle.get("sha256"),
        uci_url=uci.get("url"),
        sklearn=top.get("sklearn"),
        label=label["name"],
        label_range=label_range,
        classes=tuple(classes),
        class_rows=tuple(classes.values()),
        ordered=label.get("ordered", True),
        rows=rows,
        respondents=_respondents(top["respondents"], columns, rows)
        if "respondents" in top
        else None,
        columns=columns,
        zeroed_features=tuple(zeroed),
        ignored_columns=ignored,
    )


def _label_values(label: dict) -> tuple[dict[str, int], tuple[float, float] | None]:
    """Return a label's classes with their row counts, and its range; one of the two is empty."""
    if ("range" in label) == ("classes" in label):
        raise _InvalidError("label: must have either a range (a number) or classes")
    if "range" in label:
        if "ordered" in label:
            raise _InvalidError(
                "label.ordered: applies to classes only; numbers are ordered already"
            )
        if label.get("rows", 1) < 1:
            raise _InvalidError("label.rows: must be 1 or more")
        return {}, _range("label.range", label["range"])
    if "rows" in label:
        raise _InvalidError(
            "label.rows: applies to numbers only; classes have their own row counts"
        )
    _texts("label.classes", list(label["classes"]))
    for name, rows in label["classes"].items():
        if type(rows) is not int or rows < 2:
            raise _InvalidError(
                f"label.classes.{name}: must be a number of rows, 2 or more; is {rows!r}"
            )
    return label["classes"], None


def _respondents(node: dict, columns: tuple[Column, ...], rows: int) -> Respondents:
    """Build `Respondents` from its entry."""
    entry = _mapping("respondents", node, {"first_rows": int, "decimals": dict}, {})
    if not 1 <= entry["first_rows"] <= rows:
        raise _InvalidError(f"respondents.first_rows: must be from 1 to {rows}, the file's rows")
    numbers = [column.name for column in columns if column.range]
    for name, decimals in entry["decimals"].items():
        if name not in numbers:
            raise _InvalidError(f"respondents.decimals: {name} is not a column of numbers")
        if type(decimals) is not int or decimals < 0:
            raise _InvalidError(f"respondents.decimals.{name}: must be 0 or more; is {decimals!r}")
    if not entry["decimals"]:
        raise _InvalidError("respondents.decimals: must name at least one column")
    return Respondents(entry["first_rows"], entry["decimals"])


def _column(name: str, node: Any, classes: int) -> Column:
    """Build a `Column` from its entry."""
    where = f"columns.{name}"
    entry = _mapping(
        where, node, {}, dict.fromkeys(("range", "values", "mean", "sd", "shares"), list)
    )
    if ("range" in entry) == ("values" in entry):
        raise _InvalidError(f"{where}: must have either a range (a number) or values (a category)")
    limits: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    if "range" in entry:
        limits = _range(f"{where}.range", entry["range"])
    else:
        values = _texts(f"{where}.values", entry["values"])
    mean, sd, shares = (entry.get(key, []) for key in ("mean", "sd", "shares"))
    if (values and (mean or sd)) or (limits and shares) or bool(mean) != bool(sd):
        raise _InvalidError(f"{where}: a number has mean and sd, a category has shares")
    if shares and len(shares) != classes:
        raise _InvalidError(f"{where}.shares: must have {classes} entries, one for each class")
    for index, row in enumerate(shares):
        if not sum(_numbers(f"{where}.shares[{index}]", row, len(values), least=0)) > 0:
            raise _InvalidError(f"{where}.shares[{index}]: one of the shares must be above 0")
    return Column(
        name=name,
        range=limits or None,
        values=values,
        mean=_numbers(f"{where}.mean", mean, classes) if mean else (),
        sd=_numbers(f"{where}.sd", sd, classes, least=0) if sd else (),
        shares=tuple(tuple(map(float, row)) for row in shares),
    )


def _mapping(where: str, node: Any, required: dict[str, type], optional: dict[str, type]) -> dict:
    """Return `node` if it is a mapping with the required keys, no others, and the right types."""
    if not isinstance(node, dict):
        raise _InvalidError(f"{where} must be a mapping of keys to values")
    types = required | optional
    if missing := [key for key in required if key not in node]:
        raise _InvalidError(f"{where} lacks {', '.join(missing)}")
    if unknown := [str(key) for key in node if key not in types]:
        raise _InvalidError(
            f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(types)}"
        )
    for key, value in node.items():
        if not isinstance(value, types[key]) or isinstance(value, bool) != (types[key] is bool):
            raise _InvalidError(
                f"{key} in {where}: {value!r} should be of type {types[key].__name__}"
            )
    return node


def _texts(where: str, node: list) -> tuple[str, ...]:
    """Return a list of distinct texts as a tuple."""
    for value in node:
        if not isinstance(value, str):
            raise _InvalidError(
                f'{where}: {value!r} is not text; put it in quotes, as in "no" or "1"'
            )
    if not node or len(set(node)) != len(node):
        raise _InvalidError(f"{where}: must list at least one value, and no value twice")
    return tuple(node)


def _range(where: str, node: Any) -> tuple[float, float]:
    """Return a list of two numbers, the smaller one first, as a tuple."""
    low, high = _numbers(where, node, 2)
    if low >= high:
        raise _InvalidError(f"{where}: the first number must be the smaller one")
    return low, high


def _numbers(where: str, node: Any, count: int, least: float = float("-inf")) -> tuple[float, ...]:
    """Return a list of `count` numbers, none below `least`, as a tuple."""
    if not isinstance(node, list) or len(node) != count:
        raise _InvalidError(f"{where}: must be a list of {count} numbers")
    for value in node:
        if not isinstance(value, int | float) or isinstance(value, bool) or not value >= least:
            raise _InvalidError(f"{where}: {value!r} is not a valid number here")
    return tuple(float(value) for value in node)
