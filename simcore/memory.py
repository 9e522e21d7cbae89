"""What fits into this machine's memory, and how a refusal says it."""

import math
import os
from bisect import bisect_right
from collections.abc import Callable

from simcore.errors import CapacityError, Problem

SHARE = 0.8  # of the machine's memory; the rest is the system's and other programs'

# Of each pair of assets, in a run and with all that is made of it, measured. A universe: 94 bytes at 5,000 assets (a
# process of 2.35 GB), 122 at 2,000; a regime 110 at 1,000. A shock to correlations: 26 at 1,000.
_BYTES_OF_A_UNIVERSE, _BYTES_OF_A_SHOCK = 100, 25


def usable() -> float:
    """Bytes that a run may take; infinite where the system does not say."""
    if not hasattr(os, "sysconf"):
        return math.inf
    return int(SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def gib(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 2**30:.1f} GiB"


def limit() -> str:
    """What may be taken, in words."""
    return f"{gib(usable())}, {100 * SHARE:.0f} % of this machine's memory"


def refuse_beyond_memory(
    need: Callable[[int], int], count: int, place: str, remedy: str, smaller: str, *, unit: str = "path"
) -> None:
    """Refuse more paths than fit into 80 % of this machine's memory.

    Parameters
    ----------
    need : callable
        The bytes that a number of paths, from 1, needs; more paths need more.
    count : int
        Of paths.
    place, remedy : str
        For the message.
    smaller : str
        The remedy when not even one path fits.
    unit : str
        What is counted, where it is not paths.

    Raises
    ------
    CapacityError
    """
    most = usable()
    if need(count) <= most:
        return
    value = f"{count} (about {gib(need(count))})"
    if need(1) > most:
        allowed = f"what fits into {limit()}: one {unit} alone takes {gib(need(1))}"
        raise CapacityError([Problem(place, value, allowed, smaller)])
    fits = bisect_right(range(1, count), most, key=need)
    raise CapacityError([Problem(place, value, f"at most about {fits} {unit}s: {limit()}", remedy)])


def check_dense(
    assets: int, place: str, *, universes: int = 1, shocks: int = 0, most: float = math.inf
) -> list[Problem]:
    """Refuse correlation matrices that cannot fit, before one is made.

    Parameters
    ----------
    assets : int
    place : str
        For the message.
    universes, shocks : int
        How many have a matrix of their own.
    most : int, optional
        Assets that are allowed on any machine.

    Returns
    -------
    list of Problem
        At most one.
    """
    each = _BYTES_OF_A_UNIVERSE * universes + _BYTES_OF_A_SHOCK * shocks
    memory = usable()
    fits = math.inf if memory == math.inf else math.isqrt(int(memory) // each)
    if assets <= min(fits, most):
        return []
    matrices = universes + shocks
    what = "the correlations of every two" if matrices == 1 else f"{matrices} correlation matrices"
    allowed = f"at most {most} assets" if most <= fits else f"at most about {fits} assets: {limit()}"
    remedy = "take fewer assets; what moves alike is one asset with several positions"
    remedy = f"{remedy}; or fewer shocks in one file" if matrices > 1 else remedy
    return [Problem(place, f"{assets} assets (about {gib(each * assets * assets)} for {what})", allowed, remedy)]
