"""The process of one peer: reads a job a line from its standard input, and answers each with a line.

It times itself, around the whole work and nothing else. Its BLAS takes its threads from the environment, so they were
set before it started.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from peers import PEERS, Form

from analysis.bench_work import work


def peak_memory() -> int:
    """The most memory that this process has held, in bytes.

    Linux hands ru_maxrss down from a parent (measured: 339 MB reported by a child of 9 MB), so it is the last resort.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def answer(peer: str, seed: int, form: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """Do the work once; what JAX compiles for a size, it compiles before."""
    task, how = work(**job), Form(**form)
    if peer == "jax":
        if how.blas == 1 and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])  # its pool has a thread for each processor
        PEERS[peer](task, seed, how)
    start = time.perf_counter()
    figures = PEERS[peer](task, seed, how)
    seconds = time.perf_counter() - start
    error = None if figures.std_error is None else figures.std_error.tolist()
    return {"seconds": seconds, "peak": peak_memory(), "value": figures.value.tolist(), "std_error": error}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), flush=True)
