"""The grid: cells, paths and packs."""

import dataclasses
import itertools
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from genboost.study import config, grid
from genboost.study.cells import Cell, Protocol
from genboost.study.grid import Model

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
STANDARD = Protocol(4, 18, "relu", 32, "cosine", 100, 0.0, "l2", "torch", "epoch", "mean", "last")
RATES = st.floats(min_value=0, allow_infinity=False, allow_subnormal=False)


def studies(text: str = "{}") -> list[grid.Study]:
    return grid.studies(config.resolve(yaml.safe_load(text)))


def test_the_shipped_study_has_216_cells_and_648_models_and_shares_nothing_twice():
    first, second = shipped = grid.studies(config.resolve(SHIPPED))
    assert len(first.cells) == 192
    assert len(second.cells) == 24
    assert {cell.epochs for cell in first.cells if cell.sam_rho is None} == {200}
    assert {cell.epochs for cell in first.cells if cell.sam_rho is not None} == {100}
    assert {(cell.optimizer, cell.sam_rho, cell.epochs) for cell in second.cells} == {
        ("adam", 0.02, 200)
    }
    models = grid.models(shipped)
    assert len(models) == len(set(models)) == len({model.record for model in models}) == 648


def test_a_cell_that_two_studies_share_is_one_model():
    text = "studies: {a: {}, b: {grid: {optimizer: [adam], seeds: [2, 9]}}}"
    a, b = both = studies(text)
    models = grid.models(both)
    assert len(models) == 192 * 3 + 96  # seed 2 is there, seed 9 is new
    assert set(models) == set(a.models) | set(b.models)


def test_another_data_variant_or_protocol_is_another_model():
    text = """
        studies:
          a: {}
          scaled: {data: {scaling: standard}}
          wide: {model: {width: 36}}
          same: {model: {width: 18}, data: {scaling: none}}
        """
    models = grid.models(studies(text))
    assert len(models) == len({model.record for model in models}) == 3 * 576


def test_every_cell_of_the_product_is_there_once():
    (study,) = studies()
    axes = config.resolve({})["grid"]
    product = itertools.product(*(axes[axis] for axis in grid.AXES[:-1]))
    ours = [(c.optimizer, c.learning_rate, c.weight_decay, c.sam_rho) for c in study.cells]
    assert sorted(ours, key=str) == sorted(product, key=str)


def test_names_say_what_is_not_standard():
    (study,) = studies("{training: {t_max: 50, eta_min: 1e-5}, data: {stratify: true}}")
    assert grid.protocol_name(study.protocol) == "t_max~50+eta_min~1e-5"
    assert study.variant == "stratify~true"
    assert grid.protocol_name(STANDARD) == "default"
    (study,) = studies("data: {zeroed_features: [Weight, Height], test_fraction: 0.25}")
    assert study.variant == "zeroed_features~Weight+Height+test_fraction~0.25"
    (study,) = studies("data: {zeroed_features: [Weight]}")  # as obesity.yaml says
    assert study.variant == "default"
    (study,) = studies("data: {zeroed_features: []}")
    assert study.variant == "zeroed_features~none"


