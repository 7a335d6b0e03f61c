"""Files are whole or not there."""

import os

import pytest

from genboost.files import write_atomically


def test_writes_text_and_bytes_and_makes_the_folder(tmp_path):
    write_atomically(tmp_path / "a/b/text", "ρ\n")
    write_atomically(str(tmp_path / "bytes"), b"\x00\r\n")
    assert (tmp_path / "a/b/text").read_bytes() == "ρ\n".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\x00\r\n"


def test_replaces_a_file_in_one_step_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with path.open() as reader:
        write_atomically(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("failing", ["replace", "write"])
def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, failing):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*arguments):
        raise OSError("no space left")

    if failing == "replace":
        monkeypatch.setattr(os, "replace", fail)
    else:
        monkeypatch.setattr(type(path), "write_bytes", fail)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
