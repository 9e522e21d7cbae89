"""The worst paths of a node, computed again: what every position below it lost on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.bounded_tails import bounded_of
from analysis.runs import in_the_file
from analysis.text import WIDTH, aligned, amount, amount_scale, columns, counted, power_name, wrapped
from scenarios.messages import unknown_name
from simcore.confidence import tail_depth
from simcore.errors import CapacityError, InputError, Problem, show

if TYPE_CHECKING:
    from scenarios.build import Scenario
    from simcore.engines import Engine


class Part(NamedTuple):
    """A position on one path: its loss, and its asset's return over the horizon, jump included: value' / value - 1."""

    position: str
    asset: str
    loss: float
    asset_return: float | None


class WorstPath(NamedTuple):
    """One path: its number, the loss of the node, and the parts of it, which add up to it."""

    path: int
    loss: float
    parts: tuple[Part, ...]


def find_worst(
    scenario: Scenario,
    *,
    node: str,
    worst: Any,
    case: str = "base",
    threads: int | None = None,
    engine: Engine | None = None,
) -> list[WorstPath]:
    """The worst paths of a node.

    Parameters
    ----------
    scenario : scenarios.Scenario
    node : str
        A pool or a position.
    worst : int
        How many paths, from 1.
    case : str
        The case that is run.
    threads, engine
        As of `simcore.simulate`.

    Returns
    -------
    list of WorstPath
        The worst first. A position of value 0 has no return.

    Raises
    ------
    InputError
        When there is no such case or node, or the run keeps fewer losses than asked for.
    """
    from simcore.simulation import replay, simulate

    _check(scenario, node, worst, case)
    chosen = next(c for c in scenario.cases if c.name == case)
    try:
        tail = simulate([chosen], scenario.plan, threads=threads, engine=engine)[case][node].tail.worst
    except CapacityError as error:
        raise CapacityError(in_the_file(error, scenario.file)) from None
    if worst > len(tail.paths):  # losses that tie at the threshold are counted, and their paths not kept
        kept = len(tail.paths)
        if not kept:
            allowed, remedy = "a node with a worst path", f"the worst losses of {node} are all equal: name another node"
            raise InputError([Problem("--node", show(node), allowed, remedy)])
        raise InputError([_too_many(worst, f"at most {kept}: further losses of {node} are all equal")])
    paths = tail.paths[len(tail.paths) - worst :][::-1]
    losses = replay(chosen, scenario.plan, paths, returns=False, threads=threads).losses
    below = chosen.pools.positions_below(node)
    return [
        WorstPath(
            int(path),
            float(losses[node][i]),
            tuple(Part(p.name, p.asset, loss := float(losses[p.name][i]), _return(loss, p.value)) for p in below),
        )
        for i, path in enumerate(paths)
    ]


def replay_document(scenario: Scenario, found: Sequence[WorstPath], *, node: str, case: str = "base") -> dict[str, Any]:
    """What ``simcore replay --json`` prints, before it is turned into text."""
    return {
        "scenario": scenario.name,
        "case": case,
        "node": node,
        "paths": scenario.plan.paths,
        "seed": scenario.plan.seed,
        "digest": scenario.digest,
        "currency": scenario.currency,
        "worst": [
            {
                "path": path.path,
                "loss": path.loss,
                "positions": [
                    {"position": p.position, "asset": p.asset, "loss": p.loss, "return": p.asset_return}
                    for p in path.parts
                ],
            }
            for path in found
        ],
    }


def render_replay(scenario: Scenario, found: Sequence[WorstPath], *, node: str, case: str = "base") -> str:
    """The worst paths as text: a column a path, a line a position; as many tables as the width asks for."""
    losses = [part.loss for path in found for part in path.parts] + [path.loss for path in found]
    power, decimals = amount_scale([], losses)
    unit = power_name(power) + scenario.currency
    head = wrapped(
        [
            f"{scenario.name}: {counted(len(found), 'worst path')} of {scenario.plan.paths:,} for {node}, case {case}",
            f"Losses in {unit}, and the return of the asset over the horizon in per cent.",
        ]
    )

    names = ["", "position", *(part.position for part in found[0].parts), node]
    left = max(map(columns, names))
    blocks = []
    for path in found:
        shares = ["" if part.asset_return is None else f"{100.0 * part.asset_return:z.2f}" for part in path.parts]
        cells = [("loss", "%"), *zip([amount(part.loss, power, decimals) for part in path.parts], shares, strict=True)]
        cells.append((amount(path.loss, power, decimals), ""))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        title = f"path {path.path}"
        widths[0] += max(0, len(title) - sum(widths) - 1)
        blocks.append([title.rjust(sum(widths) + 1), *(f"{a:>{widths[0]}} {b:>{widths[1]}}" for a, b in cells)])
    groups: list[list[list[str]]] = [[]]
    for block in blocks:
        used = left + sum(2 + len(other[0]) for other in groups[-1])
        if groups[-1] and used + 2 + len(block[0]) > WIDTH:
            groups.append([])
        groups[-1].append(block)
    return "\n\n".join([head, *(_panel(names, left, group) for group in groups)]) + "\n"


def _panel(names: Sequence[str], left: int, blocks: Sequence[Sequence[str]]) -> str:
    first, second, *lines, total = (
        "  ".join([aligned(name, left), *cells]).rstrip() for name, *cells in zip(names, *blocks, strict=True)
    )
    ruler = "-" * (left + sum(2 + len(block[0]) for block in blocks))
    return "\n".join([first, second, ruler, *lines, ruler, total])


def _return(loss: float, value: float) -> float | None:
    return -loss / value if value else None


def _check(scenario: Scenario, node: str, worst: Any, case: str) -> None:
    problems = []
    cases = [c.name for c in scenario.cases]
    names = scenario.cases[0].pools.names
    if case not in cases:
        problems.append(unknown_name("--case", case, cases, "a case"))
    if node not in names:
        problems.append(unknown_name("--node", node, names, "a pool or position"))
    plan = scenario.plan
    kept, more = max(tail_depth(confidence, plan.paths) for confidence in plan.confidences), "a lower confidence"
    if bounded := bounded_of([chosen for chosen in scenario.cases if chosen.name == case], plan):
        kept, more = bounded.worst, "a larger tail budget"
    if not isinstance(worst, int) or not 1 <= worst <= kept:
        allowed = f"a whole number from 1 to {kept}, the losses that the run keeps"
        problems.append(_too_many(worst, allowed, f"; {more} keeps more"))
    if problems:
        raise InputError(problems)


def _too_many(worst: object, allowed: str, more: str = "") -> Problem:
    return Problem("--worst", show(worst), allowed, f"write a whole number, as 10{more}")
