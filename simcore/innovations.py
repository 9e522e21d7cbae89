"""The operations that give innovations: draws, sums over steps, a walk through a history, and the product.

All but the product act on every row alike: one an asset, then, where a case has factors, one a factor.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simcore.case import Case, Precision
from simcore.compile import TILE_ROWS
from simcore.dependence import Bootstrap, Dependence, Factors
from simcore.kernels.driver import Kind
from simcore.kernels.philox import (
    STREAM_BRIDGE,
    STREAM_FACTORS,
    STREAM_FACTORS_BRIDGE,
    STREAM_NAMES,
    STREAM_NORMAL,
    STREAM_SINGLE,
)
from simcore.program import Builder, Op, span

WHOLE = (STREAM_NORMAL, STREAM_FACTORS)  # streams of assets and of factors
BRIDGE = (STREAM_BRIDGE, STREAM_FACTORS_BRIDGE)


class Width(NamedTuple):
    """The rows of uncorrelated innovations that cases share.

    assets : with a row each, and rows up to whole tiles after them
    factors : of the case that has most; 0 where none has any
    single : whether what is drawn and correlated is float32
    """

    assets: int
    factors: int
    single: bool

    @property
    def padded(self) -> int:
        """Rows before the factors'."""
        return -(-self.assets // TILE_ROWS) * TILE_ROWS

    @property
    def size(self) -> int:
        """Rows that are drawn, summed and split."""
        return self.padded + self.factors if self.factors else self.assets

    @property
    def rows(self) -> int:
        """Rows that they take: normals are written in pairs, float32s in fours, as many as a tile has rows."""
        together = 4 if self.single else 2
        return self.padded + -(-self.factors // together) * together


def width_of(cases: Sequence[Case], precision: Precision) -> Width:
    """The width of cases of the same assets."""
    laws = [case.market.dependence for case in cases]
    most = max(law.loadings.shape[1] if isinstance(law, Factors) else 0 for law in laws)
    return Width(len(cases[0].market.names), most, precision == "single")


def emit_draw(b: Builder, out: int, width: Width, streams: tuple[int, int], step: int) -> None:
    """Standard normals of a step."""
    kinds = (("asset", out, width.assets), ("factor", out + width.padded, width.factors))
    for stream, (kind, first, count) in zip(streams, kinds, strict=True):
        if count:
            words = f"normals   {span(first, count)}: stream {STREAM_NAMES[stream]}, step {step}, one {kind} a row"
            words += ", float32" if width.single else ""
            by = stream + STREAM_SINGLE if width.single else stream
            b.emit(Op(Kind.NORMALS, out=first, size=count, by=by, slot=step, single=width.single), words)


def emit_accumulate(b: Builder, out: int, source: int, by: int, size: int, *, first: bool, single: bool) -> None:
    """What a step adds, times row `by` where there is one; the first step is what others are added to.

    Sums are float64 whatever the source is: so the rounding of a thousand steps is that of one.
    """
    if first and by < 0:
        if out != source:
            words = f"copy      {span(out, size)} = {span(source, size)}"
            b.emit(Op(Kind.COPY, out, source, size, single=single), words)
    elif first:
        words = f"scale     {span(out, size)} = {span(source, size)} times row {by}"
        b.emit(Op(Kind.SCALE, out, source, size, by, single=single), words)
    else:
        times = f" times row {by}" if by >= 0 else ""
        words = f"add       {span(out, size)} += {span(source, size)}{times}"
        b.emit(Op(Kind.ADD, out, source, size, by, single=single), words)


def emit_round(b: Builder, out: int, source: int, size: int, *, single: bool) -> int:
    """The first row of what was summed or scaled, to be correlated: `out` as float32s, or float64s where they are."""
    if not single or source == out:
        return source
    words = f"round     {span(out, size)} = {span(source, size)}, to float32"
    b.emit(Op(Kind.ROUND, out, source, size, single=True), words)
    return out


class Walk:
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


class Product(NamedTuple):
    """Cases of one law and the same factors.

    param : where the factors lie; -1 where rows are correlated as they are
    single : whether what it reads and gives is float32
    """

    cases: list[Case]
    param: int
    single: bool


def same_product(b: Builder, cases: Sequence[Case], width: Width) -> list[Product]:
    """Cases of one law by their factors; rows of a history are correlated as they are, and have none."""
    products: dict[tuple[bytes, ...], Product] = {}
    for case in cases:
        law = case.market.dependence
        if isinstance(law, Bootstrap) or len(cases) == 1:
            key = ()
        elif isinstance(law, Factors):
            key = (law.own.tobytes(), law.loadings.tobytes())
        else:
            key = (law.factor.tobytes(),)
        if key not in products:
            single = width.single and not isinstance(law, Bootstrap)
            products[key] = Product([], _parameters(b, law, width), single)
        products[key].cases.append(case)
    return list(products.values())


def _parameters(b: Builder, law: Dependence, width: Width) -> int:
    """Where the factors lie, with rows of zeros for whole tiles; float32s are two to a place."""
    n, padded = width.assets, width.padded
    if isinstance(law, Bootstrap):
        return -1
    if isinstance(law, Factors):
        own, loadings = np.zeros(padded), np.zeros((padded, law.loadings.shape[1]))
        own[:n], loadings[:n] = law.own, law.loadings
        numbers = np.concatenate([own, loadings.reshape(-1)])
    else:
        factor = np.zeros((padded, padded))
        factor[:n, :n] = law.factor
        numbers = factor.reshape(-1)
    return b.numbers(numbers.astype(np.float32).view(np.float64) if width.single else numbers)


def emit_product(b: Builder, product: Product, source: int, out: int, width: Width) -> int:
    """The first row of correlated innovations."""
    law = product.cases[0].market.dependence
    if isinstance(law, Bootstrap):
        return source
    n, padded, names = width.assets, width.padded, ", ".join(case.name for case in product.cases)
    if isinstance(law, Factors):
        k = law.loadings.shape[1]
        words = f"factors   {span(out, n)} = own parts of {span(source, n)}"
        words += f" + B ({n} x {k}) times {span(source + padded, k)}, for {names}"
        numbers = {"param": product.param, "slot": k, "single": product.single}
        b.emit(Op(Kind.FACTORS, out, source, padded, source + padded, **numbers), words)
        return out
    words = f"product   {span(out, n)} = L ({n} x {n}) times {span(source, n)}, for {names}"
    b.emit(Op(Kind.PRODUCT, out, source, padded, param=product.param, single=product.single), words)
    return out
