"""Lowering: what cases share, what a program says of itself, and one driver for everything."""

import naive
import numpy as np
import pytest
from models import deep_tree, equal_pool, plan, three_assets

import simcore
from simcore import Case, InputError, Plan, PoolTree, Position, lower
from simcore.kernels.driver import Kind

THREE = """\
5 operations on 12 rows of 512 paths
   0  normals   rows 0-2: stream normal, step 0, one asset a row
   1  product   rows 4-6 = L (3 x 3) times rows 0-2, for base
   2  losses    rows 8-10 of the positions of base, log returns
   3  sum       row 11 = rows 8, 9, 10: pool pool
   4  summary   rows 8-11: moments and tails of base, slots 0-3"""


def stresses(count, **law):
    """Cases of one factor, that differ in volatilities."""
    return [three_assets(f"case {i}", stress=1.0 + 0.5 * i, **law) for i in range(count)]


def test_three_assets_in_words():
    assert lower([three_assets()], plan()).describe() == THREE


def test_student_t_over_two_steps_in_words():
    """The mixing is drawn step by step, and steps are summed before the one product."""
    text = lower([three_assets(dof=4)], plan(steps=2)).describe()
    kinds = [line.split()[1] for line in text.splitlines()[1:]]
    assert kinds == ["normals", "mixing", "scale", "normals", "mixing", "add", "product", "losses", "sum", "summary"]
    assert "Student-t with 4 dof, step 1" in text


def test_every_operation_is_described():
    program = lower(stresses(3, dof=5), plan(steps=3), ("summary", "losses", "returns"))
    assert len(program.words) == len(program.ops)
    assert len(program.describe().splitlines()) == 1 + len(program.ops)


@pytest.mark.parametrize("steps", [1, 12])
@pytest.mark.parametrize("law", [{}, {"dof": 4.0}], ids=["normal", "t"])
def test_cases_of_one_factor_share_draws_and_products(law, steps):
    one, five = (lower(stresses(count, **law), plan(steps=steps)) for count in (1, 5))
    drawn = steps if law else 1
    for program in (one, five):
        assert program.count(Kind.NORMALS) == drawn
        assert program.count(Kind.MIXING) == (steps if law else 0)
        assert program.count(Kind.PRODUCT) == 1
        assert program.describe().count("normals") == drawn
        assert program.describe().count("product") == 1
    assert one.rows == five.rows
    assert (one.count(Kind.SUMMARY), five.count(Kind.SUMMARY)) == (1, 5)


def test_another_factor_is_another_product_of_the_same_draws():
    program = lower([three_assets(), three_assets("tight", rho=0.8)], plan())
    assert (program.count(Kind.NORMALS), program.count(Kind.PRODUCT)) == (1, 2)


def test_other_laws_share_the_normals():
    laws = {"t4": {"dof": 4}, "t6": {"dof": 6}, "t4 too": {"dof": 4, "stress": 2.0}}
    cases = [three_assets(), *(three_assets(name, **law) for name, law in laws.items())]
    program = lower(cases, plan())
    counts = [program.count(kind) for kind in (Kind.NORMALS, Kind.MIXING, Kind.PRODUCT)]
    assert counts == [1, 2, 3]


def test_steps_are_drawn_only_when_something_looks():
    twelve = plan(steps=12)
    blind, seen = (lower([three_assets()], twelve, sinks) for sinks in (("summary",), ("summary", "returns")))
    assert blind.count(Kind.NORMALS) == 1
    assert seen.count(Kind.NORMALS) == 12
    assert seen.count(Kind.BRIDGE) == 11
    assert lower([three_assets()], plan(steps=12, collapse=False)).count(Kind.NORMALS) == 12
    assert blind.describe() == lower([three_assets()], plan()).describe()


def test_what_a_program_stores():
    cases = stresses(2)
    assert lower(cases, plan(steps=4)).stored == 0
    assert lower(cases, plan(steps=4), ("losses",)).stored == 2 * 4
    assert lower(cases, plan(steps=4), ("returns",)).stored == 2 * 4 + 2 * 4 * 3


def test_slots_are_cases_and_nodes_in_order():
    program = lower(stresses(2), plan())
    nodes = ("Asset 1", "Asset 2", "Asset 3", "pool")
    assert program.slots == tuple((case, node) for case in ("case 0", "case 1") for node in nodes)


def test_positions_may_share_an_asset_and_assets_may_have_none():
    market = three_assets().market
    tree = PoolTree([Position("long", "Asset 2", 2e5), Position("short", "Asset 2", -5e4)])
    summaries = simcore.simulate([Case("base", market, tree)], plan(2000))["base"]
    assert summaries["long"].m2 == pytest.approx(16.0 * summaries["short"].m2, rel=1e-13)


@pytest.mark.parametrize("steps", [1, 12])
@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("law", [{}, {"dof": 3.0}, {"collapse": False}], ids=["normal", "t", "every step drawn"])
def test_the_one_driver_is_the_twin_path_by_path(law, compounding, steps):
    """Trees three deep: the losses of a run, and the returns of every step, against the obvious computation."""
    law = dict(law)
    run_plan = plan(1500, steps=steps, collapse=law.pop("collapse", True), outputs=("losses", "returns"))
    case = deep_tree(compounding=compounding, **law)
    got = simcore.simulate([case], run_plan).outputs["base"]
    for path in (0, 511, 512, 1499):
        np.testing.assert_allclose(got.returns[path], naive.returns(case, run_plan, path), rtol=1e-11, atol=1e-15)
        for node, loss in naive.losses(case, run_plan, path).items():
            np.testing.assert_allclose(got.losses[node][path], loss, rtol=1e-11, atol=1e-8, err_msg=node)


def test_a_wrong_twin_is_told_apart():
    """The negative control: a transposed factor, and t without the scaling to unit variance."""
    case, run_plan = deep_tree(dof=3.0), plan(1000)
    got = simcore.replay(case, run_plan, [17]).losses["top"][0]
    transposed = case.market.dependence.factor.T
    right = naive.losses(case, run_plan, 17)["top"]
    assert got == pytest.approx(right, rel=1e-11)
    z = naive.innovations(case, run_plan, 17)[0]
    for x in (transposed @ z, case.market.dependence.factor @ z * np.sqrt(3.0)):
        r = case.market.drift / 12 + case.market.scale * np.sqrt(1 / 12) * x
        other = naive.losses_from_returns(case, [r])["top"]
        assert abs(other / right - 1.0) > 0.01


def test_cases_must_fit_together():
    with pytest.raises(InputError) as caught:
        lower([three_assets(), equal_pool(2), three_assets("t")], plan())
    places = [problem.place for problem in caught.value.problems]
    assert places == ["cases[1].name", "cases[1].market.names"]
    with pytest.raises(InputError, match="at least one case"):
        lower([], plan())


def test_log_returns_beyond_what_exp_computes_are_refused():
    with pytest.raises(InputError, match=r"Asset 1.* = 20.*\n    allowed: .* within 300\n    remedy:  shorten"):
        lower([three_assets(stress=100.0)], Plan(1000, 10.0, 1, (0.95,)))
    lower([three_assets(stress=100.0, compounding="simple")], Plan(1000, 10.0, 1, (0.95,)))
