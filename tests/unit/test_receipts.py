"""Receipts: an output counts as long as nothing that made it has changed."""

import json
import os

import pytest

from genboost import receipts
from genboost.errors import UserError

REQUEST = receipts.request("tables", "c0de", digits=4)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Do a step that reads two files and writes two."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.json"):
        (tmp_path / name).write_text("[1]")
    step = receipts.Step(REQUEST)
    assert step.read_json("b.json") == [1]
    assert step.reads("a.csv").read_text() == "[1]"
    step.note("records", "all of them")
    step.write("out/x.md", "x")
    step.write("out/y.md", b"y")
    step.done()
    return tmp_path


def holds(request=REQUEST, outputs=("out/x.md", "out/y.md"), records="all of them"):
    return receipts.Check({"records": records}).holds(request, list(outputs))


def test_what_was_just_made_holds(made):
    assert holds()
    assert not receipts.Check().altered(REQUEST)


@pytest.mark.parametrize("path", ["a.csv", "b.json", "out/x.md", "out/y.md"])
@pytest.mark.parametrize("damage", ["edited", "deleted", "emptied"])
def test_a_change_of_any_file_that_it_read_or_wrote_counts(made, path, damage):
    if damage == "deleted":
        os.unlink(path)
    else:
        (made / path).write_text("2" if damage == "edited" else "")
    assert not holds()
    altered = [path] if path.startswith("out") and damage != "deleted" else []
    assert receipts.Check().altered(REQUEST) == altered


def test_times_do_not_count(made):
    for path in ("a.csv", "out/x.md"):
        os.utime(path, (1, 1))
    os.utime("out/y.md")
    assert holds()


def test_another_request_another_output_or_other_records_count(made):
    assert not holds(receipts.request("tables", "other", digits=4))
    assert not holds(receipts.request("tables", "c0de", digits=3))
    assert not holds(outputs=("out/x.md", "out/z.md"))
    assert not holds(records="others")
    assert not holds(records=None)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"request": 1}', '{"outputs": []', "\xff"])
def test_a_damaged_receipt_holds_nothing_and_stops_nothing(made, content):
    receipts.path_of(REQUEST).write_text(content)
    assert not holds()
    assert receipts.Check().altered(REQUEST) == []


def test_a_step_that_is_killed_leaves_no_receipt(made):
    """Not even that of the run before: its outputs are new, though nobody altered them."""
    step = receipts.Step(REQUEST)
    step.write("out/x.md", "newer")
    assert not holds()
    assert receipts.Check().altered(REQUEST) == []


def test_what_cannot_be_read_is_said(made):
    step = receipts.Step(REQUEST)
    with pytest.raises(
        UserError, match=r"cannot read none\.json: No such file.*run snakemake again"
    ):
        step.read_json("none.json")
    (made / "b.json").write_text("[1")
    with pytest.raises(UserError, match=r"b\.json is damaged .*run snakemake again"):
        step.read_json("b.json")


def test_a_receipt_is_the_same_for_the_same_step(made):
    first = receipts.path_of(REQUEST).read_bytes()
    assert set(json.loads(first)) == {"request", "inputs", "outputs"}


def test_files_of_the_project_are_the_same_wherever_it_is(made, tmp_path, monkeypatch):
    first, second = tmp_path / "project", tmp_path / "moved"
    first.mkdir()
    (first / "deck.csv").write_text("1")
    monkeypatch.setattr(receipts, "ROOT", first)
    step = receipts.Step(REQUEST)
    step.read(first / "deck.csv")
    step.write("out/x.md", "x")
    step.done()
    assert holds(outputs=["out/x.md"])
    first.rename(second)
    assert not holds(outputs=["out/x.md"])
    monkeypatch.setattr(receipts, "ROOT", second)
    assert holds(outputs=["out/x.md"])
    (second / "deck.csv").write_text("2")
    assert not holds(outputs=["out/x.md"])
