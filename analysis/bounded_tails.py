"""What is told of a run whose tails are bounded: that they are, and of which paths losses are kept all the same."""

from collections.abc import Sequence
from typing import NamedTuple

from simcore.case import Case, Plan


class BoundedTails(NamedTuple):
    """That whole tails would take more than `budget` bytes.

    first_paths : how many paths, from the first, have whole tails; worst : how many losses of each node, the worst of
    all paths, are kept with their paths
    """

    budget: int
    first_paths: int
    worst: int


def bounded_of(cases: Sequence[Case], plan: Plan) -> BoundedTails | None:
    """What bounds the tails of a run; None where they are whole."""
    from simcore import brackets
    from simcore.capacity import bounds_tails

    if not bounds_tails(cases, plan):
        return None
    return BoundedTails(plan.tail_budget, brackets.FIRST_PATHS, brackets.WORST)


def bounded_words(bounded: BoundedTails) -> str:
    """It in words."""
    return (
        f"Tails are bounded, since whole ones would pass the budget of {bounded.budget / 2**20:,.0f} MiB: the figures "
        f"are the same, and losses are kept with their paths of the first {bounded.first_paths:,} paths and of each "
        f"node's {bounded.worst:,} worst."
    )
