"""Lowers cases and a plan to a program; what cases share is decided here.

Draws are shared by all cases, one product serves every case with the same law and factor; from the losses on each case
has its own operations, in rows that the next case uses again.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

import numpy as np

from simcore.border import as_tuple, expect
from simcore.case import Case, Plan
from simcore.dependence import Bootstrap, dof_of
from simcore.errors import Problem, raise_if_any, show
from simcore.innovations import (
    BRIDGE,
    WHOLE,
    Product,
    Walk,
    Width,
    emit_accumulate,
    emit_draw,
    emit_product,
    emit_round,
    same_product,
    width_of,
)
from simcore.kernels.driver import Kind
from simcore.kernels.mixing import mixing_table
from simcore.limits import check_limits
from simcore.program import Builder, Op, Program, span

Sink = Literal["summary", "losses", "returns"]

_SLOTS_AT_ONCE = 64  # whose rows stay in the cache


class _Law(NamedTuple):
    """A way to innovations: cases that share it share the rows of their innovations."""

    stepwise: bool  # every step is drawn; otherwise the horizon is, and a bridge gives the steps
    dof: float | None = None  # of Student-t
    bootstrap: Bootstrap | None = None


def lower(cases: Sequence[Case], plan: Plan, sinks: Sequence[Sink] = ("summary",)) -> Program:
    """The program of these cases.

    Parameters
    ----------
    cases : sequence of Case
        With different names and the same assets.
    plan : Plan
    sinks : sequence of {"summary", "losses", "returns"}
        What is done with what a block computes.

    Returns
    -------
    Program

    Raises
    ------
    InputError
        When two cases have one name, their assets differ, a loss would be too large or small to compute, or a sink
        is unknown.
    """
    cases = as_tuple(cases, "cases")
    check_cases(cases, plan, sinks)
    b = Builder()
    width = width_of(cases, plan.precision)
    by_law: dict[_Law, list[Case]] = {}
    first_slot: dict[str, int] = {}
    slots: list[tuple[str, str]] = []
    for case in cases:
        by_law.setdefault(_law(case, plan), []).append(case)
        first_slot[case.name] = len(slots)
        slots += [(case.name, node) for node in case.pools.names]
    laws = {law: same_product(b, members, width) for law, members in by_law.items()}
    returns = _ReturnSink(b, cases, plan, width, len(slots)) if "returns" in sinks else None

    drawn, horizon = _innovations(b, plan, laws, width, returns)
    product = b.take(width.padded)
    nodes = b.take(max(len(case.pools.names) for case in cases))
    for law, groups in laws.items():
        unit = math.sqrt(plan.horizon / plan.steps if law.stepwise else plan.horizon)
        source = emit_round(b, drawn, horizon[law], width.size, single=groups[0].single)
        for group in groups:
            correlated = emit_product(b, group, source, product, width)
            for case in group.cases:
                _emit_losses(b, case, plan, unit, correlated, nodes, single=group.single)
                _emit_sinks(b, case, nodes, first_slot[case.name], sinks)
    return b.program(tuple(slots), stored_rows(cases, plan, sinks))


def workspace_rows(cases: Sequence[Case], plan: Plan) -> int:
    """Rows of the workspace of a program that summarises these cases."""
    width, laws = width_of(cases, plan.precision), {_law(case, plan) for case in cases}
    walked = [law for law in laws if law.bootstrap]
    horizons = 0 if _in_place(laws, plan) else len(laws) * width.rows
    drawn = width.rows + (width.assets if walked else 0) + len(walked) + sum(law.dof is not None for law in laws)
    return drawn + horizons + width.padded + max(len(case.pools.names) for case in cases)


def lower_losses(program: Program) -> Program:
    """The program that summarises the losses of this one, which stand in stored rows already."""
    b = Builder()
    nodes = b.take(min(len(program.slots), _SLOTS_AT_ONCE))
    for slot in range(0, len(program.slots), _SLOTS_AT_ONCE):
        count = min(_SLOTS_AT_ONCE, len(program.slots) - slot)
        b.emit(Op(Kind.LOAD, out=nodes, size=count, slot=slot), f"load      {span(nodes, count)}: losses")
        words = f"summary   {span(nodes, count)}: moments and tails of slots {slot}-{slot + count - 1}"
        b.emit(Op(Kind.SUMMARY, source=nodes, size=count, slot=slot), words)
    return replace(b.program(program.slots, 0), single=program.single)  # one driver for both


def slots_of(cases: Sequence[Case]) -> int:
    """How many nodes all cases have."""
    return sum(len(case.pools.names) for case in cases)


def stored_rows(cases: Sequence[Case], plan: Plan, sinks: Sequence[Sink]) -> int:
    """How many rows are kept of each path: the losses of every node, the returns of every step and asset."""
    if "returns" in sinks:
        return slots_of(cases) + plan.steps * sum(len(case.market.names) for case in cases)
    return slots_of(cases) if "losses" in sinks else 0


def check_cases(cases: Sequence[Case], plan: Plan, sinks: Sequence[Sink] = ()) -> None:
    """Refuse what `lower` would refuse.

    Raises
    ------
    InputError
    """
    expect(plan, Plan, "plan")
    for i, case in enumerate(cases):
        expect(case, Case, f"cases[{i}]")
    problems = [
        Problem("sinks", show(sink), '"summary", "losses" or "returns"', "correct it")
        for sink in sinks
        if sink not in get_args(Sink)
    ]
    names = [case.name for case in cases]
    if not cases:
        problems.append(Problem("cases", "()", "at least one case", "give a Case"))
    for i, case in enumerate(cases):
        if case.name in names[:i]:
            problems.append(Problem(f"cases[{i}].name", repr(case.name), "names used once", "rename one of them"))
        if case.market.names != cases[0].market.names:
            remedy = "cases of one run share their draws: give them the same assets, in the same order"
            place = f"cases[{i}].market.names"
            problems.append(Problem(place, repr(case.name), "the assets of the first case", remedy))
        problems += check_limits(case, plan)
    raise_if_any(problems)


def _law(case: Case, plan: Plan) -> _Law:
    dependence = case.market.dependence
    if isinstance(dependence, Bootstrap):
        return _Law(True, bootstrap=dependence)
    dof = dof_of(dependence)
    return _Law(dof is not None or not plan.collapse, dof)


def _innovations(
    b: Builder, plan: Plan, laws: dict[_Law, list[Product]], width: Width, returns: "_ReturnSink | None"
) -> tuple[int, dict[_Law, int]]:
    """Rows of draws, and of each law's innovations over the horizon: a sum over steps where the law needs them.

    The factor is the same in every step, so the sum is taken before the product.
    """
    n = width.assets
    drawn, picked = b.take(width.rows), b.take(n if any(law.bootstrap for law in laws) else 0)
    in_place = _in_place(laws, plan)
    horizon = {law: drawn if in_place else b.take(width.rows) for law in laws}
    mixing = {law: b.take(1) for law in laws if law.dof is not None}
    table = {law: b.numbers(mixing_table(law.dof)) for law in laws if law.dof is not None}
    walks = {law: Walk(b, law.bootstrap) for law in laws if law.bootstrap is not None}
    for step in range(plan.steps if any(law.stepwise for law in laws) else 1):
        if len(walks) < len(laws):
            emit_draw(b, drawn, width, WHOLE, step)
        for law in laws:
            if step > 0 and not law.stepwise:
                continue
            source, by, size = drawn, mixing.get(law, -1), width.size
            if law in walks:
                source, size = picked, n
                walks[law].step(picked, n, step)
            if law.dof is not None:
                op = Op(Kind.MIXING, out=by, param=table[law], slot=step)
                b.emit(op, f"mixing    {span(by)}: Student-t with {law.dof:g} dof, step {step}")
            single = laws[law][0].single
            emit_accumulate(b, horizon[law], source, by, size, first=step == 0, single=single)
            if returns and law.stepwise:
                returns.step(laws[law], step, source, by)
    if returns:
        for law in laws:
            if not law.stepwise:
                returns.split(laws[law], horizon[law], single=width.single and in_place)
    return drawn, horizon


def _in_place(laws: Collection[_Law], plan: Plan) -> bool:
    """Whether what is drawn is the horizon already: one normal draw, of one law."""
    first = next(iter(laws))
    return len(laws) == 1 and (plan.steps == 1 or not first.stepwise) and first.dof is None and first.bootstrap is None


def _emit_losses(b: Builder, case: Case, plan: Plan, unit: float, product: int, nodes: int, *, single: bool) -> None:
    market, pools = case.market, case.pools
    asset = [market.numbers[position.asset] for position in pools.positions]
    kind = Kind.LOSS_LOG if market.compounding == "log" else Kind.LOSS_SIMPLE
    drift, scale = market.drift[asset] * plan.horizon, market.scale[asset] * unit
    start, jump = np.array([p.value for p in pools.positions], dtype=np.float64), market.jump[asset]
    value = start * (1.0 + jump)
    count = len(asset)
    numbers = b.numbers(np.stack([drift, scale, value], axis=1))
    words = f"losses    {span(nodes, count)} of the positions of {case.name}, {market.compounding} returns"
    b.emit(Op(kind, nodes, product, count, param=numbers, link=b.rowlist(asset), single=single), words)
    if jump.any():
        numbers = b.numbers(np.stack([-start * jump, np.ones(count)], axis=1))
        words = f"affine    {span(nodes, count)}: with what the jumps of {case.name} lose"
        b.emit(Op(Kind.AFFINE, nodes, nodes, count, param=numbers), words)
    for q in pools.order:
        out = nodes + count + q
        members = [nodes + int(child) for child in pools.child[pools.start[q] : pools.start[q + 1]]]
        words = f"sum       {span(out)} = rows {', '.join(map(str, members))}: pool {pools.pools[q].name}"
        b.emit(Op(Kind.SUM, out=out, size=len(members), link=b.rowlist(members)), words)


def _emit_sinks(b: Builder, case: Case, nodes: int, slot: int, sinks: Sequence[Sink]) -> None:
    count = len(case.pools.names)
    if "summary" in sinks:
        words = f"summary   {span(nodes, count)}: moments and tails of {case.name}, slots {slot}-{slot + count - 1}"
        b.emit(Op(Kind.SUMMARY, source=nodes, size=count, slot=slot), words)
    if "losses" in sinks or "returns" in sinks:
        words = f"store     {span(nodes, count)}: losses of {case.name}"
        b.emit(Op(Kind.STORE, source=nodes, size=count, slot=slot), words)


class _ReturnSink:
    """Where something looks at steps: the returns of every step and asset, kept for each path."""

    def __init__(self, b: Builder, cases: Sequence[Case], plan: Plan, width: Width, first: int) -> None:
        self.b, self.plan, self.width = b, plan, width
        self.slot = {case.name: first + i * plan.steps * width.assets for i, case in enumerate(cases)}
        self.increment, self.remaining = b.take(width.rows), b.take(width.rows)
        self.product, self.out = b.take(width.padded), b.take(width.padded)

    def step(self, groups: Sequence[Product], step: int, drawn: int, by: int) -> None:
        """One step of a law that draws them."""
        source, size, single = drawn, self.width.size, groups[0].single
        if by >= 0:
            emit_accumulate(self.b, self.remaining, drawn, by, size, first=True, single=single)
            source = emit_round(self.b, self.increment, self.remaining, size, single=single)
        self._store(groups, step, source, math.sqrt(self.plan.horizon / self.plan.steps))

    def split(self, groups: Sequence[Product], horizon: int, *, single: bool) -> None:
        """Every step of a horizon that was drawn first, by a bridge: r/m + e sqrt((m - 1)/(m T)).

        single : whether the horizon is float32
        """
        steps, size, b = self.plan.steps, self.width.size, self.b
        emit_accumulate(b, self.remaining, horizon, -1, size, first=True, single=single)
        for step in range(steps):
            left = steps - step
            if left == 1:
                source = emit_round(b, self.increment, self.remaining, size, single=self.width.single)
                self._store(groups, step, source, math.sqrt(self.plan.horizon))
                break
            emit_draw(b, self.increment, self.width, BRIDGE, step)
            numbers = b.numbers([float(left), math.sqrt((left - 1) / (left * steps))])
            op = Op(Kind.BRIDGE, self.increment, self.remaining, size, param=numbers, single=self.width.single)
            left_in = span(self.remaining, size)
            b.emit(op, f"bridge    {span(self.increment, size)}: step {step} of what is left in {left_in}")
            self._store(groups, step, self.increment, math.sqrt(self.plan.horizon))

    def _store(self, groups: Sequence[Product], step: int, source: int, unit: float) -> None:
        b, n = self.b, self.width.assets
        for group in groups:
            correlated = emit_product(b, group, source, self.product, self.width)
            for case in group.cases:
                drift = case.market.drift * (self.plan.horizon / self.plan.steps)
                numbers = b.numbers(np.stack([drift, case.market.scale * unit], axis=1))
                words = f"affine    {span(self.out, n)}: returns of step {step}, {case.name}"
                b.emit(Op(Kind.AFFINE, self.out, correlated, n, param=numbers, single=group.single), words)
                op = Op(Kind.STORE, source=self.out, size=n, slot=self.slot[case.name] + step * n)
                b.emit(op, f"store     {span(self.out, n)}: returns of step {step}, {case.name}")
