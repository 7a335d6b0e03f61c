"""The whole study by both modes, how it grows, and what a default job's seconds are made of."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scaling import ROOT, deck_grid
from timing import Sample, in_turns, timed_command

from genboost.study import grid
from genboost.study.cells import Cell
from genboost.train.engines import kernel_build
from genboost.train.order import Order

LEFT_OUT = shutil.ignore_patterns(
    ".*", "results", "build", "__pycache__", "node_modules", "benchmarks", "tests"
)
CORES = 2


def study(source: list[str], quick: bool) -> dict[str, Any]:
    """Run the study in copies of the workflow, from an empty results/ and again.

    Parameters
    ----------
    source
        The data: words of Snakemake's ``--config``.
    """
    small = ["grid={seeds: 1}"] if quick else []
    fused = ["--profile", "fused"]
    runs = []

    def add(name: str, folder: Path, arguments: list[str]) -> None:
        runs.append({"name": name, **_snakemake(folder, source, arguments)})

    with _copy() as folder:
        add("fused, from nothing", folder, [*fused, "--config", *small])
        add("fused, nothing to do", folder, [*fused, "--config", *small])
        add("one job a model, after fused: nothing to do", folder, ["--config", *small])
    with _copy() as folder:
        add("one job a model, from nothing", folder, ["--config", *small])
        add("one job a model, nothing to do", folder, ["--config", *small])
        if not quick:
            shutil.rmtree(folder / "results")
            add("fused, from nothing", folder, [*fused, "--config"])
    with _copy() as folder:
        seeds = [f"grid={{seeds: {3 if quick else 30}}}"]
        add("30 seeds, fused, from nothing", folder, [*fused, "--config", *seeds])
        add("30 seeds, fused, nothing to do", folder, [*fused, "--config", *seeds])
    return {"runs": runs, "cores": CORES}


def size(source: list[str], quick: bool) -> dict[str, Any]:
    """Plan, run and run again fused studies of more and more seeds, each model for an epoch.

    So all is timed but training, which grows as its models do.

    Parameters
    ----------
    source
        The data: words of Snakemake's ``--config``.
    """
    short = [
        "training={epochs: 1, epochs_sam: 1}",
        "studies={second_chance: {training: {epochs_sam: 2}}}",
    ]
    points = []
    for seeds in (3, 30) if quick else (3, 30, 100, 463):
        arguments = ["--profile", "fused", "--config", f"grid={{seeds: {seeds}}}", *short]
        with _copy() as folder:
            planned = _snakemake(folder, source, ["--dry-run", "--quiet", *arguments])
            made = _snakemake(folder, source, arguments)
            again = _snakemake(folder, source, arguments)
            files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
            kept = {
                name: [path.stat().st_size for path in files if path.is_relative_to(folder / name)]
                for name in ("results", ".snakemake")
            }
            page = (folder / "results/deck/report/index.html").stat().st_size
        points.append(
            {
                "models": made["trained"],
                "runs": {"planned": planned, "made": made, "again": again},
                "files": {name: len(sizes) for name, sizes in kept.items()},
                "bytes": {name: sum(sizes) for name, sizes in kept.items()},
                "page": page,
            }
        )
    return {"points": points, "cores": CORES}


def job(arrays: str, quick: bool) -> dict[str, Any]:
    """Take a default job apart: commands that do ever more of it, in turns, on one core."""
    python, script = sys.executable, str(ROOT / "scripts" / "train.py")
    scripts = json.dumps(str(ROOT / "scripts"))
    imports = f"import sys; sys.path.insert(0, {scripts}); import train"
    kinds, _ = deck_grid()
    with tempfile.TemporaryDirectory() as folder:

        def train(cell: Cell) -> Sample:
            model = grid.Model(cell, 0)
            path = Path(folder) / model.record
            path.unlink(missing_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            by = [("simd", "cpu")]
            order = Order({str(path): (cell, 0)}, *by[0], accepted=by, code={"simd": ""})
            return timed_command([python, script, "--data", arrays, "--order", order.write()])

        cells = {kind: models[len(models) // 2][0] for kind, models in kinds.items()}
        tasks = {
            "interpreter": lambda: timed_command([python, "-c", "pass"]),
            "numpy": lambda: timed_command([python, "-c", "import numpy"]),
            "imports": lambda: timed_command([python, "-c", imports]),
            "one epoch": lambda: train(next(iter(cells.values())).replace(epochs=1)),
            **{kind: lambda cell=cell: train(cell) for kind, cell in cells.items()},
        }
        samples = in_turns(tasks, 3 if quick else 10)
    shares = {kind: len(models) for kind, models in kinds.items()}
    return {"samples": samples, "models": shares}


@contextmanager
def _copy() -> Iterator[Path]:
    """Yield a copy of the workflow without results, its kernel built."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "workflow"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=LEFT_OUT)
        os.environ["GENBOOST_KERNEL_DIR"] = str(next(kernel_build.folders()))
        yield copy


def _snakemake(folder: Path, source: list[str], arguments: list[str]) -> dict[str, Any]:
    """Run Snakemake; say what it took and how many models it trained."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(CORES), *arguments]
    before = time.time()
    sample = timed_command([*command, *([] if "--config" in arguments else ["--config"]), *source],
                           folder, CORES)  # fmt: skip
    new = [path for path in (folder / "results" / "models").rglob("seed~*.json")
           if path.stat().st_mtime >= before]  # fmt: skip
    training = sum(json.loads(path.read_text())["run"]["seconds"] for path in new)
    print(f"  {' '.join(arguments)}: {sample['seconds']:.1f} s", file=sys.stderr, flush=True)
    return {**sample, "trained": len(new), "training": training}
