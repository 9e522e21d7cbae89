"""What every pool and every position has by itself: its own figures, empty where the law of its losses has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from analysis.estimate import Estimate, riskless
from analysis.existence import NO_EXPECTATION, risky_exposures, why_no_error, why_no_value
from analysis.expectation import expected_loss
from analysis.figures import estimates_of
from simcore.case import Case, Plan
from simcore.summary import Summary

RelativeTo = Literal["start", "mean"]
Figure = tuple[str, float | None]  # a measure, and its confidence where it has one


def figures_of(confidences: Iterable[float]) -> list[Figure]:
    """The figures of a node, in the order of the table."""
    tail = [(measure, c) for c in confidences for measure in ("value_at_risk", "expected_shortfall")]
    return [("mean", None), ("volatility", None), *tail]


def standalone(
    case: Case, plan: Plan, summaries: Mapping[str, Summary], relative_to: RelativeTo
) -> dict[str, dict[Figure, Estimate]]:
    """Every figure of every node by itself, by node; empty where the law has none."""
    nodes = case.pools.names
    exposures = {node: risky_exposures(case, case.pools.positions_below(node)) for node in nodes}
    expected = _expected(case, plan) if relative_to == "mean" else {}
    alone: dict[str, dict[Figure, Estimate]] = {node: {} for node in nodes}
    for figure in figures_of(plan.confidences):
        measure, confidence = figure
        no_value = {
            node: why_no_value(case.market, plan.horizon, risky, measure) for node, risky in exposures.items() if risky
        }
        simulated = [node for node, reason in no_value.items() if not reason]
        found = dict(zip(simulated, estimates_of([summaries[node] for node in simulated], *figure), strict=True))
        for node in nodes:
            if not exposures[node]:  # every path has the same loss but for rounding, so no figure is left to chance
                value = 0.0 if measure == "volatility" else summaries[node].mean
                estimate = riskless(value, summaries[node].count)
            elif reason := no_value[node]:
                estimate = Estimate(None, note=reason)
            else:
                estimate = found[node]
                if reason := why_no_error(case.market, plan.horizon, exposures[node], measure):
                    estimate = estimate.without_error(reason)
            if relative_to == "mean" and confidence is not None:
                estimate = _relative(estimate, expected[node], riskless=not exposures[node])
            alone[node][figure] = estimate
    return alone


def _expected(case: Case, plan: Plan) -> dict[str, float | None]:
    """The expected loss of every node."""
    return {node: expected_loss(case, plan, case.pools.positions_below(node)) for node in case.pools.names}


def _relative(estimate: Estimate, expected: float | None, *, riskless: bool) -> Estimate:
    """A figure of the loss less its expectation; what has no risk always loses what is expected."""
    if expected is None:
        return Estimate(None, note=NO_EXPECTATION)
    return estimate.relative_to((estimate.value or 0.0) if riskless else expected)
