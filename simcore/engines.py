"""Who runs the ranges of blocks: threads of this process.

An engine maps a task over items, in any order and anywhere, and gives the results in the order of the items. Ranges of
batches, (first, last), it may cut finer and give in any order. The
name of a task says what it does, for whoever shows progress.
Kernels release the interpreter lock, so threads are enough; no result depends on which engine ran it.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from simcore.border import is_whole
from simcore.errors import InputError, Problem, show

Engine = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(count: Any = None) -> Engine:
    """An engine of `count` threads.

    Parameters
    ----------
    count : int, optional
        All processors when absent.

    Returns
    -------
    callable
        Task and items to the results, in the order of the items.

    Raises
    ------
    InputError
        When `count` is no whole number from 1 to 1024.
    """
    if count is None:
        count = available_threads()
    if not is_whole(count) or not 1 <= count <= 1024:
        remedy = f"leave it out for all {available_threads()} processors"
        raise InputError([Problem("threads", show(count), "a whole number from 1 to 1024", remedy)])

    def engine(task: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        if count == 1 or len(items) == 1:
            return [task(item) for item in items]
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(task, items))

    return engine
