"""The configuration: a mistake has one clear message, all spellings of a number one meaning."""

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import DECK

from genboost.data import dataset
from genboost.errors import UserError
from genboost.study import axes, grid, schema
from genboost.study.cells import text
from genboost.study.config import complete, for_others, resolve
from genboost.study.layers import spread
from genboost.study.sources import check_arguments, check_file, check_options
from genboost.train import problem
from genboost.train.engines import losses, optim, torch_engine

ROOT = Path(__file__).parents[2]


def mistakes(text: str) -> list[str]:
    """Return the messages for a configuration that is wrong."""
    with pytest.raises(UserError) as raised:
        resolve(yaml.safe_load(text))
    first, *rest = str(raised.value).splitlines()
    assert first == "the configuration is wrong:"
    return [line.strip() for line in rest]


# What a configuration means.


def test_what_is_shown_to_others_names_a_data_file_without_its_folder(tmp_path):
    (path := tmp_path / "answers.csv").write_text("")
    data = {"source": "file", "path": str(path)}
    found = resolve({"data": data, "schemes": {"other": {"data": {**data, "split_seed": 1}}}})
    assert str(tmp_path) in str(found)
    assert str(tmp_path) not in str(for_others(found))
    assert for_others(found)["schemes"]["other"]["data"]["path"] == "answers.csv"


def test_the_defaults_are_those_of_the_deck():
    study = resolve({})["studies"]["grid"]
    assert study["grid"] == [
        {
            "optimizer": ["sgd", "adam"],
            "sam_rho": [None, 0.02, 0.05, 0.1],
            "epochs": None,
            "learning_rate": [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 2e-2],
            "weight_decay": [0.0, 1e-4, 1e-3, 1e-2],
            "seeds": [0, 1, 2],
        }
    ]
    assert study["model"] == study["model"] | {  # besides what is added
        "hidden_layers": 4,
        "width": 18,
        "activation": "relu",
        "initialization": "torch",
        "normalization": "none",
    }
    assert study["training"] == study["training"] | {  # besides what is added
        "batch_size": 32,
        "epochs": 200,
        "epochs_sam": 100,
        "schedule": "cosine",
        "schedule_step": "epoch",
        "t_max": 100,
        "eta_min": 0.0,
        "momentum": 0.0,
        "nesterov": False,
        "sam_adaptive": False,
        "weight_decay_form": "l2",
        "loss": "mse",
        "reduction": "mean",
        "stop_at_train_mse": None,
        "snapshots": [],
        "record_every": 1,
        "test_error": "last",
    }
    assert dataset.find(study["data"]["dataset"]).zeroed_features == ("Weight",)
    assert study["data"]["zeroed_features"] is None  # the description's
    assert study["data"]["test_fraction"] == 0.2


def test_a_study_overrides_single_keys_and_inherits_the_rest():
    resolved = resolve(
        yaml.safe_load("""
        model: {width: 9}
        grid: {seeds: [7], sam_rho: [none]}
        studies:
          one: {model: {hidden_layers: 2}, grid: {seeds: 2}}
          two: {}
        """)
    )
    one, two = resolved["studies"]["one"], resolved["studies"]["two"]
    assert one["model"] == resolved["model"] | {"hidden_layers": 2, "width": 9}
    assert one["grid"][0]["seeds"] == [0, 1]
    assert one["grid"][0]["sam_rho"] == [None]
    assert one["title"] == "one"
    assert two["model"] == resolved["model"] | {"hidden_layers": 4, "width": 9}
    assert two["grid"][0]["seeds"] == [7]


@pytest.mark.parametrize("nothing", ["", "null", "none", "'null'"])
def test_a_study_that_is_null_is_left_out(nothing):
    config = yaml.safe_load(f"studies: {{one: {{}}, two: {nothing}}}")
    assert list(resolve(config)["studies"]) == ["one"]


@pytest.mark.parametrize(
    "text", ["{}", "model:", "model:\ntraining:\ngrid:", "grid: {}", "comparisons: 'null'"]
)
def test_an_empty_block_means_the_defaults(text):
    assert resolve(yaml.safe_load(text)) == resolve({})


def test_resolving_changes_nothing_in_the_input_or_the_defaults():
    given_config = yaml.safe_load("grid: {learning_rate: [3e-5]}")
    before = copy.deepcopy(given_config)
    resolve(given_config)["grid"][0]["learning_rate"].append(1.0)
    resolve({})["grid"][0]["weight_decay"].append(1.0)
    assert given_config == before
    assert resolve({})["grid"][0]["weight_decay"] == [0.0, 1e-4, 1e-3, 1e-2]


@pytest.mark.parametrize(
    "spelling", ["3e-5", "3.0e-5", "0.00003", "3E-5", "'3e-5'", ".3e-4", "+3e-5"]
)
def test_all_spellings_of_a_number_are_the_same_cell_and_path(spelling):
    config = resolve(yaml.safe_load(f"grid: {{learning_rate: [{spelling}]}}"))
    same = resolve({"grid": {"learning_rate": [3.0e-5]}})
    assert config == same
    ours, theirs = (grid.models(grid.studies(one)) for one in (config, same))
    assert ours == theirs
    assert [model.record for model in ours] == [model.record for model in theirs]
    assert "learning_rate~3e-5/" in ours[0].record


