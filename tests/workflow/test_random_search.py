"""A random search from end to end."""

from checkouts import TRAINED

SEARCH = {
    "learning_rate": {"log_uniform": ["1e-4", "1e-1"]},
    "weight_decay": 0,
    "sam_rho": ["none", {"log_uniform": [0.01, 0.2]}],
    "trials": 6,
}


def test_more_trials_train_only_what_is_new(fresh):
    fresh.figures = True
    fresh.configure(grid=SEARCH, studies={"second": None})
    fresh.run("--profile", "fused")
    trained = fresh.inodes()
    assert len(trained) == 6 * 2
    figures = {path.name for path in (fresh.folder / "results/deck/figures").iterdir()}
    assert {"draws-grid.svg", "budget.svg", "methods.svg"} <= figures
    assert not any(name.startswith(("heatmap", "learning-rate", "importance")) for name in figures)
    page = (fresh.folder / "results/deck/report/index.html").read_text()
    assert "The grid: test MSE of each cell" in page

    fresh.figures = False
    fresh.configure(grid={"trials": 8})
    assert "To train: 4 of 16 models" in fresh.run("--dry-run").stderr
    fresh.run("--profile", "fused", *TRAINED)
    after = fresh.inodes()
    assert len(after) == 8 * 2
    assert {name: after[name] for name in trained} == trained

    fresh.figures = True
    fresh.configure(grid={"learning_rate": [0.001, 0.01], "trials": None, "sam_rho": "none"})
    fresh.run("--profile", "fused", "--until", "figures")
    names = {path.name for path in (fresh.folder / "results/deck/figures").iterdir()}
    assert "draws-grid.svg" not in names
    assert "heatmap-grid.svg" in names
