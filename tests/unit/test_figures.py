"""Figures show the right numbers in the right places, for any grid, and can be read by anyone."""

import math

import matplotlib
import pytest
from made_up import BASELINES, Made, curves, mse
from matplotlib.colors import LogNorm, to_hex, to_rgb

from genboost.errors import UserError
from genboost.report import exhibits
from genboost.report.figures import drawing

SMALL = {
    "training": {"epochs": 8, "epochs_sam": 4},
    "grid": {
        "learning_rate": [1e-3, 1e-4, 1e-2],
        "weight_decay": [0, 1e-2],
        "sam_rho": [None, 0.05],
    },
    "studies": {"grid": {"title": "The grid"}},
}
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


GRIDS = {
    "one_of_all": lambda: Made(one(sam_rho=[None], seeds=1)),
    "many_rates_and_decays": lambda: Made(
        one(learning_rate=[10 ** (-k / 10) for k in range(10, 50)],
            weight_decay=[10 ** (-k / 10) for k in range(10, 22)], sam_rho=[None], seeds=7)
    ),
    "7_radii_and_3_optimizers": lambda: Made(
        one(sam_rho=[0.01 * k for k in range(1, 8)]), optimizers=["sgd", "adam", "another"]
    ),
    "rate_zero": lambda: Made(one(learning_rate=[0, 1e-3], sam_rho=[None])),
    "all_diverged": lambda: Made(one(), errors=lost),
    "some_diverged": lambda: Made(one(learning_rate=[1e-2, 1e-3]), errors=partly_lost),
    "huge": lambda: Made(one(learning_rate=[1e-2, 1e-3]), errors=huge),
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


@pytest.mark.parametrize("perfect", [["mean"], [*BASELINES]])
@pytest.mark.parametrize("errors", [mse, lambda model: 0.0])
def test_simple_methods_may_make_no_error(perfect, errors):
    made = Made(SMALL, errors=errors)
    for name in perfect:
        for variant, found in made.results.baselines.items():
            made.results.baselines[variant] = {**found, name: {**found[name], "test_mse": 0.0}}
    for _, figure in made.figures():
        figure.draw_without_rendering()


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
    assert set(starred) == {f"★{small.results.best_values['grid']:.2f}"}


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
        small.results.best_values["grid"],
        BASELINES["mean"]["test_mse"],
    )
    bar = small.figure("heatmap-grid").axes[-1]
    labels = {
        text.get_text(): tick
        for tick, text in zip(bar.get_yticks(), bar.get_yticklabels(), strict=True)
    }
    assert labels["the\nmean"] == norm.vmax
    assert labels["2"] == 2


def test_every_model_is_a_mark_against_its_learning_rate():
    made = Made(SMALL, errors=partly_lost)
    found = panels(made.figure("learning-rate-grid"))
    models = made.results.models
    marks = [
        line for axes in found.values() for line in axes.lines if line.get_linestyle() == "None"
    ]
    crosses = [line for line in marks if line.get_marker() == "x"]
    shown = sorted(y for line in marks if line not in crosses for y in line.get_ydata() if y == y)
    assert shown == sorted(models["test_mse"].dropna())
    assert sum(len(line.get_xdata()) for line in crosses) == models["test_mse"].isna().sum()
    for line in marks:
        for x in line.get_xdata():
            assert min(abs(math.log(x / rate)) for rate in (1e-4, 1e-3, 1e-2)) < 0.1


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


def test_chosen_cells_have_the_values_of_a_choice(small):
    studies = small.results.studies
    found = exhibits.chosen_cells(
        studies,
        {
            "figures.curves[0]": {
                "optimizer": ["adam"],
                "sam_rho": [None],
                "learning_rate": [1e-3],
            },
            "figures.curves[1]": {"sam_rho": [None]},
        },
    )
    cells = [cell for _, cell in found]
    assert len(cells) == len(set(cells)) == 12
    assert all(cell.sam_rho is None for cell in cells)
    assert {cell.weight_decay for cell in cells[:2]} == {0, 1e-2}
    with pytest.raises(UserError, match=r"figures.curves\[1\]: no study has .*learning_rate 5"):
        exhibits.chosen_cells(
            studies,
            {
                "figures.curves[0]": {"sam_rho": [None]},
                "figures.curves[1]": {"learning_rate": [5.0]},
            },
        )


def test_differences_lie_where_they_are_and_claims_on_their_side():
    made = Made({**one(seeds=5), "comparisons": CLAIMS})
    axes = made.figure("comparisons").axes[0]
    low, high = axes.get_xlim()
    assert low == -high
    for place, found in enumerate(made.statistics["comparisons"][:2]):
        (bar,) = [x for x in axes.lines if x.get_marker() == "|" and x.get_ydata()[0] == place]
        assert bar.get_xdata()[0] == found["difference"]
        (interval,) = [x for x in axes.lines if list(x.get_ydata()) == [place] * 2]
        assert list(interval.get_xdata()) == [found["low"], found["high"]]
        (seeds,) = [x for x in axes.lines if x.get_marker() == "o" and x.get_ydata()[0] == place]
        assert list(seeds.get_xdata()) == found["differences"]
    left = [bars.get_paths()[0].vertices[:, 0].min() for bars in axes.collections]
    assert left == [0, 0.5, 0]
    assert [t.get_text() for t in axes.get_yticklabels()][2] == "Nothing\nuntested, n = 0"


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
