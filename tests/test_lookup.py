"""What a picture is about: a pool by itself keeps its figures, and what has no risk is refused."""

import dataclasses

import pytest
from models import deep_tree, equal_pool, plan
from pictured import run_of

from analysis import lookup, rows
from simcore import InputError, simulate


@pytest.mark.parametrize(("pool", "suffix"), [("top", "_assets"), ("middle", "_assets"), ("bottom", "")])
def test_a_pool_alone_keeps_its_figures(pool, suffix):
    case, run_plan = deep_tree(), plan(12_000)
    results = simulate([case], run_plan)
    whole = {row[:8]: row for row in rows([case], run_plan, results) if row.node == pool}
    alone = lookup.pool_alone(case, pool)
    assert [one.name for one in alone.pools.pools] == [pool]
    assert lookup.unpooled_view(case.pools, pool) == f"unpooled{suffix}"
    found = [row for row in rows([alone], run_plan, results) if row.node == pool]
    assert {row.view for row in found} == {"pooled", "unpooled", "benefit"}
    for row in found:
        view = row.view if row.view == "pooled" else row.view + suffix
        there = whole[row._replace(view=view, parent=case.pools.pool_of(pool))[:8]]
        assert there == row._replace(view=view, parent=there.parent)


def test_what_loses_the_same_on_every_path_is_refused():
    lookup.refuse_riskless(deep_tree(), "bottom")
    with pytest.raises(InputError, match="pool = 'pool'\n    allowed: a pool with risk; in the case calm"):
        lookup.refuse_riskless(equal_pool(2, volatility=0.0, name="calm"), "pool")


def test_amounts_have_a_unit():
    run = run_of(equal_pool(2), plan=plan(1_000), currency="EUR")
    assert lookup.unit_of(run) == "EUR"
    nameless = run._replace(scenario=dataclasses.replace(run.scenario, currency=""))
    assert lookup.unit_of(nameless) == "units of currency"
