"""Raw files and preparation in real runs: paths that people have, rows by origin, other data."""

import hashlib
import json

import numpy as np
import pytest
from checkouts import CHECKOUT

from genboost.data import dataset, synthetic


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a home folder with a raw file in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    described = dataset.load(CHECKOUT / "workflow/datasets/obesity.yaml")
    content = synthetic.generate(described).replace(b"\n", b"\r\n")
    (tmp_path / "-rf its.csv").write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("path", ["~/-rf its.csv", "-rf its.csv"])
def test_path_may_start_with_a_tilde_or_a_hyphen(fresh, home, path):
    content = (home / "-rf its.csv").read_bytes()
    (fresh.folder / "-rf its.csv").write_bytes(content)
    fresh.configure(data={"source": "file", "path": path})
    raw = f"results/data/raw/obesity+file~{hashlib.sha256(content).hexdigest()[:12]}.csv"
    fresh.run("--", raw)
    assert (fresh.folder / raw).read_bytes() == content


def test_rows_by_origin_and_other_data_in_one_run(fresh):
    fresh.configure(
        studies={
            "people": {"data": {"rows": "respondents"}},
            "grouped": {"data": {"split": "grouped"}},
            "other": {"data": {"dataset": "diabetes", "source": "auto"}},
        }
    )
    names = [
        "origin~synthetic",
        "origin~synthetic+rows~respondents",
        "origin~synthetic+split~grouped",
        "dataset~diabetes",
    ]
    folders = {name: fresh.folder / "results/data" / name for name in names}
    fresh.run("--", *(f"results/data/{name}/baselines.json" for name in names))
    found = {}
    for name, folder in folders.items():
        arrays = np.load(folder / "arrays.npz")
        errors = json.loads((folder / "baselines.json").read_text())["errors"]
        found[name] = (
            {*arrays["train_origin"].tolist(), *arrays["test_origin"].tolist()},
            {*errors["nearest_neighbour"]["test_mse_by_origin"]},
        )
    both = {"respondent", "interpolated"}
    assert found == {
        "origin~synthetic": (both, both),
        "origin~synthetic+rows~respondents": ({"respondent"}, {"respondent"}),
        "origin~synthetic+split~grouped": (both, both),
        "dataset~diabetes": ({"unknown"}, set()),
    }
    text = (folders["origin~synthetic+split~grouped"] / "description.md").read_text()
    assert "interpolated rows were left out" in text
