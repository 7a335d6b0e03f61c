"""The whole study by both modes, and what a default job's seconds are made of."""

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

from scaling import ROOT, deck_grid, study_config
from timing import Sample, in_turns, timed_command

from genboost.study import grid
from genboost.study.cells import Cell
from genboost.train.engines import kernel_build

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
        steps = _after_training(folder, 3 if quick else 30)
    return {"runs": runs, "steps": steps, "cores": CORES}


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
            told = json.dumps({"record": str(path), "seed": 0, **cell})
            return timed_command(
                [python, script, "--data", arrays, "--engine", "simd", "--device", "cpu", told]
            )

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


def _after_training(folder: Path, seeds: int) -> dict[str, Sample]:
    """Time what follows the training, by itself: reading the records, and the tables."""
    shown = json.dumps({"studies": study_config(seeds)["studies"]})
    command = [sys.executable, "scripts/aggregate.py", "--config", shown,
               "--cells", "cells.csv", "--summary", "summary.csv"]  # fmt: skip
    return {"aggregate": timed_command(command, folder)}
