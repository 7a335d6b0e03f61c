"""How things are timed: in processes of their own, on a given number of cores, in turns."""

import ctypes
import multiprocessing
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

Sample = dict[str, float]
"""What a run took: ``seconds`` by the clock, and ``cpu``, seconds of processor time."""


class Worker:
    """A process that is bound to some cores and remembers what it has imported and prepared."""

    def __init__(self, cores: int):
        os.environ["OMP_NUM_THREADS"] = str(cores)  # the new process's libraries read it
        spawn = multiprocessing.get_context("spawn")
        self.executor = ProcessPoolExecutor(1, spawn, initializer=_bind, initargs=(cores,))
        self.call(os.getpid)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function there and return what it returns."""
        return self.executor.submit(function, *arguments).result()

    def stop(self) -> None:
        """End the process."""
        self.executor.shutdown()


def _bind(cores: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def timed(function: Callable[[], Any]) -> Sample:
    """Call a function and say what it took."""
    seconds, cpu = time.perf_counter(), time.process_time()
    function()
    return {"seconds": time.perf_counter() - seconds, "cpu": time.process_time() - cpu}


def timed_command(command: list[str], folder: Path | None = None, cores: int = 1) -> Sample:
    """Run a command, its output put aside, and say what it took with all that it started.

    Its ``memory``, in bytes, is the most that any one of these processes had.

    Raises
    ------
    RuntimeError
        If it fails, with its output.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: _bind(cores),
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{output.read()}")
    return {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss * 1024,
    }


def in_turns(tasks: dict[str, Callable[[], Sample]], rounds: int) -> dict[str, list[Sample]]:
    """Run tasks in turns, so that a slow spell of the machine does not fall on one of them.

    Returns
    -------
    dict
        The samples of each task, one a round.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in tasks}
    for turn in range(rounds):
        for name, task in tasks.items():
            samples[name].append(task())
            seconds = samples[name][-1]["seconds"]
            print(f"  {turn + 1}/{rounds} {name}: {seconds:.3g} s", file=sys.stderr, flush=True)
    return samples


def minimum(samples: Iterable[Sample], key: str = "seconds") -> float:
    """Return the least of some samples."""
    return min(sample[key] for sample in samples)


def median(samples: Iterable[Sample], key: str = "seconds") -> float:
    """Return the median of some samples."""
    return statistics.median(sample[key] for sample in samples)


def peak(rounds: int = 20_000_000) -> Sample:
    """Say what a loop of nothing but multiply-adds takes on one core, and its ``flop``.

    Raises
    ------
    subprocess.CalledProcessError
        If it cannot be compiled.
    """
    loop, value = _multiply_add(), ctypes.c_float(0.5)
    flop = loop(1000, ctypes.byref(value))
    sample = timed(lambda: loop(rounds, ctypes.byref(value)))
    return {**sample, "flop": flop * rounds / 1000}


@cache
def _multiply_add() -> Callable[..., float]:
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "peak.so"
        compiler = shlex.split(os.environ.get("CC", "cc"))
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
        source = Path(__file__).with_name("peak.c")
        subprocess.run([*compiler, *flags, source, "-o", library], check=True)
        function = ctypes.CDLL(str(library)).multiply_add
    function.argtypes = [ctypes.c_long, ctypes.POINTER(ctypes.c_float)]
    function.restype = ctypes.c_double
    return function


def machine() -> dict[str, Any]:
    """Describe the machine."""
    processor, memory = platform.processor() or platform.machine(), 0
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        processor = names[0] if names else processor
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except OSError:
        pass
    return {
        "processor": processor,
        "cores": available_cores(),
        "memory_bytes": memory,
        "system": f"{platform.system()} {platform.machine()}",
    }