@pytest.mark.parametrize(
    ("spelling", "key", "value"),
    [
        ("grid: {weight_decay: [0]}", "weight_decay", [0.0]),
        ("grid: {weight_decay: [-0.0]}", "weight_decay", [0.0]),
        ("grid: {weight_decay: [0.0]}", "weight_decay", [0.0]),
        ("grid: {sam_rho: [none]}", "sam_rho", [None]),
        ("grid: {sam_rho: [None]}", "sam_rho", [None]),
        ("grid: {sam_rho: [null]}", "sam_rho", [None]),
        ("grid: {sam_rho: [1]}", "sam_rho", [1.0]),
        ("grid: {seeds: 2.0}", "seeds", [0, 1]),
        ("grid: {seeds: '2'}", "seeds", [0, 1]),
        ("grid: {seeds: [3, 5]}", "seeds", [3, 5]),
    ],
)
def test_numbers_and_none(spelling, key, value):
    found = resolve(yaml.safe_load(spelling))["grid"][0][key]
    assert [(type(item), str(item)) for item in found] == [(type(v), str(v)) for v in value]


@pytest.mark.parametrize(("spelling", "gpus"), [("'0'", 0), ("'1'", 1), ("1", 1), ("auto", "auto")])
def test_a_choice_may_be_text_as_the_command_line_has_it(spelling, gpus):
    resolved = resolve(yaml.safe_load(f"resources: {{train: {{gpus: {spelling}}}}}"))
    assert resolved["resources"]["train"]["gpus"] == gpus


@settings(deadline=None)
@given(st.floats(min_value=0, allow_infinity=False, allow_subnormal=False))
def test_any_number_means_the_same_however_it_is_written(number):
    spellings = {repr(number), f"{number:.17e}", text(number)}
    for spelling in spellings:
        found = resolve(yaml.safe_load(f"grid: {{learning_rate: [{spelling}]}}"))
        assert found["grid"][0]["learning_rate"] == [number]


