"""simcore plan: what a run would compute, what its cases share, what it would take."""

import json

import pytest
from models import equal_pool

import scenarios
from analysis.cli import main
from analysis.planned import plan_of
from simcore import Plan
from simcore.capacity import needed_bytes
from simcore.lowering import lower


@pytest.fixture(scope="module")
def planned():
    return plan_of(scenarios.load("etf18", overrides={"simulation.paths": 10_000}), threads=2)


def test_what_cases_share_is_seen_against_each_case_alone(planned):
    work = {one.operation: one[1:] for one in planned.work}
    assert work["normals"] == (1, 18, 5, 90)  # five cases draw once
    assert work["product"] == (5, 100, 5, 100)  # five matrices, rows padded to 20
    assert work["summary"] == (5, 110, 5, 110)
    assert sum(one.times for one in planned.work) == len(planned.operations) == 36


def test_a_volatility_shock_shares_the_product():
    scenario = scenarios.load("etf18", overrides={"simulation.paths": 1000, "shocks": []})
    shocks = [{"name": str(i), "changes": [{"volatility": {"multiply": 1.0 + i}}]} for i in range(3)]
    more = scenarios.from_document({**scenario.resolved, "shocks": shocks})
    work = {one.operation: one[1:] for one in plan_of(more, threads=1).work}
    assert (work["normals"], work["product"]) == ((1, 18, 4, 72), (1, 20, 4, 80))


def test_rows_and_kinds_are_those_of_the_program():
    program = lower([equal_pool(5, rho=0.4)], Plan(1000, 1.0, 1, (0.95,)))
    assert [kind.name for kind in program.kinds()] == ["NORMALS", "PRODUCT", "LOSS_LOG", "SUM", "SUMMARY"]
    assert [program.rows_of(kind) for kind in program.kinds()] == [5, 8, 5, 5, 6]
    assert sum(program.count(kind) for kind in program.kinds()) == len(program.ops)


def test_the_command_prints_it(capsys, planned):
    assert main(["plan", "etf18", "--paths", "1e4", "--threads", "2"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("etf18: 10,000 paths in 20 blocks of 512, 5 cases, 1 step\nabout ")
    assert "normals         1      18       5      90" in text
    listed = text.rstrip("\n").splitlines()[-len(planned.operations) :]
    assert [line[6:] for line in listed] == planned.operations
    assert main(["plan", "etf18", "--paths", "1e4", "--threads", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["blocks"], found["rows"], found["operations"]) == (20, planned.rows, planned.operations)
    assert found["work"][0] == dict(planned.work[0]._asdict())


def test_bytes_and_seconds_are_those_of_a_run_by_so_many_threads(capsys, monkeypatch):
    """Bytes as `simcore.capacity` counts them, seconds as they are foretold, by 2 threads half."""
    scenario = scenarios.load("etf18", overrides={"simulation.paths": 10_000})
    monkeypatch.setattr("analysis.forecast.needed_seconds", lambda cases, plan, threads: plan.paths / 100 / threads)
    for threads, seconds in ((1, 100.0), (2, 50.0)):
        found = plan_of(scenario, threads=threads)
        assert found.bytes == needed_bytes(scenario.cases, scenario.plan, threads)
        assert found.seconds == seconds
    assert plan_of(scenario, threads=1).bytes < plan_of(scenario, threads=2).bytes
    assert main(["plan", "etf18", "--paths", "1e4", "--threads", "2"]) == 0
    size = round(needed_bytes(scenario.cases, scenario.plan, 2) / 2**20)
    assert f"\nabout 50 s by 2 threads, {size} MiB of memory" in capsys.readouterr().out


def test_what_cannot_fit_is_refused(capsys):
    assert main(["plan", "three_assets", "--paths", "1e15"]) == 2
    assert "at most about" in capsys.readouterr().err
