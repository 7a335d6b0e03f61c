"""Figures show the right numbers in the right places, for any grid, and can be read by anyone."""

import html
import itertools
import math
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import BASELINES, Made, as_svg, curves, mse
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, to_hex, to_rgb, to_rgba
from matplotlib.text import Text
from matplotlib.textpath import TextPath

from genboost.files import ROOT
from genboost.measures import plane
from genboost.measures.network import Network
from genboost.report import exhibits
from genboost.report.figures import drawing, lanes, parallel, scales, svg
from genboost.report.figures import plane as plane_figure
from genboost.report.figures.curves import turns
from genboost.report.figures.material import Curves
from genboost.study.axes import SETTINGS, path
from genboost.study.grid import studies as studies_of
from genboost.train import schedules
from genboost.train.problem import Architecture

SMALL = {
    "training": {"epochs": 8, "epochs_sam": 4},
    "grid": {
        "learning_rate": [1e-3, 1e-4, 1e-2],
        "weight_decay": [0, 1e-2],
        "sam_rho": [None, 0.05],
    },
    "studies": {"grid": {"title": "The grid"}},
}
RATES = [1e-4, 1e-3, 1e-2]
CLAIMS = {
    "lower": {"title": "Low", "a": {"sam_rho": 0.05}, "b": {"sam_rho": "none"}},
    "higher": {
        "title": "High",
        "claim": "higher",
        "a": {"sam_rho": 0.05},
        "b": {"sam_rho": "none"},
    },
    "nothing": {"title": "Nothing", "a": {"learning_rate": 7}, "b": {"learning_rate": 8}},
}


def one(**grid):
    """Return the small study with one value on every axis, but for some."""
    single = {"optimizer": ["adam"], "learning_rate": [1e-3], "weight_decay": [0]}
    return {**SMALL, "grid": {**SMALL["grid"], **single, **grid}}


def lost(model):
    return math.nan


def partly_lost(model):
    return math.nan if model.seed == 1 and model.cell.learning_rate == 1e-2 else mse(model)


def huge(model):
    return 10 ** (12 * model.cell.learning_rate / 1e-2)


@pytest.fixture(scope="module")
def small():
    return Made(SMALL)


def texts(axes):
    """Return the texts in a panel by their places."""
    return {text.get_position(): text.get_text() for text in axes.texts}


def panels(figure):
    """Return the panels that have a title, by the title in one line."""
    found = {axes.get_title().replace("\n", ", "): axes for axes in figure.axes}
    return {title: axes for title, axes in found.items() if title}


def surveyed(**weights):
    """Return what a plane through made-up weights holds, and the networks behind it."""
    rng = np.random.default_rng(0)
    architecture = Architecture(features=5, width=4, hidden_layers=1, activation="relu")
    networks = {
        loss: Network(architecture, rng.normal(size=(20, 5)), rng.normal(size=20))
        for loss in ("train_mse", "test_mse")
    }
    models = {letter: rng.normal(size=architecture.parameters) for letter in "ABC"} | weights
    records = {letter: f"results/models/{letter}.json" for letter in models}
    return {"records": records, **plane.survey(models, networks)}, models, networks


def on_a_plane(found):
    """Return a study of three learning rates, the highest first on a plane."""
    choices = [{"learning_rate": [rate]} for rate in reversed(RATES)]
    made = Made({**one(learning_rate=RATES, sam_rho=[None]), "figures": {"plane": choices}})
    made.plane = found
    return made


