"""The JSON document of a run: the table, and where it comes from."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import simcore
from analysis.comparison import Row

if TYPE_CHECKING:
    from scenarios.build import Scenario


def document_of(
    scenario: Scenario, rows: Sequence[Row], *, threads: int, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """What ``simcore run --json`` prints, before it is turned into text.

    Parameters
    ----------
    scenario : scenarios.Scenario
    rows : sequence of Row
        As `analysis.rows` gives them.
    threads : int
    seconds : mapping
        Wall time of ``simulation`` and ``summaries``, in seconds.

    Returns
    -------
    dict
        Strings, whole numbers, finite floats and None only, so that strict JSON can hold it.
    """
    versions = {package: importlib.metadata.version(package) for package in ("numpy", "numba", "scipy")}
    return {
        "scenario": scenario.name,
        "paths": scenario.plan.paths,
        "seed": scenario.plan.seed,
        "provenance": {
            "digest": scenario.digest,
            "versions": {"simcore": simcore.__version__, **versions, "python": platform.python_version()},
            "cpu": cpu_name(),
            "threads": threads,
            "seconds": {part: round(time, 6) for part, time in seconds.items()},
        },
        "rows": [row._asdict() for row in rows],
    }


def cpu_name() -> str:
    """What the processor calls itself; its architecture where it does not say."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            named = (line.partition(":")[2].strip() for line in file if line.startswith("model name"))
            return next(named, "") or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()
