"""A plane through three models: the same in both modes, and computed again only if it must be."""

import json
import shutil
from functools import partial

import pytest
from checkouts import SMALL, Workflow, copy_parts

RATES = [0.001, 0.01, 0.1]
DIVERGING = 1e12
STUDY = {
    **SMALL,
    "grid": {
        "optimizer": "sgd",
        "learning_rate": [*RATES, DIVERGING],
        "weight_decay": 0,
        "sam_rho": "none",
        "seeds": 1,
    },
    "studies": {"grid": {"title": "The grid"}},
    "figures": {"plane": [{"learning_rate": RATES}], "measures": []},
}
PLANE = "results/deck/plane.json"
FUSED = "--profile", "fused"
MODES = {"single": (), "fused": (*FUSED, "--until", "figures")}
DRAWN = dict.fromkeys(("figures", "report", "crate", "index"), 1)


@pytest.fixture(scope="session")
def surveyed(once) -> dict[str, Workflow]:
    """Return a copy that has run, and one whose figures were drawn in the other mode."""

    def make(workflow: Workflow, mode: str) -> None:
        copy_parts(workflow.folder, STUDY)
        workflow.run(*MODES[mode])

    return {mode: once(f"plane-{mode}", partial(make, mode=mode), figures=True) for mode in MODES}


@pytest.fixture
def workflow(surveyed, tmp_path) -> Workflow:
    """Return the one that has run, to edit."""
    shutil.copytree(surveyed["single"].folder, tmp_path / "edited", symlinks=True)
    return Workflow(tmp_path / "edited", figures=True)


def plane(workflow) -> dict:
    return json.loads((workflow.folder / PLANE).read_text())


def test_both_modes_draw_the_same(surveyed):
    single, fused = surveyed.values()
    for name in ("plane.json", "figures/plane.svg", "figures/plane.png"):
        one, other = (copy.folder / "results/deck" / name for copy in (single, fused))
        assert one.read_bytes() == other.read_bytes(), name
    logs = (fused.folder / "results/logs/train").rglob("*.log")
    assert {path.name.split("_")[0] for path in logs} == {"pack"}
    assert not single.planned(*FUSED)
    report = (single.folder / "results/deck/report/index.html").read_text()
    section = report.split('<section id="plane"')[1].split("</section>")[0]
    assert 'aria-label="Figure: The error on the plane through three minima"' in section
    assert section.count('<svg role="img"') == 1


def test_its_minima_are_the_recorded_models(surveyed):
    found = plane(surveyed["single"])
    records = [
        json.loads((surveyed["single"].folder / path).read_text())
        for path in found["records"].values()
    ]
    assert [record["settings"]["learning_rate"] for record in records] == RATES
    for end, record in enumerate(records[:2]):
        at = found["line"]["share"].index(end)
        for loss in ("train_mse", "test_mse"):
            assert found["line"][loss][at] == pytest.approx(record[loss], rel=1e-4)


def test_it_is_computed_again_if_what_it_reads_changed_and_otherwise_not(workflow):
    workflow.configure(studies={"grid": {"title": "A grid"}})
    assert workflow.planned()["figures"] == 1
    assert "plane" not in workflow.planned()
    workflow.configure(studies={"grid": {"title": "The grid"}})
    workflow.edit("scripts/measure.py", "import json\n", "import json\n\nMORE = 1\n")
    assert not workflow.planned()
    workflow.edit("scripts/genboost/measures/plane.py", "BETWEEN = 40", "BETWEEN = 20")
    assert workflow.planned() == {"plane": 1, **DRAWN}
    workflow.edit("scripts/genboost/measures/plane.py", "BETWEEN = 20", "BETWEEN = 40")
    (workflow.folder / PLANE).write_text("{}")
    assert workflow.planned() == {"plane": 1, **DRAWN}
    (record,) = (path for name, path in workflow.records().items() if "rate~0.01/" in name)
    record.write_text("{}")
    planned = workflow.planned()
    assert planned["plane"] == planned["train"] == 1


def test_other_choices(workflow):
    workflow.configure(figures={"plane": [{"learning_rate": [*RATES[:2], DIVERGING]}]})
    assert workflow.planned() == {"configuration": 1, "plane": 1, **DRAWN}
    workflow.run(PLANE)
    assert plane(workflow)["obstacle"] == "C diverged"
    workflow.configure(figures={"plane": [{"learning_rate": RATES[:2]}]})
    refused = workflow.run("--dry-run", check=False)
    assert refused.returncode == 1
    assert "figures.plane: chooses 2 cells; a plane goes through three" in refused.stderr
    workflow.configure(figures={"plane": []})
    assert workflow.planned() == {"configuration": 1, **DRAWN}
    workflow.run()
    assert not list((workflow.folder / "results/deck").rglob("plane.*"))
