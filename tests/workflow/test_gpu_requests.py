"""Which jobs ask for a GPU, on a machine whose nvidia-smi lists two."""

import re

import pytest


@pytest.fixture
def machine(fresh, tmp_path, monkeypatch):
    """Return a fresh copy, on a machine with GPUs that torch may be unable to use."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho GPU-a; echo GPU-b\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return fresh


def gpus_of_jobs(workflow, *arguments: str) -> dict[str, set[int]]:
    """Return the GPUs that jobs ask for in a dry run, by rule and optimizer."""
    found: dict[str, set[int]] = {}
    output = workflow.run("--dry-run", "--quiet", "progress", *arguments).stdout
    for job in re.split(r"^ *rule ", output, flags=re.M)[1:]:
        rule = re.match(r"(\w+?)(?:_\d+)?:", job)[1]
        optimizer = re.search(r"output: .*/optimizer~(\w+)/", job)
        gpu = re.search(r"resources: .*\bgpu=(\d+)", job)
        name = f"{rule} {optimizer[1]}" if optimizer else rule
        found.setdefault(name, set()).add(int(gpu[1]) if gpu else 0)
    return found


def test_none_by_default(machine):
    assert set().union(*gpus_of_jobs(machine).values()) == {0}
    assert machine.planned("--profile", "fused")["train_pack"] == 2


def test_each_training_job_if_the_user_says_so(machine):
    machine.configure(resources={"train": {"gpus": 1}})
    asked = gpus_of_jobs(machine)
    assert {name for name, gpus in asked.items() if gpus == {1}} == {"train sgd", "train adam"}
    assert asked["prepare"] == asked["aggregate"] == {0}


def test_an_optimizer_that_the_kernel_does_not_know(machine):
    """It is for torch, in packs of its own: the others have the bits that they have without it."""
    machine.edit("workflow/schemas/config.schema.yaml", "adamw, lion]}", "adamw, lion, x]}")
    machine.configure(grid={"optimizer": ["sgd", "x"]})
    asked = gpus_of_jobs(machine)
    assert (asked["train sgd"], asked["train x"]) == ({0}, {1})
    assert gpus_of_jobs(machine, "--profile", "fused")["train_pack"] == {0, 1}


def test_a_pack_for_each_gpu(machine):
    machine.configure(
        execution={"device": "cuda", "packs": 3}, studies={"second": {"training": {}}}
    )
    assert machine.planned("--profile", "fused")["train_pack"] == 2
    # This machine's GPUs say nothing of a cluster's.
    assert machine.planned("--profile", "slurm", "--set-scatter", "packs=5")["train_pack"] == 5
    machine.configure(execution={"device": "cpu"})
    assert machine.planned("--profile", "fused")["train_pack"] == 3