GRIDS = {
    "one_of_all": lambda: Made(one(sam_rho=[None], seeds=1)),
    "many_rates_and_decays": lambda: Made(  # and more than drawing.MANY models
        one(learning_rate=[10 ** (-k / 10) for k in range(10, 30)],
            weight_decay=[10 ** (-k / 10) for k in range(10, 22)], sam_rho=[None], seeds=13)
    ),
    "7_radii_and_3_optimizers": lambda: Made(
        one(sam_rho=[0.01 * k for k in range(1, 8)]), optimizers=["sgd", "adam", "another"]
    ),
    "rate_zero": lambda: Made(one(learning_rate=[0, 1e-3], sam_rho=[None])),
    "all_diverged": lambda: Made(one(), errors=lost),
    "some_diverged": lambda: Made(one(learning_rate=[1e-2, 1e-3]), errors=partly_lost),
    "huge": lambda: Made(one(learning_rate=[1e-2, 1e-3]), errors=huge),
    "plane": lambda: on_a_plane(surveyed()[0]),
    "no_plane": lambda: on_a_plane(surveyed(B=None)[0]),
    "claims_and_curves": lambda: Made(
        {**one(), "comparisons": CLAIMS, "figures": {"curves": [{"sam_rho": 0.05}]}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("made", GRIDS.values(), ids=GRIDS)
@pytest.mark.filterwarnings("error")
def test_any_grid_can_be_drawn(made):
    made = made()
    drawn = {
        f"{name}.{ending}": content
        for name, figure in made.figures()
        for ending, content in drawing.contents(figure)
    }
    assert list(drawn) == exhibits.files_of(exhibits.FIGURES, made.config)
    for name, content in drawn.items():
        assert content.startswith(b"\x89PNG" if name.endswith(".png") else b"<?xml")


def test_titles_are_any_text():
    title = r"$\foo{ a & <b> $5 {0} _ $6$"
    claims = {name: {**claim, "title": title} for name, claim in CLAIMS.items()}
    made = Made({**one(), "studies": {"grid": {"title": title}}, "comparisons": claims})
    shown = {
        name
        for name, drawing in made.drawings().items()
        if title in html.unescape(drawing.split("</title>")[1])
    }
    assert {"heatmap-grid", "budget", "comparisons", "curves-grid"} <= shown


@pytest.mark.parametrize("perfect", [["mean"], [*BASELINES]])
@pytest.mark.parametrize("errors", [mse, lambda model: 0.0])
def test_simple_methods_may_make_no_error(perfect, errors):
    made = Made(SMALL, errors=errors)
    for name in perfect:
        for variant, found in made.results.baselines.items():
            made.results.baselines[variant] = {**found, name: {**found[name], "test_mse": 0.0}}
    for name, figure in made.figures():
        figure.draw_without_rendering()
        if name == "methods" and errors is mse:
            assert figure.axes[0].get_xlim()[0] < made.results.models["test_mse"].min()


def test_the_same_figure_is_the_same_bytes(small):
    first, second = (dict(drawing.contents(small.figure("learning-rate-grid"))) for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first["svg"]
    assert matplotlib.__version__.encode() not in first["png"] + first["svg"]


def test_drawing_leaves_matplotlibs_settings_alone(small):
    before = dict(matplotlib.rcParams)
    small.figure("methods")
    assert dict(matplotlib.rcParams) == before


def test_heatmap_has_each_mean_in_its_place(small):
    found = panels(small.figure("heatmap-grid"))
    assert list(found) == [
        "SGD, no SAM, 8 epochs", "SGD, SAM ρ = 0.05, 4 epochs",
        "Adam, no SAM, 8 epochs", "Adam, SAM ρ = 0.05, 4 epochs",
    ]  # fmt: skip
    axes = found["Adam, SAM ρ = 0.05, 4 epochs"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1e-4", "1e-3", "1e-2"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1e-2"]
    summary = small.results.summary.set_index(
        ["optimizer", "sam_rho", "learning_rate", "weight_decay"]
    )["test_mse"]
    for y, rate in enumerate([1e-4, 1e-3, 1e-2]):
        for x, decay in enumerate([0, 1e-2]):
            expected = summary["adam", "0.05", rate, decay]
            assert texts(axes)[x, y].lstrip("★") == f"{expected:.2f}"


def test_heatmap_frames_the_lowest_of_a_panel_and_stars_the_lowest_of_all(small):
    found = panels(small.figure("heatmap-grid"))
    framed = {
        title: [p.get_xy() for p in axes.patches if not p.get_fill() and not p.get_hatch()]
        for title, axes in found.items()
    }
    # mse() is lowest for a learning rate of 10**-2.5 and no decay; 1e-2 and 1e-3 differ by noise.
    best = small.results.summary.groupby(["optimizer", "sam_rho"])["test_mse"].idxmin()
    rates = [1e-4, 1e-3, 1e-2]
    row = small.results.summary.loc[best["adam", "none"]]
    place = (0 - 0.5, rates.index(row.learning_rate) - 0.5)
    assert row.weight_decay == 0
    assert framed["Adam, no SAM, 8 epochs"] == [place]
    starred = [t for axes in found.values() for t in texts(axes).values() if t.startswith("★")]
    assert set(starred) == {f"★{small.results.best_choices['grid']:.2f}"}


def test_heatmaps_share_one_scale_and_hatch_what_diverged():
    made = Made(SMALL, errors=partly_lost)
    found = panels(made.figure("heatmap-grid"))
    color = {}
    for axes in found.values():
        shown = texts(axes)
        for patch in axes.patches:
            place = tuple(round(value + 0.5) for value in patch.get_xy())
            if patch.get_hatch():
                assert place[1] == 2  # a learning rate of 1e-2
                assert shown[place] == "1×"
            elif patch.get_fill():
                color.setdefault(shown[place].lstrip("★"), set()).add(to_hex(patch.get_facecolor()))
    hatched = sum(bool(patch.get_hatch()) for axes in found.values() for patch in axes.patches)
    assert hatched == 8
    # SGD and Adam have the same errors here, in different panels.
    assert all(len(colors) == 1 for colors in color.values())


def test_the_scale_goes_from_the_lowest_to_what_is_worth_nothing(small):
    study = small.results.studies[0]
    norm = drawing.color_scale(small.results, study)
    assert (norm.vmin, norm.vmax) == (
        small.results.best_choices["grid"],
        BASELINES["mean"]["test_mse"],
    )
    bar = small.figure("heatmap-grid").axes[-1]
    labels = {
        text.get_text(): tick
        for tick, text in zip(bar.get_xticks(), bar.get_xticklabels(), strict=True)
    }
    assert labels["≥ predicting\nthe mean"] == norm.vmax
    assert labels["2"] == 2


@pytest.mark.parametrize("rates", [[1e-3], [1e-3, 1e-2]])
@pytest.mark.parametrize("optimizers", [["adam"], ["sgd", "adam"]])
def test_few_rows_of_a_heatmap_have_room_for_their_numbers(rates, optimizers):
    made = Made(one(optimizer=optimizers, learning_rate=rates, weight_decay=[0, 1e-2]))
    *found, bar = made.figure("heatmap-grid").axes
    FigureCanvasAgg(bar.figure).draw()
    for axes in found:
        assert axes.get_window_extent().height / bar.figure.dpi * 72 / len(rates) > 11
    labels = [text.get_window_extent() for text in bar.get_xticklabels()]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(labels))


def test_what_is_undefined_is_said_in_its_cell():
    made = Made(
        {**one(learning_rate=[1e-3, 1e-2]), "tables": {"quantities": ["weight_norm"]}},
        weight_norm=lambda model: math.nan if model.cell.learning_rate > 2e-3 else 3.0,
    )
    (axes, *_) = made.figure("heatmap-grid+weight_norm").axes
    assert {*texts(axes).values()} == {"★3.00", "–"}


def test_the_scale_of_values_far_apart_has_round_numbers():
    made = Made(
        {**SMALL, "tables": {"quantities": ["test_mse", "weight_norm"]}},
        weight_norm=lambda model: 4e3 * model.cell.learning_rate,
    )
    bar = made.figure("heatmap-grid+weight_norm").axes[-1]
    FigureCanvasAgg(bar.figure).draw()
    low, high = bar.get_xlim()
    ticks = [tick for tick in bar.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert [tick.label1.get_text() for tick in ticks] == ["0.5", "1", "2", "5", "10", "20"]
    assert not len(bar.xaxis.get_minorticklocs())


def drawn(axes, label):
    """Return where the lines of a label are, gaps left out."""
    lines = [line.get_xydata() for line in axes.lines if line.get_label() == label]
    points = np.concatenate([np.empty((0, 2)), *lines])
    return points[np.isfinite(points).all(axis=1)]


def test_every_model_is_a_dash_and_every_mean_a_mark_at_its_learning_rate():
    made = Made(SMALL, errors=partly_lost)
    found = panels(made.figure("learning-rate-grid"))
    models = made.results.models
    seeds = np.concatenate([drawn(axes, "seeds") for axes in found.values()])
    assert sorted(seeds[::2, 1]) == sorted(models["test_mse"].dropna())
    crosses = sum(len(drawn(axes, "diverged")) for axes in found.values())
    assert crosses == models["test_mse"].isna().sum()
    means = models.groupby(["optimizer", "sam_rho", "learning_rate", "weight_decay"])["test_mse"]
    marks = np.concatenate([drawn(axes, "means") for axes in found.values()])
    assert sorted(marks[:, 1]) == pytest.approx(sorted(means.mean()))
    for x in marks[:, 0]:
        assert min(abs(x - place) for place in (-4, -3, -2)) < 0.5


def test_marks_of_different_columns_are_apart():
    made = Made(one(weight_decay=[0, 1e-4, 1e-3, 1e-2], learning_rate=[1e-3, 1e-2]))
    found = panels(made.figure("learning-rate-grid"))
    for axes in found.values():
        places = [line.get_xdata()[0] for line in axes.lines if line.get_label() == "means"]
        reach = max(line.get_xdata()[1] - line.get_xdata()[0]
                    for line in axes.lines if line.get_label() == "seeds")  # fmt: skip
        assert np.diff(places).min() >= reach


@pytest.mark.parametrize(("seeds", "intervals"), [(3, False), (4, False), (5, True), (30, True)])
def test_a_mean_of_fewer_than_five_seeds_has_no_interval(seeds, intervals):
    made = Made({**one(seeds=seeds, learning_rate=[1e-3, 1e-2]), "comparisons": CLAIMS})
    for axes in panels(made.figure("learning-rate-grid")).values():
        assert bool(len(drawn(axes, "intervals"))) == intervals
    for name in ("methods", "cost"):
        (axes,) = made.figure(name).axes
        assert bool(len(drawn(axes, "interval"))) == intervals
    compared = made.statistics["comparisons"]
    (axes,) = made.figure("comparisons").axes
    assert len(drawn(axes, "interval")) == 2 * sum(claim["n"] >= 5 for claim in compared)


def test_decays_differ_without_their_colours(small):
    legend = small.figure("learning-rate-grid").legends[0]
    looks = [(line.get_marker(), line.get_linestyle()) for line in legend.get_lines()]
    assert [text.get_text() for text in legend.get_texts()] == ["wd 0", "wd 1e-2"]
    assert len(set(looks)) == len(looks)


def test_curves_are_read_for_the_models_that_are_shown_only(small):
    asked = []

    def read(model):
        asked.append(model)
        return curves(model)

    axes = panels(small.figure("curves-grid", read))
    best = small.results.summary.loc[
        small.results.summary.groupby(["optimizer", "sam_rho"])["test_mse"].idxmin()
    ]
    expected = {(r.optimizer, r.learning_rate, r.weight_decay) for r in best.itertuples()}
    cells = {model.cell for model in asked}
    assert {(c.optimizer, c.learning_rate, c.weight_decay) for c in cells} == expected
    assert len(asked) == len(set(asked)) == 3 * 4
    lines = [line for line in axes["Adam, no SAM, 8 epochs, lr 1e-3, wd 0"].lines]
    ends = sorted(line.get_ydata()[-1] for line in lines if line.get_linestyle() == "-")
    assert ends == sorted(
        curves(m).test_mse[-1] for m in asked if m.cell.optimizer == "adam" and not m.cell.sam_rho
    )


def test_the_models_of_all_splits_are_shown_with_an_interval_for_other_splits():
    """An error of 1 and one of 3 on two splits: three seeds more tell nothing more of others."""

    def errors(model):
        return 1.0 + 2 * model.cell.split_seed + 0.001 * model.seed

    asked = []

    def read(model):
        asked.append((model.cell.split_seed, model.seed))
        return curves(model)._replace(test_mse=[errors(model)] * model.cell.epochs)

    made = Made(one(learning_rate=[1e-3], split_seed=[0, 1], seeds=3), errors=errors)
    for name in ("curves-grid", "cost"):
        figure = made.figure(name, read)
        assert asked == [*itertools.product([0, 1], range(3))]
        asked.clear()
    (interval,) = (line for line in figure.axes[0].lines if line.get_label() == "interval")
    low, high = interval.get_ydata()
    assert high - low > 2 * 12  # t of one degree of freedom is 12.7, the standard error 1
    (axes,) = made.figure("methods").axes
    (interval,) = (line for line in axes.lines if line.get_label() == "interval")
    assert list(interval.get_xdata()) == [low, high]


def test_many_curves_are_their_median_and_what_holds_most_of_them():
    made = Made({**one(seeds=31), "figures": {"curves": [{"sam_rho": "none"}]}})
    figure = made.figure("curves")
    axes = figure.axes[0]
    all_curves = np.array([curves(m).test_mse for m in made.models if m.cell.sam_rho is None])
    test, train = [line for line in axes.lines if len(line.get_xdata()) == 8]
    assert test.get_ydata() == pytest.approx(np.median(all_curves, axis=0))
    assert train.get_ydata() == pytest.approx(np.median(all_curves - 0.1, axis=0))
    band = axes.collections[0].get_paths()[0].vertices
    low, high = np.quantile(all_curves, [0.1, 0.9], axis=0)
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((low.min(), high.max()))


@pytest.mark.parametrize("seeds", [2, 20])
def test_a_curve_of_a_single_epoch_is_a_dash(seeds):
    def read(model):
        return Curves([2.0], [3.0 + model.seed], [1e-3], [8])

    axes = Made(one(seeds=seeds)).figure("curves-grid", read).axes[0]
    (strip,) = axes.child_axes
    lines = [line for part in (axes, strip) for line in part.lines if len(line.get_xdata())]
    assert len(lines) == 1 + 2 * (seeds if seeds == 2 else 1)
    for line in lines:
        assert list(line.get_xdata()) == [7.6, 8.4]
        assert len({*line.get_ydata()}) == 1


def test_the_learning_rate_has_a_strip_with_its_turn_marked():
    def read(model):
        rates = schedules.cosine(1e-3, model.cell.epochs, 4, 0.0)
        return curves(model)._replace(learning_rate=rates)

    axes = next(iter(panels(Made(SMALL).figure("curves-grid", read)).values()))
    (strip,) = axes.child_axes
    assert strip.get_position().y1 < axes.get_position().y0
    marks = [line for part in (axes, strip) for line in part.lines if line.get_label() == "turn"]
    # The rate is lowest in the fifth epoch, before which four steps lowered it.
    assert [line.get_xdata()[0] for line in marks] == [5, 5]


@pytest.mark.parametrize(
    ("rates", "places"),
    [([3, 2, 1, 2, 3], [2]), ([3, 2, 1, 1, 2], [3]), ([1, 2, 3, 2], []), ([2, 2, 2], []),
     ([2, 1, 2, 1, 2], [1, 3]), ([1], [])],
)  # fmt: skip
def test_turns(rates, places):
    assert turns(rates) == places


def test_chosen_cells_have_the_values_of_a_choice(small):
    studies = small.results.studies
    found = exhibits.chosen_cells(
        studies,
        [
            {"optimizer": ["adam"], "sam_rho": [None], "learning_rate": [1e-3]},
            {"sam_rho": [None]},
        ],
    )
    cells = [cell for _, cell in found]
    assert len(cells) == len(set(cells)) == 12
    assert all(cell.sam_rho is None for cell in cells)
    assert {cell.weight_decay for cell in cells[:2]} == {0, 1e-2}
    choices = [{"sam_rho": [None]}, {"learning_rate": [5.0]}]
    (mistake,) = exhibits.unmet(studies, {"curves": choices, "plane": []})
    assert mistake[0] == ("figures", "curves", 1)
    assert mistake[1].startswith("no study has a cell with learning_rate 5")


@pytest.mark.parametrize(
    ("grid", "choice", "said"),
    [
        ({}, {}, None),
        ({"split_seed": [0, 1]}, {}, None),
        ({}, {"learning_rate": [1e-3, 1e-2]}, "chooses 2 cells; a plane goes through three"),
        ({"width": [9, 18]}, {}, "chooses 6 cells; a plane goes through three"),
        ({"width": [9, 18]}, {"learning_rate": [1e-2]}, "chooses 2 cells"),
        ({"loss": ["cross_entropy"]}, {}, "is about the squared error, but cells are trained with"),
    ],
)
def test_three_cells_span_a_plane(grid, choice, said):
    made = Made(one(learning_rate=RATES, sam_rho=[None], **grid))
    studies = studies_of(made.config)
    found = list(exhibits.unmet(studies, {"curves": [], "plane": [choice]}))
    assert [where for where, _ in found] == [("figures", "plane")] * bool(said)
    assert all(what.startswith(said) for _, what in found)


@pytest.mark.parametrize(
    ("setting", "values", "said"),
    [("width", [9, 18], "width"), ("scaling", ["none", "standard"], "scaling")],
)
def test_cells_of_a_plane_have_one_network_and_one_data_set(setting, values, said):
    made = Made(one(learning_rate=RATES, sam_rho=[None], **{setting: values}))
    choices = [
        {"learning_rate": RATES[:2], setting: values[:1]},
        {"learning_rate": RATES[2:], setting: values[1:]},
    ]
    found = list(exhibits.unmet(made.results.studies, {"curves": [], "plane": choices}))
    assert found == [
        (("figures", "plane"), f"its cells differ in {said}; choose three that do not")
    ]


def test_a_plane_has_its_minima_at_their_own_losses():
    found, models, networks = surveyed()
    made = on_a_plane(found)
    train, test, below, _ = made.figure("plane").axes
    named = train.get_title(loc="left").splitlines()[:3]
    assert named == ["A: The grid, lr 1e-2", "B: The grid, lr 1e-3", "C: The grid, lr 1e-4"]
    for panel in (train, test):
        places = {text.get_text(): np.array(text.xy) for text in panel.texts}
        for one_of, other in itertools.combinations("ABC", 2):
            apart = np.linalg.norm(models[one_of] - models[other])
            assert np.linalg.norm(places[one_of] - places[other]) == pytest.approx(apart)
    for loss, label in (("train_mse", "training MSE"), ("test_mse", "test MSE")):
        (line,) = (line for line in below.lines if line.get_label() == label)
        for end, letter in ((0, "A"), (1, "B")):
            shown = line.get_ydata()[list(line.get_xdata()).index(end)]
            assert shown == pytest.approx(networks[loss].losses(models[letter][None])[0])


@pytest.mark.parametrize(
    ("errors", "first", "last"),
    [
        ([0.19, 4.5, 203], 0.15, 10),
        ([0.21, 0.24], 0.2, 0.3),
        ([2.0, 2.0], 2, 3),
        ([0.0, 0.0], 1e-12, 1.5e-12),
        ([0.0, 1.0], 1e-12, 5e-11),
    ],
)
def test_colours_of_a_plane_change_at_round_errors(errors, first, last):
    levels = plane_figure._levels([[errors]])
    assert (levels[0], levels[-1]) == pytest.approx((first, last))
    assert levels == sorted(set(levels))


def test_a_plane_that_there_is_not_says_why():
    (axes,) = on_a_plane(surveyed(B=None)[0]).figure("plane").axes
    assert [text.get_text() for text in axes.texts] == ["B diverged"]


def test_differences_lie_where_they_are_and_claims_on_their_side():
    made = Made({**one(seeds=5), "comparisons": CLAIMS})
    (axes,) = made.figure("comparisons").axes
    low, high = axes.get_xlim()
    assert low == -high
    compared = made.statistics["comparisons"][:2]
    assert drawn(axes, "mean")[:, 0].tolist() == [found["difference"] for found in compared]
    ends = [end for found in compared for end in (found["low"], found["high"])]
    assert drawn(axes, "interval")[:, 0].tolist() == ends
    seeds = [line for line in axes.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in seeds] == [f["differences"] for f in compared]
    sides = [bars.get_paths()[0].vertices[:, 0] for bars in axes.collections]
    assert [(side.min(), side.max()) for side in sides] == [(low, 0), (0, high), (low, 0)]
    shown = [text.get_text() for text in axes.texts]
    assert {"Low: undecided, 5 seeds", "Nothing: untested"} < set(shown)
    assert shown[-2:] == ["← better", "worse →"]


def test_a_large_difference_leaves_room_for_small_ones():
    made = Made({**one(seeds=12), "comparisons": CLAIMS})
    claim = made.statistics["comparisons"][0]
    small = {**claim, "differences": [0.1] * 12, "difference": 0.1, "low": 0.05, "high": 0.15}
    large = {**claim, "differences": [5.0] * 12, "difference": 5.0, "low": 4.0, "high": 6.0}
    made.statistics["comparisons"] = [small, small, small, large]
    (axes,) = made.figure("comparisons").axes
    place = axes.xaxis.get_transform().transform
    zero, found, end = place(np.array([0, 0.1, axes.get_xlim()[1]]))
    assert (found - zero) / (end - zero) > 0.15  # 0.016 on a linear scale
    ticks = [text.get_text() for text in axes.get_xticklabels()]
    assert "0" in ticks
    assert "+0.1" in ticks
    assert "−0.1" in ticks


def tick_texts(axis):
    """Return the texts of an axis's ticks by their places."""
    texts = (text.get_text() for text in axis.get_ticklabels())
    return dict(zip(axis.get_majorticklocs(), texts, strict=True))


def test_ratios_are_named_on_both_sides_of_one():
    ratios = {name: {**claim, "scale": "ratio"} for name, claim in CLAIMS.items()}
    made = Made({**one(seeds=12), "comparisons": ratios})
    (axes,) = made.figure("comparisons").axes
    named = tick_texts(axes.xaxis)
    assert named[0.0] == "1"
    for place, text in named.items():
        assert float(text) == pytest.approx(math.exp(place))
    assert min(named) < 0 < max(named)
    assert axes.get_xlabel() == "ratio of test MSE"


@pytest.mark.parametrize("name", ["comparisons", "schemes"])
def test_differences_have_zero_in_the_middle_and_signs(name):
    schemes = {"all": {"title": "all"}, "same": {"title": "the same"}}
    made = Made({**one(seeds=6), "comparisons": CLAIMS, "schemes": schemes})
    for axes in made.figure(name).axes:
        low, high = axes.get_xlim()
        assert low == -high
        named = tick_texts(axes.xaxis)
        assert named.pop(0.0) == "0"
        assert named
        for place, text in named.items():
            assert text[0] == ("+" if place > 0 else "−")
            assert float(text.replace("−", "-")) == pytest.approx(place)
        assert axes.get_xlabel() == "difference in test MSE"


@pytest.mark.parametrize(
    ("values", "wide", "texts"),
    [
        ((1, 70), 4, ["1", "2", "5", "10", "20", "50"]),
        ((1, 70), 1, ["1", "3", "10", "30"]),
        ((1, 70), 0.6, ["1", "10"]),
        ((200, 15_000), 4, ["200", "500", "1,000", "2,000", "5,000", "10,000"]),
        ((1e-8, 1), 1.4, ["1e-6", "0.001", "1"]),
        ((2.4, 2.6), 4, ["2.4", "2.7"]),
    ],
)
def test_a_logarithmic_axis_has_as_many_round_ticks_as_have_room(values, wide, texts):
    axes = matplotlib.figure.Figure((wide / 0.775, 2)).subplots()
    scales.log_scale(axes, "x", values)
    assert list(tick_texts(axes.xaxis).values()) == texts


def test_ticks_of_a_count_are_whole_numbers():
    axes = matplotlib.figure.Figure((4, 2)).subplots()
    for values, texts in (((1, 5), ["1", "2", "3", "4", "5"]), ((1, 2), ["1", "2"])):
        scales.log_scale(axes, "x", values, is_count=True)
        assert list(tick_texts(axes.xaxis).values()) == texts


def test_many_claims_go_into_panels_of_one_scale_between_which_pages_break():
    many = {f"{name}_{n}": claim for n in range(5) for name, claim in CLAIMS.items()}
    figure = Made({**one(seeds=6), "comparisons": many}).figure("comparisons")
    shown = [sum("decided" in text or "untested" in text for text in texts(axes).values())
             for axes in figure.axes]  # fmt: skip
    assert shown == [5, 5, 5]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    FigureCanvasAgg(figure).draw()
    places = drawing.cuts(figure)
    assert len(places) == 2
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for place, above, below in zip(places, boxes, boxes[1:], strict=False):
        y = figure.bbox.y1 - place * figure.dpi / 72
        assert above.y0 >= y >= below.y1


def test_no_heading_is_left_behind_by_its_methods():
    studies = {name: {"title": name, "grid": {"seeds": n + 1}} for n, name in enumerate("abcde")}
    settings = {**one(sam_rho=[None, 0.05]), "studies": studies}
    for axes in Made(settings).figure("methods").axes:
        *_, last = (text for text in axes.texts if text.get_position()[0] == 0.005)
        assert last.get_weight() != "bold"


def test_few_of_many_seeds_leave_room_for_the_others():
    made = Made({**one(seeds=12), "comparisons": CLAIMS})
    (claim, *_) = made.statistics["comparisons"]
    ends = {"difference": 0.0, "low": -0.05, "high": 0.05}
    for count, least in ((20, 0.15), (200, 0.6)):
        differences = [-0.1, 0.1] * (count // 2 - 1) + [3.5, -3.5]
        made.statistics["comparisons"] = [{**claim, **ends, "differences": differences}] * 3
        (axes,) = made.figure("comparisons").axes
        place = axes.xaxis.get_transform().transform
        zero, found, end = place(np.array([0, 0.1, axes.get_xlim()[1]]))
        assert (found - zero) / (end - zero) > least  # 0.03 where all are drawn to scale


def test_models_that_predict_a_constant_are_counted_and_not_drawn():
    made = Made(one(seeds=6, sam_rho=[None]), collapsed=lambda model: float(model.seed == 2))
    (axes,) = made.figure("methods").axes
    assert any("1 of 6 collapsed" in text.get_text() for text in axes.texts)
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    errors = made.results.models.query("seed != 2")["test_mse"]
    assert sorted(dots[0].get_xdata()) == sorted(errors[errors.index < 6])
    # The mean is that of the tables, of all six.
    assert drawn(axes, "mean")[0, 0] == pytest.approx(made.results.models["test_mse"][:6].mean())


@given(st.lists(st.floats(0, 100), max_size=40))
def test_dots_side_by_side_do_not_cover_each_other(across):
    aside = lanes.side_by_side(across, 4)
    dots = np.array([across, aside]).T
    for one, other in itertools.combinations(dots, 2):
        assert np.hypot(*(one - other)) > 4 - 1e-3


def centres(axes):
    """Return the middles of the marks in a panel, and their diameters, in pixels."""
    marks = [line for line in axes.lines if line.get_marker() in drawing.MARKERS]
    return [
        (*place, line.get_markersize() / 72 * axes.figure.dpi)
        for line in marks
        for place in line.get_transform().transform(line.get_xydata())
    ]


@pytest.mark.parametrize("name", ["methods", "comparisons", "cost"])
@pytest.mark.parametrize("seeds", [3, 30, 60])
def test_no_mark_hides_another(name, seeds):
    def errors(model):
        return 1 + 0.1 * np.random.default_rng([model.seed, model.cell.sam_rho is None]).normal()

    def read(model):  # all methods cost the same and end alike
        return curves(model)._replace(test_mse=[1.0] * model.cell.epochs)

    grid = {"sam_rho": [None, 0.05, 0.06], "learning_rate": [1e-3, 1e-2], "seeds": seeds}
    settings = {**one(**grid, weight_decay=[0, 1e-2]), "comparisons": CLAIMS}
    (axes,) = Made(settings, errors=errors).figure(name, read).axes
    FigureCanvasAgg(axes.figure).draw()
    marks = centres(axes)
    assert len(marks) >= 3
    for (x, y, size), (other_x, other_y, _) in itertools.combinations(marks, 2):
        assert math.hypot(x - other_x, y - other_y) > 0.8 * size


def test_more_marks_than_have_room_are_a_bar():
    near = Made(one(seeds=90), errors=lambda model: mse(model) ** 0.001)
    (axes,) = near.figure("methods").axes
    assert not any(line.get_marker() == "o" for line in axes.lines)
    assert max(line.get_linewidth() for line in axes.lines) > 5


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 20)), min_size=1, max_size=12))
def test_labels_move_apart_in_their_order(wanted):
    places, sizes = map(np.array, zip(*wanted, strict=True))
    moved = scales.apart(places, sizes)
    inside = scales.apart(places, sizes, -20, 400)
    assert (inside - sizes / 2 > -20 - 1e-6).all()
    assert (inside + sizes / 2 < 400 + 1e-6).all()
    order = np.argsort(moved)
    gaps = np.diff(moved[order]) - (sizes[order][1:] + sizes[order][:-1]) / 2
    assert (gaps > -1e-6).all()
    assert (np.diff(places[order]) >= 0).all()
    if all(abs(a - b) >= (s + t) / 2 for (a, s), (b, t) in itertools.combinations(wanted, 2)):
        assert moved == pytest.approx(places)


def test_deck_scatter_has_the_decks_value_across_and_ours_up():
    made = Made({"studies": {"grid": {"title": "The grid"}}})
    axes = made.figure("deck").axes[0]
    points = {
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in axes.lines
        if line.get_linestyle() == "None"
    }
    compared = made.results.compared
    ours = zip(compared["deck"], compared["test_mse"], strict=True)
    assert len(points) == len(compared) == 184
    for shown, expected in zip(sorted(points), sorted(ours), strict=True):
        assert shown == pytest.approx(expected)
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert axes.get_xlim() == axes.get_ylim()


def test_the_decks_outliers_are_named():
    made = Made({"studies": {"grid": {"title": "The grid"}}})
    cells = made.statistics["deck"]
    for cell in cells:
        cell["log_ratio"] = 0.1 * (-1) ** cells.index(cell)
    cells[7]["log_ratio"] = -2.0
    figure = made.figure("deck")
    expected = SETTINGS["weight_decay"].phrase(cells[7]["weight_decay"])
    (name,) = [t.get_text() for t in figure.axes[0].texts if "lr" in t.get_text()]
    assert name.endswith(expected)
    assert name in figure.get_label()


def test_train_and_test_errors_are_where_they_are(small):
    figure = small.figure("generalization-grid")
    shown = np.concatenate([line.get_xydata() for axes in figure.axes for line in axes.lines
                            if line.get_linestyle() == "None"])  # fmt: skip
    expected = small.results.summary[["train_mse", "test_mse"]].to_numpy()
    assert sorted(map(tuple, shown)) == sorted(map(tuple, expected))
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    titles = [panel.title for panel in small.results.layouts["grid"].panels]
    assert [name.rsplit(" (", 1)[0] for name in names] == titles


def test_methods_that_share_a_panel_are_told_apart_by_what_they_do_not_share(whole):
    found = {axes.get_title(): axes for axes in whole["generalization-grid"].axes}
    names = [text.get_text() for text in found["Adam"].get_legend().get_texts()]
    assert [name.split(",")[0] for name in names] == [
        "no SAM", "SAM with ρ = 0.02", "SAM with ρ = 0.05", "SAM with ρ = 0.1",
    ]  # fmt: skip
    assert list(found) == ["SGD", "Adam"]


def test_a_step_with_sam_costs_two_gradients():
    made = Made(one(seeds=2, learning_rate=[1e-3, 1e-2], weight_decay=[0, 1e-2]))
    figure = made.figure("cost")
    ends = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_label() == "mean"]
    assert ends == [8, 4 * 2]  # the epochs without SAM, and with it
    (of_budget,) = {curve["cost"] for curve in made.statistics["budget"]["curves"]}
    assert of_budget == ends[0]
    labels = {name: made.figure(name).axes[-1].get_xlabel() for name in ("cost", "budget")}
    assert labels["cost"] == labels["budget"]


