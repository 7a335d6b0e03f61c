"""All that tables, figures and the report are made from, and how a command line names it."""

import argparse
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from genboost.analysis import aggregation, deck
from genboost.analysis.values import choosing_column
from genboost.data.arrays import MARK
from genboost.measures import registry
from genboost.measures.registry import TEST_MSE, Quantity
from genboost.receipts import Step
from genboost.report.layout import Layout, layout
from genboost.study import axes, grid
from genboost.study.cells import Cell

SIMPLE = {
    "mean": "predicting the mean",
    "ridge": "ridge regression",
    "gradient_boosted_trees": "gradient-boosted trees",
    "nearest_neighbour": "1-nearest neighbour",
}
DECIMALS, MOST_DECIMALS = 2, 6  # where no standard error says how many, and at most
WARNING = (
    f"{MARK} DATA: computed from a generated stand-in, not from the published data set. "
    "No number here says anything about the real one."
)
MIXED = (
    "MIXED ENGINES: in {cells} some seeds were trained by the compiled kernel and some by torch,"
    " whose rounding differs. Where the kernel can be built, the next run trains these anew."
)


@dataclass(frozen=True)
class Results:
    """All that the tables are made from.

    Attributes
    ----------
    studies : list of grid.Study
        As `grid.Study.over_splits` returns them.
    models, summary : DataFrame
        As `aggregation.collect` and `aggregation.summarize` return them.
    figures : DataFrame
        The deck's, as `deck.load` returns them.
    baselines : dict
        By data variant, then method: ``train_mse`` and ``test_mse``, means over the splits.
    of_the_mean : dict
        By data variant, of each split: the test MSE of predicting the mean.
    synthetic : set of str
        The data sets that are generated stand-ins.
    rows, columns : str
        The axes that tables have down and across, where they vary.
    digits : int or "auto"
        Digits after the point; see `decimals`.
    standard_deviation, interval : bool
        Whether the tables of a study show it, and the 95 % t interval.
    choose_by : str
        Which rows choose the best cells: ``test`` or ``validation``.
    quantities : sequence of str
        What tables, heatmaps and profiles show, each in its own.
    quantity : Quantity
        What is shown here; see `about`.
    """

    studies: Sequence[grid.Study]
    models: pd.DataFrame
    summary: pd.DataFrame
    figures: pd.DataFrame
    baselines: Mapping[str, Mapping[str, Mapping[str, float]]]
    of_the_mean: Mapping[str, float]
    synthetic: frozenset[str]
    rows: str
    columns: str
    digits: int | str
    standard_deviation: bool
    interval: bool = False
    choose_by: str = "test"
    quantities: Sequence[str] = (TEST_MSE.name,)
    quantity: Quantity = TEST_MSE

    def about(self, name: str) -> "Results":
        """Return the same results, with another quantity to show."""
        if name == self.quantity.name:
            return self
        if name not in self._about:
            self._about[name] = replace(self, quantity=registry.quantity(name))
        return self._about[name]

    @cached_property
    def _about(self) -> dict[str, "Results"]:
        """What `about` has returned, so that all share what is computed of it."""
        return {}

    @property
    def is_about_errors(self) -> bool:
        """Whether it is the test MSE that is shown, which simple methods have, too."""
        return self.quantity == TEST_MSE

    @cached_property
    def settings(self) -> list[axes.Setting]:
        """What tells the cells of all studies apart, as the columns of `summary` do."""
        return axes.shown_settings(cell for study in self.studies for cell in study.cells)

    @cached_property
    def layouts(self) -> dict[str, Layout]:
        """How each study is laid out, by its name."""
        return {study.name: layout(study, self.rows, self.columns) for study in self.studies}

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The summary, with the mean of what is shown as ``value`` and its deviation ``value_sd``.

        The best cell is that of the best ``choice``, the mean that `choosing` names. What no model
        has, such as the error of a group of rows that the data lack, is NaN.
        """
        name = self.quantity.name
        nothing = pd.Series(math.nan, self.summary.index)
        value, deviation, choice = (
            self.summary.get(key, nothing) for key in (name, f"{name}_sd", self.choosing)
        )
        return self.summary.assign(value=value, value_sd=deviation, choice=choice)

    @property
    def choosing(self) -> str:
        """The column that chooses the best cells of what is shown."""
        return choosing_column(self.quantity, self.choose_by)

    @property
    def chosen(self) -> str:
        """How the best cells are chosen, for a sentence; nothing if no rows have a part in it."""
        if not self.quantity.chosen_by:
            return ""
        if self.choose_by == "validation":
            return "chosen on the validation rows"
        return "chosen on the test rows, as the deck does"

    @cached_property
    def complete(self) -> pd.DataFrame:
        """The cells with a mean that can be compared: those in which no model diverged."""
        known = self.cells["value"].notna() & self.cells["choice"].notna()
        return self.cells[(self.cells["diverged"] == 0) & known]

    @cached_property
    def decimals(self) -> int:
        """Digits after the point; by default, up to the first of the median standard error."""
        if self.digits != "auto":
            return self.digits
        error = (self.complete["value_sd"] / self.complete["n"] ** 0.5).median()
        if math.isnan(error) or not error:
            return DECIMALS
        return min(max(-math.floor(math.log10(error)), 0), MOST_DECIMALS)

    @cached_property
    def best_choices(self) -> dict[str, float]:
        """The best ``choice`` of each study that has one, where lower or higher is better."""
        if self.quantity.better == "none":
            return {}
        means = self.complete.groupby("study")["choice"]
        return (means.min() if self.quantity.better == "lower" else means.max()).to_dict()

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of each study, marked if its data are synthetic."""
        return {study.name: self.marked(study.title, study) for study in self.studies}

    @cached_property
    def compared(self) -> pd.DataFrame:
        """The deck's cells beside ours."""
        return deck.compare(self.studies, self.models, self.figures)

    @cached_property
    def values(self) -> dict[tuple[str, Cell], dict[aggregation.Repetition, float]]:
        """What is shown of each model of each cell, by the study's name and the cell."""
        return aggregation.values_by_cell(self.studies, self.models, self.quantity.name)

    @staticmethod
    def model_name(study: grid.Study, which: aggregation.Repetition) -> str:
        """Name a model of a cell: ``seed 3``, or ``split 2, seed 3`` with several splits."""
        split = f"split {which.split}, " if len(study.splits) > 1 else ""
        return f"{split}seed {which.seed}"

    @cached_property
    def _rows(self) -> dict[tuple[Any, ...], Any]:
        names = ["study", *(setting.name for setting in self.settings)]
        keys = zip(*(self.cells[name] for name in names), strict=True)
        return dict(zip(keys, self.cells.itertuples(), strict=True))

    def row(self, study: grid.Study, cell: Cell) -> Any:
        """Return the row of `cells` of a cell of a study."""
        values = (setting.column(cell[setting.name]) for setting in self.settings)
        return self._rows[study.name, *values]

    def best(self, study: grid.Study, cells: Iterable[Cell]) -> tuple[Cell, Any] | None:
        """Return the first cell of the best ``choice`` and its row.

        None if every cell has models that diverged, or nothing counts as better.
        """
        rows = ((cell, self.row(study, cell)) for cell in cells)
        complete = [
            (cell, row)
            for cell, row in rows
            if not (row.diverged or math.isnan(row.value) or math.isnan(row.choice))
        ]
        if not complete or self.quantity.better == "none":
            return None
        choose = min if self.quantity.better == "lower" else max
        return choose(complete, key=lambda pair: pair[1].choice)

    def best_on(self, variant: str) -> tuple[str, list[tuple[grid.Study, Any]]]:
        """Return what tables call a data variant, and the best row of each study on its data."""
        studies = [study for study in self.studies if variant in study.variants]
        found = []
        for study in studies:
            cells = [cell for cell in study.cells if axes.variant(cell) == variant]
            if best := self.best(study, cells):
                found.append((study, best[1]))
        return self.marked(variant, *studies), found

    def simple(self, cells: Iterable[Cell]) -> dict[str, list[float]]:
        """Return the test MSE of each simple method on the data of some cells, least first."""
        variants = [self.baselines[name] for name in dict.fromkeys(map(axes.variant, cells))]
        return {
            name: sorted({errors[name]["test_mse"] for errors in variants}) for name in variants[0]
        }

    def useless(self, cell: Cell, split: int) -> float:
        """Return the test MSE of predicting the mean on the data of a cell in a split."""
        return self.of_the_mean[axes.variant(cell.replace(split_seed=split))]

    def worth(self, cells: Iterable[Cell]) -> str:
        """Say what simple methods reach on the test rows of some cells, if errors are shown."""
        if not self.is_about_errors:
            return ""
        found = self.simple(cells)
        reached = (
            f"{SIMPLE.get(name, name)} {' to '.join(map(self.number, (e[0], *e[1:][-1:])))}"
            for name, e in found.items()
        )
        return f"For comparison, on the same test rows: {', '.join(reached)}."

    def is_synthetic(self, *studies: grid.Study) -> bool:
        """Say whether any of some studies (of all, by default) has synthetic data."""
        return any(grid.raw(study.data) in self.synthetic for study in studies or self.studies)

    def marked(self, title: str, *studies: grid.Study) -> str:
        """Return a title that says whether what is below comes from synthetic data."""
        return f"{MARK}: {title}" if self.is_synthetic(*studies) else title

    def warning(self, *studies: grid.Study) -> list[str]:
        """Return the notes that go with synthetic data, and with means over two engines' models."""
        names = {study.name for study in studies or self.studies}
        mixed = sum(study in names for study, *_ in self._of_two_engines)
        return [
            *([WARNING] if self.is_synthetic(*studies) else []),
            *([MIXED.format(cells="1 cell" if mixed == 1 else f"{mixed} cells")] if mixed else []),
        ]

    @cached_property
    def _of_two_engines(self) -> list[tuple[Any, ...]]:
        """The study's name and the settings of each cell whose seeds several engines trained."""
        columns = ["study", *(setting.name for setting in self.settings)]
        engines = self.models.groupby(columns, dropna=False, sort=False)["engine"].nunique()
        return list(engines.index[engines > 1])

    def number(self, value: float, sign: str = "-") -> str:
        """Write a measured number; nothing for NaN.

        With the ``sign`` "+", positive numbers have one, too.
        """
        if math.isnan(value):
            return ""
        if abs(value) < 1e6:
            return f"{value:{sign}.{self.decimals}f}"
        return re.sub(r"e\+0*", "e", f"{value:{sign}.{max(self.decimals, DECIMALS)}e}")

    def range(self, low: float, high: float) -> str:
        """Write an interval; nothing for NaN."""
        return "" if math.isnan(low) else f"{self.number(low)} to {self.number(high)}"


