"""Exact arithmetic of the confidence: ranks and tail sizes in rational numbers.

A confidence is read as the decimal that was written: 0.95 is 19/20 and not the nearest binary fraction,
so that of 1000 losses exactly 50 lie in the worst 5 %.
"""

import math
from fractions import Fraction
from functools import lru_cache
from numbers import Real

from simcore.border import is_finite


@lru_cache
def as_fraction(confidence: float) -> Fraction:
    """The decimal that `confidence` was written as, exactly."""
    return Fraction(repr(float(confidence)))


def confidence_remedy(value: object) -> str | None:
    """What to write instead of a `value` that is no confidence; None when it is one."""
    if not isinstance(value, Real) or not is_finite(value):
        return "write a number such as 0.99"
    value = float(value)
    if 0.5 < value < 1.0:
        return None
    if 50.0 < value < 100.0:
        return f"write {float(Fraction(repr(float(value))) / 100)!r}: a share of 1, not per cent"
    if 0.0 < value < 0.5:
        return f"write {float(1 - as_fraction(value))!r}: the confidence, not the tail's probability"
    return "write a number such as 0.99, strictly between 0.5 and 1"


@lru_cache
def quantile_rank(confidence: float, n: int) -> int:
    """The rank k = ceil(confidence n), from 1: VaR is the k-th smallest of n equally likely losses.

    >>> [quantile_rank(c, 1000) for c in (0.90, 0.95, 0.975, 0.99)]
    [900, 950, 975, 990]
    """
    return math.ceil(as_fraction(confidence) * n)


@lru_cache
def interval_ranks(confidence: float, n: int) -> tuple[int, int]:
    """Ranks of the order statistics that are a 95 % interval of VaR, cut at the sample's ends.

    They lie 1.96 standard deviations of the rank, and at least one rank, below and above.
    """
    c = as_fraction(confidence)
    width = max(1, math.ceil(1.96 * math.sqrt(float(n * c * (1 - c)))))
    rank = quantile_rank(confidence, n)
    return max(1, rank - width), min(n, rank + width)


@lru_cache
def tail_size(confidence: float, n: int) -> float:
    """The number (1 - confidence) n of losses in the tail; not always whole.

    >>> tail_size(0.975, 100)
    2.5
    """
    return float((1 - as_fraction(confidence)) * n)


@lru_cache
def tail_depth(confidence: float, n: int) -> int:
    """How many of the worst of `n` losses figures at `confidence` and their errors need.

    n - k + 1 losses reach down to VaR; five standard deviations of its rank lie below for the error.
    """
    c = as_fraction(confidence)
    spread = math.ceil(5.0 * math.sqrt(float(n * c * (1 - c))))
    return min(n, n - quantile_rank(confidence, n) + 1 + spread)
