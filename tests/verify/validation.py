"""The long proofs as tables: every closed form with what was expected and got, and how often intervals cover.

    make verify

asserts them, and `python tests/verify/validation.py` writes docs/validation.md. Seeds are fixed: the same figures come
out on every machine.
"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from closed_forms import (  # noqa: E402
    Truth,
    linear,
    log_student_t,
    lognormal,
    pooling_ratio,
    portfolio,
    t3_sum_value_at_risk,
)
from closed_forms import benefit as true_benefit  # noqa: E402
from test_bootstrap import variance_of_the_sum  # noqa: E402

from analysis.comparison import rows  # noqa: E402
from analysis.estimate import Estimate, benefit, total  # noqa: E402
from analysis.estimation import with_estimation  # noqa: E402
from analysis.figures import estimate_of  # noqa: E402
from scenarios.calibrate import moments_of  # noqa: E402
from scenarios.loader import from_document  # noqa: E402
from simcore import Bootstrap, Case, Market, Plan, Pool, PoolTree, Position, simulate, standardised  # noqa: E402

PAGE = HERE.parent.parent / "docs" / "validation.md"
PATHS, SEED = 1_000_000, 42
CONFIDENCES = (0.95, 0.99)
TAIL = [(measure, c) for measure in ("value_at_risk", "expected_shortfall") for c in CONFIDENCES]
RISK = [("volatility", None), *TAIL]
LAWS = {"normal": None, "t6": 6.0}


class Check(NamedTuple):
    """A figure of a law: what it is, what was estimated, and the distance in standard errors by the exact law."""

    law: str
    figure: str
    expected: float
    got: float
    away: float


def _check(law: str, measure: str, confidence: float | None, truth: Truth, found: Estimate, paths: int) -> Check:
    assert found.value is not None
    words = {"value_at_risk": "VaR", "expected_shortfall": "ES"}.get(measure, measure)
    figure = words if confidence is None else f"{words} {100 * confidence:g} %"
    return Check(law, figure, truth.value, found.value, (found.value - truth.value) / truth.std_error(paths))


def _pool(values, mu, sigma, correlation, *, compounding, dof=None) -> Case:
    names = [f"asset {i}" for i in range(len(values))]
    moments = {"expected_return": mu, "volatility": sigma, "correlation": correlation}
    market = Market.from_moments(names, **moments, compounding=compounding, dof=dof)
    positions = [Position(name, name, float(value)) for name, value in zip(names, values, strict=True)]
    return Case("base", market, PoolTree(positions, [Pool("pool", tuple(names))]))


def _equal(members: int, correlation: float, dof: float | None) -> Case:
    matrix = np.full((members, members), correlation)
    np.fill_diagonal(matrix, 1.0)
    numbers = np.full(members, 100.0), np.zeros(members), np.full(members, 0.2)
    return _pool(*numbers, matrix, compounding="simple", dof=dof)


def closed_forms() -> Iterator[Check]:
    """Every closed form at a million paths."""
    values, mu, sigma = [100.0, 250.0, -80.0, 40.0], [0.08, 0.12, 0.05, 0.15], [0.20, 0.30, 0.15, 0.45]
    matrix = [[1.0, 0.6, 0.3, -0.2], [0.6, 1.0, 0.5, 0.1], [0.3, 0.5, 1.0, 0.4], [-0.2, 0.1, 0.4, 1.0]]
    horizon = 0.25
    plan = Plan(PATHS, horizon, SEED, CONFIDENCES)
    for dof in (None, 6.0, 4.0):
        case = _pool(values, mu, sigma, matrix, compounding="simple", dof=dof)
        summary = simulate([case], plan)["base"]["pool"]
        law = f"four assets, one short, simple, {'normal' if dof is None else f't{dof:g}'}"
        for figure in [("mean", None), *(RISK if dof != 4.0 else TAIL)]:
            truth = linear(*portfolio(values, mu, sigma, matrix, horizon), *figure, dof)
            yield _check(law, *figure, truth, estimate_of(summary, *figure), PATHS)
    for value, side in ((100.0, "long"), (-70.0, "short")):
        case = _pool([value], [0.12], [0.35], [[1.0]], compounding="log")
        drift, scale = (0.12 - 0.35**2 / 2.0) * horizon, 0.35 * math.sqrt(horizon)
        summary = simulate([case], plan)["base"]["pool"]
        for figure in [("mean", None), *RISK]:
            truth = lognormal(value, drift, scale, *figure)
            yield _check(f"one lognormal, {side}", *figure, truth, estimate_of(summary, *figure), PATHS)
    case = _pool([100.0], [0.1], [0.4], [[1.0]], compounding="log", dof=4.0)
    summary = simulate([case], plan)["base"]["pool"]
    for figure in TAIL:
        truth = log_student_t(100.0, (0.1 - 0.4**2 / 2.0) * horizon, 0.4 * math.sqrt(horizon), *figure, 4.0)
        yield _check("one exp(t4), long", *figure, truth, estimate_of(summary, *figure), PATHS)
    yield from _steps()
    for dof in LAWS.values():
        for members, correlation in ((10, 0.3), (25, 0.0), (100, 0.5)):
            summaries = simulate([_equal(members, correlation, dof)], plan)["base"]
            law = f"benefit of {members} at correlation {correlation:g}, {'normal' if dof is None else 't6'}"
            for figure in RISK:
                alone = total([estimate_of(summaries[f"asset {i}"], *figure) for i in range(members)])
                found = benefit(estimate_of(summaries["pool"], *figure), alone)
                yield _check(law, *figure, true_benefit(correlation, members, *figure, dof), found, PATHS)


def _steps() -> Iterator[Check]:
    """Laws that live in their steps: ten of t3 against their exact convolution, a walk through a history."""
    case = _pool([1.0], [0.0], [0.2], [[1.0]], compounding="simple", dof=3.0)
    summary = simulate([case], Plan(PATHS, 10.0, SEED, CONFIDENCES, steps=10))["base"]["pool"]
    for confidence in CONFIDENCES:
        figure = ("value_at_risk", confidence)
        truth = t3_sum_value_at_risk(0.2, confidence, 10)
        yield _check("ten steps of t3", *figure, truth, estimate_of(summary, *figure), PATHS)
    column = np.random.default_rng(1).standard_normal(60)
    for i in range(1, 60):
        column[i] += 0.6 * column[i - 1]
    rows = standardised(column[:, np.newaxis])
    market = Market(("a",), [0.0], [0.2], "simple", Bootstrap(rows, 4.0))
    case = Case("base", market, PoolTree([Position("a", "a", 100.0)], [Pool("pool", ("a",))]))
    summary = simulate([case], Plan(PATHS, 10 / 252, SEED, CONFIDENCES, steps=10))["base"]["pool"]
    found = estimate_of(summary, "volatility")
    assert found.std_error is not None
    exact = 100.0 * 0.2 / math.sqrt(252) * math.sqrt(variance_of_the_sum(rows[:, 0], 10, 4.0))
    truth = Truth(
        exact, found.std_error * math.sqrt(PATHS)
    )  # its own estimate of the error: the fourth moment has no form
    yield _check("ten steps of a bootstrap, blocks of 4", "volatility", None, truth, found, PATHS)


class Coverage(NamedTuple):
    """The share of the runs whose 95 % interval holds the exact figure."""

    law: str
    view: str
    figure: str
    share: float


def coverage(runs: int = 2_000, paths: int = 100_000, members: int = 10, correlation: float = 0.3) -> list[Coverage]:
    """Of pools of ten, normal and t6; at 100,000 paths 1,000 losses and more stand behind each figure."""
    names = [f"asset {i}" for i in range(members)]
    cases = {law: _equal(members, correlation, dof) for law, dof in LAWS.items()}
    cases = [Case(law, case.market, case.pools) for law, case in cases.items()]
    keys = [(law, view, *figure) for law in LAWS for figure in RISK for view in ("pooled", "benefit")]
    truth = np.array([_exact(*key, members, correlation) for key in keys])
    hits = np.zeros(len(keys))
    for seed in range(1, runs + 1):
        result = simulate(cases, Plan(paths, 1.0, seed, CONFIDENCES))
        found = []
        for case in cases:
            nodes = {figure: [estimate_of(result[case.name][name], *figure) for name in names] for figure in RISK}
            for figure in RISK:
                pooled = estimate_of(result[case.name]["pool"], *figure)
                found += [pooled, benefit(pooled, total(nodes[figure]))]
        hits += [one.low <= exact <= one.high for one, exact in zip(found, truth, strict=True)]
    shares = hits / runs
    return [
        Coverage(law, view, _check(law, measure, c, Truth(0.0, 1.0), Estimate(0.0), 1).figure, float(share))
        for (law, view, measure, c), share in zip(keys, shares, strict=True)
    ]


class EstimationCoverage(NamedTuple):
    """How often two 95 % intervals of a figure hold the law's: that of estimation, and that of simulation alone."""

    view: str
    figure: str
    estimation: float
    simulation: float