def baselines_over_splits(
    studies: Iterable[grid.Study], baselines: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Average what simple methods reach over the splits, by the variant of the first.

    Parameters
    ----------
    studies
        With a cell for each split.
    baselines
        By variant, as the steps wrote them.
    """
    groups: dict[Cell, dict[str, None]] = {}
    for study in studies:
        for cell in study.cells:
            groups.setdefault(cell.replace(split_seed=None), {})[axes.variant(cell)] = None
    return {
        variants[0]: _mean([baselines[variant] for variant in variants])
        for variants in map(list, groups.values())
    }


def _mean(alike: Sequence[Any]) -> Any:
    """Average numbers, or each number of dicts that have the same keys."""
    first = alike[0]
    if isinstance(first, Mapping):
        return {key: _mean([one[key] for one in alike]) for key in first}
    return first if len(alike) == 1 else sum(alike) / len(alike)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `load` reads."""
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--cells", required=True, help="the table of models (CSV)")
    parser.add_argument("--summary", required=True, help="the table of cells (CSV)")
    parser.add_argument("--provenance", required=True, nargs="+", metavar="DATASET.provenance.json")
    parser.add_argument("--baselines", required=True, nargs="+", metavar="VARIANT/baselines.json")
    parser.add_argument("--deck", default=deck.PATH, help="the deck's figures (CSV)")


def load(arguments: argparse.Namespace, step: Step) -> Results:
    """Read the results that a command line names."""
    studies = grid.studies(step.settings)
    baselines = {
        path.parent.name: step.read_json(path)["errors"] for path in map(Path, arguments.baselines)
    }
    return Results(
        studies=[study.over_splits() for study in studies],
        models=aggregation.read_csv(step.reads(arguments.cells)),
        summary=aggregation.read_csv(step.reads(arguments.summary)),
        figures=deck.load(step.reads(arguments.deck)),
        baselines=baselines_over_splits(studies, baselines),
        of_the_mean={name: errors["mean"]["test_mse"] for name, errors in baselines.items()},
        synthetic=frozenset(
            name for name, facts in provenances(arguments, step).items() if facts["synthetic"]
        ),
        **step.settings["tables"],
    )


def provenances(arguments: argparse.Namespace, step: Step) -> dict[str, dict[str, Any]]:
    """Return where the raw files that a command line names come from, by their names."""
    return {
        path.name.removesuffix(".provenance.json"): step.read_json(path)
        for path in map(Path, arguments.provenance)
    }
