"""What a reader sees: the right numbers, in the right places, marked right, in every format."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import made_up
import pandas as pd
import pytest

import make_tables
from genboost import receipts
from genboost.analysis import aggregation, deck
from genboost.report import deck_tables, exhibits, tables
from genboost.report.markup import Entry, Table, latex, markdown
from genboost.report.results import Results
from genboost.study import axes, config, grid

CONFIG = {
    "grid": {
        "optimizer": ["adam"],
        "learning_rate": [1e-3, 3e-5],  # as the user orders them, not sorted
        "weight_decay": [0, 1e-4],
        "sam_rho": [None, 0.02],
        "seeds": 3,
    },
    "studies": {
        "grid": {"title": "The grid"},
        "one_seed": {
            "title": r"50 % & {more} #1_x^2 ~ \a|b*",
            "grid": {"seeds": [7], "sam_rho": [0.02], "optimizer": ["sgd", "adam"]},
            "training": {"epochs_sam": 200},
        },
    },
}
BASELINES = {"default": {"mean": {"train_mse": 3.5, "test_mse": 4.0}}}
# The cells in order: by method, then learning rate, then weight decay; their seeds' test MSE.
GRID = [
    (1.0, 2.0, 6.0), (2.5, 2.5, 2.5), (0.5, 0.75, 0.25), (0.3, None, 0.1),
    (4.0, 4.0, 4.0), (None, None, None), (0.5, 0.5, 0.5), (1e7, 1e7, 1e7),
]  # fmt: skip
FIVE_SEEDS = {
    "grid_values": [(1.0, 2.0, 3.0, 4.0, 5.0), *[(2.0,) * 5] * 7],
    "override": {"grid": {**CONFIG["grid"], "seeds": 5}},
}
ONE_SEED = [(1.0,), (0.25,), (0.25,), (0.5,), (3.0,), (2.0,), (None,), (1.5,)]


def results(grid_values=GRID, one_seed=ONE_SEED, synthetic=(), override=None, **options):
    given = {**CONFIG, **(override or {})}
    studies = grid.studies(config.resolve(given))
    values = [mse for cell in (*grid_values, *one_seed) for mse in cell]
    settings = axes.shown_settings(cell for study in studies for cell in study.cells)
    rows = [
        {
            "data": made_up.data(study, synthetic),
            "study": study.name,
            **aggregation.columns(model.cell, settings),
            "seed": model.seed,
        }
        for study in studies
        for model in study.models
    ]
    models = pd.DataFrame(rows).assign(test_mse=values, train_mse=values)
    models["status"] = models["test_mse"].isna().map({True: "diverged", False: "finished"})
    models["engine"] = "simd"
    return Results(
        studies=studies,
        models=models,
        summary=aggregation.summarize(models),
        figures=deck.load(),
        baselines={name: BASELINES["default"] for study in studies for name in study.variants},
        of_the_mean={},
        synthetic=frozenset(synthetic),
        **{**config.defaults("tables"), "digits": 4, "standard_deviation": False} | options,
    )


@pytest.fixture(scope="module")
def files():
    return tables.files(results())


def body(text):
    """Return the rows of the first Markdown table, without its header."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[entry.strip() for entry in line.strip("|").split("|")] for line in lines[2:]]


def test_the_names_are_known_in_advance(files):
    names = exhibits.files_of(exhibits.TABLES, config.resolve(CONFIG))
    assert sorted(names) == sorted(files)
    assert {"grid-adam-no-sam.tex", "one_seed-sgd-rho-0.02.md"} < set(names)


def test_a_table_by_hand(files):
    text = files["grid-adam-no-sam.md"]
    assert text.startswith("# The grid: Adam, no SAM, 200 epochs\n")
    assert re.search(r"\| +wd 0 \| +wd 1e-4 \|\n", text)
    assert body(text) == [
        ["lr 1e-3", "3.0000", "2.5000"],
        ["lr 3e-5", "**0.5000** ★", "diverged (1 of 3)"],  # its mean, 0.2, does not count
    ]
    for said in (
        "Mean test MSE of 3 seeds",
        "Bold: the lowest of this table, chosen on the test rows, as the deck does.",
        "★: the lowest of “The grid”.",
        "Diverged: ",
        "predicting the mean 4.0000",
    ):
        assert said in text
    assert "interval" not in text  # though there is something below "diverged"
    latex = files["grid-adam-no-sam.tex"]
    assert r"lr $10^{-3}$ & 3.0000 & 2.5000 \\" in latex
    diverged = r"\begin{tabular}[t]{@{}r@{}}diverged\\(1 of 3)\end{tabular}"
    row = rf"lr $3 \times 10^{{-5}}$ & \textbf{{0.5000}}\rlap{{$^\star$}} & {diverged} \\"
    assert row in latex


