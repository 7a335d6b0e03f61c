"""The environment of all tests: what a user has set for other purposes changes nothing here."""

import os
import shlex

import pytest

from genboost.train.engines import kernel_build

for name in [*os.environ]:
    if name.startswith(("GIT_", "SNAKEMAKE_")):  # as in a Git hook, or by who has a profile
        del os.environ[name]
os.environ.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
# Threads that spin while they wait for one another take the cores from other tests.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


@pytest.fixture
def unoptimized(tmp_path, monkeypatch):
    """Have the kernel compiled in a fifth of the time, where it does not matter how fast it is."""
    compiler = tmp_path / "compiler"
    compiler.write_text(f'#!/bin/sh\nexec {shlex.join(kernel_build.compiler())} "$@" -O0\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
