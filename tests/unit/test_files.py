"""Files are whole or not there."""

import errno
import os
import re
import resource
import signal
import subprocess
import sys

import pytest

from genboost.errors import UserError
from genboost.files import ROOT, delete_stale, write_atomically

SCRIPTS = ROOT / "scripts"


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


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2, limits[1]))
    try:
        with pytest.raises(UserError, match=re.escape(f"cannot write {path}: File too large")):
            write_atomically(path, "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_that_does_not_take_the_name_leaves_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UserError, match=re.escape(f"cannot write {path}: Input/output error")):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_where_files_must_have_names_they_are_written_all_the_same(tmp_path, monkeypatch):
    """As on NFS, or on macOS, which has no such flag."""
    monkeypatch.delattr(os, "O_TMPFILE")
    test_replaces_a_file_in_one_step_and_leaves_nothing_else(tmp_path)


def test_a_process_killed_while_it_writes_leaves_the_old_file_and_no_litter(tmp_path):
    """The system kills it, when half of the file is written."""
    path = tmp_path / "file"
    path.write_text("old")
    code = (
        "import resource, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from genboost.files import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        "write_atomically(sys.argv[2], b'x' * (2 << 20))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SCRIPTS), str(path)])
    assert done.returncode == -signal.SIGXFSZ
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
