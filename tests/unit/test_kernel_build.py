"""Compiling and finding the kernel: never a wrong one, never half of one."""

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genboost.train.engines import kernel_build
from genboost.train.engines.kernel_build import BASELINE, X86_LEVELS, KernelUnavailable

SCRIPTS = Path(kernel_build.__file__).parents[3]
X86 = set(kernel_build.levels()) == set(X86_LEVELS)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBOOST_KERNEL_DIR", str(tmp_path / "kernel"))
    return tmp_path / "kernel"


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")


needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler"
)


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
def test_processes_may_build_at_the_same_time(folder):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from genboost.train.engines import kernel_build;"
        "print(kernel_build.load(level=kernel_build.BASELINE)[0].genboost_lanes())"
    )
    command = [sys.executable, "-c", code, str(SCRIPTS)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate()[0] for process in processes}
    assert len(answers) == 1
    assert answers.pop().strip() == "4"
    assert [path.suffix for path in folder.iterdir()] == [".so"]  # and nothing half done


@needs_compiler
def test_a_built_kernel_needs_no_compiler(folder, monkeypatch):
    kernel_build.build(BASELINE)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    assert kernel_build.load(level=BASELINE)[0].genboost_lanes() == 4


def test_no_compiler_and_no_kernel(folder, no_compiler):
    with pytest.raises(KernelUnavailable, match="no C compiler"):
        kernel_build.load()
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("compiler", "message"), [("/nonexistent/cc", "cannot be run"), ("false", "failed")]
)
def test_a_compiler_that_does_not_work(compiler, message, folder, monkeypatch):
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(KernelUnavailable, match=message):
        kernel_build.load()
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENBOOST_KERNEL_DIR", str(tmp_path / "file" / "kernel"))
    with pytest.raises(KernelUnavailable, match="cannot be kept"):
        kernel_build.load()


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
