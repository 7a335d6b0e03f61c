"""Files are whole or not there."""

import errno
import os
import re
from pathlib import Path

import pytest

from genboost.errors import UserError
from genboost.files import delete_stale, write_atomically


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

    def fail(self, *arguments):
        if failing == "write":
            self.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*(os, "replace") if failing == "replace" else (Path, "write_bytes"), fail)
    with pytest.raises(UserError, match=re.escape(f"cannot write {path}: No space left on")):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_place_that_no_file_can_be_in(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*: (Not a directory|File exists)"):
        write_atomically(tmp_path / "file/below/it", "new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*folder: Is a directory"):
        write_atomically(tmp_path / "folder", "new")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_only_what_is_out_of_date_is_deleted(tmp_path):
    for name in ("made-1.md", "made-2.md", "made-3.md~", "my-made-1.md"):
        (tmp_path / name).touch()
    delete_stale(tmp_path, r"made-\d\.md", ["made-2.md"])
    assert sorted(os.listdir(tmp_path)) == ["made-2.md", "made-3.md~", "my-made-1.md"]
