"""The choice of an engine for the device, the models and this machine."""

import sys
import time
from collections.abc import Collection, Iterator
from functools import partial

from genboost.errors import UserError
from genboost.study.cells import Cell
from genboost.train.engines import gpus
from genboost.train.engines.policy import by_kernel, mistakes
from genboost.train.problem import Engine, Group, Problem


def choose(engine: str, device: str, cells: Collection[Cell], threads: int = 1) -> Engine:
    """Resolve ``auto``, and make the engine ready.

    Parameters
    ----------
    engine : ``auto``, ``simd`` or ``torch``
    device : ``auto``, ``cpu`` or ``cuda``
    cells
        The cells of the models to train.
    threads
        The processor cores to use.

    Raises
    ------
    UserError
        If these do not fit together, or not this machine.
    """
    for key, mistake in mistakes(engine, cells):
        raise UserError(f"{'.'.join(key)}: {mistake}")
    if engine == "simd" and device == "cuda":
        raise UserError("execution.engine: simd runs on the CPU; set execution.device to cpu")
    if device == "auto":
        device = "cuda" if engine != "simd" and _gpu_was_given() else "cpu"
    elif device == "cuda" and not _gpu_works():
        raise UserError("execution.device: cuda, but torch finds no GPU; set it to cpu or auto")
    if by_kernel(engine, device, cells):
        from genboost.train.engines import kernel_build, simd_engine

        try:
            return simd_engine.start(threads)
        except kernel_build.KernelUnavailable as reason:
            if engine == "simd":
                raise UserError(f"execution.engine: simd, but {reason}") from None
            print(f"the torch engine does the work, many times slower: {reason}", file=sys.stderr)
    return _torch(device, threads)


def _torch(device: str, threads: int) -> Engine:
    import torch

    from genboost.train.engines import torch_engine

    torch.set_num_threads(threads)
    return Engine(
        f"torch {torch.__version__}", device, partial(_in_one_group, torch_engine, device)
    )


def _in_one_group(torch_engine, device: str, problem: Problem) -> Iterator[Group]:
    started = time.perf_counter()
    outcome = torch_engine.train(problem, device)
    yield Group(range(len(problem.optimizer)), outcome, time.perf_counter() - started)


def _gpu_was_given() -> bool:
    """Say whether this job may use a GPU, without the second that importing torch costs."""
    return bool(gpus.visible()) and _gpu_works()


def _gpu_works() -> bool:
    import torch

    return torch.cuda.is_available()
