"""What the article shows of a finished run: LaTeX commands for numbers and sentences, and tables.

The article, paper/paper.tex, states no result. What a run may contradict is written here, from that
run's results.
"""

import json
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from genboost.analysis import deck
from genboost.data.arrays import INTERPOLATED, RESPONDENT, UNKNOWN, Data
from genboost.errors import UserError
from genboost.files import ROOT
from genboost.receipts import Step
from genboost.report import answers, claims_tables, deck_tables, exhibits, results, tables
from genboost.report.markup import Entry, Table, latex, latex_text
from genboost.study import axes, config, grid
from genboost.study.claims import VERDICTS, counted, generality
from genboost.train.problem import SAM_EPSILON

FIGURES = ("methods", "comparisons")
# Settings that the article names: in all cells together, whatever their number of values.
NAMED = {
    "HiddenLayers": "hidden_layers",
    "Width": "width",
    "Activation": "activation",
    "Epochs": "epochs",
    "BatchSize": "batch_size",
    "Schedule": "schedule",
}


@dataclass(frozen=True)
class Outcome:
    """A finished run's results: its folder, such as ``results/deck``."""

    folder: Path

    def read(self, name: str) -> str:
        """Read one of its files.

        Raises
        ------
        UserError
            If it is not there.
        """
        try:
            return (self.folder / name).read_text("utf-8")
        except OSError as error:
            raise UserError(
                f"cannot read {self.folder / name}: {error.strerror}; finish that run first"
            ) from error

    @cached_property
    def config(self) -> dict[str, Any]:
        """Its resolved configuration."""
        return config.resolve(yaml.safe_load(self.read("config.yaml")))

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """What `findings.files` wrote."""
        return json.loads(self.read("statistics/statistics.json"))

    @cached_property
    def runs(self) -> dict[str, Any]:
        """By which engines its models were trained."""
        return json.loads(self.read("runs.json"))

    @cached_property
    def preparations(self) -> dict[str, dict[str, Any]]:
        """How its data are prepared, by variant."""
        return grid.preparations(grid.studies(self.config))

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Where the first of its raw files comes from."""
        return json.loads(self._of_raw()[0].read_text("utf-8"))

    @cached_property
    def results(self) -> results.Results:
        """Its models and cells."""
        files = Namespace(
            cells=self.folder / "cells.csv",
            summary=self.folder / "summary.csv",
            deck=deck.PATH,
            provenance=self._of_raw(),
            baselines=[f"results/data/{name}/baselines.json" for name in self.preparations],
        )
        return results.load(files, Step(json.dumps(self.config)))

    def _of_raw(self) -> list[Path]:
        names = dict.fromkeys(map(grid.raw, self.preparations.values()))
        return [Path(f"results/data/raw/{name}.provenance.json") for name in names]

    def table(self, name: str) -> Table | None:
        """Return one of its statistics' tables, if it has it."""
        found = self.statistics["tables"].get(name)
        if not found:
            return None
        rows = [
            [Entry(**entry) if isinstance(entry, dict) else entry for entry in row]
            for row in found["rows"]
        ]
        return Table(**{**found, "rows": rows})


