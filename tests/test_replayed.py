"""simcore replay: the worst paths, and that their parts are the node's loss."""

import json
import math

import numpy as np
import pytest

import scenarios
import simcore
from analysis.cli import main
from analysis.replayed import find_worst, render_replay
from simcore import InputError

SMALL = {"simulation.paths": 20_000}
QUICK = ["replay", "three_assets", "--paths", "2e4"]


@pytest.fixture(scope="module")
def scenario():
    return scenarios.load("etf18", overrides=SMALL)


@pytest.mark.parametrize("case", ["base", "correlation breakdown"])
def test_the_worst_paths_of_all_losses_with_parts_that_add_up(scenario, case):
    found = find_worst(scenario, node="everything", worst=7, case=case)
    chosen = next(c for c in scenario.cases if c.name == case)
    plan = scenarios.load("etf18", overrides=SMALL).plan
    losses = simcore.replay(chosen, plan, np.arange(plan.paths)).losses
    assert [path.path for path in found] == list(np.argsort(-losses["everything"])[:7])
    for path in found:
        assert path.loss == losses["everything"][path.path]
        assert math.fsum(part.loss for part in path.parts) == pytest.approx(path.loss, rel=1e-13)
        assert [part.position for part in path.parts] == [p.name for p in chosen.pools.positions]
        assert all(part.loss == losses[part.position][path.path] for part in path.parts)


def test_returns_are_those_of_the_assets(scenario):
    (worst,) = find_worst(scenario, node="bonds", worst=1)
    assert [part.position for part in worst.parts] == ["AGG", "TLT"]
    steps = simcore.replay(scenario.cases[0], scenario.plan, [worst.path]).returns
    assert steps is not None
    names = scenario.cases[0].market.names
    for part in worst.parts:
        log_return = float(steps[0, :, names.index(part.asset)].sum())
        assert part.asset_return == pytest.approx(math.expm1(log_return), abs=1e-14)


def test_a_position_is_its_own_part(scenario):
    (worst,) = find_worst(scenario, node="GLD", worst=1)
    assert [(part.position, part.loss) for part in worst.parts] == [("GLD", worst.loss)]


def test_a_position_of_value_0_has_no_return():
    flat = {"universe.assets": [dict(a, value=0.0) if i == 0 else a for i, a in enumerate(assets())]}
    (worst,) = find_worst(
        scenarios.load("three_assets", overrides={**SMALL, **flat}), node="portfolio", worst=1, case="base"
    )
    assert (worst.parts[0].loss, worst.parts[0].asset_return) == (0.0, None)
    assert worst.parts[1].asset_return is not None


def assets():
    return [
        {"name": f"Asset {i}", "class": "x", "expected_return": 0.1, "volatility": 0.2, "value": 100.0}
        for i in (1, 2, 3)
    ]


@pytest.mark.parametrize("worst", [1, 3, 40])
def test_the_text_keeps_its_width_and_shows_every_path(scenario, worst):
    found = find_worst(scenario, node="everything", worst=worst)
    text = render_replay(scenario, found, node="everything")
    assert max(map(len, text.splitlines())) <= 120
    assert all(text.count(f"path {path.path}\n") + text.count(f"path {path.path} ") == 1 for path in found)
    panels = text.split("\n\n")[1:]
    for panel in panels:
        title, heads, ruler, *lines, second, total = panel.rstrip("\n").splitlines()
        assert len(lines) == len(scenario.cases[0].pools.positions)
        assert set(ruler) == {"-"} == set(second)
        assert heads.split()[:3] == ["position", "loss", "%"]
        assert total.split()[0] == "everything"
        assert len(total.split()) - 1 == title.count("path")


def test_the_printed_losses_are_those_found(scenario, capsys):
    assert main(["replay", "etf18", "--node", "bonds", "--worst", "2", "--paths", "2e4"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    first, second = find_worst(scenario, node="bonds", worst=2)
    line = next(line for line in printed.out.splitlines() if line.startswith("AGG "))
    cells = [float(cell.replace(",", "")) for cell in line.split()[1:]]
    part, other = first.parts[0], second.parts[0]
    assert part.asset_return is not None
    assert cells[0] == pytest.approx(part.loss, abs=0.51)
    assert cells[1] == pytest.approx(100 * part.asset_return, abs=0.0051)
    assert cells[2] == pytest.approx(other.loss, abs=0.51)


def test_json_holds_every_part(capsys):
    assert main([*QUICK, "--node", "portfolio", "--worst", "3", "--case", "correlation breakdown", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["case"], document["node"], len(document["worst"])) == ("correlation breakdown", "portfolio", 3)
    losses = [path["loss"] for path in document["worst"]]
    assert losses == sorted(losses, reverse=True)
    for path in document["worst"]:
        assert list(path) == ["path", "loss", "positions"]
        assert [list(part) for part in path["positions"]] == [["position", "asset", "loss", "return"]] * 3
        assert math.fsum(part["loss"] for part in path["positions"]) == pytest.approx(path["loss"], rel=1e-13)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--node", "portfolo", "--worst", "3"], 'did you mean "portfolio"?'),
        (["--node", "portfolio", "--worst", "3", "--case", "2008"], "a case of the file: base, correlation breakdown"),
        (["--node", "portfolio", "--worst", "0"], "--worst = 0"),
        (["--node", "portfolio", "--worst", "1.5"], "--worst = 1.5"),
        (["--node", "portfolio", "--worst", "many"], "--worst = 'many'"),
        (["--node", "portfolio", "--worst", "20001"], "a whole number from 1 to 1156, the losses that the run keeps"),
        (["--node", "portfolio"], "Missing option '--worst'"),
        (
            ["--node", "portfolio", "--worst", "3", "--paths", "1e15"],
            "three_assets: simulation.paths = 1000000000000000",
        ),
    ],
)
def test_wrong_input_ends_with_2(capsys, arguments, said):
    paths = [] if "--paths" in arguments else QUICK[2:]
    assert main([*QUICK[:2], *paths, *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_all_problems_of_a_replay_are_told_at_once(capsys):
    assert main([*QUICK, "--node", "x", "--worst", "0", "--case", "y"]) == 2
    assert capsys.readouterr().err.startswith("simcore: 3 problems")


def test_equal_losses_have_no_worst_paths():
    still = {"universe.assets": [{**asset, "volatility": 0.0} for asset in assets()]}
    riskless = scenarios.load("three_assets", overrides={"simulation.paths": 10**6, **still})
    with pytest.raises(InputError, match="the worst losses of portfolio are all equal"):
        find_worst(riskless, node="portfolio", worst=1)
