"""The figure that users care about: seconds to a standard error of 1 % on VaR 99 %. For `make bench` only."""

import math

import pytest
from peers import PEERS, missing
from race import Heat, Race, Stable
from stopwatch import stopwatch

from analysis.bench_work import simcore_figures, work
from simcore.engines import available_threads
from simcore.kernels.block import BLOCK

WANTED = 0.01
TRIED = 200_000  # paths that tell how many are needed


@pytest.fixture(scope="module", params=[10, 50, 500], ids="n = {}".format)
def race(request: pytest.FixtureRequest) -> Race:
    """A race over as many paths as the pool's VaR needs: everybody simulates plainly, so all need the same."""
    figures = simcore_figures(work(request.param, TRIED, 1), 1, 1)
    assert figures.std_error is not None
    relative = figures.std_error[0, 1] / figures.value[0, 1]
    paths = BLOCK * math.ceil(TRIED * (relative / WANTED) ** 2 / BLOCK)
    with Stable() as stable:
        return stable.run(Heat(request.param, 1, min(2, available_threads()), paths, rounds=9))


@pytest.mark.benchmark(timer=stopwatch)
@pytest.mark.parametrize("peer", PEERS)
def test_seconds_to_one_percent(benchmark, race, peer):
    """Of the pool; these jobs are short, so that what a run costs before its first path counts."""
    heat = race.heat
    if why := missing(peer, heat.n):
        pytest.skip(why)
    benchmark.group, benchmark.name = f"to a standard error of 1 % on VaR 99 %: {heat}", peer
    benchmark.extra_info.update(accuracy=[heat.n, heat.paths], peer=peer, ratio=race.ratio(peer))
    stopwatch.replay(benchmark, race.seconds[peer])
