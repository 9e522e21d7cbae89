"""Compiling the kernels before they are needed: every command after it starts fast."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

from simcore.case import Precision


def compiled(precision: Precision) -> bool:
    """Whether the driver, which takes longest, lies in the cache; for single precision a second one."""
    from simcore.kernels import driver

    drive: Any = driver.drive
    folder = drive.stats.cache_path
    return bool(folder) and len(list(Path(folder).glob("driver.drive*.nbc"))) > (precision == "single")


def compile_kernels(precisions: Sequence[Precision] = get_args(Precision)) -> Path | None:
    """Run a little of everything compiled.

    Parameters
    ----------
    precisions : sequence of {"double", "single"}
        The driver is compiled for each.

    Returns
    -------
    Path or None
        The folder of the cache; None where it cannot be written.
    """
    from scenarios.loader import load
    from simcore.kernels import driver
    from simcore.simulation import replay, simulate

    for precision, innovation in product(precisions, ("normal", {"student_t": 5})):
        scenario = load("three_assets", overrides={"simulation.paths": 1024, "universe.innovation": innovation})
        plan = replace(scenario.plan, steps=2, precision=precision)
        simulate(scenario.cases, plan, threads=1)
        replay(scenario.cases[0], plan, [0])
    drive: Any = driver.drive
    folder = drive.stats.cache_path
    return Path(folder).parent if folder else None
