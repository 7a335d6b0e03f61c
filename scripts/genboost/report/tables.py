"""The tables of results: which there are, and what they say; `markup` gives them their formats.

Snakemake imports this module for `names` whenever it starts, hence no pandas here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from genboost.analysis import deck
from genboost.data.arrays import MARK
from genboost.report.markup import Entry, Table, latex, latex_document, markdown
from genboost.study import grid

if TYPE_CHECKING:
    import pandas as pd

SHOWN = {
    "adam": "Adam",
    "sgd": "SGD",
    "mean": "predicting the mean",
    "ridge": "ridge regression",
    "gradient_boosted_trees": "gradient-boosted trees",
    "nearest_neighbour": "1-nearest neighbour",
}
CELL_HEADER = ["optimizer", "SAM ρ", "epochs", "lr", "wd"]
WARNING = (
    f"{MARK} DATA: computed from a generated stand-in, not from the published data set. "
    "No number here says anything about the real one."
)
NOTHING = (
    "Nothing to compare with the deck: no study with its data and protocol has one of its cells."
)


class Method(NamedTuple):
    """What all cells of one table share; `sam_rho` is text, ``none`` without SAM."""

    optimizer: str
    sam_rho: str
    epochs: int

    @property
    def title(self) -> str:
        """The method in words."""
        sam = "no SAM" if self.sam_rho == "none" else f"SAM with ρ = {self.sam_rho}"
        return f"{SHOWN.get(self.optimizer, self.optimizer)}, {sam}, {self.epochs} epochs"

    def name(self, study: str) -> str:
        """Return the name of its table in a study, for files and LaTeX labels."""
        sam = "no-sam" if self.sam_rho == "none" else f"rho-{self.sam_rho}"
        return f"{study}-{self.optimizer}-{sam}"


def methods(study: grid.Study) -> list[Method]:
    """Return the methods of a study, one for each of its tables."""
    keys = (Method(cell.optimizer, grid.text(cell.sam_rho), cell.epochs) for cell in study.cells)
    return list(dict.fromkeys(keys))


def names(config: dict[str, Any]) -> list[str]:
    """Return the names of all files that `files` makes for a resolved configuration."""
    studies = grid.studies(config)
    tables = [method.name(study.name) for study in studies for method in methods(study)]
    return [
        *(f"{name}.{ending}" for name in (*tables, "tables") for ending in ("md", "tex")),
        *(f"{name}.{ending}" for name in ("ranking", "deck") for ending in ("md", "tex", "csv")),
        "summary.txt",
    ]


STUDY_NAME = "[A-Za-z0-9_-]+"
# The names of the files that some study can have.
OF_A_STUDY = rf"{STUDY_NAME}-[a-z0-9_]+-(no-sam|rho-[0-9.e-]+)\.(md|tex)"


@dataclass(frozen=True)
class Results:
    """All that the tables are made from.

    Attributes
    ----------
    studies : list of grid.Study
    models, summary : DataFrame
        As `aggregation.collect` and `aggregation.summarize` return them.
    figures : DataFrame
        The deck's, as `deck.load` returns them.
    baselines : dict
        By data variant, then method: ``train_mse`` and ``test_mse``.
    synthetic : set of str
        The data sets that are generated stand-ins.
    digits : int
        Digits after the point.
    standard_deviation, interval : bool
        Whether the tables of a study show it, and the 95 % t interval.
    """

    studies: Sequence[grid.Study]
    models: pd.DataFrame
    summary: pd.DataFrame
    figures: pd.DataFrame
    baselines: Mapping[str, Mapping[str, Mapping[str, float]]]
    synthetic: frozenset[str]
    digits: int
    standard_deviation: bool
    interval: bool = False

    @cached_property
    def complete(self) -> pd.DataFrame:
        """The cells with a mean that can be compared: those of which no run diverged."""
        return self.summary[self.summary["diverged"] == 0]

    @cached_property
    def lowest(self) -> dict[str, float]:
        """The lowest mean test MSE of each study that has one."""
        return self.complete.groupby("study")["test_mse"].min().to_dict()

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of each study, marked if its data are synthetic."""
        return {study.name: self.marked(study.title, study) for study in self.studies}

    @cached_property
    def compared(self) -> pd.DataFrame:
        """The deck's cells beside ours."""
        return deck.compare(self.studies, self.models, self.figures)

    def is_synthetic(self, *studies: grid.Study) -> bool:
        """Say whether any of some studies (of all, by default) has synthetic data."""
        return any(grid.raw(study.data) in self.synthetic for study in studies or self.studies)

    def marked(self, title: str, *studies: grid.Study) -> str:
        """Return a title that says whether what is below comes from synthetic data."""
        return f"{MARK}: {title}" if self.is_synthetic(*studies) else title

    def warning(self, *studies: grid.Study) -> list[str]:
        """Return the note that goes with synthetic data."""
        return [WARNING] if self.is_synthetic(*studies) else []

    def number(self, value: float) -> str:
        """Write a measured number; nothing for NaN."""
        if math.isnan(value):
            return ""
        kind = "f" if abs(value) < 1e6 else "e"
        return re.sub(r"e\+0*", "e", f"{value:.{self.digits}{kind}}")