def test_a_model_that_stops_early_keeps_its_error():
    def stopping(model):
        found = curves(model)
        if model.seed:
            return found._replace(test_mse=[3.0, 2, 1, 1, 1, 1, 1, 1])
        return type(found)([4.0, 3], [4.0, 3], [0.1, 0.1], [1, 2])

    made = Made(one(seeds=2, sam_rho=[None]))
    figure = made.figure("cost", read=stopping)
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == list(range(1, 9))
    assert line.get_ydata().tolist() == [3.5, 2.5, 2, 2, 2, 2, 2, 2]


def test_every_cell_is_a_line_that_ends_at_its_error(small):
    figure = small.figure("parallel-grid")
    lines = {line.get_gid(): line for line in figure.axes[0].lines if line.get_gid()}
    cells = small.results.studies[0].cells
    assert set(lines) == {svg.CELL + path(cell) for cell in cells}
    errors = {cell: small.results.row(small.results.studies[0], cell).value for cell in cells}
    ends = {cell: lines[svg.CELL + path(cell)].get_ydata()[-1] for cell in cells}
    assert sorted(cells, key=ends.get) == sorted(cells, key=errors.get)
    assert (min(ends.values()), max(ends.values())) == (0, 1)
    text = as_svg(figure)
    for cell in cells:
        assert text.count(f'data-cell="{path(cell)}"') == 1


