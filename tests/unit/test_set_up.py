"""`make` on a machine that lacks something says what, and goes on once it is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

PYTHON = """\
#!/bin/sh
# Python as Debian has it without the package python3-venv, or one whose venv breaks off.
case "$2" in
    "import ensurepip") {ensurepip} ;;
    venv) mkdir -p .venv/bin && ln -sf "$0" .venv/bin/python; exit 1 ;;
    *) exec {python} "$@" ;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Return a function that runs `make setup` with some Python in a folder of its own."""
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    for name in ("requirements.txt", "constraints.txt"):
        (tmp_path / name).touch()

    def run(python: str) -> subprocess.CompletedProcess:
        (tmp_path / "python").write_text(python)
        (tmp_path / "python").chmod(0o755)
        command = ["make", "setup", f"PYTHON={tmp_path / 'python'}"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run


def test_the_package_that_is_missing_is_named(make, tmp_path):
    done = make(PYTHON.format(ensurepip="exit 1", python=sys.executable))
    assert done.returncode
    assert "apt install python3-venv" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_an_environment_that_is_not_whole_is_made_again(make, tmp_path):
    for _ in range(2):
        done = make(PYTHON.format(ensurepip="exit 0", python=sys.executable))
        assert done.returncode
        assert "-m venv .venv" in done.stdout
        assert not (tmp_path / ".venv/bin/python").is_symlink()