# What a configuration must not be.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grid: {learning_rate: [0.1, .inf]}", "grid.learning_rate[1]: inf is not finite"),
        ("grid: {learning_rate: ['.inf']}", "grid.learning_rate[0]: inf is not finite"),
        ("grid: {learning_rate: [inf]}", "grid.learning_rate[0]: inf is not finite"),
        ("grid: {weight_decay: [.nan]}", "grid.weight_decay[0]: nan is not finite"),
        ("grid: {weight_decay: [NaN]}", "grid.weight_decay[0]: nan is not finite"),
        ("grid: {learning_rate: [1e999]}", "grid.learning_rate[0]: inf is not finite"),
        ("training: {eta_min: .inf}", "training.eta_min: inf is not finite"),
        ("grid: {learning_rate: [-1e-3]}", "grid.learning_rate[0]: -0.001 is negative"),
        ("grid: {weight_decay: [0, -1]}", "grid.weight_decay[1]: -1.0 is negative"),
        ("grid: {sam_rho: [none, -0.1]}", "grid.sam_rho[1]: -0.1 is negative"),
        ("grid: {sam_rho: [-.inf]}", "grid.sam_rho[0]: -inf is negative"),
        ("grid: {optimizer: [sgd, adma]}", 'grid.optimizer[1]: "adma" is unknown; choose from sgd'),
        ("grid: {optimizer: [Adam]}", 'grid.optimizer[0]: "Adam" is unknown'),
        ("model: {activation: rleu}", 'model.activation: "rleu" is unknown; choose from relu'),
        ("training: {schedule: null}", "training.schedule: null is unknown; choose from cosine"),
        ("data: {source: kagle}", 'data.source: "kagle" is unknown; choose from auto'),
        ("grid: {learning_rate: []}", "grid.learning_rate: is empty"),
        ("grid: {optimizer: []}", "grid.optimizer: is empty"),
        ("grid: {sam_rho: []}", "grid.sam_rho: is empty"),
        ("grid: {learning_rate: [3e-5, 0.00003]}", "grid.learning_rate: has 3e-05 more than once"),
        ("grid: {weight_decay: [0, 0.1, -0.0]}", "grid.weight_decay: has 0.0 more than once"),
        ("grid: {sam_rho: [none, null]}", "grid.sam_rho: has null more than once"),
        ("grid: {optimizer: [sgd, sgd]}", 'grid.optimizer: has "sgd" more than once'),
        ("grid: {seeds: [1, 2, 1]}", "grid.seeds: has 1 more than once"),
        ("data: {zeroed_features: [Age, Age]}", 'data.zeroed_features: has "Age" more than once'),
        ("execution: {fuse: [seed, seed]}", 'execution.fuse: has "seed" more than once'),
        ("grid: {seeds: 0}", "grid.seeds: 0 is out of range; at least 1"),
        ("grid: {seeds: -3}", "grid.seeds: -3 is out of range; at least 1"),
        ("grid: {seeds: []}", "grid.seeds: is empty"),
        ("grid: {seeds: [0, -1]}", "grid.seeds[1]: -1 is negative"),
        (
            "grid: {seeds: [0.5]}",
            "grid.seeds[0]: 0.5 is not a valid value; it takes a whole number",
        ),
        (
            "grid: {seeds: 1.5}",
            "grid.seeds: 1.5 is not a valid value; it takes a whole number or a",
        ),
        ("grid: {seeds: [4294967296]}", "grid.seeds[0]: 4294967296 is out of range; at most"),
        ("grid: {seeds: true}", "grid.seeds: true is not a valid value"),
        ("grid: {seeds: [yes]}", "grid.seeds[0]: true is not a valid value; it takes a whole"),
        ("grid: {weight_decay: [false]}", "grid.weight_decay[0]: false is not a valid value"),
        ("training: {epochs: true}", "training.epochs: true is not a valid value"),
        (
            "training: {eta_min: true}",
            "training.eta_min: true is not a valid value; it takes a num",
        ),
        ("data: {stratify: 1}", "data.stratify: 1 is not a valid value; it takes true or false"),
        ("data: {stratify: 'yes'}", 'data.stratify: "yes" is not a valid value; it takes true or'),
        ("grid: {learning_rate: fast}", 'grid.learning_rate[0]: "fast" is not a valid value'),
        ("grid: {learning_rate: [fast]}", 'grid.learning_rate[0]: "fast" is not a valid value'),
        ("grid: {learning_rate: [none]}", 'grid.learning_rate[0]: "none" is not a valid value'),
        (
            "grid: {learning_rate: }",
            "grid.learning_rate: null is not a valid value; it takes a list",
        ),
        ("model: {width: 0}", "model.width: 0 is out of range; at least 1"),
        ("model: {width: 1.5}", "model.width: 1.5 is not a valid value; it takes a whole number"),
        ("model: {hidden_layers: -1}", "model.hidden_layers: -1 is negative"),
        ("training: {batch_size: 0}", "training.batch_size: 0 is out of range"),
        ("training: {t_max: 0}", "training.t_max: 0 is out of range"),
        ("data: {test_fraction: 1}", "data.test_fraction: 1.0 is out of range; less than 1"),
        ("data: {test_fraction: 0}", "data.test_fraction: 0.0 is out of range; more than 0"),
        ("data: {dataset: ../x}", 'data.dataset: "../x" has characters that are not allowed'),
        ("data: {zeroed_features: [a/b]}", 'data.zeroed_features[0]: "a/b" has characters that'),
        (
            "resources: {train: {gpus: 2}}",
            "resources.train.gpus: 2 is unknown; choose from auto, 0, 1",
        ),
        ("resources: {train: {gpus: true}}", "resources.train.gpus: true is unknown; choose from"),
        ("gird: {}", "gird: unknown key; did you mean grid?"),
        (
            "grid: {learning_rates: [1]}",
            "grid.learning_rates: unknown key; did you mean learning_rate",
        ),
        ("model: {neurons: 3}", "model.neurons: unknown key; known: hidden_layers, width"),
        (
            "grid: {learning_rate: 1e-3, 3e-3}",
            "grid.3e-3: unknown key; several values need brackets, as in [1, 2]; known: ",
        ),
        ("studies: {a: {modle: {}}}", "studies.a.modle: unknown key; did you mean model?"),
        (
            "studies: {a: {grid: {rho: [1]}}}",
            "studies.a.grid.rho: unknown key; did you mean sam_rho?",
        ),
        ("studies: {a: {tables: {}}}", "studies.a.tables: unknown key"),
        ("1: 2", "1: unknown key; known: name, data"),
        ("name: 3", "name: 3 is not a valid value; it takes text"),
        ("name: Models", "name: results/Models holds what all runs share; choose another"),
        ("name: ../x", 'name: "../x" cannot name the folder results/NAME'),
        ("name: a b", 'name: "a b" cannot name the folder results/NAME'),
        ("name: ''", 'name: "" cannot name the folder results/NAME'),
        (f"name: {'a' * 65}", f'name: "{"a" * 37}..." cannot name the folder results/NAME'),
        ("studies: {a: {grid: {seeds: [-1]}}}", "studies.a.grid.seeds[0]: -1 is negative"),
        (
            "studies: {a: {grid: {sam_rho: [1, 1]}}}",
            "studies.a.grid.sam_rho: has 1.0 more than once",
        ),
        ("studies: {a: {grid: {sam_rho: [.nan]}}}", "studies.a.grid.sam_rho[0]: nan is not finite"),
        (
            "studies: {a: {grid: 3}}",
            "studies.a.grid: 3 is not a valid value; it takes a block of keys or a list",
        ),
        ("studies: {a: 3}", "studies.a: 3 is not a valid value; it takes a block of keys"),
        ("studies: {a: , b: none}", "studies: all are null; keep at least one study"),
        ("studies: {a: {title: 3}}", "studies.a.title: 3 is not a valid value; it takes text"),
        ("studies: {a b: {}}", 'studies: "a b" is not a valid name: use letters, digits, _ and -'),
        ("studies: {}", "studies: is empty"),
        ("studies:", "studies: is empty"),
        ("studies: [a]", 'studies: ["a"] is not a valid value; it takes a block of keys'),
        ("model: 3", "model: 3 is not a valid value; it takes a block of keys"),
        ("[1, 2]", "the configuration: [1, 2] is not a valid value; it takes a block of keys"),
        ("text", 'the configuration: "text" is not a valid value; it takes a block of keys'),
        ("data: {source: file}", "data.path: is required with source: file; give the path"),
        ("data: {source: file, path: no.csv}", "data.path: no.csv: no such file"),
        ("data: {source: file, path: /}", "data.path: /: is a folder, not a file"),
        (f"data: {{dataset: {'a' * 300}}}", "data.dataset: has 300 characters; at most 50"),
        (f"schemes: {{{'a' * 300}: {{}}}}", f'schemes: "{"a" * 37}..." is not a valid name'),
        (
            "data: {dataset: nope}\nstudies: {a: {}, b: {}}",
            "data.dataset: workflow/datasets/nope.yaml does not exist; the data sets are",
        ),
        ("studies: {a: {data: {dataset: nope}}}", "studies.a.data.dataset: workflow/"),
        (
            "data: {zeroed_features: [Wieght]}",
            "data.zeroed_features: Wieght is not a feature of workflow/datasets/obesity.yaml; the",
        ),
        (
            "audit: {readings: {r: {data: {zeroed_features: [NObeyesdad]}}}}",
            "audit.readings.r.data.zeroed_features: NObeyesdad is not a feature",
        ),
        ("data: {source: file}\nstudies: {a: {}, b: {}}", "data.path: is required"),
        (
            "studies: {a: {data: {source: file}}}",
            "studies.a.data.path: is required with source: file",
        ),
        (
            "data: {source: file, path: config.yaml}\nstudies: {a: {data: {path: none}}}",
            "studies.a.data.path: is required with source: file",
        ),
    ],
)
def test_a_mistake_has_one_clear_message(text, expected):
    (message,) = mistakes(text)
    assert message.startswith(expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a_fifo.csv", "is not a regular file"),
        ("loop.csv", "cannot be read: Too many levels of symbolic links"),
        ("~/absent.csv", "no such file"),
        ("{x}.csv", "has braces, which Snakemake reads as wildcards; rename the file"),
    ],
)
def test_a_path_that_cannot_be_read_is_told_why(tmp_path, monkeypatch, path, expected):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    os.mkfifo("a_fifo.csv")
    os.symlink("loop.csv", "loop.csv")
    Path("{x}.csv").touch()
    (message,) = mistakes(f"data: {{source: file, path: '{path}'}}")
    assert message == f"data.path: {path}: {expected}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("training: {loss: cross_entropy}", "training.loss"),
        ("grid: {loss: [mse, cross_entropy]}", "grid.loss"),
        ("studies: {a: {training: {loss: cross_entropy}}}", "studies.a.training.loss"),
    ],
)
def test_a_number_is_not_learned_by_cross_entropy(text, place):
    config = yaml.safe_load(text) | {"data": {"dataset": "diabetes"}}
    (message,) = mistakes(yaml.safe_dump(config))
    expected = "cross_entropy needs classes, but progression of workflow/datasets/diabetes.yaml is"
    assert message.startswith(f"{place}: {expected} a number")
    resolve(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("model: {normalization: layer, width: 1}", "model.normalization"),
        ("grid: {normalization: [none, layer], width: [1, 8]}", "grid.normalization"),
    ],
)
def test_a_layer_of_one_unit_is_not_normalized(text, place):
    (message,) = mistakes(text)
    assert message == f"{place}: layer needs a width of 2 or more: of one unit it leaves 0"
    resolve(yaml.safe_load("model: {normalization: layer, width: 1, hidden_layers: 0}"))