def test_data_of_another_origin_have_paths_of_their_own(tmp_path):
    for name in ("kaggle", "uci"):
        assert studies(f"data: {{source: {name}}}")[0].variant == "default"
    (study,) = studies("data: {source: synthetic, scaling: minmax}")
    assert study.variant == "origin~synthetic+scaling~minmax"
    assert grid.raw(study.data) == "obesity+synthetic"
    files = [tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"]
    for file, content in zip(files, ("1", "2", "1"), strict=True):
        file.write_text(content)
    found = [studies(f"data: {{source: file, path: {file}}}")[0].variant for file in files]
    assert found[0] == found[2] != found[1]
    assert found[0].startswith("origin~file~")
    (study,) = studies("data: {source: kaggle, kaggle_dataset: some/other}")
    assert study.variant == "origin~kaggle~some~other"


def test_every_setting_of_data_model_and_training_is_in_a_path(tmp_path, monkeypatch):
    """Two settings never share a path, or one's record would be taken for the other's."""
    for name in ("obesity", "other"):
        shutil.copy(config.DATASETS / "obesity.yaml", tmp_path / f"{name}.yaml")
    monkeypatch.setattr(config, "DATASETS", tmp_path)
    (standard,) = studies()
    others = {
        "data": {
            "dataset": "other",
            "zeroed_features": "[Height]",
            "scaling": "standard",
            "categorical_coding": "onehot",
            "label_coding": "alphabetical",
            "missing": "drop",
            "rows": "respondents",
            "split": "grouped",
            "test_fraction": 0.3,
            "split_seed": 1,
            "stratify": "true",
        },
        "model": {
            "hidden_layers": 3,
            "width": 19,
            "activation": "tanh",
            "initialization": "xavier",
        },
        "training": {
            "batch_size": 31,
            "epochs": 201,
            "epochs_sam": 101,
            "schedule": "constant",
            "schedule_step": "batch",
            "t_max": 99,
            "eta_min": 1e-9,
            "weight_decay_form": "decoupled",
            "loss": "sum",
            "test_error": "best",
        },
    }
    origin = {"source", "path", "kaggle_dataset"}
    for section, values in others.items():
        assert set(values) == set(config.defaults(section)) - origin
        for key, value in values.items():
            (study,) = studies(f"{section}: {{{key}: {value}}}")
            ours = {model.record for model in study.models}
            assert ours != {model.record for model in standard.models}, key


# Text and paths.


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3e-5, "3e-5"),
        (0.00003, "3e-5"),
        (0.003, "0.003"),
        (0.02, "0.02"),
        (0.0, "0"),
        (1.0, "1"),
        (100.0, "100"),
        (1e-10, "1e-10"),
        (1.5e-7, "1.5e-7"),
        (1e16, "1e16"),
        (1e100, "1e100"),
        (None, "none"),
        (True, "true"),
        (False, "false"),
        (10, "10"),
        ("adam", "adam"),
        (["A", "B"], "A+B"),
        ([], "none"),
    ],
)
def test_text(value, expected):
    assert grid.text(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_the_text_of_a_number_is_that_number(number):
    assert float(grid.text(number)) == number


models = st.builds(
    Model,
    variant=st.sampled_from(["default", "scaling~standard+stratify~true"]),
    protocol=st.sampled_from([STANDARD, dataclasses.replace(STANDARD, eta_min=1e-5, width=3)]),
    cell=st.builds(
        Cell,
        optimizer=st.sampled_from(["sgd", "adam"]),
        learning_rate=RATES,
        weight_decay=RATES,
        sam_rho=st.none() | RATES,
        epochs=st.integers(1, 10**6),
    ),
    seed=st.integers(0, 2**32 - 1),
)


@settings(deadline=None)
@given(models, models)
def test_two_models_have_two_paths(one, other):
    assert (one.record == other.record) == (one == other)


def test_the_path_can_be_read_as_a_sentence():
    model = Model("default", STANDARD, Cell("adam", 3e-5, 0.0, None, 200), 1)
    assert model.record == (
        "results/models/default/default/optimizer~adam/sam_rho~none/epochs~200"
        "/learning_rate~3e-5/weight_decay~0/seed~1.json"
    )


# Packs.


def cost(pack: list[Model]) -> int:
    """Return epochs times gradients a step."""
    return sum(m.cell.epochs * (1 if m.cell.sam_rho is None else 2) for m in pack)


def all_models(text: str = "{}") -> list[Model]:
    return grid.models(studies(text))


SPLIT = """
    studies:
      a: {}
      wide: {model: {width: 36}, grid: {optimizer: [adam], sam_rho: [none], seeds: 1}}
      scaled: {data: {scaling: minmax}, grid: {learning_rate: [1], weight_decay: [0], seeds: 1}}
      long: {training: {epochs_sam: 1000}}
    """


@pytest.mark.parametrize("text", ["{}", SPLIT, "grid: {seeds: 1, sam_rho: [none]}"])
@pytest.mark.parametrize("at_least", [1, 2, 3, 8, 13, 64, 10_000])
@pytest.mark.parametrize("fused", [list(grid.AXES), ["seed"], ["learning_rate", "sam_rho"], []])
def test_packs_have_every_model_once_and_what_is_fused_only(text, fused, at_least):
    some = all_models(text)
    packs = grid.packs(some, fused, at_least)
    assert sorted(m.record for pack in packs for m in pack) == sorted(m.record for m in some)
    assert len(packs) >= min(at_least, len(some))
    for pack in packs:
        assert pack
        assert len({(model.variant, model.protocol) for model in pack}) == 1
        for axis in set(grid.AXES) - set(fused):
            assert len({getattr(m.cell, axis, m.seed) for m in pack}) == 1, axis


@pytest.mark.parametrize("text", ["{}", "studies: {a: {}, b: {training: {epochs_sam: 700}}}"])
@pytest.mark.parametrize("at_least", [2, 3, 8, 16])
def test_packs_cost_about_the_same(text, at_least):
    packs = grid.packs(all_models(text), list(grid.AXES), at_least)
    share = sum(map(cost, packs)) / at_least
    dearest = max(grid.cost(model) for pack in packs for model in pack)
    # Whole vectors are kept together: a pack is at most one vector from its share.
    assert max(abs(cost(pack) - share) for pack in packs) <= grid.LANES * dearest


def test_the_costlier_group_gets_more_packs():
    text = "studies: {a: {}, b: {data: {scaling: standard}, grid: {seeds: 1, optimizer: [adam]}}}"
    packs = grid.packs(all_models(text), list(grid.AXES), 7)
    assert [len(pack) for pack in packs] == [96] * 7
    assert [pack[0].variant for pack in packs] == ["default"] * 6 + ["scaling~standard"]


def test_packs_of_one_kind_are_as_equal_as_can_be():
    some = all_models("grid: {sam_rho: [none], seeds: 8}")  # 384 models, 24 vectors
    sizes = [len(pack) for pack in grid.packs(some, list(grid.AXES), 8)]
    assert sizes == [48] * 8
    sizes = [len(pack) for pack in grid.packs(some, list(grid.AXES), 100)]
    assert sorted(set(sizes)) == [3, 4]


def test_packs_keep_models_of_a_kind_together():
    packs = grid.packs(all_models(), list(grid.AXES), 4)
    kinds = [sorted({(m.cell.sam_rho is None, m.cell.optimizer) for m in pack}) for pack in packs]
    assert kinds == [
        [(False, "adam")],
        [(False, "adam"), (False, "sgd")],
        [(False, "sgd")],
        [(True, "adam"), (True, "sgd")],
    ]


def test_no_models_make_no_packs():
    assert grid.packs([], list(grid.AXES), 8) == []
