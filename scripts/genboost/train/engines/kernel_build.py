"""Compiling, finding and loading the kernel of the SIMD engine.

The nodes of a cluster differ, and they may share a checkout. So there is one library per
instruction set. A machine loads the best that its processor supports, and no other: the
compiler's flags are the flags that the processor must report.

The bits of a result depend only on the source, not on the compiler. It may not contract
``a * b + c``, which would then be rounded once or twice (``-ffp-contract=off``), nor reassociate or
approximate (no ``-ffast-math``); the source says where a multiply-add is fused. So avx512, avx2 and
any other processor with a fused multiply-add give the same bits; the x86-64 baseline, which lacks
it, gives others.

A library ends with its own checksum, as loading a truncated one would crash the process. A
library that is damaged, or that the system cannot load, is ignored.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from genboost.errors import UserError
from genboost.files import write_atomically
from genboost.train.engines import kernel

SOURCES = Path(__file__).parent / "kernel"

BASELINE = "baseline"
X86_LEVELS = {
    "avx512": ("avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"),
    "avx2": ("avx2", "fma"),
    BASELINE: (),
}
"""Instruction sets by name, best first: flags in /proc/cpuinfo and, after -m, of the compiler."""

FLAGS = ("-std=gnu11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fPIC", "-shared")
NAMES = (  # of enumerations; a switch without one of them is an error
    f"-DOPTIMIZERS={','.join(kernel.OPTIMIZERS).upper()}",
    f"-DACTIVATIONS={','.join(kernel.ACTIVATIONS).upper()}",
    f"-DLOSSES={','.join(kernel.LOSSES).upper()}",
    "-Werror=switch",
)


class KernelUnavailable(Exception):  # noqa: N818 - a fact to act on, more than an error
    """There is no kernel that this machine can run; the message says why."""


def folders() -> Iterator[Path]:
    """Return where libraries may be, best first.

    They are $GENBOOST_KERNEL_DIR, or build/kernel in the checkout; then a folder in the user's
    cache, and one among the temporary files. Nobody but the user may write to the last two, as a
    library is code that is run.
    """
    yield Path(os.environ.get("GENBOOST_KERNEL_DIR") or SOURCES.parents[4] / "build" / "kernel")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "genboost-kernel"
    temporary = Path(tempfile.gettempdir()) / f"genboost-kernel-{os.getuid()}"
    yield from filter(_is_private, (cache, temporary))


def _is_private(folder: Path) -> bool:
    """Make a folder if need be, and say whether only this user can write to it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


def levels() -> list[str]:
    """Return the levels of this machine's architecture, best first."""
    return list(X86_LEVELS) if platform.machine() in ("x86_64", "AMD64") else [BASELINE]


def supported_levels(cpuinfo: str = "/proc/cpuinfo") -> list[str]:
    """Return the levels that this machine's processor can run, best first.

    All give the same bits: a processor with a fused multiply-add never uses the baseline.
    """
    reported: set[str] = set()
    try:
        with open(cpuinfo) as file:
            line = next((line for line in file if line.startswith("flags")), "")
        reported.update(line.partition(":")[2].split())
    except OSError:
        pass  # not Linux: the baseline
    fusing = [level for level in levels()[:-1] if reported.issuperset(X86_LEVELS[level])]
    return fusing or [BASELINE]


def library(level: str, dtype: str = "float32") -> str:
    """Return the file name of a library.

    It holds a digest of everything that its content depends on, except the compiler's version.
    """
    digest = hashlib.sha256(repr(flags(level, dtype)).encode())
    for source in sorted(SOURCES.glob("*.[ch]")):
        digest.update(source.read_bytes())
    return f"{platform.machine()}-{level}-{dtype}-{digest.hexdigest()[:16]}.so"


def is_available() -> bool:
    """Say whether there is a kernel, or a compiler that could build it; neither is tried."""
    name = library(supported_levels()[0])
    try:
        return any(_is_whole(folder / name) for folder in folders()) or bool(compiler())
    except KernelUnavailable:
        return False


