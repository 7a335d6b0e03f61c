"""Which axis goes where, for studies of all shapes."""

import re

import pytest
import yaml

from genboost.report.layout import NAMES, Layout, layout
from genboost.study import axes, config, grid

ONE = "optimizer: adam, sam_rho: none, learning_rate: 1e-3, weight_decay: 0"


def laid_out(text: str, rows: str = "learning_rate", columns: str = "weight_decay") -> Layout:
    (study,) = grid.studies(config.resolve(yaml.safe_load(text)))
    found = layout(study, rows, columns)
    cells = [cell for panel in found.panels for cell in panel.cells.values()]
    assert sorted(map(axes.path, cells)) == sorted(map(axes.path, study.cells))
    names = [panel.name for panel in found.panels]
    assert len(set(names)) == len(names)
    titles = [panel.title for panel in found.panels]
    assert len(set(titles)) == len(titles)
    return found


def test_the_standard_study_has_a_panel_for_each_method():
    found = laid_out("studies: {grid: {}}")
    assert (found.rows.name, found.columns.name) == ("learning_rate", "weight_decay")
    assert [panel.name for panel in found.panels[:5]] == [
        "grid-sgd-no-sam", "grid-sgd-rho-0.02", "grid-sgd-rho-0.05", "grid-sgd-rho-0.1",
        "grid-adam-no-sam",
    ]  # fmt: skip
    assert found.panels[5].title == "Adam, SAM with ρ = 0.02, 100 epochs"
    assert not found.followers and not found.shared
    assert [len(line) for line in found.lines(found.panels, 4)] == [4, 4]


def test_a_study_with_one_axis_is_one_table():
    found = laid_out(f"studies: {{w: {{grid: {{width: [64, 9, 18], {ONE}}}}}}}")
    (panel,) = found.panels
    assert (found.rows.name, found.columns) == ("width", None)
    assert panel.title == "Adam, no SAM, 200 epochs, lr 1e-3, wd 0"
    assert [found.row_title(value, panel) for value in panel.down] == [
        "width 64", "width 9", "width 18",
    ]  # fmt: skip
    assert found.column_title(None, panel) == "test MSE"
    assert found.down == [9, 18, 64]  # in figures: by size


def test_a_study_with_one_cell_is_one_table():
    found = laid_out(f"studies: {{w: {{grid: {{{ONE}}}}}}}")
    (panel,) = found.panels
    assert (found.rows.name, found.columns) == ("learning_rate", None)
    assert panel.title == "Adam, no SAM, 200 epochs, wd 0"


def test_an_axis_that_does_not_vary_gives_way_to_the_one_with_the_most_values():
    text = "studies: {a: {grid: {width: [9, 18, 64], batch_size: [8, 32], optimizer: adam, "
    text += "sam_rho: none, weight_decay: 0}}}"
    found = laid_out(text)
    assert (found.rows.name, found.columns.name) == ("learning_rate", "width")
    assert [panel.name for panel in found.panels] == [
        "a-batch-size-8-adam-no-sam", "a-batch-size-32-adam-no-sam",
    ]  # fmt: skip
    found = laid_out(text, "batch_size", "learning_rate")
    assert (found.rows.name, found.columns.name) == ("batch_size", "learning_rate")


def test_what_follows_from_a_column_stands_in_it():
    found = laid_out("studies: {a: {grid: {optimizer: adam, weight_decay: 0}}}")
    (panel,) = found.panels
    assert found.columns.name == "sam_rho"
    assert [found.column_title(value, panel) for value in panel.across[:2]] == [
        "no SAM, 200 epochs", "SAM with ρ = 0.02, 100 epochs",
    ]  # fmt: skip
    assert panel.title == "Adam, wd 0"
    two = "studies: {a: {grid: {optimizer: adam, weight_decay: 0, sam_rho: [none, 0.1]}}}"
    assert laid_out(two).columns.name == "sam_rho"  # and not the epochs, which follow


def test_seven_axes_read_from_left_to_right():
    found = laid_out("""
        studies:
          many:
            grid: {split_seed: [0, 1], width: [9, 18], batch_size: [8, 32], sam_rho: [none, 0.05]}
            model: {activation: tanh}
        """)
    assert len(found.panels) == 2**5
    assert found.panels[-1].title == (
        "split 1, width 18, batch size 32, Adam, SAM with ρ = 0.05, 100 epochs"
    )
    assert found.panels[-1].name == ("many-split-seed-1-width-18-batch-size-32-adam-rho-0.05")
    assert [setting.name for setting in found.shared] == ["activation"]
    lines = found.lines(found.panels, 4)
    assert [len(line) for line in lines] == [4] * 8
    assert len({panel.values[:3] for panel in lines[0]}) == 1


@pytest.mark.parametrize("rows", axes.AXES)
def test_any_axis_can_be_the_rows(rows):
    columns = "width" if rows != "width" else "weight_decay"
    found = laid_out("studies: {a: {grid: {width: [9, 18], sam_rho: [none, 0.1]}}}", rows, columns)
    assert found.columns.name == columns


def test_a_list_of_grids_leaves_places_empty():
    found = laid_out("""
        studies:
          a:
            grid:
              - {optimizer: sgd, sam_rho: none, learning_rate: [0.1, 0.01]}
              - {optimizer: adam, sam_rho: none, learning_rate: [0.01, 0.001], weight_decay: 0}
        """)
    sgd, adam = found.panels
    assert (len(sgd.cells), len(adam.cells)) == (8, 2)
    assert (sgd.down, adam.down) == ([0.1, 0.01], [0.01, 0.001])
    assert adam.across == [0.0]


def test_the_files_of_any_study_are_known_from_a_readers():
    found = [
        *laid_out("studies: {my-study: {}}").panels,
        *laid_out(f"studies: {{w: {{grid: {{width: [64, 9, 18], {ONE}}}}}}}").panels,
        *laid_out("studies: {a: {grid: {eta_min: [0, 1e-5], weight_decay: 0}}}").panels,
        *laid_out("studies: {b: {}}", "optimizer", "sam_rho").panels,
        *laid_out(f"studies: {{c: {{grid: {{{ONE}}}}}}}", "optimizer", "sam_rho").panels,
    ]
    assert {panel.name for panel in found} >= {
        "my-study-sgd-no-sam", "w-adam-no-sam", "a-eta-min-1e-5-sgd", "c-no-sam",
        "b-learning-rate-3e-5-weight-decay-0",
    }  # fmt: skip
    assert all(re.fullmatch(NAMES, panel.name) for panel in found)
    for name in ("notes-second", "tables", "ranking", "deck", "my-notes", "adam", "a-rho"):
        assert not re.fullmatch(NAMES, name), name


def test_what_only_records_is_kept_apart_and_named_nowhere():
    more = {"snapshots": [5], "record_every": 10, "record_second_moments": True}
    studies = {"kept": {"training": more}, "plain": {}}
    kept, plain = grid.studies(config.resolve({"grid": {"optimizer": "adam"}, "studies": studies}))
    cell, other = kept.cells[0], plain.cells[0]
    assert "/snapshots~5/record_second_moments~true/record_every~10/" in axes.path(cell)
    assert axes.shown_settings([cell, other]) == axes.shown_settings([other])
    assert not axes.varying([cell, other])
    assert not layout(kept, "learning_rate", "weight_decay").shared
    assert axes.repeats_standard(cell) and axes.repeats_standard(other)
    assert not axes.repeats_standard(cell.replace(batch_size=8))
