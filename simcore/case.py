"""What is simulated (`Case`) and how (`Plan`)."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from simcore.border import NAME, as_tuple, is_finite, is_name, is_whole
from simcore.confidence import confidence_remedy
from simcore.errors import Problem, raise_if_any, show, some
from simcore.market import Market
from simcore.pools import PoolTree

Output = Literal["losses", "returns"]
Precision = Literal["double", "single"]

MOST_PATHS = 2**56  # the counter holds 56 bits of path, 20 of step
MOST_STEPS = 2**20
LARGEST_SEED = 2**63 - 1
LARGEST_BUDGET = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Case:
    """A market and pools under one shock; the unshocked one is called ``base``.

    Attributes
    ----------
    name : str
    market : Market
    pools : PoolTree
        Every position's asset is one of the market's.

    Raises
    ------
    InputError
        When a position's asset is not in the market.
    """

    name: str
    market: Market
    pools: PoolTree

    def __post_init__(self) -> None:
        problems = []
        if not is_name(self.name):
            problems.append(Problem("Case.name", show(self.name), NAME, "name the case"))
        for label, kind in (("market", Market), ("pools", PoolTree)):
            if not isinstance(value := getattr(self, label), kind):
                problems.append(Problem(f"Case.{label}", show(value), f"a {kind.__name__}", "build it as one"))
        raise_if_any(problems)
        known = set(self.market.names)
        for i, position in enumerate(self.pools.positions):
            if position.asset not in known:
                place = f"PoolTree.positions[{i}].asset ({position.name})"
                allowed = f"an asset of the market: {some(self.market.names)}"
                problems.append(Problem(place, show(position.asset), allowed, "correct the name, or add the asset"))
        raise_if_any(problems)


@dataclass(frozen=True)
class Plan:
    """How to simulate; with a case and the seed it fixes every bit of the result.

    Attributes
    ----------
    paths : int
        1 to 2^56.
    horizon : float, years
        Above 0.
    seed : int
        0 to 2^63 - 1.
    confidences : tuple of float
        Each in (0.5, 1); how deep the tails are kept.
    steps : int
        Steps of equal length to the horizon, 1 to 2^20.
    collapse : bool
        Draw the horizon first where the law allows it, and steps only when something looks at them.
        False draws every step instead: the same law, other bits.
    outputs : tuple of {"losses", "returns"}
        What to keep of every path besides the summaries: every node's loss, every asset's return in every step.
    precision : {"double", "single"}
        Of draws and products: single takes them as float32, which is faster, from random numbers of its own. Sums over
        steps, losses, pools and all figures are float64 in both, and so are rows of a history.
    tail_budget : int, bytes
        0 to 2^63 - 1. Where the tails of all nodes would take more, they are bounded: the same figures at these
        confidences, and the losses behind them of fewer paths (`BoundedTail`).

    Raises
    ------
    InputError
        With everything that is wrong.
    """

    paths: int
    horizon: float
    seed: int
    confidences: tuple[float, ...]
    steps: int = 1
    collapse: bool = True
    outputs: tuple[Output, ...] = ()
    precision: Precision = "double"
    tail_budget: int = 2**30

    def __post_init__(self) -> None:
        for label in ("confidences", "outputs"):
            object.__setattr__(self, label, as_tuple(getattr(self, label), f"Plan.{label}"))
        problems = [
            *_check_integer("Plan.paths", self.paths, 1, MOST_PATHS, "a million is 1_000_000"),
            *_check_integer("Plan.steps", self.steps, 1, MOST_STEPS, "one step to the horizon is 1"),
            *_check_integer("Plan.seed", self.seed, 0, LARGEST_SEED, "any such number will do, as 42"),
            *_check_integer("Plan.tail_budget", self.tail_budget, 0, LARGEST_BUDGET, "a GiB is 2**30"),
        ]
        if not is_finite(self.horizon) or self.horizon <= 0.0:
            remedy = "one month is 1 / 12 of a year"
            problems.append(Problem("Plan.horizon", show(self.horizon), "a finite number of years, above 0", remedy))
        if not self.confidences:
            problems.append(Problem("Plan.confidences", "()", "at least one confidence", "give (0.95, 0.99)"))
        seen: set[float] = set()
        for i, confidence in enumerate(self.confidences):
            place = f"Plan.confidences[{i}]"
            if remedy := confidence_remedy(confidence):
                problems.append(Problem(place, show(confidence), "a number strictly between 0.5 and 1", remedy))
            elif confidence in seen:
                problems.append(Problem(place, show(confidence), "each confidence once", "remove it"))
            else:
                seen.add(confidence)
        if not isinstance(self.collapse, bool):
            problems.append(Problem("Plan.collapse", show(self.collapse), "True or False", "choose one"))
        for output in self.outputs:
            if output not in get_args(Output):
                problems.append(Problem("Plan.outputs", show(output), '"losses" or "returns"', "remove it"))
        if self.precision not in get_args(Precision):
            problems.append(Problem("Plan.precision", show(self.precision), '"double" or "single"', "choose one"))
        raise_if_any(problems)
        for label in ("paths", "steps", "seed", "tail_budget"):  # NumPy's scalars as the plain numbers they are
            object.__setattr__(self, label, int(getattr(self, label)))
        object.__setattr__(self, "horizon", float(self.horizon))
        object.__setattr__(self, "confidences", tuple(map(float, self.confidences)))


def _check_integer(place: str, value: Any, low: int, high: int, remedy: str) -> list[Problem]:
    if is_whole(value) and low <= value <= high:
        return []
    return [Problem(place, show(value), f"a whole number from {low} to {high}", remedy)]
