"""Claims about trends: slopes of made-up values, known or as SciPy has them."""

import math

import numpy as np
import pytest
from made_up import Made
from scipy.stats import linregress, ttest_1samp

from genboost.errors import UserError
from genboost.report import answers, claims_tables, findings, summary, validity
from genboost.study import config, grid, mistakes, trends

WIDTHS = [9, 18, 40, 128]
SETTINGS = {
    "grid": {
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0,
        "sam_rho": "none",
        "width": WIDTHS,
        "seeds": 9,
    },
    "studies": {"grid": {"title": "Widths"}},
    "measures": ["outcome", "norms", "pac_bayes"],
    "tables": {"digits": 4},
}


def noise(model, size=0.05):
    return size * np.random.default_rng([model.seed, model.cell.width]).normal()


def falling(model):
    return 3 - 0.1 * math.log2(model.cell.width) + noise(model)


def made(claim, **measured):
    claim = {"a": {"study": "grid"}, "slope_on": "width", **claim}
    errors = measured.pop("errors", falling)
    settings = {**SETTINGS, **measured.pop("settings", {})}
    return Made({**settings, "comparisons": {"trend": claim}}, errors=errors, **measured)


def judged(claim, **measured):
    (found,) = made(claim, **measured).statistics["comparisons"]
    return found


def of_scipy(of, **measured):
    """Return SciPy's slope of each seed."""
    table = made({}, **measured).results.models
    return [linregress(np.log2(rows["width"]), of(rows)).slope for _, rows in table.groupby("seed")]


def test_each_seed_has_the_slope_that_scipy_finds():
    found = judged({"claim": "lower"})
    expected = of_scipy(lambda rows: rows["test_mse"])
    assert found["differences"] == pytest.approx(expected, rel=1e-12)
    interval = ttest_1samp(expected, 0).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high))
    assert found["low"] < -0.1 < found["high"] < 0
    assert (found["n"], found["p"], found["verdict"]) == (9, 2.0**-8, "supported")
    assert (found["a"], found["a_cells"]) == ("4 cells, width 9 to 128", 4)
    assert judged({"claim": "higher"})["verdict"] == "contradicted"


def test_a_ratio_is_the_power_of_the_axis():
    def norm(model):
        return 7 * model.cell.width**0.5 * math.exp(noise(model, 0.02))

    found = judged({"quantity": "weight_norm", "scale": "ratio", "claim": "higher"},
                   weight_norm=norm)  # fmt: skip
    logs = of_scipy(lambda rows: np.log(rows["weight_norm"]), weight_norm=norm)
    assert found["differences"] == pytest.approx(logs, rel=1e-12)
    assert math.exp(found["difference"]) == pytest.approx(2**0.5, rel=0.02)
    assert found["verdict"] == "supported"


@pytest.mark.parametrize(
    ("power", "verdict"), [(0.0, "supported"), (0.5, "contradicted"), (0.13, "undecided")]
)
def test_no_trend_is_shown_by_two_one_sided_tests(power, verdict):
    claim = {"quantity": "weight_norm", "scale": "ratio", "claim": "equal", "margin": 0.1}
    found = judged(claim, weight_norm=lambda m: m.cell.width**power * math.exp(noise(m)))
    assert found["verdict"] == verdict


def test_chance_is_no_trend():
    found = judged({"claim": "lower"}, errors=lambda model: 3 + noise(model, 0.5))
    assert (found["verdict"], found["low"] < 0 < found["high"]) == ("undecided", True)


def test_where_higher_is_better_a_slope_keeps_its_sign():
    def sigma(model):
        return math.log2(model.cell.width) + noise(model)

    found = judged({"quantity": "pac_bayes_sigma", "claim": "higher"}, pac_bayes_sigma=sigma)
    assert found["difference"] == pytest.approx(1, abs=0.05)
    assert (found["verdict"], found["low"] < 1 < found["high"]) == ("supported", True)


def test_another_axis_does_not_pass_for_a_trend():
    """Within each rate the error rises with width; wide networks have the rate of low errors."""
    grids = [
        {**SETTINGS["grid"], "learning_rate": 1e-3, "width": [9, 18, 40]},
        {**SETTINGS["grid"], "learning_rate": 1e-2, "width": [40, 80, 128]},
    ]

    def errors(model):
        return 0.1 * math.log2(model.cell.width) + 3 * (model.cell.learning_rate < 5e-3)

    found = judged({"claim": "higher"}, errors=errors, settings={"grid": grids})
    assert found["differences"] == pytest.approx([0.1] * 9)
    assert found["a_cells"] == 6
    plain = linregress(np.log2([9, 18, 40, 40, 80, 128]),
                       [3.317, 3.417, 3.532, 0.532, 0.632, 0.7])  # fmt: skip
    assert plain.slope < -0.5


