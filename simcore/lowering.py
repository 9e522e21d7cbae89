"""Lowers cases and a plan to a program; what cases share is decided here.

Draws are shared by all cases, one product serves every case with the same law and factor; from the losses on each case
has its own operations, in rows that the next case uses again.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from simcore.case import Case, Plan
from simcore.errors import Problem, raise_if_any
from simcore.kernels import driver
from simcore.kernels.linear import TILE
from simcore.kernels.mixing import mixing_table
from simcore.kernels.philox import STREAM_BRIDGE, STREAM_NAMES, STREAM_NORMAL
from simcore.kernels.rows import LARGEST_RETURN
from simcore.market import StudentT
from simcore.program import Builder, Op, Program, span

Sink = Literal["summary", "losses", "returns"]


class _Law(NamedTuple):
    """A way to innovations: cases that share it share the rows of their innovations."""

    dof: float | None  # None for normal
    stepwise: bool  # every step is drawn; otherwise the horizon is, and a bridge gives the steps


def lower(cases: Sequence[Case], plan: Plan, sinks: Sequence[Sink] = ("summary",)) -> Program:
    """The program of these cases.

    Parameters
    ----------
    cases : sequence of Case
        With different names and the same assets.
    plan : Plan
    sinks : sequence of {"summary", "losses", "returns"}
        What is done with what a block computes.

    Raises
    ------
    InputError
        When two cases have one name, their assets differ, or log returns over the horizon would be absurdly large.
    """
    _check(cases, plan)
    b = Builder()
    n = len(cases[0].market.names)
    padded = -(-n // TILE) * TILE
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
            _emit_product(b, group, horizon[law], product, n, padded)
            for case in group:
                _emit_losses(b, case, plan, unit, product, nodes)
                _emit_sinks(b, case, nodes, first_slot[case.name], sinks)
    stored = (len(slots) if "losses" in sinks or returns else 0) + (len(cases) * plan.steps * n if returns else 0)
    return b.program(slots, stored)


def _check(cases: Sequence[Case], plan: Plan) -> None:
    problems = []
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
        if case.market.compounding == "log":
            problems += _check_log_returns(case, plan)
    raise_if_any(problems)


def _check_log_returns(case: Case, plan: Plan) -> list[Problem]:
    """Ten standard deviations must stay where exp is computed: beyond, returns would saturate unseen."""
    market = case.market
    reach = np.abs(market.drift) * plan.horizon + 10.0 * market.scale * math.sqrt(plan.horizon)
    allowed = f"ten standard deviations of a log return over the horizon within {LARGEST_RETURN:g}"
    remedy = "shorten the horizon, or check the units: 20 % a year is 0.20, one month is 1 / 12 of a year"
    return [
        Problem(f"market.scale of {market.names[i]} ({case.name})", f"{market.scale[i]:g}", allowed, remedy)
        for i in np.flatnonzero(reach > LARGEST_RETURN)
    ]


def _law(case: Case, plan: Plan) -> _Law:
    dependence = case.market.dependence
    if isinstance(dependence, StudentT):
        return _Law(dependence.dof, True)
    return _Law(None, not plan.collapse)


def _same_factor(cases: Sequence[Case]) -> list[list[Case]]:
    groups: dict[bytes, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.market.dependence.factor.tobytes(), []).append(case)
    return list(groups.values())


def _innovations(
    b: Builder, plan: Plan, laws: dict[_Law, list[Case]], n: int, padded: int, returns: "_ReturnSink | None"
) -> dict[_Law, int]:
    """Rows of each law's innovations over the horizon: a sum over steps where the law needs them.

    The factor is the same in every step, so the sum is taken before the product.
    """
    drawn = b.take(padded)
    alone = len(laws) == 1 and (plan.steps == 1 or not next(iter(laws)).stepwise)
    in_place = alone and next(iter(laws)).dof is None
    horizon = {law: drawn if in_place else b.take(padded) for law in laws}
    mixing = {law: b.take(1) for law in laws if law.dof is not None}
    table = {law: b.numbers(mixing_table(law.dof)) for law in laws if law.dof is not None}
    for step in range(plan.steps if any(law.stepwise for law in laws) else 1):
        _emit_draw(b, drawn, n, STREAM_NORMAL, step)
        for law in laws:
            if step > 0 and not law.stepwise:
                continue
            by = mixing.get(law, -1)
            if law.dof is not None:
                op = Op(driver.MIXING, out=by, param=table[law], slot=step)
                b.emit(op, f"mixing    {span(by)}: Student-t with {law.dof:g} dof, step {step}")
            _emit_accumulate(b, horizon[law], drawn, by, n, first=step == 0)
            if returns and law.stepwise:
                returns.step(laws[law], step, drawn, by)
    if returns:
        for law in laws:
            if not law.stepwise:
                returns.split(laws[law], horizon[law])
    return horizon


def _emit_draw(b: Builder, out: int, n: int, stream: int, step: int) -> None:
    words = f"normals   {span(out, n)}: stream {STREAM_NAMES[stream]}, step {step}, one asset a row"
    b.emit(Op(driver.NORMALS, out=out, size=n, by=stream, slot=step), words)


def _emit_accumulate(b: Builder, out: int, source: int, by: int, n: int, *, first: bool) -> None:
    if first and by < 0:
        if out != source:
            b.emit(Op(driver.COPY, out, source, n), f"copy      {span(out, n)} = {span(source, n)}")
    elif first:
        b.emit(Op(driver.SCALE, out, source, n, by), f"scale     {span(out, n)} = {span(source, n)} times row {by}")
    else:
        times = f" times row {by}" if by >= 0 else ""
        b.emit(Op(driver.ADD, out, source, n, by), f"add       {span(out, n)} += {span(source, n)}{times}")


def _emit_product(b: Builder, group: Sequence[Case], source: int, out: int, n: int, padded: int) -> None:
    factor = np.zeros((padded, padded))
    factor[:n, :n] = group[0].market.dependence.factor
    names = ", ".join(case.name for case in group)
    words = f"product   {span(out, n)} = L ({n} x {n}) times {span(source, n)}, for {names}"
    b.emit(Op(driver.PRODUCT, out, source, padded, param=b.numbers(factor)), words)


def _emit_losses(b: Builder, case: Case, plan: Plan, unit: float, product: int, nodes: int) -> None:
    market, pools = case.market, case.pools
    asset = [market.names.index(position.asset) for position in pools.positions]
    kind = driver.LOSS_LOG if market.compounding == "log" else driver.LOSS_SIMPLE
    drift, scale = market.drift[asset] * plan.horizon, market.scale[asset] * unit
    value = [position.value for position in pools.positions]
    count = len(asset)
    numbers = b.numbers(np.stack([drift, scale, value], axis=1))
    words = f"losses    {span(nodes, count)} of the positions of {case.name}, {market.compounding} returns"
    b.emit(Op(kind, nodes, product, count, param=numbers, link=b.rowlist(asset)), words)
    for q in pools.order:
        out = nodes + count + q
        members = [nodes + int(child) for child in pools.child[pools.start[q] : pools.start[q + 1]]]
        words = f"sum       {span(out)} = rows {', '.join(map(str, members))}: pool {pools.pools[q].name}"
        b.emit(Op(driver.SUM, out=out, size=len(members), link=b.rowlist(members)), words)


def _emit_sinks(b: Builder, case: Case, nodes: int, slot: int, sinks: Sequence[Sink]) -> None:
    count = len(case.pools.names)
    if "summary" in sinks:
        words = f"summary   {span(nodes, count)}: moments and tails of {case.name}, slots {slot}-{slot + count - 1}"
        b.emit(Op(driver.SUMMARY, source=nodes, size=count, slot=slot), words)
    if "losses" in sinks or "returns" in sinks:
        words = f"store     {span(nodes, count)}: losses of {case.name}"
        b.emit(Op(driver.STORE, source=nodes, size=count, slot=slot), words)


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
            op = Op(driver.BRIDGE, self.increment, self.remaining, n, param=b.numbers([float(left), deviation]))
            words = f"bridge    {span(self.increment, n)}: step {step} of what is left in {span(self.remaining, n)}"
            b.emit(op, words)
            self._store(cases, step, self.increment, math.sqrt(self.plan.horizon))

    def _store(self, cases: Sequence[Case], step: int, source: int, unit: float) -> None:
        b, n = self.b, self.n
        for group in _same_factor(cases):
            _emit_product(b, group, source, self.product, n, self.padded)
            for case in group:
                drift = case.market.drift * (self.plan.horizon / self.plan.steps)
                numbers = b.numbers(np.stack([drift, case.market.scale * unit], axis=1))
                words = f"affine    {span(self.out, n)}: returns of step {step}, {case.name}"
                b.emit(Op(driver.AFFINE, self.out, self.product, n, param=numbers), words)
                op = Op(driver.STORE, source=self.out, size=n, slot=self.slot[case.name] + step * n)
                b.emit(op, f"store     {span(self.out, n)}: returns of step {step}, {case.name}")
