"""Random search: what is drawn, and what of it stays."""

import math

import numpy as np
import pytest
import yaml
from made_up import Made
from scipy.stats import kstest, loguniform, uniform
from sklearn.model_selection import ParameterSampler

from genboost.errors import UserError
from genboost.report import exhibits, tables
from genboost.report.figures import drawing
from genboost.study import config, grid, sampling
from genboost.study.axes import SETTINGS

RATE = {"log_uniform": [1e-5, 1e-1]}
SEARCH = {
    "optimizer": ["sgd", "adam"],
    "learning_rate": RATE,
    "weight_decay": [0, {"log_uniform": [1e-6, 1e-2]}],
    "sam_rho": [None, {"uniform": [0.01, 0.1]}],
    "trials": 64,
    "seeds": 2,
}


def study_of(**more):
    (study,) = grid.studies(config.resolve({"grid": {**SEARCH, **more}}))
    return study


def drawn(entries, trials=4000, seed=0, whole=False):
    return sampling.draw(entries, trials, seed, "learning_rate", whole)


def test_more_trials_and_other_axes_keep_what_was_drawn():
    few, many = study_of(), study_of(trials=100)
    assert many.cells[: len(few.cells)] == few.cells
    assert len(many.cells) == 100
    wide = study_of(width=[9, 18], weight_decay=[0, 1e-4])
    assert [cell.learning_rate for cell in wide.cells] == [cell.learning_rate for cell in few.cells]


def test_another_seed_draws_other_cells():
    first, second, other = study_of(), study_of(), study_of(sampling_seed=1)
    assert first.cells == second.cells
    assert not set(first.cells) & set(other.cells)


def test_the_first_draws_are_these():
    """What is trained must be found again, whatever the release."""
    assert drawn([RATE], trials=4) == [1.48e-05, 1.22e-05, 0.000687, 0.000506]


@pytest.mark.parametrize(
    ("entry", "oracle"),
    [(RATE, loguniform(1e-5, 1e-1)), ({"uniform": [0.2, 0.9]}, uniform(0.2, 0.7))],
    ids=["log_uniform", "uniform"],
)
def test_draws_are_as_scipy_and_scikit_learn_have_them(entry, oracle):
    ours = drawn([entry])
    theirs = [one["x"] for one in ParameterSampler({"x": oracle}, 4000, random_state=0)]
    assert kstest(ours, oracle.cdf).pvalue > 0.01
    assert kstest(ours, theirs).pvalue > 0.01


def test_entries_of_a_list_are_equally_likely():
    """As are those of a list in scikit-learn; a distribution counts as one of them."""
    found = drawn([0.0, 1.0, RATE], trials=9000, seed=1)
    shares = [found.count(0.0) / 9000, found.count(1.0) / 9000]
    assert shares == pytest.approx([1 / 3, 1 / 3], abs=0.02)
    assert kstest([v for v in found if 0 < v < 1], loguniform(1e-5, 1e-1).cdf).pvalue > 0.01


def test_whole_numbers_are_drawn_whole():
    found = drawn([{"uniform": [1, 4]}], trials=8000, whole=True)
    assert {type(value) for value in found} == {int}
    assert [found.count(k) / 8000 for k in (1, 2, 3, 4)] == pytest.approx([0.25] * 4, abs=0.02)
    found = drawn([{"log_uniform": [1, 4]}], trials=8000, whole=True)
    shares = [math.log((k + 1) / k) / math.log(5) for k in (1, 2, 3, 4)]
    assert [found.count(k) / 8000 for k in (1, 2, 3, 4)] == pytest.approx(shares, abs=0.02)


def test_three_digits_and_never_beyond_the_ends():
    found = drawn([{"log_uniform": [1.2345e-5, 1.2349e-5]}, {"uniform": [0.12345, 0.12346]}])
    assert all(1.2345e-5 <= v <= 1.2349e-5 or 0.12345 <= v <= 0.12346 for v in found)
    assert all(float(f"{value:.2e}") == value for value in drawn([RATE]))
    assert all("learning_rate~" in model.record for model in study_of().models)
    assert max(len(model.record) for model in study_of().models) < 140


def test_axes_are_drawn_apart():
    cells = study_of(trials=2000).cells
    rates = np.log([cell.learning_rate for cell in cells])
    adam = [cell.optimizer == "adam" for cell in cells]
    assert abs(np.corrcoef(rates, adam)[0, 1]) < 0.06
    both = [c for c in cells if c.sam_rho]
    rho = [c.sam_rho for c in both]
    assert abs(np.corrcoef(rho, np.log([c.learning_rate for c in both]))[0, 1]) < 0.08


def test_every_split_repeats_a_trial_and_lists_of_grids_are_drawn_each():
    study = study_of(split_seed=[0, 1, 2])
    assert len(study.cells) == 3 * 64
    assert study.over_splits().cells == study_of().cells
    both = [{**SEARCH, "optimizer": name, "trials": 5} for name in ("sgd", "adam")]
    (study,) = grid.studies(config.resolve({"grid": both}))
    sgd, adam = study.cells[:5], study.cells[5:]
    assert [cell.replace(optimizer="adam") for cell in sgd] == list(adam)