def test_what_else_changes_along_the_axis_is_named():
    batches = {**SETTINGS["grid"], "width": 9, "batch_size": [8, 32]}
    found = judged({"slope_on": "batch_size"}, settings={"grid": batches})
    assert found["confounds"] == ["0.25 times the weight updates (batch size 32 against 8)"]


def test_a_trend_with_a_single_value_left_is_untested():
    def errors(model):
        return math.nan if model.cell.width > 9 else 1.0

    found = judged({}, errors=errors)
    assert (found["verdict"], found["n"]) == ("untested", 0)
    assert found["reason"] == "no two cells of a differ in width alone"


def test_a_trend_is_shown_per_doubling():
    study = made({"title": "Wider errs less", "claim": "lower"})
    found = findings.find(study.results, study.config["comparisons"], {})
    (verdict,) = found.verdicts
    table = claims_tables.comparison_table(study.results, found.verdicts)
    assert table.rows[0][1] == "test MSE per doubling of width"
    assert table.rows[0][5] == f"{verdict.difference:+.4f}"
    assert "slope" in " ".join(table.notes)
    (claim,) = study.statistics["comparisons"]
    told = answers.difference(study.results, claim)
    assert told.startswith(f"{-verdict.difference:.4f} better in test MSE per doubling of width (")
    *_, line = summary.verdict_lines(study.results, found.verdicts)
    assert "test MSE per doubling of width" in line
    latex = findings.files(found)["comparisons.tex"]
    assert "per doubling of width" in latex
    (axes,) = study.figure("comparisons").axes
    assert axes.get_xlabel() == "difference in test MSE per doubling of width"
    page = study.report()
    assert "4 cells, width 9 to 128: " in page
    assert "compared with ." not in page


def test_schemes_say_what_a_trend_is_per():
    schemes = {"schemes": {"all": {}, "narrow": {"where": {"width": [9, 18]}}}}
    study = made({"claim": "lower"}, settings=schemes)
    found = findings.find(study.results, study.config["comparisons"], study.config["schemes"])
    whole, narrow = (scheme.verdicts[0] for scheme in found.schemes)
    assert (whole.a, narrow.a) == ("4 cells, width 9 to 128", "2 cells, width 9 to 18")
    table = validity.scheme_table(study.results, found.schemes)
    assert "Trends are per doubling of the width" in " ".join(table.notes)
    label = study.figure("schemes").axes[0].get_xlabel().replace("\n", " ")
    assert label == "difference in test MSE per doubling of width"


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"slope_on": "optimizer"}, "c.slope_on: optimizer is no axis of numbers; choose from"),
        ({"slope_on": "widht"}, "c.slope_on: widht is no axis of numbers; choose from"),
        ({"b": {"width": 9}}, "c.b: slope_on takes the cells of a alone"),
        ({"by": "best"}, "c.by: slope_on takes each cell of a"),
        ({"a": {"width": 9}}, "c.slope_on: no two cells of a differ in width alone"),
        ({"slope_on": "epochs"}, "c.slope_on: no two cells of a differ in epochs alone"),
        ({"slope_on": "weight_decay"}, "positive numbers, but cells of a have weight_decay 0;"),
        ({"slope_on": "sam_rho"}, "positive numbers, but cells of a have sam_rho none;"),
    ],
)
def test_what_has_no_slope_is_refused(claim, words):
    claim = {"a": {"study": "grid"}, "slope_on": "width", **claim}
    settings = {**SETTINGS, "comparisons": {"c": claim}}
    settings["grid"] = {**SETTINGS["grid"], "weight_decay": [0, 1e-2], "sam_rho": ["none", 0.1]}
    resolved = config.resolve(settings)
    with pytest.raises(UserError) as refused:
        mistakes.refuse(list(trends.mistakes(resolved, grid.studies(resolved))), [settings])
    assert words in str(refused.value)


def test_a_slope_of_what_no_study_has_is_no_mistake():
    resolved = config.resolve({**SETTINGS, "comparisons": {
        "c": {"a": {"width": [7, 8]}, "slope_on": "width"}}})  # fmt: skip
    assert resolved["comparisons"]["c"]["by"] == "each"
    assert not list(trends.mistakes(resolved, grid.studies(resolved)))
