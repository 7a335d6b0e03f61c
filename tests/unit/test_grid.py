"""The grid: cells, models, and the paths that name them."""

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import DECK
from some_cell import cell

from genboost.data import dataset
from genboost.study import axes, config, grid, schema
from genboost.study.cells import Cell, text
from genboost.study.grid import Model

ROOT = Path(__file__).parents[2]


def studies(text: str = "{}") -> list[grid.Study]:
    return grid.studies(config.resolve(yaml.safe_load(text)))


def test_the_decks_study_has_216_cells_and_648_models_and_shares_nothing_twice():
    second = "training: {epochs_sam: 200}, grid: {optimizer: adam, sam_rho: 0.02}"
    first, second = shipped = studies(f"studies: {{grid: {{}}, second_chance: {{{second}}}}}")
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
    (study,) = studies("grid: {width: [9, 18], stratify: [true, false]}")
    (ours,) = config.resolve({})["grid"]
    names = ("optimizer", "sam_rho", "learning_rate", "weight_decay")
    product = itertools.product([True, False], [9, 18], *(ours[name] for name in names))
    found = [(c.stratify, c.width, *(c[name] for name in names)) for c in study.cells]
    assert found == list(product)


def two_values(axis: axes.Setting) -> list:
    """Return two values that a setting may have."""
    kinds = schema.types(axis.rule)
    if "enum" in axis.rule:
        return axis.rule["enum"][:2]
    return [False, True] if "boolean" in kinds else [0.25, 0.5] if "number" in kinds else [7, 8]


@pytest.mark.parametrize("axis", axes.AXES.values(), ids=axes.AXES)
def test_any_scalar_setting_is_an_axis_and_one_value_is_a_setting(axis):
    values = two_values(axis)
    fit = "".join(
        f", {other}: {values if isinstance(values, list) else 0.1}"
        for other, values in axis.rule.get("only_with", {}).items()
    )
    (study,) = studies(f"grid: {{{axis.name}: [{', '.join(map(text, values))}]{fit}}}")
    assert {one[axis.name] for one in study.cells} == set(values)
    assert len(study.models) == len({model.record for model in study.models})
    (study,) = studies(f"grid: {{{axis.name}: {text(values[0])}{fit}}}")
    assert {one[axis.name] for one in study.cells} == {values[0]}


def test_a_list_of_grids_is_all_their_cells_each_once():
    (study,) = studies("""
        grid:
          - {optimizer: sgd, batch_size: [8, 32], sam_rho: none, seeds: 2}
          - {optimizer: [sgd, adam], sam_rho: none, seeds: 2}
        """)
    found = [(c.optimizer, c.batch_size) for c in study.cells]
    assert len(found) == len(set(study.cells)) == 3 * 24
    assert set(found) == {("sgd", 8), ("sgd", 32), ("adam", 32)}
    assert study.seeds == (0, 1)


def test_epochs_are_those_of_the_grid_or_else_of_training():
    def epochs(text):
        (study,) = studies(text)
        return {(c.sam_rho, c.epochs) for c in study.cells}

    assert epochs("grid: {sam_rho: [none, 0.1]}") == {(None, 200), (0.1, 100)}
    both = {(rho, count) for rho in (None, 0.1) for count in (5, 7)}
    assert epochs("grid: {sam_rho: [none, 0.1], epochs: [5, 7]}") == both
    study = "grid: {sam_rho: none, epochs: [5, 7]}\nstudies: {a: {training: {epochs: 9}}}"
    assert epochs(study) == {(None, 9)}


def test_cells_are_chosen_by_any_axis():
    both = studies("studies: {a: {grid: {width: [9, 18]}}, b: {model: {width: 9}}}")
    found = grid.chosen(both, {"width": [9], "optimizer": ["adam"], "sam_rho": [None]})
    assert [study.name for study, _ in found] == ["a"] * 24 + ["b"] * 24
    assert {(c.width, c.optimizer, c.sam_rho) for _, c in found} == {(9, "adam", None)}
    assert len(grid.chosen(both, {"study": ["b"]})) == 192
    assert grid.chosen(both, {"t_max": [99]}) == []


def test_data_are_prepared_once_for_each_way():
    found = grid.preparations(studies("grid: {split_seed: [0, 1], width: [9, 18]}"))
    assert list(found) == ["default", "split_seed~1"]
    assert found["split_seed~1"] == {**config.resolve({})["data"], "split_seed": 1}


# Names and paths.