def build(level: str, dtype: str = "float32") -> Path:
    """Compile the kernel, unless there is a whole library that can be loaded.

    Several processes may do this at the same time.

    Parameters
    ----------
    level
        One of `levels`.
    dtype : ``float32`` or ``float64``
        The precision of the training.

    Returns
    -------
    Path
        The library.

    Raises
    ------
    KernelUnavailable
        If there is no compiler, it fails, or none of the `folders` can be written.
    """
    name = library(level, dtype)
    for folder in folders():
        # It does not load where the C library differs from the building machine's.
        if _is_whole(folder / name) and _fault(folder / name) is None:
            return folder / name
    content = _sealed(_compiled(level, dtype))
    reasons = []
    for folder in folders():
        path = folder / name
        if _is_whole(path):
            continue  # other machines can load it
        try:
            write_atomically(path, content)
        except UserError as reason:
            reasons.append(str(reason))
            continue
        if (fault := _fault(path)) is None:
            return path
        path.unlink(missing_ok=True)
        reasons.append(f"what the compiler made cannot be loaded: {fault}")
    raise KernelUnavailable("; ".join(reasons))


def _is_whole(path: Path) -> bool:
    """Say whether a library exists and ends with the checksum of its other bytes."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return content == _sealed(content[: -hashlib.sha256().digest_size])


def _sealed(content: bytes) -> bytes:
    """Return a library with its checksum appended, where the system's loader ignores it."""
    return content + hashlib.sha256(content).digest()


def _fault(path: Path) -> OSError | None:
    """Load a library; if that fails, return why."""
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        return error
    return None


def _compiled(level: str, dtype: str) -> bytes:
    """Compile the kernel among the temporary files and return the library."""
    try:
        with tempfile.TemporaryDirectory(prefix="genboost-kernel-") as folder:
            path = Path(folder) / "kernel.so"
            compile_kernel(path, flags(level, dtype))
            return path.read_bytes()
    except OSError as error:
        raise KernelUnavailable(f"the kernel cannot be compiled: {error}") from None


def compile_kernel(target: Path, options: tuple[str, ...]) -> None:
    """Compile the kernel to a library.

    Raises
    ------
    KernelUnavailable
        If there is no compiler, or it fails.
    """
    command = [*compiler(), *options, str(SOURCES / "kernel.c"), "-o", str(target), "-lm"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise KernelUnavailable(f"the C compiler {command[0]} cannot be run: {error}") from None
    if done.returncode:
        raise KernelUnavailable(f"{shlex.join(command)} failed:\n{done.stderr.strip()}")


def load(dtype: str = "float32", level: str | None = None) -> tuple[ctypes.CDLL, str]:
    """Load the best library that this machine's processor can run, built if need be.

    A level that can be neither found nor built, as with a compiler that is too old, is skipped.

    Parameters
    ----------
    dtype : ``float32`` or ``float64``
    level
        This level and no other.

    Returns
    -------
    (ctypes.CDLL, str)
        The library and its level.

    Raises
    ------
    KernelUnavailable
        If there is none.
    """
    reasons = []
    for candidate in [level] if level else supported_levels():
        try:
            return ctypes.CDLL(str(build(candidate, dtype))), candidate
        except KernelUnavailable as reason:
            reasons.append(str(reason))
    raise KernelUnavailable(reasons[0])


def flags(level: str, dtype: str) -> tuple[str, ...]:
    """Return the compiler's options for a library."""
    machine = tuple(f"-m{flag}" for flag in X86_LEVELS[level])
    return (*FLAGS, *NAMES, *machine, *(["-DDOUBLE"] if dtype == "float64" else []))


def compiler() -> list[str]:
    """Return the command of a C compiler: $CC, or the first found of cc, gcc and clang.

    Raises
    ------
    KernelUnavailable
        If there is none.
    """
    if command := shlex.split(os.environ.get("CC", "")):
        return command
    for name in ("cc", "gcc", "clang"):
        if path := shutil.which(name):
            return [path]
    raise KernelUnavailable("there is no C compiler (cc, gcc, clang or $CC) and no built kernel")
