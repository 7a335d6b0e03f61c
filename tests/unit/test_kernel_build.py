"""Compiling and finding the kernel: never a wrong one, never half of one."""

import ctypes
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genboost.train.engines import kernel_build
from genboost.train.engines.kernel_build import BASELINE, X86_LEVELS, KernelUnavailable

SCRIPTS = Path(kernel_build.__file__).parents[3]
X86 = set(kernel_build.levels()) == set(X86_LEVELS)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Return the folder of libraries; neither it nor its stand-ins are the user's."""
    monkeypatch.setenv("GENBOOST_KERNEL_DIR", str(tmp_path / "kernel"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)  # or Python would not ask again
    (tmp_path / "temporary").mkdir()
    return tmp_path / "kernel"


@pytest.fixture
def unwritable(folder):
    """Make it impossible to write the folder, even for root."""
    folder.touch()


@pytest.fixture
def built(unoptimized, folder):
    """Return a library that this process has not loaded."""
    lanes_of_a_new_process()
    return folder / kernel_build.library(BASELINE)


def lanes_of_a_new_process(**environment):
    """Load the kernel's baseline in a process of its own and return what that one says."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from genboost.train.engines import kernel_build; "
        "print(kernel_build.load(level=kernel_build.BASELINE)[0].genboost_lanes())"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(SCRIPTS)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")


needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler"
)
unoptimized = pytest.mark.usefixtures("unoptimized")


@pytest.mark.skipif(not X86, reason="levels are of x86-64")
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (X86_LEVELS["avx512"], ["avx512", "avx2"]),
        (X86_LEVELS["avx2"], ["avx2"]),
        (("sse4_2", "avx"), [BASELINE]),
        (("avx2",), [BASELINE]),
        *(([f for f in X86_LEVELS["avx512"] if f != "fma"], [BASELINE]),),
        *(
            ([f for f in X86_LEVELS["avx512"] if f != missing], ["avx2"])
            for missing in ("avx512f", "avx512bw", "avx512dq", "avx512vl")
        ),
    ],
)
def test_a_level_needs_all_of_its_flags(flags, expected, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        f"processor\t: 0\nmodel name\t: avx512\nflags\t\t: fpu {' '.join(flags)}\n\n"
    )
    assert kernel_build.supported_levels(str(cpuinfo)) == expected


def test_the_baseline_is_for_machines_that_say_nothing(tmp_path):
    assert kernel_build.supported_levels(str(tmp_path / "none")) == [BASELINE]


@needs_compiler
@unoptimized
def test_a_kernel_is_built_once_and_again_when_its_source_changes(folder, tmp_path, monkeypatch):
    built = kernel_build.build(BASELINE)
    when = built.stat().st_mtime_ns
    assert kernel_build.build(BASELINE) == built
    assert built.stat().st_mtime_ns == when
    sources = shutil.copytree(kernel_build.SOURCES, tmp_path / "sources")
    with open(sources / "layers.h", "a") as file:
        file.write("int genboost_changed;\n")
    monkeypatch.setattr(kernel_build, "SOURCES", sources)
    again = kernel_build.build(BASELINE)
    assert again != built
    assert ctypes.c_int.in_dll(ctypes.CDLL(str(again)), "genboost_changed").value == 0


@needs_compiler
@unoptimized
@pytest.mark.parametrize("name", ["OPTIMIZERS", "ACTIVATIONS"])
def test_a_name_without_its_arithmetic_is_not_compiled(folder, monkeypatch, name):
    names = [f"{flag},MORE" if f"-D{name}=" in flag else flag for flag in kernel_build.NAMES]
    monkeypatch.setattr(kernel_build, "NAMES", names)
    with pytest.raises(KernelUnavailable, match="MORE"):
        kernel_build.build(BASELINE)


@needs_compiler
def test_levels_and_types_have_libraries_of_their_own():
    names = {
        kernel_build.library(level, dtype)
        for level in kernel_build.levels()
        for dtype in ("float32", "float64")
    }
    assert len(names) == 2 * len(kernel_build.levels())


@needs_compiler
@unoptimized
def test_processes_may_build_at_the_same_time(folder):
    with ThreadPoolExecutor() as executor:
        done = [executor.submit(lanes_of_a_new_process) for _ in range(3)]
    assert {each.result().stdout.strip() for each in done} == {"4"}
    assert [path.suffix for path in folder.iterdir()] == [".so"]  # and nothing half done


def cut_short(library):
    os.truncate(library, library.stat().st_size // 2)


def emptied(library):
    os.truncate(library, 0)


def altered(library):
    content = bytearray(library.read_bytes())
    content[len(content) // 2] ^= 1
    library.write_bytes(content)


@needs_compiler
@pytest.mark.parametrize("damage", [cut_short, emptied, altered])
def test_a_damaged_kernel_is_built_again(damage, built):
    content = built.read_bytes()
    damage(built)
    done = lanes_of_a_new_process()
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done
    assert built.read_bytes() == content


@needs_compiler
def test_a_damaged_kernel_without_a_compiler_is_not_loaded(built, monkeypatch, no_compiler):
    monkeypatch.setattr(kernel_build, "supported_levels", lambda: [BASELINE])
    assert kernel_build.is_available()
    cut_short(built)
    assert not kernel_build.is_available()
    done = lanes_of_a_new_process(PATH="/nonexistent", CC="")
    assert "KernelUnavailable: there is no C compiler" in done.stderr


@needs_compiler
def test_a_library_that_cannot_be_loaded_here_is_left_to_others(built, tmp_path):
    """As on a node whose C library differs from the building machine's."""
    foreign = kernel_build._sealed(b"not a library of this system")
    built.write_bytes(foreign)
    assert kernel_build.build(BASELINE) == tmp_path / "cache/genboost-kernel" / built.name
    assert built.read_bytes() == foreign
    assert lanes_of_a_new_process().stdout.strip() == "4"


@needs_compiler
@unoptimized
def test_where_the_folder_cannot_be_written_the_user_s_cache_takes_its_place(unwritable, tmp_path):
    built = kernel_build.build(BASELINE)
    assert built.parent == tmp_path / "cache/genboost-kernel"
    assert stat.S_IMODE(built.parent.stat().st_mode) == 0o700
    done = lanes_of_a_new_process(PATH="/nonexistent", CC="")
    assert done.stdout.strip() == "4"  # it is found there without a compiler


@needs_compiler
@unoptimized
def test_a_home_that_cannot_be_written_leaves_the_temporary_files(unwritable, tmp_path):
    (tmp_path / "cache").touch()
    built = kernel_build.build(BASELINE)
    assert built.parent == tmp_path / "temporary" / f"genboost-kernel-{os.getuid()}"
    assert stat.S_IMODE(built.parent.stat().st_mode) == 0o700


@needs_compiler
@unoptimized
@pytest.mark.parametrize(
    "place", ["cache/genboost-kernel", f"temporary/genboost-kernel-{os.getuid()}"]
)
@pytest.mark.parametrize("way", ["writable", "link", "foreign"])
def test_what_others_could_have_put_there_is_not_loaded(place, way, unwritable, tmp_path):
    if place.startswith("temporary"):
        (tmp_path / "cache").touch()
    theirs = tmp_path / place
    theirs.parent.mkdir(exist_ok=True)
    if way == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        theirs.symlink_to(tmp_path / "elsewhere")
    else:
        theirs.mkdir(mode=0o700)
    if way == "writable":
        theirs.chmod(0o777)
    if way == "foreign":
        if os.getuid():
            pytest.skip("only root can give files away")
        os.chown(theirs, 65534, 65534)
    assert theirs not in kernel_build.folders()
    name = kernel_build.library(BASELINE)
    (theirs / name).write_bytes(kernel_build._sealed(b"a trap"))
    if place.startswith("cache"):
        assert kernel_build.build(BASELINE).parent.parent == tmp_path / "temporary"
    else:
        with pytest.raises(KernelUnavailable, match="cannot write"):
            kernel_build.build(BASELINE)
    assert os.listdir(theirs) == [name]


@needs_compiler
@unoptimized
def test_a_built_kernel_needs_no_compiler(folder, monkeypatch):
    kernel_build.build(BASELINE)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    assert kernel_build.load(level=BASELINE)[0].genboost_lanes() == 4


def test_no_compiler_and_no_kernel(folder, no_compiler):
    with pytest.raises(KernelUnavailable, match="no C compiler"):
        kernel_build.load()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("compiler", "message"),
    [
        ("/nonexistent/cc", "cannot be run"),
        ("false", "failed"),
        ("true", "cannot be compiled"),
    ],
)
def test_a_compiler_that_does_not_work(compiler, message, folder, monkeypatch):
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(KernelUnavailable, match=message):
        kernel_build.load()
    assert not folder.exists()


