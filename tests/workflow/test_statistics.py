"""Verdicts and the audit follow what they are made from, and nothing else."""

import json

import numpy as np
import pandas as pd
import pytest

AUDIT = ("--", "results/deck/audit/audit.md")
READINGS = {"constant_rate": {"training": {"schedule": "constant"}}}


def test_verdicts_are_made_and_marked(finished):
    folder = finished.folder / "results/deck/statistics"
    found = json.loads((folder / "statistics.json").read_text())
    assert found["data"] == "SYNTHETIC"
    assert "SYNTHETIC" in (folder / "statistics.md").read_text()


def test_a_claim_changed_is_judged_anew(workflow):
    claim = {"title": "SGD beats Adam", "a": {"optimizer": "sgd"}, "b": {"optimizer": "adam"}}
    workflow.configure(comparisons={"sgd_wins": claim})
    assert workflow.planned() == {"statistics": 1, "configuration": 1}
    workflow.run()
    found = json.loads((workflow.folder / "results/deck/statistics/statistics.json").read_text())
    assert "sgd_wins" in [entry["name"] for entry in found["comparisons"]]


@pytest.fixture
def audited(workflow):
    """Return a copy in which an audit has run."""
    workflow.configure(audit={"readings": READINGS, "splits": 2, "seeds": 1})
    assert workflow.planned(*AUDIT)["trial"] == 2
    workflow.run(*AUDIT)
    return workflow


def test_an_audit_is_done_once_and_again_as_far_as_it_changed(audited):
    found = json.loads((audited.folder / "results/deck/audit/audit.json").read_text())
    assert found["synthetic"]
    assert sorted(row["reading"] for row in found["ranking"]) == ["as stated", "constant_rate"]
    assert not audited.planned(*AUDIT)
    # Another title, or the best epoch's error: the same models.
    named = READINGS | {"best": {"title": "best epoch", "training": {"test_error": "best"}}}
    audited.configure(audit={"readings": named})
    assert audited.planned(*AUDIT) == {"audit": 1}
    audited.configure(audit={"readings": {**named, "batch_8": {"training": {"batch_size": 8}}}})
    # Alone and with a constant rate.
    assert audited.planned(*AUDIT) == {"trial": 2, "audit": 1}


def test_of_an_audit_that_is_taken_out_only_the_trials_stay(audited):
    audited.configure(audit={"readings": {}})
    audited.figures = True
    audited.run("--until", "figures")
    assert [path.name for path in (audited.folder / "results/deck/audit").iterdir()] == ["trials"]


def test_a_pair_of_a_reading_that_is_not_there_is_refused(workflow):
    workflow.configure(audit={"readings": READINGS, "pairs": ["constant"]})
    result = workflow.run("--dry-run", check=False)
    assert result.returncode
    assert "audit.pairs: constant is not a reading" in result.stderr


def test_every_model_has_its_error_on_each_origin(finished):
    models = pd.read_csv(finished.folder / "results/deck/cells.csv")
    data = np.load(finished.folder / "results/data/origin~synthetic/arrays.npz")
    origins, rows = np.unique(data["test_origin"], return_counts=True)
    assert set(origins) == {"respondent", "interpolated"}
    parts = models[[f"test_mse[origin={origin}]" for origin in origins]]
    # They are parts of the test error; the engine computes that with 32 bits.
    whole = (parts * rows).sum(axis=1) / rows.sum()
    finished_ones = models["status"] == "finished"
    assert np.allclose(whole[finished_ones], models["test_mse"][finished_ones], rtol=1e-4)
    assert (parts.iloc[:, 0] != parts.iloc[:, 1])[finished_ones].all()
