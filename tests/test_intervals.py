"""How often the intervals of measured losses cover the truth: by figure, and by how few losses are in the tail."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from closed_forms import benefit as true_benefit
from closed_forms import linear, pooling_ratio
from scipy.special import bdtr
from statistics_helpers import LIMIT

from analysis.measured import Sampling, measured_rows
from analysis.resampled import Resampled, binomial_ranks
from simcore import Pool, PoolTree, Position
from simcore.engines import threads

RUNS, ROWS, MEMBERS, CORRELATION = 500, 1000, 3, 0.3
LAWS = {"normal": None, "t6": 6.0}
NAMES = [f"member {i}" for i in range(MEMBERS)]
TREE = PoolTree([Position(name, name, 1.0) for name in NAMES], [Pool("pool", tuple(NAMES))])
LOWEST, HIGHEST = 0.90, 0.99  # from 0.95 five and four deviations of a share of 500, 0.0097
OPEN = [(view, "expected_shortfall", 0.99) for view in ("pooled", "unpooled", "standalone")]  # most have no upper end


def draw_losses(law, run, rows):
    rng = np.random.default_rng([17, run, len(law)])
    matrix = np.full((MEMBERS, MEMBERS), CORRELATION) + (1 - CORRELATION) * np.eye(MEMBERS)
    normals = rng.standard_normal((rows, MEMBERS)) @ np.linalg.cholesky(matrix).T
    dof = LAWS[law]
    return normals if dof is None else normals * np.sqrt((dof - 2.0) / rng.chisquare(dof, (rows, 1)))


@cache
def truth_of(law, view, measure, confidence):
    if view == "benefit":
        return true_benefit(CORRELATION, MEMBERS, measure, confidence, LAWS[law]).value
    scale = {"pooled": MEMBERS * pooling_ratio(CORRELATION, MEMBERS), "unpooled": MEMBERS, "standalone": 1.0}[view]
    return linear(0.0, scale, measure, confidence, LAWS[law]).value


def holds(row, truth, factor=1.0):
    """Whether an interval, its half-widths times a factor, holds the truth; an end that is empty is none."""
    low = -math.inf if row.low is None else row.value - factor * (row.value - row.low)
    high = math.inf if row.high is None else row.value + factor * (row.high - row.value)
    return low <= truth <= high


@pytest.fixture(scope="module", params=list(LAWS))
def coverage(request):
    """Shares of the runs whose interval covers, its half-widths times a factor: by view, measure and factor."""
    law, hits = request.param, {}
    for run in range(RUNS):
        table = measured_rows(
            TREE, draw_losses(law, run, ROWS), (0.95, 0.99), Sampling(1000, seed=run), engine=threads(2)
        )
        for row in table:
            if row.kind == "position" and row.node != NAMES[0]:
                continue
            truth = truth_of(law, row.view, row.measure, row.confidence)
            for factor in (0.7, 1.0):
                hits.setdefault((row.view, row.measure, row.confidence, factor), []).append(holds(row, truth, factor))
    return {key: float(np.mean(hit)) for key, hit in hits.items()}


def test_intervals_cover_the_truth(coverage):
    shares = {key: share for key, share in coverage.items() if key[3] == 1.0}
    assert len(shares) == 4 * 6 - 1
    highest = {key: 1.0 if key[:3] in OPEN else HIGHEST for key in shares}
    wrong = {key: share for key, share in shares.items() if not LOWEST <= share <= highest[key]}
    assert wrong == {}


def test_order_statistics_cover_as_often_as_they_should(coverage):
    """Exactly: their ranks are whole, so it is more than 95 %."""
    for confidence in (0.95, 0.99):
        low, high = binomial_ranks(confidence, ROWS)
        exact = bdtr(high - 1, ROWS, confidence) - bdtr(low - 1, ROWS, confidence)
        for view in ("pooled", "standalone"):
            share = coverage[view, "value_at_risk", confidence, 1.0]
            assert abs(share - exact) <= 5 * np.sqrt(exact * (1 - exact) / RUNS)


def test_intervals_that_are_too_short_are_seen(coverage):
    """The control, but of open ends, and of VaR of one node: at 0.99 the neighbours of its ranks are too far apart."""
    others = [*OPEN, *((view, "value_at_risk", 0.99) for view in ("pooled", "standalone"))]
    short = {key: share for key, share in coverage.items() if key[3] == 0.7 and key[:3] not in others}
    assert len(short) == 18
    assert max(short.values()) < LOWEST


# -- few losses in the tail

AT = 0.95
VIEWS = ("pooled", "unpooled", "standalone", "benefit")


class Covered(NamedTuple):
    """Shares of the runs: whose interval covers, an empty end being none; that have an upper end; that cover then."""

    covers: float
    bounded: float
    covers_bounded: float


def coverage_of_tail(law, tail, runs):
    """By view, of files with so many losses in the tail."""
    seen = {view: [] for view in VIEWS}
    for run in range(runs):
        losses = draw_losses(law, run, round(tail / (1 - AT)))
        for row in measured_rows(TREE, losses, (AT,), Sampling(1000, seed=run), engine=threads(1)):
            if row.measure == "expected_shortfall" and (row.kind == "pool" or row.node == NAMES[0]):
                truth = truth_of(law, row.view, row.measure, row.confidence)
                seen[row.view].append((holds(row, truth), row.high is not None))
    return {view: _covered(np.array(of_view)) for view, of_view in seen.items()}


def _covered(seen):
    covers, bounded = seen.T
    return Covered(covers.mean(), bounded.mean(), covers[bounded].mean() if bounded.any() else math.nan)


FEW_RUNS = 200
FEWEST = 0.95 - LIMIT * math.sqrt(0.95 * 0.05 / FEW_RUNS)  # 0.86


@pytest.mark.parametrize(
    ("law", "tail"), [*(("normal", tail) for tail in (1.0, 1.2, 2.1, 3.0, 4.0, 10.0, 30.0)), ("t6", 3.0), ("t6", 10.0)]
)
def test_few_losses_in_the_tail_are_covered_or_not_bounded(law, tail):
    shares = coverage_of_tail(law, tail, FEW_RUNS)
    assert min(share.covers for share in shares.values()) >= FEWEST
    bounded = [shares[view].bounded for view in ("pooled", "unpooled", "standalone")]
    assert max(bounded) == 0.0 if tail < 5.0 else max(bounded) > 0.0
    assert min(bounded) >= 0.9 or tail < 30.0


@pytest.mark.parametrize("tail", [2.1, 3.0, 4.0])
def test_the_largest_replicate_is_seen_to_be_no_end(tail, monkeypatch):
    """The control: ends beyond all replicates, cut at the last of them."""
    whole = Resampled.__dict__["interval"].func

    def cut(self):
        ends = whole(self)
        last = (lambda: self.replicates.min(), lambda: self.replicates.max())
        return ends and tuple(at() if end is None else end for end, at in zip(ends, last, strict=True))

    monkeypatch.setattr(Resampled, "interval", property(cut))
    shares = coverage_of_tail("normal", tail, FEW_RUNS)
    assert {share.bounded for share in shares.values()} == {1.0}
    assert max(shares[view].covers for view in ("pooled", "standalone")) < FEWEST