def test_without_cells_of_the_deck_the_figure_says_so(small):
    figure = small.figure("deck")
    assert "The studies have none of the deck's cells." in {t.get_text() for t in figure.texts}


def test_readings_are_held_against_the_deck_with_the_one_as_stated():
    made = Made({**SMALL, "audit": {"readings": {"other": {"training": {"batch_size": 8}}}}})
    ranking = [
        {"rank": rank, "reading": f"reading {rank}", "names": "" if rank == 30 else "other",
         "log_error": rank / 100, "noise_floor": 0.005}
        for rank in range(1, 41)
    ]  # fmt: skip
    cell = {"optimizer": "adam", "deck": 1.5, "best": 2.0, "best_low": 1.0, "best_high": 3.0}
    without = {**cell, "optimizer": "sgd", "deck": 3.0, "best_low": None, "best_high": None}
    made.audit = {"ranking": ranking, "cells": [cell, without]}
    left, right = made.figure("audit").axes
    shown = [text.get_text() for text in left.get_yticklabels()]
    assert shown == [f"reading {rank}" for rank in [*range(1, 21), 30]]
    dots = [(x.get_xdata()[0], x.get_ydata()[0]) for x in left.lines if x.get_marker() == "o"]
    assert dots == [(rank / 100, place) for place, rank in enumerate([*range(1, 21), 30])]
    points = [x.get_xydata()[0].tolist() for x in right.lines if x.get_linestyle() == "None"]
    assert points == [[1.5, 2.0], [3.0, 2.0]]
    assert [1.0, 3.0] in [list(x.get_ydata()) for x in right.lines]


