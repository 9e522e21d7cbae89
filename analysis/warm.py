"""Compiling the kernels before they are needed: every command after it starts fast."""

from dataclasses import replace
from pathlib import Path
from typing import Any


def compiled() -> bool:
    """Whether the driver, which takes longest, lies in the cache."""
    from simcore.kernels import driver

    drive: Any = driver.drive
    folder = drive.stats.cache_path
    return bool(folder) and any(Path(folder).glob("driver.drive*.nbi"))


def compile_kernels() -> Path | None:
    """Run a little of everything compiled.

    Returns
    -------
    Path or None
        The folder of the cache; None where it cannot be written.
    """
    from scenarios.loader import load
    from simcore.kernels import driver
    from simcore.simulation import replay, simulate

    for innovation in ("normal", {"student_t": 5}):
        scenario = load("three_assets", overrides={"simulation.paths": 1024, "universe.innovation": innovation})
        plan = replace(scenario.plan, steps=2)
        simulate(scenario.cases, plan, threads=1)
        replay(scenario.cases[0], plan, [0])
    drive: Any = driver.drive
    folder = drive.stats.cache_path
    return Path(folder).parent if folder else None
