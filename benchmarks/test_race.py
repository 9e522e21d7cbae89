"""The race: seconds of every peer, equal figures, and the ratio that is promised. For `make bench` only."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from peers import PEERS, Form, missing, simcore_figures, tuned_figures
from race import Heat, Race, Stable, distance
from stopwatch import stopwatch
from work import work

from simcore.engines import available_threads

PROMISED = 8.0  # times NumPy's usual code, at T = 1 and 2 threads
PROMISED_SIZES = (10, 50)
FURTHEST = 5.85  # standard errors: one false alarm in 1e8 figures, and a run compares 20,000
PATHS = {  # by n and T: 0.05 to 0.8 seconds for simcore; 20 batches are the fewest with standard errors
    (10, 1): 2_400_000,
    (50, 1): 480_000,
    (500, 1): 40_000,
    (10, 12): 400_000,
    (50, 12): 80_000,
    (500, 12): 10_752,
}


def _heat(n: int, steps: int, threads: int) -> Heat:
    promised = n in PROMISED_SIZES and steps == 1 and threads == 2
    return Heat(n, steps, threads, PATHS[n, steps], rounds=5 if promised else 3)


HEATS = [_heat(n, steps, threads) for n, steps in PATHS for threads in (1, 2)]


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
    if why := missing(peer):
        pytest.skip(why)
    heat = race.heat
    benchmark.group, benchmark.name = str(heat), peer
    benchmark.extra_info.update(
        heat=[heat.n, heat.steps, heat.threads, heat.paths],
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
    if race.heat.n in PROMISED_SIZES and race.heat.steps == 1 and race.heat.threads == 2:
        ratio = race.ratio("numpy")
        assert ratio >= PROMISED


def test_wrong_figures_are_noticed():
    """Volatilities that are 1 % too high do not pass as equal."""
    job, form = work(10, 1_000_000, 1), Form(method="dot")
    ours = simcore_figures(job, 1, form)
    assert distance(ours, tuned_figures(job, 1, form)) < FURTHEST
    assert distance(ours, tuned_figures(replace(job, volatility=1.01 * job.volatility), 1, form)) > FURTHEST