def test_files_of_the_project_are_utf8_whatever_the_locale(tmp_path):
    code = (
        "from genboost.code_digest import Code; from genboost.study import config; "
        "config.resolve({}); Code().digest('train.py')"
    )
    odd = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    path = {"PYTHONPATH": str(ROOT / "scripts")}
    environment = {**os.environ, **odd, **path}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)


def test_a_path_may_start_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text("a")
    resolved = resolve({"data": {"source": "file", "path": "~/a.csv"}})
    assert resolved["studies"]["grid"]["data"]["path"] == str(tmp_path / "a.csv")


def test_all_mistakes_are_told_at_once():
    messages = mistakes("{grid: {seeds: 0, learning_rate: []}, model: {with: 3}}")
    assert [message.split(":")[0] for message in messages] == [
        "grid.learning_rate",
        "grid.seeds",
        "model.with",
    ]


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Path:
    """Return the description of a data set beside obesity that has no more than it needs."""
    path = tmp_path / "toy.yaml"
    path.write_text(
        "{title: Toy, licence: CC0, citation: Nobody, label: {name: y, classes: {low: 3, high: 4}},"
        " columns: {a: {range: [0, 1]}}}"
    )
    shutil.copy(dataset.DATASETS / "obesity.yaml", tmp_path)
    monkeypatch.setattr(dataset, "DATASETS", tmp_path)
    return path