def test_what_cannot_be_loaded_is_not_kept(tmp_path, folder, monkeypatch):
    compiler = tmp_path / "cc"
    compiler.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho nothing > "$2"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    with pytest.raises(KernelUnavailable, match="what the compiler made cannot be loaded"):
        kernel_build.load()
    assert [path for path in tmp_path.rglob("*.so*") if path.is_file()] == []


@needs_compiler
@pytest.mark.skipif(not X86, reason="the instructions are those of x86-64")
@pytest.mark.skipif(not shutil.which("objdump"), reason="there is no objdump")
@pytest.mark.parametrize(
    ("level", "register", "foreign"),
    [("avx512", "zmm", "(?!)"), ("avx2", "ymm", r"%zmm|%k\d"), (BASELINE, "xmm", r"%[yz]mm|\tv")],
)
def test_a_library_has_the_instructions_of_its_level(level, register, foreign):
    """None that the processor may lack, and whole vectors in the arithmetic that counts."""
    command = ["objdump", "-d", "--no-show-raw-insn", str(kernel_build.build(level))]
    code = subprocess.check_output(command, text=True)
    assert not re.search(foreign, code)
    if level == BASELINE:
        assert re.search(r"\tmulps .*%xmm", code)
        assert "fmaf" not in code
    else:
        assert len(re.findall(rf"\tvfmadd\d+ps .*%{register}", code)) > 200
        # Lanes taken apart would be hundreds; the norm of one model's gradient has some.
        assert len(re.findall(r"\tv(fmadd\d+|sqrt)ss", code)) < 10


@needs_compiler
def test_the_source_has_no_warnings(tmp_path):
    flags = kernel_build.flags(kernel_build.supported_levels()[0], "float32")
    strict = ("-Wall", "-Wextra", "-Werror", "-fsyntax-only")
    kernel_build.compile_kernel(tmp_path / "kernel.so", (*flags, *strict))


def test_the_set_up_says_once_that_there_is_no_compiler(no_compiler):
    script = [sys.executable, str(SCRIPTS / "build_kernel.py")]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout == ""
    reason, consequence = done.stderr.splitlines()
    assert re.fullmatch(r"no .*baseline kernel: there is no C compiler \(.*", reason)
    assert consequence == "PyTorch will train instead, much more slowly"
