"""How large losses and returns may get, so that their squares and sums stay numbers.

Inside these limits nothing overflows or underflows; a case beyond them is refused before anything is drawn.
"""

import math

import numpy as np

from simcore.case import Case, Plan
from simcore.errors import Problem

LARGEST_RETURN = 300.0  # log returns saturate beyond
SMALLEST_LOSS, LARGEST_LOSS = 1e-140, 1e145  # of ten standard deviations; squares of both, and their sums, are normal


def check_limits(case: Case, plan: Plan) -> list[Problem]:
    """What in a case is too large or too small to be computed over the plan's horizon.

    Ten standard deviations and the drift of each log return stay within `LARGEST_RETURN`, and what each position
    loses by them, and at once by a jump, is 0 or between `SMALLEST_LOSS` and `LARGEST_LOSS`.
    """
    market = case.market
    with np.errstate(over="ignore", invalid="ignore"):
        drift, spread = np.abs(market.drift) * plan.horizon, 10.0 * market.scale * math.sqrt(plan.horizon)
    reach = drift + spread
    remedy = "shorten the horizon, or check the units: 20 % a year is 0.20, one month is 1 / 12 of a year"
    largest = LARGEST_RETURN if market.compounding == "log" else LARGEST_LOSS
    problems = [
        Problem(
            f"Market.scale[{i}] ({case.name}, {market.names[i]})",
            f"{market.scale[i]:.6g}, with drift {market.drift[i]:.6g} over {plan.horizon:.6g} years",
            f"drift and ten standard deviations of the return over the horizon within {largest:g}",
            remedy,
        )
        for i in np.flatnonzero(~(reach <= largest))
    ]
    if problems:
        return problems
    for j, position in enumerate(case.pools.positions):
        asset = market.numbers[position.asset]
        size = float(reach[asset])
        grown = math.exp(size) if market.compounding == "log" and size > 1.0 else size
        jump = float(market.jump[asset])
        loss, at_once = abs(position.value) * (1.0 + jump) * grown, abs(position.value) * abs(jump)
        if at_once > LARGEST_LOSS or (position.value and size and not SMALLEST_LOSS <= loss <= LARGEST_LOSS):
            allowed = f"losses from {SMALLEST_LOSS:g} to {LARGEST_LOSS:g} in size"
            place = f"PoolTree.positions[{j}].value ({case.name}, {position.name})"
            problems.append(Problem(place, f"{position.value:g}", allowed, "use another unit of the currency"))
    return problems
