"""Counts and plans in words: what notebooks, tables and reports say alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simcore.case import Plan


def counted(count: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "path"), counted(1_000_000, "path")
    ('1 path', '1,000,000 paths')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def plan_words(plan: Plan) -> str:
    """A plan in one line."""
    paths, steps = counted(plan.paths, "path"), counted(plan.steps, "step")
    return f"{paths}, horizon {_horizon(plan.horizon)} in {steps}, seed {plan.seed}{precision_words(plan.precision)}"


def precision_words(precision: str) -> str:
    """What a line that tells of a plan adds: nothing in double precision."""
    return "" if precision == "double" else f", {precision} precision"


def _horizon(years: float) -> str:
    for count, unit in ((years, "year"), (12.0 * years, "month")):
        whole = round(count)
        if whole >= 1 and abs(count - whole) < 1e-9 * count:
            return counted(whole, unit)
    return f"{years:.6g} years"
