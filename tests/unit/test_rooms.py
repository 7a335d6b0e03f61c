"""Imports point one way: each room of the library uses those before it, and none after it."""

import ast
from pathlib import Path

import pytest

from genboost.code_digest import SCRIPTS, Code

LIBRARY = SCRIPTS / "genboost"
BASE = ["code_digest", "errors", "files", "forks", "processes", "progress", "receipts"]
ROOMS = [
    *BASE,
    "data",
    "study",
    "train",
    "predict",
    "measures",
    "analysis",
    "report",
    "rerun",
    "run",
]


CODE = Code()


def room(path: Path) -> str:
    """Return the room of a module, by its path in scripts/; of a script there is none."""
    return path.parts[1].removesuffix(".py") if len(path.parts) > 1 else ""


def test_every_room_has_its_place():
    there = {room(path) for path in CODE.files if path.suffix == ".py"} - {"__init__", ""}
    assert there == set(ROOMS)


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_uses_those_before_it_only(name):
    before = BASE if name in BASE else ROOMS[: ROOMS.index(name) + 1]
    for path in CODE.files:
        if path.suffix == ".py" and room(path) == name:
            used = {room(file) for file in CODE.read(path)[0]} - {"__init__"}
            assert used <= set(before), path


def test_no_module_is_long():
    long = [path for path in LIBRARY.rglob("*.py") if len(path.read_text().splitlines()) > 425]
    assert long == []


def test_every_door_says_what_is_inside():
    for path in LIBRARY.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path