def files(results: Results) -> dict[str, str]:
    """Return all files of the tables, by name."""
    from genboost.analysis import aggregation

    grids = [
        method_table(results, study, method)
        for study in results.studies
        for method in methods(study)
    ]
    ranked = ranking(results)
    ranked_table = ranking_table(results, ranked)
    deck_tables = [agreement_table(results), deck_table(results)]
    everything = [*grids, baseline_table(results), *deck_tables, ranked_table]
    title = results.marked("Test errors")
    return {
        **{f"{table.name}.md": markdown([table]) for table in grids},
        **{f"{table.name}.tex": latex([table]) for table in grids},
        "tables.md": markdown(everything, title),
        "tables.tex": latex_document(everything, title),
        "ranking.md": markdown([ranked_table]),
        "ranking.tex": latex([ranked_table]),
        "ranking.csv": aggregation.to_csv(ranked),
        "deck.md": markdown(deck_tables),
        "deck.tex": latex(deck_tables),
        "deck.csv": aggregation.to_csv(results.compared),
        "summary.txt": "\n".join(summary_lines(results)) + "\n",
    }


def method_table(results: Results, study: grid.Study, method: Method) -> Table:
    """Return a method's table in a study: learning rates down, weight decays across."""
    cells = _rows(results.summary, study=study.name, **method._asdict())
    complete = _rows(results.complete, study=study.name, **method._asdict())
    lowest = complete["test_mse"].min()

    def entry(cell: Any) -> Entry:
        if cell.diverged:
            return _diverged(cell)
        return Entry(
            results.number(cell.test_mse),
            bold=cell.test_mse == lowest,
            star=cell.test_mse == results.lowest[study.name],
            after=_deviation(results, cell),
            below=_interval(results, cell),
        )

    rows = [
        [f"lr {rate_text(rate)}", *(entry(cell) for cell in row.itertuples())]
        for rate, row in cells.groupby("learning_rate", sort=False)
    ]
    decays = [rate_text(decay) for decay in cells["weight_decay"].unique()]
    entries = [entry for row in rows for entry in row[1:]]
    spread = " ± standard deviation" if any(entry.after for entry in entries) else ""
    spread += " (95 % t interval)" if any(entry.below for entry in entries) else ""
    notes = [
        _measure(study) + spread + ", by learning rate (lr) and weight decay (wd).",
        *(["Bold: the lowest of this table."] if any(e.bold for e in entries) else []),
        *([f"★: the lowest of “{study.title}”."] if any(e.star for e in entries) else []),
        *(["Diverged: runs that ended with a loss that is not finite; their cell has no mean."]
          if cells["diverged"].any() else []),
    ]  # fmt: skip
    return Table(
        name=method.name(study.name),
        title=f"{results.titles[study.name]}: {method.title}",
        header=["", *(f"wd {decay}" for decay in decays)],
        rows=rows,
        notes=[" ".join(notes), _worth(results, study), *results.warning(study)],
    )


def baseline_table(results: Results) -> Table:
    """Return what simple methods reach, and the best cell of each study on the same data."""
    rows = []
    for variant, errors in results.baselines.items():
        studies = [study for study in results.studies if study.variant == variant]
        found = [
            (f"best cell of “{study.title}”", cell.train_mse, cell.test_mse)
            for study in studies
            if (cell := _best(results.complete, study=study.name)) is not None
        ]
        simple = [
            (SHOWN.get(name, name), e["train_mse"], e["test_mse"]) for name, e in errors.items()
        ]
        for name, train, test in [*simple, *found]:
            rows.append(
                [
                    results.marked(variant, *studies),
                    name,
                    results.number(train),
                    results.number(test),
                ]
            )
    return Table(
        name="baselines",
        title=results.marked("What an MSE is worth"),
        header=["data", "method", "train MSE", "test MSE"],
        rows=rows,
        notes=results.warning(),
        text_columns=(0, 1),
    )