def test_another_data_set_inherits_nothing_from_obesity(toy):
    data = resolve({"data": {"dataset": "toy"}})["data"]
    assert (data["zeroed_features"], data["kaggle_dataset"]) == (None, None)
    (message,) = mistakes("data: {dataset: toy, source: kaggle}")
    assert message.startswith("data.source: ")
    assert message.endswith("toy.yaml does not say where to find it at kaggle")
    resolve({"data": {"dataset": "toy", "source": "kaggle", "kaggle_dataset": "me/toy"}})
    (message,) = mistakes("data: {zeroed_features: [Age]}\nstudies: {a: {data: {dataset: toy}}}")
    assert message.startswith("data.zeroed_features: Age is not a feature of ")


def test_what_a_description_lacks_is_told_before_anything_runs(toy):
    toy.write_text("{title: Toy, label: {}, columns: {}}")
    (message,) = mistakes("data: {dataset: toy}")
    assert message.startswith("data.dataset: ")
    assert message.endswith("toy.yaml: the file lacks licence, citation")


def test_what_the_description_says_too_is_no_difference():
    data = {"zeroed_features": ["Weight"], "kaggle_dataset": "fatemehmehrparvar/obesity-levels"}
    readings = {"same": {"data": dict(data)}, "other": {"data": {"zeroed_features": []}}}
    resolved = resolve(
        {"data": data, "studies": {"a": {"data": data}}, "audit": {"readings": readings}}
    )
    standard = resolve({})["data"]
    assert resolved["data"] == resolved["studies"]["a"]["data"] == standard
    assert standard.items() >= resolved["audit"]["readings"]["same"]["data"].items()
    assert resolved["audit"]["readings"]["other"]["data"] == {"zeroed_features": []}


def test_studies_may_take_data_sets_of_their_own_from_anywhere(toy):
    studies = {
        "a": {"data": {"path": __file__}},
        "b": {"data": {"source": "synthetic", "dataset": "toy"}},
    }
    resolved = resolve({"data": {"source": "file"}, "studies": studies})["studies"]
    assert resolved["a"]["data"]["source"] == "file"
    assert resolved["b"]["data"]["source"] == "synthetic"


def test_a_mistake_is_shown_with_its_file_and_line(tmp_path):
    base, override = tmp_path / "config.yaml", tmp_path / "mine.yaml"
    base.write_text("# all\ngrid:\n  seeds: 3\n  learning_rate:\n    - 0.1\n    - -2\n")
    override.write_text("# mine\n\ngrid:\n  seeds: 0\nmodle: {}\n")
    merged = {
        "grid": {"seeds": 0, "learning_rate": [0.1, -2]},
        "modle": {},
        "training": {"epochs": 0},
    }
    sources = [{"training": {"epochs": 0}}, override, base]
    with pytest.raises(UserError) as raised:
        resolve(merged, sources)
    lines = str(raised.value).splitlines()[1:]
    assert lines == [
        f"  {override}, line 5: modle: unknown key; did you mean model?",
        f"  {base}, line 6: grid.learning_rate[1]: -2.0 is negative; it must be 0 or more",
        f"  {override}, line 4: grid.seeds: 0 is out of range; at least 1",
        "  --config: training.epochs: 0 is out of range; at least 1",
    ]


def test_the_source_that_replaces_a_value_is_where_its_mistake_is(tmp_path):
    """Though a list in another file has the key that the mistake is about, too."""
    base, override = tmp_path / "config.yaml", tmp_path / "mine.yaml"
    base.write_text("grid:\n  learning_rate: [0.1]\n  weight_decay: [0]\n  optimizer: [sgd]\n")
    override.write_text("grid: {weight_decay: -1, optimizer: [adam, adan]}\n")
    given = {"grid": {"learning_rate": "fast"}}
    merged = {"learning_rate": "fast", "weight_decay": -1, "optimizer": ["adam", "adan"]}
    with pytest.raises(UserError) as raised:
        resolve({"grid": merged}, [given, override, base])
    lines = str(raised.value).splitlines()[1:]
    assert [line.split(": ")[:2] for line in lines] == [
        ["  --config", "grid.learning_rate[0]"],
        [f"  {override}, line 1", "grid.optimizer[1]"],
        [f"  {override}, line 1", "grid.weight_decay[0]"],
    ]