def test_whatever_the_schema_has_numbers_for_can_be_drawn():
    study = study_of(width={"log_uniform": [4, 64]}, epochs={"uniform": [1, 5]})
    assert set(study.sampled) == {"width", "epochs", "learning_rate", "weight_decay", "sam_rho"}
    assert all(4 <= cell.width <= 64 and 1 <= cell.epochs <= 5 for cell in study.cells)
    assert all(type(cell.width) is int for cell in study.cells)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate: {log_uniform: [0, 1]}, trials: 5", "0.0 has no logarithm"),
        ("learning_rate: {log_uniform: [1e-2, 1e-3]}, trials: 5", "0.01 is not below 0.001"),
        ("learning_rate: {uniform: [1e-3]}, trials: 5", "takes two numbers, [lowest, highest]"),
        ("learning_rate: {uniform: [-1, 1]}, trials: 5", "-1.0 is negative"),
        ("learning_rate: {uniform: [a, 1]}, trials: 5", '"a" is not a valid value'),
        ("learning_rate: {beta: [0, 1]}, trials: 5", "known: log_uniform, uniform"),
        ("learning_rate: {log_unifrom: [0, 1]}, trials: 5", "did you mean log_uniform?"),
        ("learning_rate: {}, trials: 5", "is empty; it needs at least one entry"),
        ("learning_rate: {uniform: [0, 1], log_uniform: [1, 2]}, trials: 5", "one of these"),
        ("learning_rate: {log_uniform: [1e-3, 1]}", "has a distribution; say with grid.trials"),
        ("trials: 5", "there is nothing to draw 5 cells from"),
        ("learning_rate: {log_uniform: [1e-3, 1]}, trials: 0", "0 is out of range; at least 1"),
        ("split_seed: {uniform: [0, 9]}, trials: 5", "it takes a whole number"),
        ("optimizer: {uniform: [0, 9]}, trials: 5", "is unknown; choose from sgd, adam"),
        ("learning_rate: {log_uniform: [1e-3, 1]}, trials: 999999", "at most 1,000,000 models"),
        ("width: {uniform: [1, 99999]}, learning_rate: 1, trials: 5", "weights"),
    ],
)
def test_mistakes_are_named_with_their_key_and_line(text, message, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine\ngrid: {{{text}}}\n")
    with pytest.raises(UserError) as raised:
        config.resolve(yaml.safe_load(path.read_text()), [path])
    assert message in str(raised.value)
    assert f"{path}, line 2: grid." in str(raised.value)


def test_the_mistake_of_a_study_is_in_the_study():
    with pytest.raises(UserError, match=r"studies\.a\.grid\.trials: there is nothing to draw"):
        config.resolve({"studies": {"a": {"grid": {"trials": 5}}}})


def test_a_grid_has_no_keys_of_a_random_search():
    assert not {"trials", "sampling_seed"} & config.resolve({})["grid"][0].keys()
    assert config.resolve({"grid": SEARCH})["grid"][0]["trials"] == 64


@pytest.fixture(scope="module")
def made():
    return Made({"grid": SEARCH, "tables": {"quantities": ["test_mse", "gap"]}},
                gap=lambda model: model.seed - 1.0)  # fmt: skip


def test_exhibits_that_need_a_grid_are_left_out(made):
    figures = {exhibit.kind for exhibit in exhibits.of(exhibits.FIGURES, made.config)}
    drawn = {"methods", "draws", "generalization", "cost", "parallel", "measure", "curves"}
    assert figures == drawn | {"budget", "deck"}
    names = {exhibit.name for exhibit in exhibits.of(exhibits.TABLES, made.config)}
    assert names == {"tables", "ranking", "ranking+gap", "deck", "summary"}
    assert "measures" not in exhibits.sections(made.config)
    assert made.statistics["measures"] == made.statistics["importance"] == []


@pytest.mark.filterwarnings("error")
def test_it_is_drawn_and_told(made):
    drawings = made.shown()
    for axis in ("learning_rate", "weight_decay", "sam_rho"):
        assert SETTINGS[axis].title in drawings["draws-grid"]
    page = made.report(drawings)
    assert "A random search: the" in page
    assert "64" in tables.files(made.results)["ranking.md"]
    panels = [panel.title for panel in made.results.layouts["grid"].panels]
    assert panels == ["SGD, no SAM", "SGD, SAM", "Adam, no SAM", "Adam, SAM"]
    assert "SAM ρ 0.0" in made.results.layouts["grid"].place(
        next(cell for cell in made.results.studies[0].cells if cell.sam_rho)
    )


@pytest.mark.parametrize(
    "more",
    [
        {"trials": 1},
        {"sam_rho": [None], "weight_decay": [0], "optimizer": ["adam"]},
        {"learning_rate": 1e-3, "weight_decay": {"uniform": [0, 1]}, "sam_rho": [None]},
    ],
    ids=["one_trial", "one_axis", "not_the_rate"],
)
@pytest.mark.filterwarnings("error")
def test_any_search_can_be_drawn(more):
    found = Made(
        {"grid": {**SEARCH, **more}},
        errors=lambda model: math.nan if model.cell.weight_decay > 0.5 else 1.0,
    )
    assert all(list(drawing.contents(figure)) for _, figure in found.figures())


def test_intervals_are_over_the_cells_and_only_of_half_of_them(made):
    curves = made.statistics["budget"]["curves"]
    for curve in curves:
        known = [n for n, low in zip(curve["tries"], curve["low"], strict=True) if low is not None]
        assert max(known) == max(n for n in curve["tries"] if n <= curve["cells"] // 2)


def test_intervals_hold_what_other_draws_find():
    """Cells are drawn from errors that are uniform: the best of n has the mean 1 / (n + 1)."""
    from genboost.analysis.tuning import _Method

    random = np.random.default_rng(0)
    tries = [1, 2, 4, 8]
    inside = []
    for number in range(200):
        method = _Method(str(number), random.random((40, 1, 1)), 1.0, resampled=True)
        low, high = np.quantile(method.resampled(tries), [0.025, 0.975], axis=1)
        truth = 1 / (np.array(tries) + 1)
        inside.append((low <= truth) & (truth <= high))
    assert (np.mean(inside, axis=0) > 0.88).all()
