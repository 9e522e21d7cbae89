"""Which figures exist: the law and the net exposures decide, never the sample.

A sample always has a mean, a volatility and an ES; a law need not. exp of a Student-t return has no mean, so under
log compounding a sample's volatility only grows with the number of paths.
"""

from collections.abc import Sequence
from fractions import Fraction

from simcore.case import Case
from simcore.market import Market, StudentT
from simcore.pools import Position

_LOG_STUDENT_T = "under log compounding with Student-t returns"
NO_MOMENT = f"does not exist: gross returns have no mean {_LOG_STUDENT_T}"
NO_TAIL_MEAN = f"does not exist: the loss of a net short exposure has no mean {_LOG_STUDENT_T}"
NO_EXPECTATION = f"does not exist: there is no expected loss to be relative to {_LOG_STUDENT_T}"
NO_FOURTH_MOMENT = "no standard error: Student-t returns with 4 or fewer degrees of freedom have no fourth moment"


def risky_exposures(case: Case, positions: Sequence[Position]) -> dict[str, float]:
    """The net exposure of `positions` to each asset that has risk, in the currency.

    Assets of volatility 0 and exposures that cancel exactly are left out: nothing left means riskless.
    """
    risky = {name for name, scale in zip(case.market.names, case.market.scale, strict=True) if scale > 0.0}
    net: dict[str, Fraction] = {}
    for position in positions:
        if position.asset in risky:
            written = Fraction(repr(float(position.value)))  # 0.1 + 0.2 - 0.3 cancel as the decimals that they are
            net[position.asset] = net.get(position.asset, Fraction(0)) + written
    return {asset: float(amount) for asset, amount in net.items() if amount}


def why_no_value(market: Market, exposures: dict[str, float], measure: str) -> str:
    """Why `measure` does not exist for a node with these risky exposures; empty when it does."""
    unbounded = market.compounding == "log" and isinstance(market.dependence, StudentT) and bool(exposures)
    if unbounded and measure in ("mean", "volatility"):
        return NO_MOMENT
    if unbounded and measure == "expected_shortfall" and min(exposures.values()) < 0.0:
        return NO_TAIL_MEAN
    return ""


def why_no_error(market: Market, exposures: dict[str, float], measure: str) -> str:
    """Why `measure`, which exists, has no standard error; empty when it has one.

    The mean and ES of Student-t returns always have one: their variance is finite, since dof > 2.
    """
    law = market.dependence
    if measure == "volatility" and exposures and isinstance(law, StudentT) and law.dof <= 4.0:
        return NO_FOURTH_MOMENT
    return ""
