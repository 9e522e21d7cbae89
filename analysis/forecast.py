"""What a run will take, said before it: memory by simcore's own estimate, seconds by running a little of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from analysis.progress import duration
from simcore.case import Case, Plan
from simcore.kernels.block import BLOCK

_LONG_SECONDS, _MUCH_BYTES = 10.0, 2**30  # beyond, a run is worth a word beforehand
_SURELY_SHORT = 5.0  # seconds: half of what is told, since a sample leaves out what grows faster than the paths
_ENOUGH_SECONDS = 0.1  # a sample that took as long tells the rate
_FIRST_SAMPLE = BLOCK


def needed_memory(cases: Sequence[Case], plan: Plan, threads: int) -> int:
    """Bytes that a run by so many threads needs, about.

    Raises
    ------
    CapacityError
        When it cannot fit; it names the largest number of paths that does.
    """
    from simcore.capacity import check_capacity, needed_bytes

    check_capacity(cases, plan, threads)
    return needed_bytes(cases, plan, threads)


def needed_seconds(
    cases: Sequence[Case], plan: Plan, threads: int, *, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds that a run by so many threads takes on this machine, about, from growing samples of it.

    At most an eighth of the run is spent on them, and hardly more than it takes to know that it is short. What a
    pilot computes is counted with it; a sample of few blocks keeps few threads busy.
    """
    from simcore.pilot import computed_paths
    from simcore.simulation import simulate

    sample = _FIRST_SAMPLE
    if plan.paths >= 8 * sample:
        simulate(cases, replace(plan, paths=sample), threads=threads)  # compiles, or loads what was compiled
    seconds = 0.0
    while plan.paths >= 8 * sample:
        part = replace(plan, paths=sample)
        began = clock()
        simulate(cases, part, threads=threads)
        took = clock() - began
        busy = min(threads, sample // BLOCK)
        seconds = took * computed_paths(plan) / computed_paths(part) * busy / threads
        if (took >= _ENOUGH_SECONDS and busy == threads) or seconds <= _SURELY_SHORT:
            break
        sample *= 8
    return seconds


def forecast(seconds: float, memory: int) -> str:
    """What to say of a run before it: time and memory in words; empty for one that is not big.

    >>> forecast(100.0, 3 * 2**20), forecast(9.0, 3 * 2**20)
    ('about 1 min 40 s and 3 MiB of memory', '')
    """
    if seconds <= _LONG_SECONDS and memory <= _MUCH_BYTES:
        return ""
    size = f"{memory / 2**30:.1f} GiB" if memory >= 2**30 else f"{max(1, round(memory / 2**20))} MiB"
    return f"about {duration(seconds)} and {size} of memory"
