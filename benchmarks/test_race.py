"""The race: seconds of every peer, equal figures, and the ratios that are promised. For `make bench` only."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from peers import PEERS, Form, missing, numpy_tuned
from promises import PROMISES, SLACK, least
from race import Heat, Race, Stable
from stopwatch import stopwatch

from analysis.bench import FURTHEST
from analysis.bench_work import simcore_figures, work
from simcore.engines import available_threads

PATHS = {  # by n and T: at least 2e7 normals, and 20 batches, the fewest with standard errors
    (10, 1): 4_800_000,
    (50, 1): 960_000,
    (500, 1): 240_000,
    (2000, 1): 40_960,
    (10, 12): 400_000,
    (50, 12): 80_000,
    (500, 12): 20_480,
}
HEATS = [
    *(Heat(n, steps, threads, paths, 3) for (n, steps), paths in PATHS.items() for threads in (1, 2)),
    Heat(2000, 12, 2, 20_480, 1),
    Heat(10, 12, 2, 2_400_000, 3, horizon_only=True),
    Heat(10, 252, 2, 720_000, 3, horizon_only=True),
    *(Heat(n, steps, 2, PATHS[n, steps], 3, precision="single") for steps in (1, 12) for n in (10, 50, 500)),
    Heat(2000, 1, 2, 102_400, 3, precision="single"),
]


@pytest.fixture(scope="module")
def stable() -> Iterator[Stable]:
    """Every peer's processes, kept from heat to heat."""
    with Stable() as stable:
        yield stable


@pytest.fixture(scope="module", params=HEATS, ids=str)
def race(request: pytest.FixtureRequest, stable: Stable) -> Race:
    """A heat, run once for all its tests."""
    if request.param.threads > available_threads():
        pytest.skip(f"{request.param.threads} threads, and this process may use {available_threads()}")
    return stable.run(request.param)


@pytest.mark.benchmark(timer=stopwatch)
@pytest.mark.parametrize("peer", PEERS)
def test_seconds(benchmark, race, peer):
    """Seconds of one job, warm."""
    heat = race.heat
    if why := missing(peer, heat.n, heat.precision):
        pytest.skip(why)
    benchmark.group, benchmark.name = str(heat), peer
    benchmark.extra_info.update(
        heat=[heat.n, heat.steps, heat.threads, heat.paths, heat.precision, heat.horizon_only],
        form=str(race.forms[peer]),
        rate=race.rate(peer),
        ratio=race.ratio(peer),
        distance=race.distance(peer),
    )
    stopwatch.replay(benchmark, race.seconds[peer])


def test_ratio(race, capsys):
    """All found the same figures, and simcore is as many times as fast as promised."""
    rivals = [peer for peer in race.seconds if peer != "simcore"]
    with capsys.disabled():
        ratios = ", ".join(f"{race.ratio(peer):.1f} x {peer} ({race.forms[peer]})" for peer in rivals)
        print(f"\n{race.heat}: simcore {race.rate('simcore'):.0f} million normals a second = {ratios}")
    distances = {peer: race.distance(peer) for peer in rivals}
    assert all(x < FURTHEST for x in distances.values()), distances  # false for NaN
    heat = race.heat
    for promise in PROMISES if heat.threads == available_threads() else ():
        if promise.is_of(heat.n, heat.steps, heat.precision, heat.horizon_only):
            got = least([(peer, race.ratio(peer)) for peer in rivals], promise.rivals)
            assert got is None or got >= SLACK * promise.must, promise


def test_wrong_figures_are_noticed():
    """Volatilities that are 1 % too high do not pass as equal."""
    job, form = work(10, 1_000_000, 1), Form(method="dot")
    ours = simcore_figures(job, 1, 1)
    assert ours.distance(numpy_tuned(job, 1, form)) < FURTHEST
    assert ours.distance(numpy_tuned(replace(job, volatility=1.01 * job.volatility), 1, form)) > FURTHEST
