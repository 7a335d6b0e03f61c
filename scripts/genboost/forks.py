"""Work that is shared out to processes of this machine, which are copies of the one that asks."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from genboost.errors import UserError

Item, Result = TypeVar("Item"), TypeVar("Result")
_work: Callable = None  # type: ignore[assignment]  # of a copy, since a closure cannot be sent


def each(work: Callable[[Item], Result], items: Sequence[Item], processes: int) -> Iterator[Result]:
    """Yield what a function returns for each of some items, in their order.

    With more than one process, copies of this one work. What they change in themselves is lost: all
    that counts must be returned. They end when this process does, however that happens. Outside
    Linux, whose libraries alone can be trusted in a copy, this process works alone.

    Raises
    ------
    UserError
        If a process was killed.
    """
    processes = min(processes, len(items)) if sys.platform == "linux" else 1
    if processes <= 1:
        yield from map(work, items)
        return
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, fork, _begin, (work,)) as pool:
        try:
            yield from pool.map(_do, items)
        except BrokenProcessPool:
            raise UserError(
                f"one of {processes} processes was killed, perhaps for want of memory: give the "
                "step more memory or fewer cores (`resources`), then run again"
            ) from None


def _begin(work: Callable) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends a copy in silence: the first one speaks
    threading.Thread(target=_end_with_the_first, daemon=True).start()


def _do(item: Item) -> Result:
    return _work(item)


def _end_with_the_first() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
