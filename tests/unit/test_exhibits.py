"""One list of exhibits: each is named once, explained, and made by something that is there."""

import re
from importlib import import_module

import pytest

from genboost.report import exhibits, tables
from genboost.study import config

EVERYTHING = {
    "data": {"validation_fraction": 0.2},
    "tables": {"quantities": ["test_mse", "gap"]},
    "comparisons": {"a": {"a": {"optimizer": "adam"}}},
    "schemes": {"all": {"title": "All"}, "people": {"title": "People"}},
    "training": {"snapshots": [5]},
    "figures": {
        "curves": [{"optimizer": "adam"}],
        "over_epochs": ["gap"],
        "plane": [{"optimizer": "adam"}, {"optimizer": "sgd"}, {"sam_rho": 0.05}],
    },
    "studies": {
        "grid": {"title": "A grid"},
        "random": {"grid": {"learning_rate": {"log_uniform": [1e-5, 0.1]}, "trials": 9}},
    },
    "audit": {"readings": {"other": {"training": {"batch_size": 8}}}},
}


@pytest.fixture(scope="module")
def resolved():
    return config.resolve(EVERYTHING)


def test_no_two_have_a_file_in_common(resolved):
    found = exhibits.exhibits(resolved)
    files = [f"{exhibit.folder}/{name}" for exhibit in found for name in exhibit.files]
    assert len(files) == len(set(files)) > 50
    assert {exhibit.folder for exhibit in found} == set(exhibits.FOLDERS)


def test_something_makes_each(resolved):
    for exhibit in exhibits.of(exhibits.FIGURES, resolved):
        assert callable(import_module(f"genboost.report.figures.{exhibit.kind}").draw)
    for exhibit in exhibits.of(exhibits.TABLES, resolved):
        assert exhibit.kind in tables.KINDS


def test_every_figure_is_explained_and_has_a_section_that_there_is(resolved):
    shown = exhibits.of(exhibits.FIGURES, resolved)
    assert all(exhibit.text.endswith(".") for exhibit in shown)
    assert {exhibit.kind for exhibit in shown if not exhibit.section} == {"heatmap", "parallel"}
    sections = {exhibit.section for exhibit in shown if exhibit.section}
    assert sections - {"audit"} <= set(exhibits.sections(resolved))  # which stands with the deck


def test_every_caption_is_used(resolved):
    captions = {path.stem for path in exhibits.CAPTIONS.glob("*.rst")}
    used = {exhibit.caption for exhibit in exhibits.exhibits(resolved)} - {""}
    assert captions - used == {"report", "summary", "workflow"}  # of rules that show one file


def test_only_what_some_studies_lack_is_deleted(resolved):
    names = {
        exhibits.TABLES: {"tables", "ranking", "deck", "summary"},
        exhibits.FIGURES: {"methods", "deck", "cost"},
        exhibits.STATISTICS: {
            "cells",
            "comparisons",
            "verdicts",
            "best",
            "agreement",
            "statistics",
        },
        exhibits.AUDIT: set(),
    }
    for folder, pattern in exhibits.OF_SOME_STUDIES.items():
        for exhibit in exhibits.of(folder, resolved):
            for name in exhibit.files:
                fixed = exhibit.name in names[folder]
                assert bool(re.fullmatch(pattern, name)) != fixed, name