def test_a_block_over_a_list_of_grids_changes_each_of_them(tmp_path):
    """Snakemake puts it in the place of the list, and the cells of the list would be gone."""
    base, override = tmp_path / "config.yaml", tmp_path / "mine.yaml"
    base.write_text("grid: {width: [9, 18], learning_rate: 0.1}\n")
    override.write_text(
        "grid:\n  - {seeds: 30, batch_size: 8}\n  - seeds: 30\n    width: 32\n"
        "studies: {a: {grid: [{optimizer: sgd}, {momentum: 0.9, optimizer: sgd}]}}\n"
    )
    given = {"grid": {"seeds": 3}, "studies": {"a": {"grid": {"learning_rate": 0.5}}}}
    assert spread(given | {"name": "other"}, [given, override, base]) == {
        "name": "other",
        "grid": [{"seeds": 3, "batch_size": 8}, {"seeds": 3, "width": 32}],
        "studies": {
            "a": {
                "grid": [
                    {"optimizer": "sgd", "learning_rate": 0.5},
                    {"optimizer": "sgd", "learning_rate": 0.5, "momentum": 0.9},
                ]
            }
        },
    }
    with pytest.raises(UserError) as raised:
        resolve({"grid": [{"depth": 1}] * 2}, [{"grid": {"depth": 1}}, override, base])
    places = [line.split(": ")[0].strip() for line in str(raised.value).splitlines()[1:]]
    assert places == ["--config", "--config"]


@pytest.mark.parametrize(
    ("more", "without"),
    [
        ({}, "grid, second_chance"),
        ({"grid": {"validation_fraction": [0, 0.2]}}, "grid, second_chance"),
        ({"studies": {"grid": {"data": {"validation_fraction": 0.2}}, "one": {}}}, "one"),
    ],
)
def test_validation_rows_must_be_there_to_choose_by(tmp_path, more, without):
    path = tmp_path / "mine.yaml"
    own = {"studies": {"grid": {}, "second_chance": {}}, "tables": {"choose_by": "validation"}}
    path.write_text(yaml.safe_dump(own | more, sort_keys=False))
    line = 1 + path.read_text().splitlines().index("  choose_by: validation")
    with pytest.raises(UserError) as raised:
        resolve(own | more, [path])
    assert (
        f"{path}, line {line}: tables.choose_by: validation needs validation rows, and study "
        f"{without} has cells without any; set data.validation_fraction" in str(raised.value)
    )
    resolve(own | more | {"tables": {"choose_by": "test"}})
    resolve(own | {"data": {"validation_fraction": 0.1}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grid:\n  seeds: 3\n  seeds: 5\n", "line 3: grid.seeds: duplicate key, first on line 2"),
        ("grid: {}\nmodel: {}\ngrid: {}\n", "line 3: grid: duplicate key, first on line 1"),
        ("a:\n- {b: 1}\n- {b: 1, b: 1}\n", "line 3: a[1].b: duplicate key, first on line 3"),
        ("grid:\n\tseeds: 3\n", "line 2: has a tab; indent with spaces"),
        ("grid:\n  seeds: [1:5]\n", "line 2: grid.seeds[0]: YAML reads 1:5 as 65, counting in"),
        ("name: 12:30.5\n", "line 1: name: YAML reads 12:30.5 as 750.5, counting in sixties"),
        (
            "grid:\n  seeds: 3\n optimizer: [sgd]\n",
            "line 3: did not find expected key, while parsing a block mapping",
        ),
        ("grid:\n  optimizer: [sgd\nmodel: {}\n", "a flow sequence that starts on line 2"),
        ("grid: \x00\n", "cannot read"),
        ("grid: {}\n---\nmodel: {}\n", "line 2: a second document starts here"),
        ("grid: !!python/name:os.abort\n", "line 1: could not determine a constructor"),
        ("grid:\n  ? [a]\n  : 1\n", "line 2: found unhashable key"),
    ],
)
def test_a_file_that_does_not_say_one_thing_is_refused(tmp_path, text, expected):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=re.escape(expected)) as raised:
        check_file(path)
    assert str(path) in str(raised.value)


def test_a_key_twice_in_an_argument_is_refused():
    check_arguments(["grid={seeds: 1, width: 2}", "grid={seeds: 2}", "name=a: b: c", "model="])
    with pytest.raises(UserError, match=r"--config: studies\.a\.grid\.seeds: duplicate key$"):
        check_arguments(["name=a", "studies={a: {grid: {seeds: 1, seeds: 2}}}"])
    with pytest.raises(UserError, match="--config grid, line 1: more than 50 blocks within blocks"):
        check_arguments(["grid=" + "[" * 2000 + "]" * 2000])


def test_a_second_option_for_files_is_refused():
    check_options(["--cores", "8", "--configfile", "a.yaml", "b.yaml", "--config", "name=c"])
    for second in (
        ["--configfile", "b.yaml"],
        ["--configfile=b.yaml"],
        ["--configfiles", "b.yaml"],
    ):
        with pytest.raises(UserError, match=r"--configfile is there twice.*--configfile a.yaml b"):
            check_options(["--configfile", "a.yaml", *second])