def test_equal_cells_share_the_marks(files):
    # 0.5 is the lowest of the study in both methods.
    assert body(files["grid-adam-rho-0.02.md"]) == [
        ["lr 1e-3", "4.0000", "diverged (3 of 3)"],
        ["lr 3e-5", "**0.5000** ★", "1.0000e7"],
    ]
    assert body(files["one_seed-sgd-rho-0.02.md"]) == [
        ["lr 1e-3", "1.0000", "**0.2500** ★"],
        ["lr 3e-5", "**0.2500** ★", "0.5000"],
    ]
    # The lowest of its table, not of its study.
    assert body(files["one_seed-adam-rho-0.02.md"])[1] == [
        "lr 3e-5",
        "diverged (1 of 1)",
        "**1.5000**",
    ]
    assert "★" not in files["one_seed-adam-rho-0.02.md"]


def test_a_legend_explains_only_what_is_there(files):
    text = files["one_seed-sgd-rho-0.02.md"]
    assert "The test MSE of one seed" in text
    assert "Diverged" not in text


def test_interval_by_hand():
    """With four degrees of freedom, t is 2.77645; the cell's mean is 3, its sd sqrt(2.5)."""
    files = tables.files(results(**FIVE_SEEDS, digits=2, interval=True))
    half = 2.77645 * 2.5**0.5 / 5**0.5
    assert f"3.00 ({3 - half:.2f} to {3 + half:.2f})" in files["grid-adam-no-sam.md"]
    assert "Mean test MSE of 5 seeds (95 % t interval), by" in files["grid-adam-no-sam.md"]
    few = tables.files(results(digits=2, interval=True))["grid-adam-no-sam.md"]
    assert "interval" not in few  # three seeds say too little
    assert "interval" not in files["one_seed-sgd-rho-0.02.md"]  # nor a range of one value
    both = tables.files(results(**FIVE_SEEDS, digits=2, interval=True, standard_deviation=True))
    assert f"3.00 ± 1.58 ({3 - half:.2f} to" in both["grid-adam-no-sam.md"]


def test_by_default_digits_end_where_the_standard_error_begins():
    # Of each cell of the grid 0.03 / sqrt(3) = 0.017; of one seed it is unknown.
    spread = [(1.0 + cell, 1.03 + cell, 0.97 + cell) for cell in range(8)]
    assert (
        "**1.00** ± 0.03 ★"
        in tables.files(results(spread, digits="auto", standard_deviation=True))[
            "grid-adam-no-sam.md"
        ]
    )
    wide = [(100.0 + cell, 130.0 + cell, 70.0 + cell) for cell in range(8)]
    assert results(wide, digits="auto").decimals == 0
    assert results([(1.0,) * 3] * 8, digits="auto").decimals == 2  # nothing is known of the error


def test_digits_and_standard_deviation():
    files = tables.files(results(digits=2, standard_deviation=True))
    assert body(files["grid-adam-no-sam.md"])[0] == ["lr 1e-3", "3.00 ± 2.65", "2.50 ± 0.00"]
    assert body(files["grid-adam-no-sam.md"])[1][1] == "**0.50** ± 0.25 ★"
    assert "± standard deviation" in files["grid-adam-no-sam.md"]
    assert r"3.00 $\pm$ 2.65" in files["grid-adam-no-sam.tex"]
    # One seed has none.
    assert body(files["one_seed-sgd-rho-0.02.md"])[0] == ["lr 1e-3", "1.00", "**0.25** ★"]
    assert "±" not in files["one_seed-sgd-rho-0.02.md"]


