"""What no machine could train is refused by its cost, and no configuration ends in a traceback."""

import copy
import random
import re

import pytest
from shipped import DECK

from genboost.errors import UserError
from genboost.study import grid
from genboost.study.config import complete, resolve
from genboost.study.sources import check_file

WHOLE = complete(DECK)
READING = {"a": {"training": {"reduction": "sum"}}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"grid": {"seeds": 10**9}},
            "grid.seeds: 1,000,000,000 values make 192,000,000,000 models",
        ),
        ({"grid": {"seeds": 10**9}}, "122 years on one core"),
        ({"grid": {"seeds": "9" * 400}}, "grid.seeds: "),
        ({"grid": {"seeds": 10**400}}, "grid.seeds: is a number of more than 30 digits"),
        ({"grid": {"seeds": 1e308}}, "grid.seeds: is a number of more than 30 digits"),
        ({"model": {"width": "1e308"}}, "model.width: is a number of more than 30 digits"),
        ({"studies": {"b": {"grid": {"seeds": 10**9}}}}, "studies.b.grid.seeds: 1,000,000,000"),
        ({"grid": {"weight_decay": [*range(9000)]}}, "decay: 9,000 values make 1,296,000 models"),
        ({"grid": {"learning_rate": [1] * 100_000}}, "grid.learning_rate: has 100,000 entries"),
        ({"audit": {"splits": 10**9}}, "audit.splits: 1000000000 is out of range; at most 1000"),
        ({"audit": {"seeds": 10**9, "readings": READING}}, "audit.seeds: 1,000,000,000 make"),
        ({"model": {"width": 100_000}}, "model.width: 4 hidden layers of 100,000 units"),
        ({"model": {"width": 100_000}}, "480.0 GB of memory"),
        ({"grid": {"width": [1, 100_000]}}, "grid.width: 4 hidden layers of 100,000 units"),
        ({"model": {"hidden_layers": 10**9}}, "hidden_layers: 1000000000 is out of range"),
        ({"training": {"epochs": 10**9}}, "training.epochs: 1000000000 is out of range"),
        ({"studies": {"x" * 300: {}}}, "is not a valid name: use letters, digits, _ and -"),
        ({"studies": {"-a": {}}}, '"-a" is not a valid name'),
        ({"studies": {"a\n": {}}}, "is not a valid name"),
        ({"studies": {"a": {"title": "a\x1b[31m"}}}, "studies.a.title: "),
        ({"studies": {"a": {"title": "a" * 300}}}, "has 300 characters; at most 200"),
        ({"comparisons": {"a": {"claim": "lower"}}}, "comparisons.a: lacks a"),
    ],
)
def test_what_asks_too_much_is_refused_with_its_cost(config, expected):
    with pytest.raises(UserError, match=re.escape(expected)) as raised:
        resolve(config)
    assert str(raised.value).isprintable() or "\n" in str(raised.value)
    assert len(str(raised.value)) < 500


def test_what_a_machine_can_train_is_counted_right_and_let_pass():
    config = resolve({"grid": {"seeds": 30, "width": [9, 18, 64]}})
    assert len(grid.models(grid.studies(config))) == 6 * 4 * 2 * 4 * 3 * 30


def test_a_folder_with_too_long_a_name_is_refused():
    features = [f"pixel_{row}_{column}" for row in range(5) for column in range(8)]
    data = {"dataset": "digits", "source": "sklearn", "zeroed_features": features}
    (mistake,) = grid.unnameable(grid.studies(resolve({"data": data})))
    assert mistake[0] == ("data",)
    assert mistake[1].endswith("would have a name of 430 characters; at most 200")
    assert not [*grid.unnameable(grid.studies(resolve({})))]


def test_of_very_many_mistakes_some_are_named():
    keys = {f"key{number}": 1 for number in range(9000)}
    with pytest.raises(UserError, match="and 8960 more mistakes") as raised:
        resolve(keys)
    assert len(str(raised.value)) < 10_000


def test_claims_can_be_dropped_one_by_one_or_all():
    dropped, kept = DECK["comparisons"]
    config = {**DECK, "comparisons": {**DECK["comparisons"], dropped: None}}
    assert list(resolve(config)["comparisons"]) == [kept]
    assert resolve({**DECK, "comparisons": None})["comparisons"] == {}


BOMB = "a0: &a0 [1, 1, 1]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, "line 11: more than 100,000 keys and values so far"),
        ("a: " + "[" * 2000 + "]" * 2000, "line 1: more than 50 blocks within blocks"),
        ("a: &a\n  b: *a\n", "line 2: *a refers to a block that contains it"),
        ("__use_yte__: true\n?if True:\n  a: 1\n", "line 1: __use_yte__ would run code"),
        ("- grid\n", "line 1: a configuration is a block of keys"),
        ("a: 1\nb: \xff", "line 2: is not UTF-8"),
    ],
)
def test_a_file_that_would_never_be_read_is_refused(tmp_path, text, expected):
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=re.escape(expected)):
        check_file(path)


def test_an_empty_file_is_a_configuration(tmp_path):
    (tmp_path / "config.yaml").write_text("# nothing\n")
    check_file(tmp_path / "config.yaml")


ODD = [
    *(None, True, -1, 0, 10**9, 10**400, 1e308, float("nan"), float("inf")),
    *("", "x" * 5000, "\x00\x1b[2J", "{0}", "none", "1e999", "\ud800", "/dev/zero"),
    *([], [[]], [None], [1, 1.0, True], ["adam", "adam"]),
    *({}, {"a": {"a": {}}}, {"\n": 1}, {1: 2}),
]


def places(value, key=()):
    """Yield the key of every value in a configuration."""
    if isinstance(value, dict | list):
        for step in value if isinstance(value, dict) else range(len(value)):
            yield (*key, step)
            yield from places(value[step], (*key, step))


def mutate(config, random_generator):
    """Put odd values, odd keys or nothing in some places of a configuration."""
    for _ in range(random_generator.randint(1, 3)):
        *way, last = random_generator.choice(list(places(config)))
        block = config
        for step in way:
            block = block[step]
        match random_generator.randrange(4):
            case 0:
                del block[last]
            case 1 if isinstance(block, dict):
                block[random_generator.choice(["", "a b", 7, None, "seeds", "grid", "\x1b"])] = 1
            case _:
                block[last] = copy.deepcopy(random_generator.choice(ODD))
        if not list(places(config)):
            return


@pytest.mark.parametrize("seed", range(20))
def test_no_mutation_ends_in_a_traceback_or_an_endless_message(seed):
    random_generator = random.Random(seed)
    refused = 0
    for _ in range(25):
        config = copy.deepcopy(WHOLE)
        mutate(config, random_generator)
        try:
            for study in grid.studies(resolve(config)):
                assert study.cells
        except UserError as error:
            refused += 1
            lines = str(error).splitlines()
            assert len(lines) <= 60
            assert all(len(line) <= 1100 and line.isprintable() for line in lines)
    assert refused > 5
