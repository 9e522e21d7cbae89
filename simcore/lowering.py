"""Lowers cases and a plan to a program; what cases share is decided here.

Draws are shared by all cases, one product serves every case with the same law and factor; from the losses on each case
has its own operations, in rows that the next case uses again.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from simcore.border import as_tuple, expect
from simcore.case import Case, Plan
from simcore.compile import TILE_ROWS
from simcore.dependence import Bootstrap, StudentT
from simcore.errors import Problem, raise_if_any, show
from simcore.kernels.driver import Kind
from simcore.kernels.mixing import mixing_table
from simcore.kernels.philox import STREAM_BRIDGE, STREAM_NAMES, STREAM_NORMAL
from simcore.limits import check_limits
from simcore.program import Builder, Op, Program, span

Sink = Literal["summary", "losses", "returns"]


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
    _check(cases, plan, sinks)
    b = Builder()
    n = len(cases[0].market.names)
    padded = -(-n // TILE_ROWS) * TILE_ROWS  # rows and columns of zeros, for whole tiles
    laws: dict[_Law, list[Case]] = {}
    for case in cases:
        laws.setdefault(_law(case, plan), []).append(case)
    slots = tuple((case.name, node) for case in cases for node in case.pools.names)
    first_slot = {case.name: slots.index((case.name, case.pools.names[0])) for case in cases}
    returns = _ReturnSink(b, cases, plan, n, padded, len(slots)) if "returns" in sinks else None

    horizon = _innovations(b, plan, laws, n, padded, returns)
    product = b.take(padded)
    nodes = b.take(max(len(case.pools.names) for case in cases))
    for law, members in laws.items():
        unit = math.sqrt(plan.horizon / plan.steps if law.stepwise else plan.horizon)
        for group in _same_factor(members):
            correlated = _emit_product(b, group, horizon[law], product, n, padded)
            for case in group:
                _emit_losses(b, case, plan, unit, correlated, nodes)
                _emit_sinks(b, case, nodes, first_slot[case.name], sinks)
    stored = (len(slots) if "losses" in sinks or returns else 0) + (len(cases) * plan.steps * n if returns else 0)
    return b.program(slots, stored)


def _check(cases: Sequence[Case], plan: Plan, sinks: Sequence[Sink]) -> None:
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
    if isinstance(dependence, StudentT):
        return _Law(True, dof=dependence.dof)
    if isinstance(dependence, Bootstrap):
        return _Law(True, bootstrap=dependence)
    return _Law(not plan.collapse)


def _same_factor(cases: Sequence[Case]) -> list[list[Case]]:
    """Cases of one law by their factor; rows of a history are correlated as they are, and have none."""
    groups: dict[bytes, list[Case]] = {}
    for case in cases:
        dependence = case.market.dependence
        key = b"" if isinstance(dependence, Bootstrap) else dependence.factor.tobytes()
        groups.setdefault(key, []).append(case)
    return list(groups.values())


def _innovations(
    b: Builder, plan: Plan, laws: dict[_Law, list[Case]], n: int, padded: int, returns: "_ReturnSink | None"
) -> dict[_Law, int]:
    """Rows of each law's innovations over the horizon: a sum over steps where the law needs them.

    The factor is the same in every step, so the sum is taken before the product.
    """
    drawn, picked = b.take(padded), b.take(n if any(law.bootstrap for law in laws) else 0)
    alone = len(laws) == 1 and (plan.steps == 1 or not next(iter(laws)).stepwise)
    in_place = alone and next(iter(laws))[1:] == (None, None)
    horizon = {law: drawn if in_place else b.take(padded) for law in laws}
    mixing = {law: b.take(1) for law in laws if law.dof is not None}
    table = {law: b.numbers(mixing_table(law.dof)) for law in laws if law.dof is not None}
    walks = {law: _Walk(b, law.bootstrap) for law in laws if law.bootstrap is not None}
    for step in range(plan.steps if any(law.stepwise for law in laws) else 1):
        if len(walks) < len(laws):
            _emit_draw(b, drawn, n, STREAM_NORMAL, step)
        for law in laws:
            if step > 0 and not law.stepwise:
                continue
            source, by = drawn, mixing.get(law, -1)
            if law in walks:
                source = picked
                walks[law].step(picked, n, step)
            if law.dof is not None:
                op = Op(Kind.MIXING, out=by, param=table[law], slot=step)
                b.emit(op, f"mixing    {span(by)}: Student-t with {law.dof:g} dof, step {step}")
            _emit_accumulate(b, horizon[law], source, by, n, first=step == 0)
            if returns and law.stepwise:
                returns.step(laws[law], step, source, by)
    if returns:
        for law in laws:
            if not law.stepwise:
                returns.split(laws[law], horizon[law])
    return horizon


def _emit_draw(b: Builder, out: int, n: int, stream: int, step: int) -> None:
    words = f"normals   {span(out, n)}: stream {STREAM_NAMES[stream]}, step {step}, one asset a row"
    b.emit(Op(Kind.NORMALS, out=out, size=n, by=stream, slot=step), words)


def _emit_accumulate(b: Builder, out: int, source: int, by: int, n: int, *, first: bool) -> None:
    if first and by < 0:
        if out != source:
            b.emit(Op(Kind.COPY, out, source, n), f"copy      {span(out, n)} = {span(source, n)}")
    elif first:
        b.emit(Op(Kind.SCALE, out, source, n, by), f"scale     {span(out, n)} = {span(source, n)} times row {by}")
    else:
        times = f" times row {by}" if by >= 0 else ""
        b.emit(Op(Kind.ADD, out, source, n, by), f"add       {span(out, n)} += {span(source, n)}{times}")


class _Walk:
    """A walk through the rows of a history, and what it meets there."""

    def __init__(self, b: Builder, law: Bootstrap) -> None:
        self.b, self.law, self.state = b, law, b.take(1)
        self.numbers = b.numbers([len(law.rows), 1.0 / law.mean_block, *law.rows.T.reshape(-1)])

    def step(self, out: int, n: int, step: int) -> None:
        """One step of it."""
        where, count = span(self.state), len(self.law.rows)
        op = Op(Kind.ADVANCE, out=self.state, param=self.numbers, slot=step)
        words = f"advance   {where}: step {step} through {count} rows of a history, mean block {self.law.mean_block:g}"
        self.b.emit(op, words)
        op = Op(Kind.PICK, out=out, size=n, by=self.state, param=self.numbers)
        self.b.emit(op, f"pick      {span(out, n)}: one asset a row, where {where} is")


def _emit_product(b: Builder, group: Sequence[Case], source: int, out: int, n: int, padded: int) -> int:
    """The first row of correlated innovations."""
    dependence = group[0].market.dependence
    if isinstance(dependence, Bootstrap):
        return source
    factor = np.zeros((padded, padded))
    factor[:n, :n] = dependence.factor
    names = ", ".join(case.name for case in group)
    words = f"product   {span(out, n)} = L ({n} x {n}) times {span(source, n)}, for {names}"
    b.emit(Op(Kind.PRODUCT, out, source, padded, param=b.numbers(factor)), words)
    return out


def _emit_losses(b: Builder, case: Case, plan: Plan, unit: float, product: int, nodes: int) -> None:
    market, pools = case.market, case.pools
    asset = [market.names.index(position.asset) for position in pools.positions]
    kind = Kind.LOSS_LOG if market.compounding == "log" else Kind.LOSS_SIMPLE
    drift, scale = market.drift[asset] * plan.horizon, market.scale[asset] * unit
    start, jump = np.array([p.value for p in pools.positions], dtype=np.float64), market.jump[asset]
    value = start * (1.0 + jump)
    count = len(asset)
    numbers = b.numbers(np.stack([drift, scale, value], axis=1))
    words = f"losses    {span(nodes, count)} of the positions of {case.name}, {market.compounding} returns"
    b.emit(Op(kind, nodes, product, count, param=numbers, link=b.rowlist(asset)), words)
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

    def __init__(self, b: Builder, cases: Sequence[Case], plan: Plan, n: int, padded: int, first: int) -> None:
        self.b, self.plan, self.n, self.padded = b, plan, n, padded
        self.slot = {case.name: first + i * plan.steps * n for i, case in enumerate(cases)}
        self.increment, self.remaining, self.product, self.out = (b.take(padded) for _ in range(4))

    def step(self, cases: Sequence[Case], step: int, drawn: int, by: int) -> None:
        """One step of a law that draws them."""
        source = drawn
        if by >= 0:
            source = self.increment
            _emit_accumulate(self.b, source, drawn, by, self.n, first=True)
        self._store(cases, step, source, math.sqrt(self.plan.horizon / self.plan.steps))

    def split(self, cases: Sequence[Case], horizon: int) -> None:
        """Every step of a horizon that was drawn first, by a bridge: r/m + e sqrt((m - 1)/(m T))."""
        steps, n, b = self.plan.steps, self.n, self.b
        _emit_accumulate(b, self.remaining, horizon, -1, n, first=True)
        for step in range(steps):
            left = steps - step
            if left == 1:
                self._store(cases, step, self.remaining, math.sqrt(self.plan.horizon))
                break
            _emit_draw(b, self.increment, n, STREAM_BRIDGE, step)
            deviation = math.sqrt((left - 1) / (left * steps))
            op = Op(Kind.BRIDGE, self.increment, self.remaining, n, param=b.numbers([float(left), deviation]))
            words = f"bridge    {span(self.increment, n)}: step {step} of what is left in {span(self.remaining, n)}"
            b.emit(op, words)
            self._store(cases, step, self.increment, math.sqrt(self.plan.horizon))

    def _store(self, cases: Sequence[Case], step: int, source: int, unit: float) -> None:
        b, n = self.b, self.n
        for group in _same_factor(cases):
            correlated = _emit_product(b, group, source, self.product, n, self.padded)
            for case in group:
                drift = case.market.drift * (self.plan.horizon / self.plan.steps)
                numbers = b.numbers(np.stack([drift, case.market.scale * unit], axis=1))
                words = f"affine    {span(self.out, n)}: returns of step {step}, {case.name}"
                b.emit(Op(Kind.AFFINE, self.out, correlated, n, param=numbers), words)
                op = Op(Kind.STORE, source=self.out, size=n, slot=self.slot[case.name] + step * n)
                b.emit(op, f"store     {span(self.out, n)}: returns of step {step}, {case.name}")
