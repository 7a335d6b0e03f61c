"""What the statistics say of a run's cells."""

import math
import re
import shlex

import numpy as np
import pytest
import yaml
from made_up import Made
from scipy.stats import t

from genboost.report import claims_tables, findings


def test_the_interval_of_every_cell():
    settings = {"grid": {"learning_rate": [1e-3, 1e-2], "weight_decay": [0], "seeds": 5}}
    results = Made(settings, errors=lambda model: 1 + model.seed * model.cell.learning_rate).results
    cells = findings.find(results, {}, {}).cells
    assert len(cells) == len(results.summary) > 2
    for cell in cells.itertuples():
        # Seeds 0 to 4: the standard deviation of 0 1 2 3 4 is sqrt(2.5).
        scale = cell.learning_rate * math.sqrt(2.5 / 5)
        low, high = t.interval(0.95, 4, loc=1 + 2 * cell.learning_rate, scale=scale)
        assert (cell.low, cell.high) == pytest.approx((low, high))


@pytest.mark.parametrize("seeds", [1, 4])
def test_too_few_seeds_have_no_interval(seeds):
    results = Made({"grid": {"seeds": seeds}}).results
    assert np.isnan(findings.find(results, {}, {}).cells[["low", "high"]]).all(axis=None)


def test_the_terminal_says_why_a_claim_is_untested():
    claims = {"adam": {"title": "Adam wins", "a": {"optimizer": "adam"}, "b": {"optimizer": "sgd"}}}
    made = Made({"grid": {"seeds": 1}, "comparisons": claims})
    found = findings.find(made.results, made.config["comparisons"], {})
    told = findings.files(found)["verdicts.txt"]
    assert "untested  Adam wins: choosing the best of a set takes at least two seeds\n" in told


@pytest.mark.parametrize("few", [{"seeds": 3}, {"seeds": 3, "split_seed": [0, 1, 2, 3]}])
def test_more_seeds_or_splits_are_asked_of_the_users_own_command(few):
    """And as many as are named are enough."""
    claims = {"adam": {"title": "Adam wins", "a": {"optimizer": "adam"}, "b": {"optimizer": "sgd"}}}

    def told(grid):
        settings = {"learning_rate": [1e-3, 1e-2], "weight_decay": 0, **grid}
        made = Made({"grid": settings, "comparisons": claims}, errors=noise)
        found = findings.find(made.results, made.config["comparisons"], {})
        text = re.sub(r"\\(.)", r"\1", findings.files(found)["statistics.md"])
        return re.findall(r"run the same command with (.*?)\.\n", text)

    (more,) = told(few)
    option, argument = shlex.split(more)
    assert (option, argument.partition("=")[0]) == ("--config", "grid")
    asked = yaml.safe_load(argument.partition("=")[2])
    assert asked.keys() == {list(few)[-1]}
    assert not told({**few, **asked})


def noise(model):
    cell = model.cell
    drawn = [model.seed, cell.split_seed, round(1e6 * cell.learning_rate), len(cell.optimizer)]
    return 1 + np.random.default_rng(drawn).random()


def test_a_huge_difference_is_short():
    comparison = {
        "title": "A small rate is better",
        "claim": "lower",
        "a": {"learning_rate": 1e-3},
        "b": {"learning_rate": 1e3},
    }
    settings = {
        "grid": {"optimizer": "sgd", "sam_rho": "none", "weight_decay": 0, "seeds": 4,
                 "learning_rate": [1e-3, 1e3]},
        "studies": {"grid": {"title": "The grid"}},
        "comparisons": {"small": comparison},
        "schemes": {name: {"title": name, "where": {"optimizer": "sgd"}} for name in "ab"},
    }  # fmt: skip
    lost = {1e-3: 1.0, 1e3: 4e33}
    made = Made(settings, errors=lambda model: lost[model.cell.learning_rate] * (2 + model.seed))
    found = findings.find(made.results, made.config["comparisons"], made.config["schemes"])
    (row,) = claims_tables.comparison_table(made.results, found.verdicts).rows
    assert row[4] == "-1.40e34"
    document = findings.files(found)["statistics.md"]
    assert not re.search(r"\d{12}", document)
