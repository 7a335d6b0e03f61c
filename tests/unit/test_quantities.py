"""Any quantity instead of the test error: shown, compared, ranked, and called what it is."""

import csv
import io
import itertools
import json
import math

import numpy as np
import pytest
from made_up import Made, as_svg, mse

from genboost.errors import UserError
from genboost.measures import registry
from genboost.report import claims_tables, exhibits, findings, measures_table, tables
from genboost.report.figures import drawing, ranking
from genboost.study import config, grid, mistakes

SETTINGS = {
    "training": {"epochs": 8, "epochs_sam": 4},
    "grid": {
        "optimizer": ["adam"],
        "learning_rate": [1e-3, 1e-4, 1e-2],
        "weight_decay": [0, 1e-2],
        "sam_rho": [None, 0.05],
        "seeds": 9,
    },
    "studies": {"grid": {"title": "The grid"}},
    "measures": ["outcome", "norms", "pac_bayes"],
    "tables": {
        "quantities": ["test_mse", "gap", "pac_bayes_sigma", "collapsed"],
        "digits": 4,
        "standard_deviation": False,
    },
    "comparisons": {
        "norm": {
            "quantity": "weight_norm", "scale": "ratio", "by": "each", "claim": "higher",
            "a": {"sam_rho": "none"}, "b": {"sam_rho": 0.05},
        },
        "gap": {
            "quantity": "gap", "scale": "ratio", "by": "each", "claim": "equal",
            "a": {"weight_decay": 0}, "b": {"weight_decay": 0.01},
        },
        "sigma": {
            "quantity": "pac_bayes_sigma", "claim": "lower",
            "a": {"sam_rho": "none"}, "b": {"sam_rho": 0.05},
        },
        "errors": {"a": {"sam_rho": "none"}, "b": {"sam_rho": 0.05}},
    },
}  # fmt: skip


def norm(model):
    return 3 + model.cell.learning_rate + (model.cell.sam_rho is None) + model.seed / 10


def gap(model):
    return 2 + mse(grid.Model(model.cell.replace(weight_decay=0), model.seed)) / 100


def sigma(model):
    return 5 - (model.cell.sam_rho is None) - model.cell.learning_rate + model.seed / 100


def collapsed(model):
    return float(model.cell.learning_rate == 1e-2)


MEASURED = {"weight_norm": norm, "gap": gap, "pac_bayes_sigma": sigma, "collapsed": collapsed}


@pytest.fixture(scope="module")
def made():
    return Made(SETTINGS, **MEASURED)


@pytest.fixture(scope="module")
def files(made):
    return tables.files(made.results)


def compared(made, name):
    (found,) = (found for found in made.statistics["comparisons"] if found["name"] == name)
    return found


def mean(made, name, **cell):
    models = made.results.models
    for key, value in cell.items():
        models = models[models[key] == value]
    return models[name].mean()


def test_each_quantity_has_its_tables(made, files):
    assert sorted(files) == sorted(exhibits.files_of(exhibits.TABLES, made.config))
    text = files["grid-adam-no-sam+gap.md"]
    assert text.startswith("# The grid: Adam, no SAM, 8 epochs: generalization gap (MSE)")
    assert "Mean generalization gap (MSE) of 9 seeds, by" in text
    shown = mean(made, "gap", sam_rho="none", learning_rate=1e-3, weight_decay=0)
    assert f"{shown:.4f}" in text
    for name, content in files.items():
        if "+" in name and name.startswith("grid"):
            assert "test MSE" not in content and "predicting the mean" not in content


def test_what_is_best_follows_the_sense_of_better(made, files):
    highest = mean(made, "pac_bayes_sigma", sam_rho="0.05", learning_rate=1e-4, weight_decay=0)
    text = files["grid-adam-rho-0.05+pac_bayes_sigma.md"]
    assert f"**{highest:.4f}** ★" in text
    assert "Bold: the highest of this table." in text
    assert "★" not in files["grid-adam-no-sam+collapsed.md"]
    first = next(csv.DictReader(io.StringIO(files["ranking+pac_bayes_sigma.csv"])))
    assert (first["rank"], first["sam_rho"], first["learning_rate"]) == ("1", "0.05", "0.0001")
    assert "# All cells, lowest first: collapsed" in files["ranking+collapsed.md"]