def test_anchors_and_merged_keys_are_no_repetition(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: [*a, *a, 1, 1]\n")
    check_file(path)


def test_text_with_a_colon_is_no_number(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: '12:30'\ngrid: {seeds: [1, 5]}\nstudies: {a: {title: a:1}}\n")
    check_file(path)


# The schema.


def blocks(rule: dict, place: str = "") -> list[tuple[str, dict]]:
    """Return every block of keys in the schema, by its place."""
    found = [(place, rule)] if "object" in rule.get("type", "") else []
    for name, child in rule.get("properties", {}).items():
        found += blocks(child, f"{place}.{name}")
    if isinstance(rule.get("additionalProperties"), dict):
        found += blocks(rule["additionalProperties"], f"{place}.*")
    return found


def test_every_block_of_the_schema_is_closed_and_every_key_has_a_description_and_a_default():
    for place, block in blocks(schema.written()):
        assert "additionalProperties" in block, place
        assert block["additionalProperties"] is not True
        for name, rule in block.get("properties", {}).items():
            if "$ref" in rule:
                continue
            assert rule["description"].endswith("."), f"{place}.{name}"
            # A study's title is its name by default, which a schema can't say.
            # To select cells, a key that is not given means any.
            optional = name == "title" or place.startswith(".comparisons.*.")
            required = name in block.get("required", [])
            assert "default" in rule or optional or required, f"{place}.{name}"


def test_every_default_is_valid():
    for section, default in schema.defaults().items():
        resolve({section: copy.deepcopy(default)})
        if isinstance(default, dict) and section not in ("studies", "comparisons", "schemes"):
            resolve({section: copy.deepcopy(schema.defaults(section))})


def test_the_schema_knows_what_the_code_knows():
    properties = schema.schema()["properties"]
    choices = properties["grid"]["properties"]["optimizer"]["items"]["enum"]
    assert set(choices) == set(optim.OPTIMIZERS)
    assert set(choices) >= problem.KERNEL_OPTIMIZERS
    activations = properties["model"]["properties"]["activation"]["enum"]
    assert set(activations) == set(torch_engine.ACTIVATIONS)
    training = schema.schema()["properties"]["training"]["properties"]
    assert set(training["loss"]["enum"]) == set(losses.LOSSES) >= problem.KERNEL_LOSSES
    fused = properties["execution"]["properties"]["fuse"]["items"]["enum"]
    assert set(fused) == {*axes.AXES, "seed"}


def test_every_scalar_setting_is_an_axis_and_a_choice_of_cells():
    full = schema.schema()["properties"]
    claim = full["comparisons"]["additionalProperties"]["properties"]["a"]["properties"]
    assert {"batch_size", "width", "split_seed", "stratify", "epochs", "optimizer"} < set(axes.AXES)
    assert not {"dataset", "source", "path", "zeroed_features", "epochs_sam"} & set(axes.AXES)
    assert set(full["grid"]["properties"]) == {*axes.AXES, "trials", "sampling_seed", "seeds"}
    assert set(claim) == {*axes.AXES, "study"}
    assert set(full["tables"]["properties"]["rows"]["enum"]) == set(axes.AXES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grid: {width: [9, 0]}", "grid.width[1]: 0 is out of range; at least 1"),
        ("grid: {width: 9.5}", "grid.width[0]: 9.5 is not a valid value; it takes a whole number"),
        ("grid: {activation: [relu, rleu]}", 'grid.activation[1]: "rleu" is unknown; choose from'),
        ("grid: {dataset: [obesity]}", "grid.dataset: unknown key"),
        ("grid: {epochs_sam: [3]}", "grid.epochs_sam: unknown key; did you mean epochs?"),
        ("grid: []", "grid: is empty; it needs at least one entry"),
        ("grid: [[{width: 9}]]", "grid[0]: is a list in the list of grids; keep one list"),
        (
            "studies: {a: {grid: [{}, [{seeds: 2}]]}}",
            "studies.a.grid[1]: is a list in the list of grids; keep one list",
        ),
        ("grid: [{width: 9}, {widht: 9}]", "grid[1].widht: unknown key; did you mean width?"),
        ("grid: [{width: 9}, {width: [9, 9]}]", "grid[1].width: has 9 more than once"),
        ("grid: [{seeds: 2}, {}]", "grid[1].seeds: all grids in a list must have the same seeds"),
        (
            "studies: {a: {grid: [{seeds: 2}, {seeds: [0]}]}}",
            "studies.a.grid[1].seeds: all grids in a list must have the same seeds",
        ),
        (
            "studies: {a: {model: {width: 9}, grid: {width: [9, 18]}}}",
            "studies.a.grid.width: is an axis here and a setting in studies.a.model.width; keep",
        ),
        (
            "studies: {a: {training: {epochs: 9}, grid: [{epochs: 3}]}}",
            "studies.a.grid[0].epochs: is an axis here and a setting in studies.a.training.epochs",
        ),
        ("tables: {rows: widht}", 'tables.rows: "widht" is unknown; choose from'),
        ("tables: {rows: weight_decay}", "tables.columns: is weight_decay, like tables.rows"),
        ("execution: {fuse: [seeds]}", 'execution.fuse[0]: "seeds" is unknown; choose from'),
        ("figures: {curves: [{widht: 9}]}", "figures.curves[0].widht: unknown key; did you mean"),
        ("figures: {plane: [{widht: 9}]}", "figures.plane[0].widht: unknown key; did you mean"),
        ("figures: {curves: [{study: x}]}", 'figures.curves[0].study: "x" is unknown; choose from'),
        ("figures: {plane: [{study: x}]}", 'figures.plane[0].study: "x" is unknown; choose from'),
    ],
)
def test_a_mistake_in_an_axis_has_one_clear_message(text, expected):
    (message,) = mistakes(text)
    assert message.startswith(expected)


def test_a_list_of_grids_takes_what_it_lacks_from_the_defaults_and_a_study_overrides_each():
    resolved = resolve(
        yaml.safe_load("""
        grid:
          - {optimizer: sgd, batch_size: [8, 32]}
          - {optimizer: adam, width: 9}
        studies:
          a: {}
          b: {grid: {learning_rate: 0.5}}
          c: {model: {width: 20}, training: {epochs: 7}}
          d: {grid: [{seeds: 1, weight_decay: 0}, {seeds: 1, weight_decay: 1}]}
        """)
    )
    grids = {name: study["grid"] for name, study in resolved["studies"].items()}
    first, second = resolved["grid"]
    assert (first["optimizer"], first["batch_size"], first["seeds"]) == (
        ["sgd"],
        [8, 32],
        [0, 1, 2],
    )
    assert second["learning_rate"] == resolve({})["grid"][0]["learning_rate"]
    assert grids["a"] == [first, second]
    assert grids["b"] == [{**grid, "learning_rate": [0.5]} for grid in (first, second)]
    assert "width" not in grids["c"][1]  # what the study says counts before what it takes over
    assert [grid["weight_decay"] for grid in grids["d"]] == [[0.0], [1.0]] * 2
    assert {tuple(grid["seeds"]) for grid in grids["d"]} == {(0,)}


def test_messages_have_no_python_in_them():
    assert not re.search(
        r"None|True|\{'", "".join(mistakes("model: {width: null, activation: true}"))
    )


def test_a_comparison_is_filled_in():
    claim = {"a": {"learning_rate": "3e-3", "sam_rho": ["none", "0.02"]}}
    assert resolve({"comparisons": {"ours": claim}})["comparisons"] == {
        "ours": {
            "title": "ours",
            "claim": "lower",
            "by": "best",
            "quantity": "test_mse",
            "scale": "difference",
            "margin": 0.05,
            "slope_on": None,
            "a": {"learning_rate": [0.003], "sam_rho": [None, 0.02]},
            "b": None,
        }
    }
    with pytest.raises(UserError, match=r"comparisons\.x\.a\.optimzer: unknown key.*optimizer"):
        resolve({"comparisons": {"x": {"a": {"optimzer": "adam"}}}})
    for claim, message in [
        ({"study": "gird"}, r'a\.study: "gird" is unknown; choose from grid'),
        ({"study": ["grid", "gird"]}, r'a\.study: "gird" is unknown; choose from grid'),
        (
            {"optimizer": "sdg"},
            r'a\.optimizer\[0\]: "sdg" is unknown; choose from sgd, adam, adamw, lion',
        ),
    ]:
        with pytest.raises(UserError, match=rf"comparisons\.x\.{message}"):
            resolve({"comparisons": {"x": {"a": claim}}})
    # A study that is left out is no mistake, and what claims say of it is left out, too.
    studies = {"grid": {}, "other": None}
    about = {"x": {"study": "other"}, "y": {"study": ["other", "grid"]}, "z": {"optimizer": "sgd"}}
    claims = {name: {"a": cells} for name, cells in about.items()}
    against = {"w": {"a": {"study": "grid"}, "b": {"study": "other"}}}
    resolved = resolve({"studies": studies, "comparisons": claims | against})
    assert list(resolved["comparisons"]) == ["y", "z"]
    with pytest.raises(UserError, match=r"comparisons\.x: lacks a"):
        resolve({"comparisons": {"x": {}}})


def test_a_complete_configuration_is_another_for_the_same():
    written = yaml.safe_load(yaml.safe_dump(complete(DECK)))
    assert resolve(written) == resolve(DECK)
    named = {"grid", "studies", "comparisons", "schemes"}  # which hold no keys of the schema's
    for section in schema.defaults().keys() - named:
        if isinstance(schema.defaults()[section], dict):
            assert written[section].keys() == schema.defaults(section).keys()


def test_a_boolean_can_be_text_as_the_command_line_has_it():
    assert resolve({"data": {"stratify": "true"}})["data"]["stratify"] is True
    assert resolve({"audit": {"pairs": "False"}})["audit"]["pairs"] is False
    with pytest.raises(UserError, match="stratify"):
        resolve({"data": {"stratify": "maybe"}})