def test_names_say_what_is_not_standard():
    def names(text):
        (study,) = studies(text)
        return axes.variant(study.cells[0]), axes.protocol(study.cells[0])

    changes = "{training: {t_max: 50, eta_min: 1e-5}, data: {stratify: true}}"
    assert names(changes) == ("stratify~true", "t_max~50+eta_min~1e-5")
    assert names("{}") == ("default", "default")
    assert names("data: {zeroed_features: [Weight, Height], test_fraction: 0.25}") == (
        "zeroed_features~Weight+Height+test_fraction~0.25",
        "default",
    )
    # As obesity.yaml says.
    assert names("data: {zeroed_features: [Weight]}") == ("default", "default")
    assert names("data: {zeroed_features: []}")[0] == "zeroed_features~none"


def test_data_of_another_origin_have_paths_of_their_own(tmp_path):
    def variant(text):
        (study,) = studies(text)
        (found,) = study.variants
        return found

    for name in ("kaggle", "uci"):
        assert variant(f"data: {{source: {name}}}") == "default"
    text = "data: {source: synthetic, scaling: minmax}"
    assert variant(text) == "origin~synthetic+scaling~minmax"
    assert grid.raw(studies(text)[0].data) == "obesity+synthetic"
    files = [tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"]
    for file, content in zip(files, ("1", "2", "1"), strict=True):
        file.write_text(content)
    found = [variant(f"data: {{source: file, path: {file}}}") for file in files]
    assert found[0] == found[2] != found[1]
    assert found[0].startswith("origin~file~")
    given = "data: {source: kaggle, kaggle_dataset: some/other}"
    assert variant(given) == "origin~kaggle~some~other"


def test_every_setting_of_data_model_and_training_is_in_a_path(tmp_path, monkeypatch):
    """Two settings never share a path, or one's record would be taken for the other's."""
    for name in ("obesity", "other"):
        shutil.copy(dataset.DATASETS / "obesity.yaml", tmp_path / f"{name}.yaml")
    monkeypatch.setattr(dataset, "DATASETS", tmp_path)
    others = {
        "dataset": "other",
        "zeroed_features": ["Height"],
        "test_fraction": 0.3,
        "stop_at_train_mse": 0.5,
        "snapshots": [5],
    }
    fit = {"optimizer": "sgd", "sam_rho": 0.1}  # which some settings need
    base = {"grid": fit, "data": {"shuffle_labels": 0.5}}
    (standard,) = grid.studies(config.resolve(base))
    theirs = {model.record for model in standard.models}
    for section in schema.BLOCKS:
        for key in set(schema.defaults(section)) - {"source", "path", "kaggle_dataset"}:
            rule = schema.schema()["properties"][section]["properties"][key]
            value = others.get(key)
            if value is None and {"integer", "number"} & {*schema.types(rule)}:
                value = (rule["default"] or 0) + (0.5 if "exclusiveMaximum" in rule else 1)
            elif value is None:
                choices = rule.get("enum", [True, False])
                value = next(choice for choice in choices if choice != rule["default"])
            if key == "epochs":  # of models without SAM
                continue
            changed = base | {section: {**base.get(section, {}), key: value}}
            (study,) = grid.studies(config.resolve(changed))
            assert {model.record for model in study.models} != theirs, key


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
    assert text(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_the_text_of_a_number_is_that_number(number):
    assert float(text(number)) == number


models = st.builds(
    Model,
    cell=st.builds(
        cell,
        optimizer=st.sampled_from(["sgd", "adam"]),
        learning_rate=st.floats(min_value=0, allow_infinity=False, allow_subnormal=False),
        sam_rho=st.none() | st.floats(min_value=0, allow_infinity=False, allow_subnormal=False),
        epochs=st.integers(1, 10**6),
        width=st.integers(1, 99),
        eta_min=st.sampled_from([0.0, 1e-5]),
        scaling=st.sampled_from(["none", "standard"]),
        stratify=st.booleans(),
    ),
    seed=st.integers(0, 2**32 - 1),
)


@settings(deadline=None)
@given(models, models)
def test_models_share_a_path_only_if_they_are_the_same(one, other):
    assert (one.record == other.record) == (one == other)
    assert {one: "x"}.get(Model(Cell(dict(reversed(list(one.cell.items())))), one.seed)) == "x"


def test_the_path_can_be_read_as_a_sentence():
    model = Model(cell(learning_rate=3e-5), 1)
    assert model.record == (
        "results/models/default/optimizer~adam/sam_rho~none/epochs~200"
        "/learning_rate~3e-5/weight_decay~0/seed~1.json"
    )
    other = cell(scaling="minmax", split_seed=2, width=9, activation="tanh", batch_size=8)
    assert Model(other, 0).record == (
        "results/models/scaling~minmax+split_seed~2/width~9/activation~tanh/batch_size~8"
        "/optimizer~adam/sam_rho~none/epochs~200/learning_rate~0.003/weight_decay~0/seed~0.json"
    )


def test_a_cell_is_frozen():
    one = cell()
    with pytest.raises(AttributeError):
        one.width = 3
    with pytest.raises(AttributeError, match="no setting widht"):
        one.widht  # noqa: B018
    assert cell(zeroed_features=["Age"]) == cell(zeroed_features=("Age",))


NEWER = """
      dropout:
        description: Share of the units that a step leaves out.
        type: number
        minimum: 0
        default: 0
"""


PROGRAM = """
import sys, yaml
from genboost.errors import UserError
from genboost.study import axes, config, grid
try:
    found = grid.studies(config.resolve(yaml.safe_load(sys.stdin.read())))
    print(*(model.record for model in grid.models(found)), sep="\\n")
except UserError as error:
    print(error)
"""


@pytest.fixture
def records(tmp_path):
    """Return a function that lists what a later version trains, with one more setting a block.

    They stand first and in the middle. The last goes with one optimizer only.
    """
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "scripts/genboost", copy / "scripts/genboost")
    shutil.copytree(ROOT / "workflow/schemas", copy / "workflow/schemas")
    shutil.copytree(ROOT / "workflow/datasets", copy / "workflow/datasets")
    path = copy / "workflow/schemas/config.schema.yaml"
    written = path.read_text()
    for number, place in enumerate(("      scaling:\n", "      width:\n", "      batch_size:\n")):
        assert written.count(place) == 1
        written = written.replace(place, NEWER.replace("dropout", f"newer_{number}") + place)
    written = written.replace("newer_2:", "newer_2:\n        only_with: {optimizer: [sgd]}")
    path.write_text(written)

    def records(settings):
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=yaml.safe_dump(settings),
            cwd=copy / "scripts",
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout.splitlines()

    return records


def test_a_setting_that_a_later_version_adds_leaves_all_paths_as_they_are(records):
    ours = [model.record for model in grid.models(grid.studies(config.resolve(DECK)))]
    assert records(DECK) == ours
    more = {**DECK, "grid": {"newer_1": [0, 0.5]}}
    assert set(ours) < set(records(more))
    assert len(records(more)) == 2 * len(ours)
    assert sum("/newer_1~0.5/" in record for record in records(more)) == len(ours)


def test_what_makes_no_sense_together_is_refused_with_its_key(records):
    def message(text):
        first, *rest = records(yaml.safe_load(text))
        assert first == "the configuration is wrong:"
        (line,) = rest
        return line.strip()

    why = "0.5 works only with optimizer sgd, not with adam; make grid a list of grids"
    assert message("grid: {newer_2: [0, 0.5]}") == f"grid.newer_2: {why}"
    assert message("training: {newer_2: 0.5}") == f"training.newer_2: {why}"
    why = "true needs a radius in sam_rho, which is also none; make grid a list of grids"
    assert message("training: {sam_adaptive: true}") == f"training.sam_adaptive: {why}"
    why = "7 needs a share in shuffle_labels, which is 0"
    assert message("data: {shuffle_seed: 7}") == f"data.shuffle_seed: {why}"
    assert len(records({"data": {"shuffle_seed": 7, "shuffle_labels": 0.5}})) == 3 * 192
    why = "7 needs a share in shuffle_labels, which is also 0; make grid a list of grids"
    both = "grid: {shuffle_labels: [0, 0.5], shuffle_seed: [0, 7]}"
    assert message(both) == f"grid.shuffle_seed: {why}"
    why = "0.5 works only with optimizer sgd, not with adam; make grid a list of grids"
    text = "studies: {a: {}, b: {grid: [{newer_2: 0.5, optimizer: sgd}, {newer_2: 0.5}]}}"
    assert message(text) == f"studies.b.grid[1].newer_2: {why}"
    fitting = "grid: [{newer_2: [0, 0.5], optimizer: sgd, sam_rho: none}, {sam_rho: none}]"
    assert len(records(yaml.safe_load(fitting))) == 3 * (48 + 24)
