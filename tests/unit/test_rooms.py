"""Imports point one way: each room of the library uses those before it, and none after it."""

import ast
from pathlib import Path

import pytest

from genboost import code_digest

LIBRARY = code_digest.SCRIPTS / "genboost"
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


def room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def test_every_room_has_its_place():
    there = {room(path) for path in LIBRARY.rglob("*.py")} - {"__init__"}
    assert there == set(ROOMS)


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_uses_those_before_it_only(name):
    before = BASE if name in BASE else ROOMS[: ROOMS.index(name) + 1]
    for path in LIBRARY.rglob("*.py"):
        if room(path) == name:
            used = {room(file) for file in code_digest._read(path)[0]} - {"__init__"}
            assert used <= set(before), path


def test_no_module_is_long():
    long = [path for path in LIBRARY.rglob("*.py") if len(path.read_text().splitlines()) > 425]
    assert long == []


def test_every_door_says_what_is_inside():
    for path in LIBRARY.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path