def ranking(results: Results) -> pd.DataFrame:
    """Return the cells of all studies, best first, with their ranks; equal ones share a rank.

    Cells of which a run diverged come last, without a rank.
    """
    rank = results.complete["test_mse"].rank(method="min").astype("Int64")
    ranked = results.summary.assign(rank=rank).sort_values("rank", kind="stable")
    first, *others = results.summary.columns
    return ranked[[first, "rank", *others]]


def ranking_table(results: Results, ranked: pd.DataFrame) -> Table:
    """Return the ranking as a table."""
    rows = [
        [
            "" if cell.diverged else str(cell.rank),
            results.titles[cell.study],
            *_cell(cell),
            *(
                [_diverged(cell), "", ""]
                if cell.diverged
                else map(results.number, (cell.test_mse, cell.test_mse_sd, cell.train_mse))
            ),
        ]
        for cell in ranked.itertuples()
    ]
    return Table(
        name="ranking",
        title=results.marked("All cells, best first"),
        header=["rank", "study", *CELL_HEADER, "test MSE", "sd", "train MSE"],
        rows=rows,
        notes=[
            "By mean test MSE; sd: standard deviation over the seeds. The lowest of many means is "
            "partly luck.",
            *results.warning(),
        ],
        text_columns=(1, 2),
        long=True,
    )


def deck_table(results: Results) -> Table:
    """Return the deck's figures beside ours, cell by cell."""
    rows = [
        [
            results.titles[cell.study],
            *_cell(cell),
            *map(results.number, (cell.deck, cell.test_mse, cell.difference)),
            f"{cell.ratio:.3f}",
        ]
        for cell in results.compared.itertuples()
    ]
    return Table(
        name="deck",
        title=results.marked("The deck's test MSE and ours"),
        header=["study", *CELL_HEADER, "deck", "ours", "difference", "ratio"],
        rows=rows,
        notes=[
            "Difference: ours less the deck's; ratio: ours by the deck's." if rows else NOTHING,
            *_left_out(results),
            *results.warning(),
        ],
        text_columns=(0, 1),
        long=True,
    )


def agreement_table(results: Results) -> Table:
    """Return how well our test errors agree with the deck's, in a few numbers."""
    rows = [
        [
            scope,
            str(found.cells),
            *map(_ratio, (found.geometric_mean_ratio, found.rank_correlation)),
            *map(_ratio, (found.log_error, found.noise_floor)),
            "" if math.isnan(found.inside) else f"{found.inside:.0%}",
        ]
        for scope, found in agreements(results)
    ]
    meaning = (
        f"Cells: those of the deck's {len(results.figures)} of which no run diverged, each once. "
        "Ratio: our test MSE by the deck's. Rank correlation: Spearman's. Log error: root mean "
        "square of log(ours / deck's). Noise floor: what it would be if the deck's figures were "
        "means of three more of our seeds. Inside: the deck's figures in our 95 % prediction "
        "intervals of a mean of three."
    )
    return Table(
        name="agreement",
        title=results.marked("Agreement with the deck"),
        header=[
            *("cells of", "cells", "geometric mean ratio", "rank correlation"),
            *("log error", "noise floor", "inside"),
        ],
        rows=rows,
        notes=[meaning if rows else NOTHING, *_left_out(results), *results.warning()],
    )


def agreements(results: Results) -> Iterator[tuple[str, deck.Agreement]]:
    """Yield the agreement with the deck of each method and study that it has, and of all."""
    compared = results.compared
    for study in results.studies:
        cells = _rows(compared, study=study.name)
        if cells.empty:
            continue
        for method in methods(study):
            rows = _rows(cells, **method._asdict())
            if len(rows):
                yield f"{results.titles[study.name]}: {method.title}", deck.agreement(rows)
        yield results.titles[study.name], deck.agreement(cells)
    if compared["study"].nunique() > 1:
        yield results.marked("all"), deck.agreement(compared)


