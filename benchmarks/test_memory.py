"""Peak memory of every peer: a bigger job in a fresh process, which reports its own maximum. For `make bench` only."""

import pytest
from contestant import peak_memory
from own import Job, alone, simulation_seconds
from peers import PEERS, forms, missing
from race import Contestant, Heat
from stopwatch import stopwatch

from simcore.engines import available_threads

HEAT = Heat(n=50, steps=1, threads=min(2, available_threads()), paths=4_000_000, rounds=1)
MOST = 350_000_000  # bytes of simcore: `numpy` takes 4.7 GB


BILLION = Job(10, 10**9, threads=2, collapse=True, confidences=(0.95, 0.99))
LONGEST, MOST_OF_A_BILLION = 60.0, 600_000_000  # seconds, bytes: its tails are bounded


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


@pytest.mark.benchmark(timer=stopwatch)
@pytest.mark.usefixtures("compiled")
def test_a_billion_paths(benchmark, capsys):
    """Seconds and peak memory, imports included."""
    seconds, peak = alone(_seconds_and_peak, BILLION)
    benchmark.group, benchmark.name = "a billion paths", str(BILLION)
    claim = f"seconds of 1e9 paths of {BILLION.n} assets, 2 threads, {peak / 1e6:,.0f} MB"
    benchmark.extra_info.update(claim=claim, ratio=seconds)
    with capsys.disabled():
        print(f"\n{claim}: {seconds:.1f}")
    stopwatch.replay(benchmark, [seconds])
    assert seconds <= LONGEST
    assert peak <= MOST_OF_A_BILLION


def _seconds_and_peak(job: Job) -> tuple[float, int]:
    ((seconds,),) = simulation_seconds([job], 1)
    return seconds, peak_memory()
