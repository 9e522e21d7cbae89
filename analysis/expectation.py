"""The exact expected loss of a node, from the law and not from the sample.

Figures relative to the mean subtract it: a constant, so it adds no simulation error.
"""

import math
from collections.abc import Sequence
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from analysis.existence import risky_exposures
from simcore.case import Case, Plan
from simcore.dependence import Bootstrap, dof_of
from simcore.pools import Position
from simcore.summary import tree_sum


def expected_loss(case: Case, plan: Plan, positions: Sequence[Position]) -> float | None:
    """E[loss] of `positions` together, over the plan's horizon.

    Parameters
    ----------
    case : Case
    plan : Plan
    positions : sequence of Position
        Of the case.

    Returns
    -------
    float, currency, or None
        None where it does not exist: under log compounding with Student-t returns, for what has risk.

    Notes
    -----
    E[loss] = -V (exp((drift + scale^2 / 2) h) - 1) under log compounding with normal returns, -V drift h under simple;
    with a jump, that of V (1 + jump), and -V jump. Of a bootstrap under log compounding it is the expectation over all
    walks through the history.
    Positions that offset exactly under a law without an expectation have the sum of the others.
    """
    market = case.market
    log = market.compounding == "log"
    if log and dof_of(market.dependence) is not None:
        if risky_exposures(case, positions):
            return None
        positions = [position for position in positions if market.scale[market.numbers[position.asset]] == 0.0]
    losses = []
    for position in positions:
        j = market.numbers[position.asset]
        drift, scale, jump = float(market.drift[j]), float(market.scale[j]), float(market.jump[j])
        if not log:
            growth = drift * plan.horizon
        elif isinstance(market.dependence, Bootstrap):
            column = market.dependence.rows[:, j]
            growth = _growth_of_walk(column, drift, scale, market.dependence.mean_block, plan)
        else:
            growth = _growth((drift + 0.5 * (scale * scale)) * plan.horizon)
        losses.append(-position.value * (1.0 + jump) * growth - position.value * jump)
    return tree_sum(np.array(losses))


def _growth(rate: float) -> float:
    """exp(rate) - 1, in decimals: the same bits with every C library."""
    with localcontext() as context:
        context.prec = 60
        return float(Decimal(rate).exp() - 1)


def _growth_of_walk(column: NDArray[np.float64], drift: float, scale: float, mean_block: float, plan: Plan) -> float:
    """E[exp(drift h + scale sqrt(h / steps) (x_1 + ... + x_steps))] - 1 over walks through a column of a history."""
    from simcore.kernels.bootstrap import expected_growth

    work = np.empty((2, len(column)))
    unit = scale * math.sqrt(plan.horizon / plan.steps)
    walked = expected_growth(np.ascontiguousarray(column), unit, 1.0 / mean_block, plan.steps, *work)
    return walked * (1.0 + _growth(drift * plan.horizon)) - 1.0
