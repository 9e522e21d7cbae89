"""What positions are worth from step to step: losses are values at the horizon, and these are all the way there.

Log returns of steps compound; simple ones add up, since the exposure is held constant; a jump comes before the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simcore.case import Case, Plan
from simcore.limits import LARGEST_RETURN
from simcore.pools import Position
from simcore.simulation import replay

Floats = NDArray[np.float64]

MOST_TIMES = 260  # a year of days, and no more than a picture can show


def values_over_time(
    case: Case, plan: Plan, positions: Sequence[Position], paths: int, *, threads: int | None = None
) -> tuple[Floats, Floats]:
    """What positions are worth together at the start, after a jump if there is one, and after steps.

    Parameters
    ----------
    case : Case
    plan : Plan
    positions : sequence of Position
        Of the case.
    paths : int
        How many, from the first.
    threads : int, optional
        As of `simcore.replay`.

    Returns
    -------
    time : ndarray, shape (k,), years
        All steps, or some at equal distances, the last among them.
    values : ndarray, shape (paths, k), currency

    Raises
    ------
    CapacityError
        When the returns of these paths cannot fit into memory.
    """
    market = case.market
    net: dict[int, Fraction] = {}
    for position in positions:
        asset = market.numbers[position.asset]
        net[asset] = net.get(asset, Fraction(0)) + Fraction(position.value)
    returns = replay(case, plan, np.arange(paths), threads=threads).returns
    assert returns is not None
    steps = np.unique(np.linspace(0, plan.steps, min(plan.steps, MOST_TIMES) + 1).round().astype(int))[1:]
    jumps = any(market.jump[asset] and value for asset, value in net.items())
    before = 2 if jumps else 1
    values = np.zeros((paths, before + len(steps)))
    for asset, amount in net.items():
        start = float(amount)
        after = start * (1.0 + float(market.jump[asset]))
        total = returns[:, :, asset].cumsum(axis=1)[:, steps - 1]
        if market.compounding == "log":
            total = np.expm1(np.clip(total, -LARGEST_RETURN, LARGEST_RETURN))  # as losses
        values[:, 0] += start
        values[:, 1:] += after
        values[:, before:] += after * total
    time = np.concatenate([np.zeros(before), steps * (plan.horizon / plan.steps)])
    return time, values