def test_all_runs_diverged():
    nothing = results([(None,) * 3] * 8, [(None,)] * 8)
    files = tables.files(nothing)
    assert body(files["grid-adam-no-sam.md"])[0][1:] == ["diverged (3 of 3)"] * 2
    assert "**" not in files["grid-adam-no-sam.md"]
    assert {row[0] for row in body(files["ranking.md"])} == {""}
    assert re.search("Adam, no SAM, 200 epochs +diverged\n", files["summary.txt"])
    assert "Nothing to compare with the deck" in files["summary.txt"]


def test_the_ranking(files):
    ranked = list(csv.DictReader(io.StringIO(files["ranking.csv"])))
    finite = [row for row in ranked if row["diverged"] == "0"]
    errors = [float(row["test_mse"]) for row in finite]
    assert errors == sorted(errors) and errors[0] == 0.25
    assert [row["rank"] for row in ranked[:4]] == ["1", "1", "3", "3"]
    assert [row["rank"] for row in ranked[len(finite) :]] == [""] * 3
    assert len(ranked) == 16
    last = body(files["ranking.md"])[-1]
    assert last[-3:] == ["diverged (1 of 1)", "", ""]
    assert {row["data"] for row in ranked} == {"obesity"}


def test_baselines_stand_beside_the_best_cells(files):
    text = files["tables.md"]
    rows = body(text[text.index("## What an MSE is worth") :])[:3]
    assert rows[0] == ["default", "predicting the mean", "3.5000", "4.0000"]
    assert rows[1] == ["default", "best cell of “The grid”", "0.5000", "0.5000"]
    assert rows[2][3] == "0.2500"


def test_the_deck_stands_beside_ours(files):
    rows = list(csv.DictReader(io.StringIO(files["deck.csv"])))
    assert (rows[0]["deck"], rows[0]["test_mse"]) == ("1.01649876", "3.0")
    assert float(rows[0]["difference"]) == pytest.approx(1.98350124)
    assert float(rows[0]["ratio"]) == pytest.approx(3 / 1.01649876)
    # Of 8 cells of the grid 2 diverged; of the other study the deck has Adam's 4, of which 1 did.
    cells = {scope: found.cells for scope, found in deck_tables.agreements(results())}
    titles = [study.title for study in results().studies]
    assert [cells[scope] for scope in (*titles, "all")] == [6, 3, 9]
    assert cells["The grid: Adam, no SAM, 200 epochs"] == 3
    assert body(files["deck.md"])[0][:2] == ["The grid: Adam, no SAM, 200 epochs", "3"]
    assert "Not compared" not in files["deck.md"]


@pytest.mark.parametrize(
    "other",
    [{"model": {"width": 20}}, {"data": {"scaling": "standard"}}],
    ids=["protocol", "data"],
)
def test_another_experiment_is_not_compared_with_the_deck(files, other):
    """Neither cell by cell nor in the sums, and a study that is left out is named."""
    studies = CONFIG["studies"]
    mixed = {"studies": studies | {"one_seed": studies["one_seed"] | {"title": "Other"} | other}}
    mixed["studies"]["one_seed"]["training"] = {"epochs_sam": 200}
    found = tables.files(results(override=mixed))
    assert {row["study"] for row in csv.DictReader(io.StringIO(found["deck.csv"]))} == {"grid"}
    assert "| all " not in found["deck.md"]
    assert (
        "Not compared, since their data or protocol differ from the deck's: “Other”."
        in found["deck.md"]
    )
    assert "Deck: 6 of its 208 cells compared" in found["summary.txt"]

    alone = tables.files(results(override=other))
    for name in ("deck.md", "summary.txt"):
        assert "Nothing to compare with the deck: no study has its data" in alone[name]
    assert len(alone["deck.csv"].splitlines()) == 1
    assert body(alone["deck.md"]) == []


def test_the_summary_says_what_is_best(files):
    text = re.sub(" +", " ", files["summary.txt"])
    lines = text.splitlines()
    assert "The grid. Mean test MSE of 3 seeds:" in lines
    assert " Adam, no SAM, 200 epochs 0.5000 +- 0.2500 lr 3e-5, wd 0 <- best" in lines
    assert any(line.startswith("Deck: 9 of its 208 cells compared") for line in lines)


