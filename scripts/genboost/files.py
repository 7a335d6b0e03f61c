"""Files that are either whole or not there."""

import contextlib
import os
import re
import stat
from collections.abc import Collection
from pathlib import Path

from genboost.errors import UserError

ROOT = Path(__file__).parents[2]
"""The project's folder."""


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write a file so that a reader, or a run killed at any moment, never sees a part of it.

    The content goes to a temporary file in the same folder, which then takes the name in one step.

    Raises
    ------
    UserError
        If it can't be written; what was there before is there still.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(temporary, content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; free space or fix the permissions, "
            "then run again"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _write(path: Path, content: bytes) -> None:
    """Write a file that has no name before it is complete: of a killed process nothing is left."""
    try:
        with open(os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            path.unlink(missing_ok=True)
            # Without a dir_fd, Python would link the link in /proc and not the file.
            os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno())
    except (AttributeError, OSError):  # not Linux, or a file system that cannot, such as NFS
        path.write_bytes(content)


def no_regular_file(path: str | Path) -> str | None:
    """Say why a path (with ``~`` for the home folder) is not that of a file, or return None."""
    try:
        mode = os.stat(os.path.expanduser(path)).st_mode
    except FileNotFoundError:
        return "no such file"
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    return None if stat.S_ISREG(mode) else "is not a regular file"


def delete_stale(folder: str | Path, pattern: str, current: Collection[str]) -> None:
    """Delete the files of a folder whose whole name matches a pattern, but for the current ones.

    There may be no such folder.
    """
    for path in Path(folder).glob("*"):
        if re.fullmatch(pattern, path.name) and path.name not in current:
            path.unlink()