def files(outcome: Outcome, judged: Outcome, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the LaTeX files that the article reads, by name.

    Parameters
    ----------
    outcome
        The results that it is about.
    judged
        The results whose schemes judge the claims; these or others.
    metadata
        paper/metadata.yaml.
    """
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    commands = {
        **_of_metadata(metadata),
        **_of_settings(outcome),
        **_of_data(outcome),
        **_of_results(outcome),
        "Schemes": _schemes(judged),
        "CodeLicence": citation["license"],
        "Version": citation["version"],
    }
    about = outcome.table("origins") or tables.baseline_table(outcome.results)
    commands["About"] = f"tab:{about.name}"
    lines = (rf"\newcommand{{\{name}}}{{{latex_text(text)}}}" for name, text in commands.items())
    found = [about, judged.table("schemes")]
    return {
        "results.tex": "\n".join(lines) + "\n",
        "comparisons.tex": latex([_claims(outcome)]),
        "validity.tex": latex([table for table in found if table]),
    }


def _claims(outcome: Outcome) -> Table:
    """Return the table of claims with as many columns as a page has room for."""
    return replace(
        claims_tables.for_papers(outcome.table("comparisons")),
        notes=[
            "Difference: the claim's cells minus the cells that they are compared with.",
            *outcome.results.warning(),
        ],
    )


def _of_metadata(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Title": metadata["title"],
        "Authors": ", ".join(author["name"] for author in metadata["authors"]),
        "Abstract": metadata["abstract"],
        "Keywords": metadata["keywords"],
    }


def _of_settings(outcome: Outcome) -> dict[str, str]:
    found = outcome.results
    cells = list(dict.fromkeys(cell for study in found.studies for cell in study.cells))
    splits = max(len(study.splits) for study in found.studies)
    seeds = " or ".join(dict.fromkeys(str(len(study.seeds)) for study in found.studies))
    varying = [f"{s.title} ({_values(s, cells)})" for s in axes.varying(cells)]
    return {
        **{name: _values(axes.SETTINGS[key], cells, " or ") for name, key in NAMED.items()},
        "Grid": "; ".join(varying) or "there is one cell",
        "Cells": str(len(cells)),
        "Models": str(len(grid.models(grid.studies(outcome.config)))),
        "Seeds": f"{seeds} (on each of {splits} splits)" if splits > 1 else seeds,
        "SamEpsilon": f"{SAM_EPSILON:.0e}",
    }


def _of_data(outcome: Outcome) -> dict[str, str]:
    facts = outcome.provenance
    path = f"results/data/{next(iter(outcome.preparations))}/arrays.npz"
    data, origins = Data.load(path), Counter(Data.origins(path))
    rows = f"There are {len(data.train_y)} rows for training and {len(data.test_y)} for testing. "
    who = (
        "Which of them are answers of people is not known."
        if origins[UNKNOWN]
        else f"Of the latter, {origins[RESPONDENT]} are answers of people; {origins[INTERPOLATED]} "
        "were interpolated between two of them."
    )
    return {
        "Warning": " ".join(outcome.results.warning()),
        "Data": f"The data are: {facts['dataset']}.",
        "DataLicence": facts["licence"],
        "Rows": rows + who,
    }


def _of_results(outcome: Outcome) -> dict[str, str]:
    found = outcome.results
    captions = {exhibit.name: exhibit.text for exhibit in exhibits.of("figures", outcome.config)
                if exhibit.name in FIGURES}  # fmt: skip
    return {
        "Claims": str(len(outcome.statistics["comparisons"])),
        "Verdicts": _verdicts(outcome.statistics["comparisons"]),
        "BestCells": " ".join(_best_cells(outcome)),
        "Simple": " ".join(dict.fromkeys(found.worth(study.cells) for study in found.studies)),
        "Agreement": _agreement(found),
        "Generality": _generality(outcome.statistics["comparisons"]),
        "Engines": _engines(outcome.runs),
        **{f"{name.capitalize()}Caption": captions.get(name, "") for name in FIGURES},
    }


def _verdicts(claims: list[dict[str, Any]]) -> str:
    """Sum up the verdicts, and name the claims by them."""
    if not claims:
        return "The configuration declares no claims."
    titles = {
        verdict: "; ".join(claim["title"] for claim in claims if claim["verdict"] == verdict)
        for verdict in VERDICTS
    }
    named = [
        f"{verdict.capitalize()}: {titles[verdict]}." for verdict in VERDICTS if titles[verdict]
    ]
    return f"{answers.headline(claims)} {' '.join(named)}"


def _best_cells(outcome: Outcome) -> Iterator[str]:
    """Say which cell of each study has the lowest mean, and what it is worth on other seeds."""
    found = outcome.results
    for study in found.studies:
        choices = [one for one in outcome.statistics["best"] if one["study"] == study.name]
        for choice in choices[:1]:
            lowest, unbiased = map(found.number, (choice["table"], choice["unbiased"]))
            yield (
                f"Of the {choice['cells']} cells of “{study.title}”, the lowest mean test MSE is "
                f"{lowest} ({choice['cell']}). The cell that a third of the seeds chooses has "
                f"{unbiased} on the others."
            )


def _agreement(found: results.Results) -> str:
    if found.compared.empty:
        return "No cell of this run can be compared with the deck's."
    agreement = deck.agreement(found.compared)
    mean, rank, log_error, noise_floor = map(
        deck_tables.ratio,
        (
            agreement.geometric_mean_ratio,
            agreement.rank_correlation,
            agreement.log_error,
            agreement.noise_floor,
        ),
    )
    return (
        f"Of the deck's {len(found.figures)} figures, {agreement.cells} can be compared. Our means "
        f"divided by the deck's figures have the geometric mean {mean}; their rank correlation is "
        f"{rank or 'unknown'}. The root mean square of the logarithm of these ratios is "
        f"{log_error}; it would be {noise_floor} if the deck's figures were means of three more of "
        "our models."
    )


def _generality(claims: Iterable[dict[str, Any]]) -> str:
    over = generality(claim["over"] for claim in claims)
    return f"These verdicts hold for other {over}, on these rows." if over else ""


def _schemes(judged: Outcome) -> str:
    """Count the verdicts under each scheme."""
    schemes = [
        f"{scheme['title']}: {counted(verdict['verdict'] for verdict in scheme['verdicts'])}"
        for scheme in judged.statistics["schemes"]
    ]
    if not schemes:
        return ""
    models = len(grid.models(grid.studies(judged.config)))
    return f"Judged by {models} models under several schemes, the claims are: {'; '.join(schemes)}."


def _engines(runs: Mapping[str, Any]) -> str:
    by = [f"{run['models']} by {run['engine']} on {run['device']}" for run in runs["engines"]]
    versions = [" ".join(pair) for found in runs["versions"] for pair in found.items()]
    return f"The models here were trained: {', '.join(by)} ({', '.join(versions)})."


def _values(setting: axes.Setting, cells: Iterable[Any], separator: str = ", ") -> str:
    return separator.join(dict.fromkeys(setting.shown(cell[setting.name]) for cell in cells))