def test_synthetic_data_is_marked_in_every_file(files):
    for name, content in tables.files(results(synthetic=["obesity"])).items():
        assert "SYNTHETIC" in content, name
        assert "SYNTHETIC" not in files[name], name


def test_means_over_models_of_two_engines_are_marked():
    made = results()
    cell = made.models["study"] == "grid"
    made.models.loc[cell & (made.models["seed"] == 1) & (made.models.index < 3), "engine"] = "torch"
    said = "MIXED ENGINES: in 1 cell "
    marked = {name for name, content in tables.files(made).items() if said in content}
    assert {"ranking.md", "tables.tex", "grid-adam-no-sam.md", "summary.txt"} <= marked
    assert not any(name.startswith("one_seed") for name in marked)
    made = results()
    made.models.loc[made.models["study"] == "grid", "engine"] = "torch"  # each mean is one engine's
    assert not any("MIXED" in content for content in tables.files(made).values())


def test_both_formats_escape_a_title():
    title = results().studies[1].title
    table = Table("t", title, ["a"], [[Entry(title, bold=True)]])
    assert r"50 % & {more} #1\_x^2 ~ \\a\|b\*" in markdown([table])
    expected = (
        r"50 \% \& \{more\} \#1\_x\textasciicircum{}2 \textasciitilde{} "
        r"\textbackslash{}a\textbar{}b*"
    )
    assert rf"\textbf{{{expected}}}" in latex([table])
    assert rf"\caption{{{expected}}}" in latex([table])


@pytest.mark.parametrize(
    ("length", "column"), [(5, "l"), (12, "l"), (60, "l"), (200, r"p\{\d+pt\}")]
)
def test_a_long_text_is_broken_into_lines_where_there_is_no_room(length, column):
    row = ["1", "word " * (length // 5), Entry("0.5", after="± 0.1", below="(0.4 to 0.6)")]
    table = Table("t", "T", ["n", "method", "error"], [row], text_columns=[1])
    text = latex([table])
    assert re.search(rf"\\begin{{tabular}}{{@{{}}r{column}r@{{}}}}", text)
    assert r"0.5 $\pm$ 0.1\\(0.4 to 0.6)" in text
    assert re.search(r"\n\|-+:\|:-+\|-+:\|\n", markdown([table]))


def test_the_document_has_all_tables(files):
    single = {name.removesuffix(".tex") for name in files if name.endswith(".tex")} - {"tables"}
    for name in single | {"baselines", "agreement"}:
        assert files["tables.tex"].count(rf"\label{{tab:{name}}}") == 1


def test_the_script_writes_what_the_workflow_expects(files, tmp_path, monkeypatch):
    expected = results(synthetic=["obesity"])
    shown = {"tables": {"digits": 4, "standard_deviation": False}}
    request = receipts.request("tables", "", **config.resolve(CONFIG | shown))
    monkeypatch.chdir(tmp_path)
    cells, summary = tmp_path / "cells.csv", tmp_path / "summary.csv"
    cells.write_text(aggregation.to_csv(expected.models))
    summary.write_text(aggregation.to_csv(expected.summary))
    provenance = tmp_path / "obesity.provenance.json"
    provenance.write_text('{"synthetic": true}')
    baselines = tmp_path / "default" / "baselines.json"
    baselines.parent.mkdir()
    baselines.write_text(json.dumps({"data": "obesity", "errors": BASELINES["default"]}))
    output = tmp_path / "tables"
    options = {
        "request": request,
        "cells": cells,
        "summary": summary,
        "provenance": provenance,
        "baselines": baselines,
        "output": output,
    }
    make_tables.main([f"--{name}={value}" for name, value in options.items()])
    written = {path.name: path.read_text() for path in output.iterdir()}
    assert written == tables.files(expected)


def test_to_name_what_is_shown_loads_nothing_heavy():
    """Snakemake does it at every start."""
    program = (
        "import sys; from genboost.report import exhibits, outcomes;"
        "print({'pandas', 'matplotlib', 'scipy', 'torch'} & sys.modules.keys())"
    )
    folder = Path(tables.__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True)
    assert found.stdout.strip() == b"set()", found.stderr
