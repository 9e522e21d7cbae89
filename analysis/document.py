"""The JSON documents of runs: the table and where it comes from, and the manifest that lets it be made again."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import simcore
from analysis.bounded_tails import bounded_of
from analysis.estimation import drawn_of

if TYPE_CHECKING:
    from analysis.comparison import Row
    from analysis.runs import Run
    from scenarios.build import Scenario
    from scenarios.repairs import Repaired


def document_of(
    scenario: Scenario, rows: Sequence[Row], *, threads: int, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """What ``simcore run --json`` prints of one scenario, before it is turned into text.

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
    return {**_about(scenario, threads, seconds), "rows": [row._asdict() for row in rows]}


def document_of_all(runs: Sequence[Run]) -> dict[str, Any]:
    """What ``simcore run --json`` prints: of one scenario `document_of`, of several one document of all.

    Parameters
    ----------
    runs : sequence of Run

    Returns
    -------
    dict
        ``rows`` is the whole tidy table either way. What stands beside it for one scenario is an item of
        ``scenarios`` for several.
    """
    if len(runs) == 1:
        (run,) = runs
        return document_of(run.scenario, run.rows, threads=run.threads, seconds=run.seconds)
    return {
        "scenarios": [_about(run.scenario, run.threads, run.seconds) for run in runs],
        "rows": [row._asdict() for run in runs for row in run.rows],
    }


def manifest_of(runs: Sequence[Run], command: Sequence[str]) -> dict[str, Any]:
    """What makes the same table again.

    Parameters
    ----------
    runs : sequence of Run
    command : sequence of str
        As it was given.

    Returns
    -------
    dict
        ``command``, and of each scenario its file, the plan, the resolved scenario with its digest, versions, CPU,
        threads and seconds.
    """
    return {
        "command": list(command),
        "scenarios": [
            {
                "file": run.scenario.file,
                **_about(run.scenario, run.threads, run.seconds),
                "plan": dataclasses.asdict(run.scenario.plan),
                "resolved": run.scenario.resolved,
            }
            for run in runs
        ],
    }


def json_text(document: Mapping[str, Any]) -> str:
    """A document as strict JSON text, without a line break at its end."""
    return json.dumps(document, allow_nan=False, ensure_ascii=False, indent=2)


def cpu_name() -> str:
    """What the processor calls itself; its architecture where it does not say."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            named = (line.partition(":")[2].strip() for line in file if line.startswith("model name"))
            return next(named, "") or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def _repair(repaired: Repaired) -> dict[str, Any]:
    repair = repaired.repair
    return {
        "case": repaired.case,
        "place": repaired.place,
        "distance": repair.distance,
        "smallest_eigenvalue": repair.smallest_eigenvalue,
        "moved": [moved._asdict() for moved in repair.moved],
    }


def provenance_of(digest: str, threads: int, seconds: Mapping[str, float]) -> dict[str, Any]:
    """Where figures come from: the digest of what they were made of, versions, CPU, threads and seconds."""
    versions = {package: importlib.metadata.version(package) for package in ("numpy", "numba", "scipy")}
    return {
        "digest": digest,
        "versions": {"simcore": simcore.__version__, **versions, "python": platform.python_version()},
        "cpu": cpu_name(),
        "threads": threads,
        "seconds": {part: round(time, 6) for part, time in seconds.items()},
    }


def _about(scenario: Scenario, threads: int, seconds: Mapping[str, float]) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "paths": scenario.plan.paths,
        "seed": scenario.plan.seed,
        "provenance": {
            **provenance_of(scenario.digest, threads, seconds),
            "repairs": [_repair(repaired) for repaired in scenario.repairs],
            "estimation": drawn._asdict() if (drawn := drawn_of(scenario)) else None,
            "bounded_tails": bounded._asdict() if (bounded := bounded_of(scenario.cases, scenario.plan)) else None,
        },
    }