def test_figures_say_what_they_show(made):
    for name in ("heatmap-grid+gap", "learning-rate-grid+gap"):
        figure = made.figure(name)
        assert as_svg(figure)
        labels = {name for axes in figure.axes for name in (axes.get_xlabel(), axes.get_ylabel())}
        assert "generalization gap (MSE)" in labels and "test MSE" not in labels
        assert not any("predict" in text.get_text() for axes in figure.axes for text in axes.texts)
    shown = [e for e in exhibits.of(exhibits.FIGURES, made.config) if e.quantity.name == "gap"]
    assert shown and not any("test MSE" in e.text or "error" in e.text for e in shown)
    means = [
        y
        for axes in made.figure("learning-rate-grid+gap").axes
        for line in axes.lines
        if line.get_label() == "means"
        for y in line.get_ydata()
    ]
    assert sorted(means) == pytest.approx(sorted(made.results.summary["gap"]))


def test_a_ratio_is_the_geometric_mean_of_the_pairs(made):
    found = compared(made, "norm")
    models = made.results.models
    logs = np.log(models.pivot_table("weight_norm", "seed", ["sam_rho", "learning_rate",
                                                             "weight_decay"]))  # fmt: skip
    expected = (logs["none"] - logs["0.05"]).mean(axis=1)
    assert found["differences"] == pytest.approx(list(expected))
    assert found["difference"] == pytest.approx(expected.mean())
    assert found["verdict"] == "supported"
    found = findings.find(made.results, made.config["comparisons"], {})
    table = claims_tables.comparison_table(made.results, found.verdicts)
    rows = {row[0]: row for row in table.rows}
    assert rows["norm"][1] == "‖w‖₂"
    assert f"× {math.exp(expected.mean()):.3f}" in rows["norm"]
    assert "test MSE" not in " ".join(table.notes)
    assert rows["errors"][1] == "test MSE"


def test_equality_is_shown_by_two_one_sided_tests(made):
    found = compared(made, "gap")
    assert found["margin"] == pytest.approx(math.log(1.05))
    assert (found["difference"], found["verdict"]) == (0, "supported")


@pytest.mark.parametrize(("times", "verdict"), [(1.2, "contradicted"), (1.055, "undecided")])
def test_equality_is_not_shown_beyond_the_margin(times, verdict):
    def other(model):
        return gap(model) * (times if model.cell.weight_decay else 1 + model.seed / 1000)

    assert compared(Made(SETTINGS, **{**MEASURED, "gap": other}), "gap")["verdict"] == verdict


def test_the_best_of_a_set_is_its_highest_where_higher_is_better(made):
    found = compared(made, "sigma")
    assert found["difference"] == pytest.approx(-1)
    assert found["low"] == pytest.approx(-1) == found["high"]  # seeds shift all alike
    assert "lr 1e-4" in found["a"] and "lr 1e-4" in found["b"]


def test_a_ratio_of_what_is_not_positive_is_left_untested():
    made = Made(SETTINGS, **{**MEASURED, "weight_norm": lambda model: -1.0})
    found = compared(made, "norm")
    assert (found["verdict"], found["n"]) == ("untested", 0)
    assert found["reason"] == "a ratio needs positive values, but ‖w‖₂ has others"


def test_the_page_has_the_figures_of_other_quantities(made):
    page = made.report()
    assert 'id="figure-heatmap-grid+gap"' in page
    assert 'id="figure-heatmap-grid"' not in page  # its numbers are tables there


RANKED = {**SETTINGS, "figures": {"measures": ["weight_norm", "pac_bayes_sigma", "path_norm"]}}


def fitted(model):
    """Return a gap that grows with the learning rate and, much less, with SAM; no seed's noise."""
    return math.log10(model.cell.learning_rate) + 0.1 * (model.cell.sam_rho or 0) + 5