HISTORIES, ROWS = 200, 250


def estimation_coverage(members: int = 4, correlation: float = 0.4) -> list[EstimationCoverage]:
    """Of an equal pool at the horizon of a quarter, each time estimated from a year of normal days."""
    factor = np.linalg.cholesky(np.full((members, members), correlation) + (1.0 - correlation) * np.eye(members))
    hits: dict[tuple[str, str, float | None], list[float]] = {}
    for seed in range(HISTORIES):
        returns = np.random.default_rng(seed).standard_normal((ROWS, members)) @ factor.T * 0.2 / math.sqrt(250.0)
        for row in rows_of(estimated(returns)):
            if row.node != "pool" or row.view == "unpooled" or row.measure == "mean":
                continue
            figure = (row.measure, row.confidence)
            if row.view == "benefit":
                truth = true_benefit(correlation, members, *figure, None).value
            else:
                truth = linear(0.0, 10.0 * members * pooling_ratio(correlation, members), *figure, None).value
            both = ((row.estimation_low, row.estimation_high), (row.low, row.high))
            held = [low is not None and low <= truth <= high for low, high in both]  # none holds nothing
            hits.setdefault((row.view, *figure), []).append(held)
    return [
        EstimationCoverage(
            view, _check("", measure, c, Truth(0.0, 1.0), Estimate(0.0), 1).figure, *np.mean(held, axis=0)
        )
        for (view, measure, c), held in hits.items()
    ]


