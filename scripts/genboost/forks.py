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
# Of a copy, which has them from the start: closures, and much else, cannot be sent.
_work: Callable
_items: Sequence


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
    with ProcessPoolExecutor(processes, fork, _begin, (work, items)) as pool:
        try:
            yield from pool.map(_do, range(len(items)))
        except BrokenProcessPool:
            raise UserError(
                f"one of {processes} processes was killed, perhaps for want of memory: give the "
                "step more memory or fewer cores (`resources`), then run again"
            ) from None


def _begin(work: Callable, items: Sequence) -> None:
    global _work, _items
    _work, _items = work, items
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends a copy in silence: the first one speaks
    threading.Thread(target=_end_with_the_first, daemon=True).start()


def _do(place: int) -> Result:
    return _work(_items[place])


def _end_with_the_first() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