def test_synthetic_is_written_across_every_figure():
    made = Made({**SMALL, "comparisons": CLAIMS}, synthetic=["obesity"])
    for _, figure in made.figures():
        assert "SYNTHETIC" in {text.get_text() for text in figure.texts}
        assert figure.get_suptitle().startswith("SYNTHETIC: ")


def luminance(color):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def test_colours_can_be_read_in_grey():
    norm = LogNorm(0.5, 4)
    shown = [drawing.color(0.5 * 8 ** (k / 50), norm) for k in range(51)]
    backgrounds = [luminance(background) for background, _ in shown]
    assert backgrounds == sorted(backgrounds, reverse=True)
    for background, (_, ink) in zip(backgrounds, shown, strict=True):
        light, dark = sorted((background, luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert drawing.color(1e9, norm) == drawing.color(4, norm)


PAPERS = {"light": "#ffffff", "dark": "#14181c"}  # as in report.css


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_colours_are_seen_on_both_papers(paper):
    css = (ROOT / "scripts/genboost/report/templates/report.css").read_text("utf-8")
    assert f"--paper: {paper}" in css
    ramp = [parallel.RAMP(place) for place in np.linspace(0, 1, 11)]
    for color in (*drawing.COLORS, drawing.FAINT, *ramp):
        assert contrast(color, paper) >= 3, color
    pairs = zip(to_rgb(drawing.FAINT), to_rgb(paper), strict=True)
    shade = [drawing.SHADE * faint + (1 - drawing.SHADE) * plain for faint, plain in pairs]
    for color in drawing.COLORS:
        assert contrast(color, shade) >= 3, color


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
@pytest.mark.parametrize("seeds", [3, 6])
def test_marks_and_lines_are_seen_as_drawn(paper, seeds):
    made = Made({**one(seeds=seeds), "comparisons": CLAIMS}, weight_norm=mse)
    for axes_of_it in (axes for _, figure in made.figures() for axes in figure.axes):
        for line in axes_of_it.lines:
            if line.get_color() == drawing.INK:  # the page's own
                continue
            *rgb, alpha = to_rgba(line.get_color(), line.get_alpha())
            mixed = [alpha * c + (1 - alpha) * p for c, p in zip(rgb, to_rgb(paper), strict=True)]
            assert contrast(mixed, paper) >= 3


@pytest.fixture(scope="module")
def whole():
    """Return every figure of the deck's studies, with claims."""
    studies = {"grid": {"title": "The grid"}, "more": {"title": "A second chance for SAM",
               "training": {"epochs_sam": 200}, "grid": {"optimizer": "adam"}}}  # fmt: skip
    schemes = {"all": {"title": "all"}, "same": {"title": "the same"}}
    made = Made({"studies": studies, "comparisons": CLAIMS, "schemes": schemes},
                weight_norm=mse, sensitivity=lambda model: mse(model) ** 4)  # fmt: skip
    for variant, found in made.results.baselines.items():
        made.results.baselines[variant] = {**found, "nearest_neighbour": {"test_mse": 0.7}}
    return dict(made.figures())


def shown_texts(figure):
    """Return the texts that are drawn, with their boxes in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    unseen = set()
    for axes_of_it in figure.findobj(matplotlib.axes.Axes):
        for axis in (axes_of_it.xaxis, axes_of_it.yaxis):
            low, high = sorted(axis.get_view_interval())
            unseen |= {part for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high
                       for part in (tick.label1, tick.label2)}  # fmt: skip
    return [
        (text, text.get_window_extent(canvas.get_renderer()))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]


@pytest.fixture(scope="module")
def labels(whole):
    """Return the texts of every figure of these, with their boxes."""
    return {name: shown_texts(figure) for name, figure in whole.items()}


def test_no_label_covers_another_or_is_cut_off(whole, labels):
    for name, figure in whole.items():
        found = labels[name]
        for (one, first), (other, second) in itertools.combinations(found, 2):
            covered = (
                min(first.x1, second.x1) - max(first.x0, second.x0) > 0
                and min(first.y1, second.y1) - max(first.y0, second.y0) > 0
            )
            assert not covered, (name, one.get_text(), other.get_text())
        for text, box in found:
            inside = box.x0 > -1 and box.y0 > -1 and box.x1 < figure.bbox.x1 + 1
            assert inside and box.y1 < figure.bbox.y1 + 1, (name, text.get_text())


def test_no_text_is_smaller_than_eleven_pixels(labels):
    for name, found in labels.items():
        texts = [text for text, _ in found]
        assert min(text.get_fontsize() for text in texts) * 4 / 3 >= 11, name
        # An exponent is smaller.
        assert not any("$" in text.get_text() for text in texts), name


def test_texts_have_the_room_that_they_take_in_a_browser(whole):
    axes = whole["deck"].axes[0]
    with matplotlib.rc_context(drawing.STYLE):
        text = axes.text(0, 0, "Sensitivity to the inputs, by weight decay")
        width = text.get_window_extent(FigureCanvasAgg(axes.figure).get_renderer()).width
    text.remove()
    outline = TextPath((0, 0), text.get_text(), size=text.get_fontsize()).get_extents().width
    assert 72 * width / axes.figure.dpi == pytest.approx(outline, rel=0.01)


def test_files_have_neither_a_style_nor_a_style_sheet_and_say_what_they_show(whole):
    for name, figure in whole.items():
        text = as_svg(figure)
        root = ElementTree.fromstring(text)
        assert "style" not in re.sub(r">[^<]*<", "><", text), name
        assert root[0].text == " ".join(figure.get_suptitle().split())
        assert root[1].text == figure.get_label(), name
        assert figure.get_label().endswith("."), name
        used = set(re.findall(r'(?:url\(#|xlink:href="#)([^")]+)', text))
        assert used == {element.get("id") for element in root.iter() if element.get("id")}


def test_slim_files_look_the_same(whole, tmp_path):
    """Each mark and text of Matplotlib's file is in ours, to a tenth of a point."""
    figure = whole["methods"]
    after = ElementTree.fromstring(as_svg(figure))  # lays it out
    with matplotlib.rc_context(drawing.STYLE):
        figure.savefig(tmp_path / "whole.svg")
    before = ElementTree.parse(tmp_path / "whole.svg").getroot()
    for tag in ("use", "text", "path"):
        many = [list(root.iter(f"{{{svg.SVG}}}{tag}")) for root in (before, after)]
        assert len(many[0]) == len(many[1])
        for one, other in zip(*many, strict=True):
            assert (one.text or "").strip() == (other.text or "").strip()
            if one.get("x"):
                for key in "xy":
                    assert float(one.get(key)) == pytest.approx(float(other.get(key)), abs=0.051)


def test_files_do_not_grow_with_the_seeds():
    few, many = (
        sum(map(len, Made({**one(seeds=seeds), "comparisons": CLAIMS}).drawings().values()))
        for seeds in (30, 300)
    )
    assert many < few * 1.1


@pytest.mark.parametrize(("spread", "marked"), [(0.3, True), (0.003, False)])
def test_the_median_of_many_values_does_not_hide_their_bar(spread, marked):
    figure = drawing.start(lanes.WIDTH, 1, "Title")
    axes = figure.subplots()
    axes.set_xlim(-1, 1)
    values = np.random.default_rng(0).normal(0, spread, lanes.MOST_DOTS + 1)
    lanes.draw(axes, [lanes.Lane("some", values.tolist())])
    colors = [line.get_color() for line in axes.lines]
    assert drawing.COLORS[0] in colors
    assert (drawing.PAPER in colors) is marked


def test_many_equal_values_can_be_seen():
    figure = drawing.start(lanes.WIDTH, 1, "Title")
    axes = figure.subplots()
    axes.set_xlim(-1, 1)
    lanes.draw(axes, [lanes.Lane("some", [0.3] * (lanes.MOST_DOTS + 1))])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = np.asarray(canvas.buffer_rgba())[..., :3] / 255
    near = np.abs(shown - to_rgb(drawing.COLORS[0])).max(-1) < 0.1
    assert near.sum() > 10