def ranked(**measured):
    """Return rankings of measures by a gap that is 0.1, plus what `fitted` says."""
    made = Made(RANKED, **measured)
    made.results.models["train_mse"] = made.results.models["test_mse"] - [
        fitted(model) for model in made.models
    ]
    found = findings.find(made.results, {}, {}, RANKED["figures"]["measures"])
    return {ranking.measure: ranking for _, ranking in found.rankings}, found


def test_measures_are_ranked_along_each_axis():
    found, _ = ranked(
        weight_norm=fitted, pac_bayes_sigma=fitted, path_norm=lambda model: model.cell.learning_rate
    )
    norm, sigma, path = found["weight_norm"], found["pac_bayes_sigma"], found["path_norm"]
    # Epochs follow SAM, so they are no axis; along weight decay all gaps are equal.
    assert {name: round(axis.value, 9) for name, axis in norm.axes.items()} == {
        "sam_rho": 1, "learning_rate": 1, "weight_decay": 0,
    }  # fmt: skip
    assert norm.psi.value == pytest.approx(2 / 3)
    assert sigma.psi.value == pytest.approx(-2 / 3)  # held to be better when higher
    assert path.axes["sam_rho"].value == 0 and path.axes["learning_rate"].value == 1
    assert norm.cells == 12


def test_the_ranking_is_a_table_and_a_figure():
    _, found = ranked(weight_norm=fitted, pac_bayes_sigma=fitted, path_norm=norm)
    table = measures_table.measures_table(found.results, found.rankings)
    assert [row[1] for row in table.rows] == ["‖w‖₂", "σ that the weights bear", "path norm"]
    made = Made(RANKED, **MEASURED, path_norm=norm)
    axes = made.figure("measures").axes[0]
    bars = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "|"]
    rankings = json.loads(findings.files(found)["statistics.json"])["measures"]
    assert bars == [r["psi"]["value"] for r in made.statistics["measures"]]
    assert rankings[0]["psi"]["value"] == pytest.approx(2 / 3)


def test_axes_that_rank_alike_have_their_marks_between_two_measures():
    axes = {"learning_rate": [1e-3, 1e-2], "batch_size": [8, 32], "width": [9, 18], "seeds": 1}
    settings = {**RANKED, "grid": {**SETTINGS["grid"], **axes}}
    made = Made(settings, errors=lambda model: 1.0, **MEASURED, path_norm=norm)
    panel = made.figure("measures").axes[0]
    marks = [line for line in panel.lines if line.get_marker() in drawing.MARKERS]
    assert {mark.get_xdata()[0] for mark in marks} == {0}  # as all gaps are equal
    size = ranking.MARK / 72 * panel.figure.dpi
    for place in range(3):
        own = marks[5 * place : 5 * place + 5]
        _, next_measure = panel.transData.transform((0, place + 1))
        places = [mark.get_transform().transform(mark.get_xydata()[0]) for mark in own]
        assert min(y for _, y in places) - size / 2 > next_measure
        for one, other in itertools.combinations(places, 2):
            assert math.hypot(*(one - other)) > 0.8 * size


def test_a_measure_is_held_against_error_and_gap_cell_by_cell():
    made = Made(RANKED, **MEASURED, path_norm=norm)
    figure = made.figure("measure-grid+weight_norm")
    above, below = figure.axes[:2], figure.axes[2:]
    titles = [axes.get_title().split("\nτ-b = ")[0] for axes in above]
    assert titles == ["Adam, no SAM\n8 epochs", "Adam, SAM ρ = 0.05\n4 epochs"]
    summary = made.results.summary
    for axes, (_, cells) in zip(above, summary.groupby("sam_rho", sort=False), strict=True):
        everything, own = (line.get_xydata() for line in axes.lines)
        assert len(everything) == 12
        assert own == pytest.approx(cells[["weight_norm", "test_mse"]].to_numpy())
    for axes, (_, cells) in zip(below, summary.groupby("sam_rho", sort=False), strict=True):
        gaps = cells["test_mse"] - cells["train_mse"]
        assert axes.lines[1].get_ydata() == pytest.approx(gaps.to_numpy())


