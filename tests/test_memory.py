"""Flat memory: ten times the paths take no more than their tails."""

import sys

import pytest
from models import child

RUN = """
import resource
import simcore
from models import equal_pool, plan
result = simcore.simulate([equal_pool(10)], plan({paths}, **{options}), threads=2)
assert result["base"]["pool"].paths == {paths}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss


def peak(paths, **options):
    """The most memory that a process with one run took, in bytes."""
    return int(child("-c", RUN.format(paths=paths, options={"confidences": (0.99,), **options})).stdout) * UNIT


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
def test_ten_million_paths_take_little_more_than_one_million(record_property):
    """Ten assets and their pool, one step, confidence 0.99: within 60 MB. All losses would take 880 MB."""
    peak(1_000)  # compiles, where nothing is compiled yet: that takes memory too
    one, ten = peak(1_000_000), peak(10_000_000)
    record_property("peaks", (one, ten))
    assert ten - one < 60e6


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
def test_bounded_tails_do_not_grow_with_the_paths(record_property):
    """At a confidence of 0.6: within 30 MB of a million paths, whose tails are whole. Whole ones of ten take 700 MB."""
    peak(1_000)
    one, ten = (peak(paths, confidences=(0.6,), tail_budget=0) for paths in (1_000_000, 10_000_000))
    record_property("peaks", (one, ten))
    assert ten - one < 30e6