def summary_lines(results: Results) -> Iterator[str]:
    """Yield what a person wants to read when the run is done, as plain ASCII where it is ours."""
    warning = [f"*** {WARNING} ***"] if results.is_synthetic() else []
    yield from warning
    yield "Tables: results/tables/tables.md and tables.tex; also ranking.csv and deck.md there"
    for study in results.studies:
        yield ""
        yield f"{results.titles[study.name]}. {_measure(study)}:"
        width = max(len(method.title) for method in methods(study)) + 2
        for method in methods(study):
            cell = _best(results.complete, study=study.name, **method._asdict())
            title = method.title.replace("ρ", "rho").ljust(width)
            if cell is None:
                yield f"  {title}  diverged"
                continue
            star = "  <- best" if cell.test_mse == results.lowest[study.name] else ""
            yield f"  {title}  {results.number(cell.test_mse)}  {_place(cell)}{star}"
        run = _best(results.models, study=study.name)
        if run is not None:
            method = Method(run.optimizer, run.sam_rho, run.epochs)
            title = method.title.replace("ρ", "rho")
            number = results.number(run.test_mse)
            yield f"  Best single model: {number}, {title}, {_place(run)}, seed {run.seed}"
    yield ""
    yield from dict.fromkeys(_worth(results, study) for study in results.studies)
    if results.compared.empty:
        yield NOTHING
    else:
        found = deck.agreement(results.compared)
        yield (
            f"Deck: {found.cells} of its {len(results.figures)} cells compared; ours by the "
            f"deck's: geometric mean {_ratio(found.geometric_mean_ratio)}; rank correlation "
            f"{_ratio(found.rank_correlation) or 'unknown'}"
        )
    yield from warning


def _cell(cell: Any) -> list[str]:
    """Return a cell's entries below `CELL_HEADER`."""
    optimizer = SHOWN.get(cell.optimizer, cell.optimizer)
    rates = rate_text(cell.learning_rate), rate_text(cell.weight_decay)
    return [optimizer, cell.sam_rho, str(cell.epochs), *rates]


def _place(cell: Any) -> str:
    return f"lr {rate_text(cell.learning_rate)}, wd {rate_text(cell.weight_decay)}"


def rate_text(value: float) -> str:
    """Write a rate with its exact digits: ``3e-5``, ``2e-2``, ``0.1``, ``0``."""
    number = Decimal(repr(float(value))).normalize()
    exponent = number.adjusted()
    if not value or -2 < exponent < 3:
        return f"{number:f}"
    return f"{number.scaleb(-exponent)}e{exponent}"


def _deviation(results: Results, cell: Any) -> str:
    """Return the standard deviation to put after a mean of several seeds, if it shall be there."""
    if cell.n < 2 or not results.standard_deviation:
        return ""
    return f"± {results.number(cell.test_mse_sd)}"


def _interval(results: Results, cell: Any) -> str:
    """Return the interval to put below a mean of several seeds, if it shall be there."""
    from genboost.analysis import stats

    if cell.n < 2 or not results.interval:
        return ""
    half = stats.t_quantile(cell.n - 1) * cell.test_mse_sd / math.sqrt(cell.n)
    ends = map(results.number, (cell.test_mse - half, cell.test_mse + half))
    return f"({' to '.join(ends)})"


def _diverged(cell: Any) -> Entry:
    return Entry("diverged", below=f"({cell.diverged} of {cell.n + cell.diverged})")


def _measure(study: grid.Study) -> str:
    count = len(study.seeds)
    return f"Mean test MSE of {count} seeds" if count > 1 else "Test MSE of one seed"


def _worth(results: Results, study: grid.Study) -> str:
    """Say what simple methods reach on a study's test rows."""
    errors = results.baselines[study.variant]
    reached = (
        f"{SHOWN.get(name, name)} {results.number(e['test_mse'])}" for name, e in errors.items()
    )
    return f"For comparison, on the same test rows: {', '.join(reached)}."


def _left_out(results: Results) -> list[str]:
    """Name the studies that are not compared with the deck."""
    titles = [f"“{s.title}”" for s in results.studies if not deck.is_repeated_by(s)]
    why = "for other data or another protocol than the deck's"
    return [f"Not compared, {why}: {', '.join(titles)}."] if titles else []


def _ratio(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _rows(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """Return the rows that have some values."""
    for name, value in values.items():
        frame = frame[frame[name] == value]
    return frame


def _best(frame: pd.DataFrame, **values: Any) -> Any | None:
    """Return the first row of lowest test MSE among those that have some values, or None."""
    rows = _rows(frame, **values).dropna(subset="test_mse")
    return None if rows.empty else next(rows.loc[[rows["test_mse"].idxmin()]].itertuples())