def estimated(returns):
    """A scenario of these past returns: a position of 100 in each asset, a quarter ahead."""
    names = [f"asset {j}" for j in range(returns.shape[1])]
    figures = moments_of(returns, periods_per_year=250.0, compounding="simple")
    assets = [
        {"name": name, "expected_return": mu, "volatility": sigma, "value": 100.0}
        for name, mu, sigma in zip(names, figures.expected_return.tolist(), figures.volatility.tolist(), strict=True)
    ]
    universe = {"compounding": "simple", "correlation": figures.correlation.tolist(), "assets": assets}
    universe["sample"] = {"returns": returns.tolist(), "periods_per_year": 250.0}
    return from_document(
        {
            **{"schema": 1, "name": "estimated", "currency": "EUR", "universe": universe},
            "simulation": {"paths": 20 * 512, "horizon_years": 0.25, "seed": 1},
            "measures": {"confidence": 0.99, "estimation_error": 200},
        }
    )


def rows_of(scenario):
    """Its table, with the intervals of estimation."""
    return with_estimation(scenario, rows(scenario.cases, scenario.plan, simulate(scenario.cases, scenario.plan)))


def _exact(law: str, view: str, measure: str, confidence: float | None, members: int, correlation: float) -> float:
    if view == "benefit":
        return true_benefit(correlation, members, measure, confidence, LAWS[law]).value
    scale = 100.0 * members * 0.2 * pooling_ratio(correlation, members)
    return linear(0.0, scale, measure, confidence, LAWS[law]).value


def _table(head: list[str], rows: Iterator[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def page() -> str:
    """docs/validation.md as it stands after a run."""
    checks, shares, estimation = list(closed_forms()), coverage(), estimation_coverage()
    worst = max(abs(check.away) for check in checks)
    low, high = min(one.share for one in shares), max(one.share for one in shares)
    closed = ([c.law, c.figure, f"{c.expected:.6g}", f"{c.got:.6g}", f"{c.away:+.2f}"] for c in checks)
    covered = ([one.law, one.view, one.figure, f"{100 * one.share:.2f} %"] for one in shares)
    again = ([e.view, e.figure, f"{100 * e.estimation:.1f} %", f"{100 * e.simulation:.1f} %"] for e in estimation)
    return f"""# Validation

Written by `.venv/bin/python tests/verify/validation.py`; `make verify` asserts what it says. Seeds are fixed, so the
figures are the same on every machine.

## Closed forms

{PATHS:,} paths, seed {SEED}, horizon 0.25 years where nothing else is said. The last column is the distance in
standard errors that the exact law gives. The largest of {len(checks)} is {worst:.2f}; the tests allow 5.85, one false
alarm in a million runs of 200 checks.

{_table(["law", "figure", "expected", "got", "standard errors away"], closed)}

## Error bars

2,000 runs of 100,000 paths each: how often the 95 % interval holds the exact figure, of a pool of ten at correlation
0.3 and of its benefit. From {100 * low:.2f} to {100 * high:.2f} %; 93 to 97 % are asserted, four standard errors of a
share in 2,000 runs.

{_table(["law", "view", "figure", "covered"], covered)}

## Estimation error

{HISTORIES} histories of {ROWS} normal days each, of four assets at correlation 0.4: how often the intervals of
the equal pool's figures, a quarter ahead, hold those of the law that the days were drawn from.
`estimation_error = 200`, 10,240 paths. The interval of simulation knows nothing of the parameters, and shows what
leaving estimation error out amounts to. Where a figure has no interval, nothing is held.
A share in {HISTORIES} histories has a standard error of 1.5 %.

{_table(["view", "figure", "covered by the interval of estimation", "by that of simulation"], again)}
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
