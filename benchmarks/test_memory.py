"""Peak memory of every peer: a bigger job in a fresh process, which reports its own maximum. For `make bench` only."""

import pytest
from peers import PEERS, forms, missing
from race import Contestant, Heat
from stopwatch import stopwatch

from simcore.engines import available_threads

HEAT = Heat(n=50, steps=1, threads=min(2, available_threads()), paths=4_000_000, rounds=1)
MOST = 350_000_000  # bytes of simcore: `numpy` takes 4.7 GB


@pytest.fixture(scope="module")
def compiled() -> None:
    """The kernels are on the disk: the compiler's memory is not the job's."""
    contestant = Contestant("simcore")
    contestant.work(HEAT, forms("simcore", 1)[0], seed=1, share=100)
    contestant.close()


@pytest.mark.benchmark(group=f"peak memory, in a fresh process: {HEAT}, {HEAT.paths:,} paths", timer=stopwatch)
@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.usefixtures("compiled")
def test_peak_memory(benchmark, capsys, peer):
    """The first job of a process, imports included."""
    if why := missing(peer, HEAT.n):
        pytest.skip(why)
    form = forms(peer, HEAT.threads)[0]
    contestant = Contestant(peer, form.blas)
    answer = contestant.work(HEAT, form, seed=1)
    contestant.close()
    benchmark.name = f"{peer}, {answer.peak / 1e6:,.0f} MB"
    benchmark.extra_info.update(peer=peer, peak=answer.peak)
    stopwatch.replay(benchmark, [answer.seconds])
    assert peer != "simcore" or answer.peak <= MOST