def test_a_quantity_over_epochs_is_at_its_snapshots_and_the_end_beside_its_bound():
    made = Made(
        {
            "training": {"epochs": 8, "snapshots": [2, 4]},
            "grid": {"optimizer": ["sgd"], "learning_rate": [0.01, 0.05], "weight_decay": [0],
                     "sam_rho": [None], "seeds": 3},
            "studies": {"grid": {"title": "The grid"}, "second_chance": None},
            "measures": ["hessian"],
            "figures": {"over_epochs": ["hessian_max"], "measures": []},
            "comparisons": {},
        },
        **{
            "hessian_max": lambda model: 50.0 + model.seed,
            "hessian_max@2": lambda model: 20.0 + model.seed,
            # One of the three ended before, so the median is over two.
            "hessian_max@4": lambda model: 30.0 + model.seed if model.seed else math.nan,
        },
    )  # fmt: skip
    (axes,) = made.figure("progress-grid+hessian_max").axes
    medians = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "o"]
    assert medians == [[[2, 21], [4, 31.5], [8, 51]]] * 2
    bounds = [line.get_ydata()[0] for line in axes.lines if not line.get_xdata()[0]]
    assert bounds == [2 / 0.01, 2 / 0.05]
    seeds = [line.get_xydata().tolist() for line in axes.lines if line.get_label() == "seeds"]
    assert len(seeds) == 6 and seeds[0] == [[2, 20], [8, 50]]


def test_of_many_seeds_over_epochs_a_band_holds_most():
    made = Made(
        {
            "training": {"epochs": 8, "snapshots": [2]},
            "grid": {"optimizer": ["sgd"], "learning_rate": [0.01], "weight_decay": [0],
                     "sam_rho": [None], "seeds": 101},
            "studies": {"grid": {"title": "The grid"}, "second_chance": None},
            "measures": ["hessian"],
            "figures": {"over_epochs": ["hessian_max"], "measures": []},
            "comparisons": {},
        },
        **{
            "hessian_max": lambda model: 200.0 + model.seed,
            "hessian_max@2": lambda model: 100.0 + model.seed,
        },
    )  # fmt: skip
    (axes,) = made.figure("progress-grid+hessian_max").axes
    assert not any(line.get_label() == "seeds" for line in axes.lines)
    band = axes.collections[0].get_paths()[0].vertices
    assert {(x, y) for x, y in band} == {(2, 110), (2, 190), (8, 210), (8, 290)}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"measures": ["flatness"]},
            "measures[0]: flatness is unknown; choose from classification,",
        ),
        (
            {"tables": {"quantities": ["hessian_max"]}},
            "tables.quantities[0]: hessian_max is not measured; add hessian to measures",
        ),
        (
            {"comparisons": {"x": {"a": {"optimizer": "adam"}, "quantity": "gpa"}}},
            "comparisons.x.quantity: gpa is unknown; did you mean gap?",
        ),
        (
            {"comparisons": {"x": {"a": {"optimizer": "adam"}, "quantity": "dead_units"}}},
            "comparisons.x.quantity: dead_units has no best",
        ),
        ({"figures": {"measures": ["nothing"]}}, "figures.measures[0]: nothing is unknown"),
    ],
)
def test_what_no_model_has_is_refused(settings, words):
    resolved = config.resolve(settings)
    with pytest.raises(UserError) as refused:
        mistakes.refuse(list(registry.mistakes(resolved)), [settings])
    assert words in str(refused.value)


def test_what_is_drawn_unless_chosen_is_what_is_measured():
    assert registry.drawn(config.resolve({"measures": ["norms"]})) == ["weight_norm"]
    assert registry.drawn(config.resolve({"figures": {"measures": []}})) == []


def test_what_can_be_had_is_not_refused():
    assert not list(registry.mistakes(config.resolve(SETTINGS)))
