"""The studies of theory: each can be planned, and ends in verdicts."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from shipped import as_shipped

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "studies/theory").glob("*.yaml"))

pytestmark = as_shipped


@pytest.fixture
def shipped(fresh):
    """Return a copy in which nothing has run, with the shipped configuration and the studies."""
    shutil.copy(ROOT / "config.yaml", fresh.folder)
    shutil.copytree(ROOT / "studies", fresh.folder / "studies")
    return fresh


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_a_study_is_planned_under_its_name(shipped, study):
    name = yaml.safe_load(study.read_text())["name"]
    assert name == study.stem
    jobs = shipped.planned(
        *("--profile", "fused", "--configfile", f"studies/theory/{study.name}"),
        *("--config", "data={source: synthetic}"),
    )
    assert jobs["train_pack"] >= 1
    assert jobs["measure"] >= 1
    assert jobs["statistics"] == 1


def test_a_small_one_ends_in_verdicts_of_its_own_claims(shipped):
    claims = yaml.safe_load((ROOT / "studies/theory/random_labels.yaml").read_text())["comparisons"]
    made = "results/random_labels/statistics/statistics.json"
    shipped.run(
        *("--profile", "fused", "--configfile", "studies/theory/random_labels.yaml"),
        *("--config", "data={source: synthetic}", "training={epochs: 2, t_max: 2}"),
        *("grid={seeds: 8}", "model={hidden_layers: 1}", "--", made),
    )
    found = json.loads((shipped.folder / made).read_text())["comparisons"]
    assert [claim["name"] for claim in found] == list(claims)
    assert "untested" not in [claim["verdict"] for claim in found]
    # After two epochs nobody has learned permuted labels as well as true ones.
    assert found[0]["verdict"] == "supported"
