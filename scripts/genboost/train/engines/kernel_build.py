"""Compiling, finding and loading the kernel of the SIMD engine.

The nodes of a cluster differ, and they may share a checkout. So there is one library per
instruction set; a machine loads the best that its processor has, and never one that it has not:
the compiler's flags are the very flags that the processor must report.

The bits of a result depend on the source only, not on the compiler: it may not contract
``a * b + c``, which would be rounded once or twice as the optimizer likes (``-ffp-contract=off``),
nor reassociate or approximate (no ``-ffast-math``); the source says where a multiply-add is fused.
So avx512 and avx2 give the same bits, as does any processor with a fused multiply-add; the x86-64
baseline, which has none, gives others.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

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
NAMES = (  # of enumerations; a switch that leaves one out is an error
    f"-DOPTIMIZERS={','.join(kernel.OPTIMIZERS).upper()}",
    f"-DACTIVATIONS={','.join(kernel.ACTIVATIONS).upper()}",
    "-Werror=switch",
)


class KernelUnavailable(Exception):  # noqa: N818 - a fact to act on, more than an error
    """There is no kernel that this machine could run; the message says why."""


def folder() -> Path:
    """Return where libraries are kept: $GENBOOST_KERNEL_DIR, or build/kernel in the checkout."""
    return Path(os.environ.get("GENBOOST_KERNEL_DIR") or SOURCES.parents[4] / "build" / "kernel")


def levels() -> list[str]:
    """Return the levels that there are for this machine's architecture, best first."""
    return list(X86_LEVELS) if platform.machine() in ("x86_64", "AMD64") else [BASELINE]


def supported_levels(cpuinfo: str = "/proc/cpuinfo") -> list[str]:
    """Return the levels that this machine's processor can run, best first.

    All give the same bits: one that can fuse a multiply-add does not fall back to the baseline.
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


def library(level: str, dtype: str = "float32") -> Path:
    """Return the path of a library, whether built or not.

    Its name has a digest of all that its content depends on but the compiler's version.
    """
    digest = hashlib.sha256(repr(flags(level, dtype)).encode())
    for source in sorted(SOURCES.glob("*.[ch]")):
        digest.update(source.read_bytes())
    name = f"{platform.machine()}-{level}-{dtype}-{digest.hexdigest()[:16]}.so"
    return folder() / name


def is_available() -> bool:
    """Say whether a kernel is there or a compiler that could build it; neither is tried."""
    try:
        return library(supported_levels()[0]).exists() or bool(compiler())
    except KernelUnavailable:
        return False


def build(level: str, dtype: str = "float32") -> Path:
    """Compile the kernel, unless that has been done.

    Processes may do so at the same time: each compiles to a file of its own, which then takes the
    name in one step.

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
        If there is no compiler, it fails, or the folder cannot be written.
    """
    target = library(level, dtype)
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".so", prefix=".", dir=target.parent)
    except OSError as error:
        raise KernelUnavailable(f"the kernel cannot be kept in {target.parent}: {error}") from None
    os.close(handle)
    try:
        compile_kernel(Path(temporary), flags(level, dtype))
        os.chmod(temporary, 0o755)
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


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

    Where it can neither be found nor built, as with a compiler that is too old for it, the next
    level does.

    Parameters
    ----------
    dtype : ``float32`` or ``float64``
    level
        This one and no other.

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
        except OSError as error:  # built against another C library
            reasons.append(f"the kernel cannot be loaded: {error}")
    raise KernelUnavailable(reasons[0])


def flags(level: str, dtype: str) -> tuple[str, ...]:
    """Return the compiler's options for a library."""
    machine = tuple(f"-m{flag}" for flag in X86_LEVELS[level])
    return (*FLAGS, *NAMES, *machine, *(["-DDOUBLE"] if dtype == "float64" else []))


def compiler() -> list[str]:
    """Return the command of a C compiler: $CC, or the first that there is of cc, gcc and clang.

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
