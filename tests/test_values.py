"""Values over time: against replayed losses at the horizon, and step by step against a naive twin."""

import math
from dataclasses import replace

import numpy as np
import pytest
from models import deep_tree, every_law, plan, three_assets

from analysis.values import values_over_time
from simcore import Bootstrap, Market, replay, standardised


def jumping(case):
    """The case with jumps of every sign."""
    market = case.market
    jump = np.resize([-0.2, 0.0, 0.1], len(market.names))
    return replace(case, market=replace(market, jump=jump))


def drawn_from_a_history(case, compounding):
    rows = standardised(np.random.default_rng(2).standard_t(5, (40, len(case.market.names))))
    market = case.market
    return replace(case, market=Market(market.names, market.drift, market.scale, compounding, Bootstrap(rows, 3.0)))


def losses_agree(case, run_plan):
    """At the horizon each node is worth what it was less what it lost, to rounding."""
    losses = replay(case, run_plan, np.arange(64)).losses
    for node in case.pools.names:
        below = case.pools.positions_below(node)
        start = math.fsum(position.value for position in below)
        size = math.fsum(abs(position.value) for position in below)
        _, values = values_over_time(case, run_plan, below, 64)
        np.testing.assert_allclose(values[:, 0], start, rtol=0.0, atol=1e-15 * size)
        np.testing.assert_allclose(values[:, -1], start - losses[node], rtol=0.0, atol=1e-12 * size)


@every_law
@pytest.mark.parametrize("change", [lambda case: case, jumping])
@pytest.mark.parametrize("collapse", [True, False])
def test_the_last_value_is_that_at_start_less_the_loss(law, change, collapse):
    losses_agree(change(deep_tree(**law)), plan(1000, steps=6, collapse=collapse))


@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("change", [lambda case: case, jumping])
def test_the_last_value_of_a_bootstrap(compounding, change):
    losses_agree(change(drawn_from_a_history(deep_tree(), compounding)), plan(1000, steps=6))


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_values_step_by_step(compounding):
    """The naive twin: log returns multiply what there is, simple ones what there was at the start."""
    case, its = jumping(three_assets(compounding=compounding)), plan(1000, steps=5)
    time, values = values_over_time(case, its, case.pools.positions, 8)
    np.testing.assert_allclose(time, [0.0, *(k / 60 for k in range(6))], rtol=1e-15)
    returns = replay(case, its, np.arange(8)).returns
    for path in range(8):
        worth = [
            position.value * (1.0 + jump) for position, jump in zip(case.pools.positions, case.market.jump, strict=True)
        ]
        after = list(worth)
        expected = [3e5, math.fsum(worth)]
        for step in range(5):
            for j in range(3):
                r = returns[path, step, j]
                worth[j] = worth[j] * math.exp(r) if compounding == "log" else worth[j] + after[j] * r
            expected.append(math.fsum(worth))
        np.testing.assert_allclose(values[path], expected, rtol=1e-13)


def test_very_many_steps_are_seen_at_some():
    case = three_assets()
    steps = 1000
    time, values = values_over_time(case, plan(1000, steps=steps), case.pools.positions, 4)
    assert values.shape == (4, 261)
    assert (time[0], time[-1]) == (0.0, pytest.approx(1 / 12, rel=1e-15))
    shown = np.rint(time * 12 * steps).astype(int)
    every = replay(case, plan(1000, steps=steps), np.arange(4)).returns
    exact = 1e5 * np.exp(every.cumsum(axis=1)[:, shown[1:] - 1]).sum(axis=2)
    np.testing.assert_allclose(values[:, 1:], exact, rtol=1e-12)
