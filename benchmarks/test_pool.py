"""Rates of the whole job, peer by peer, and the ratio that is promised. Run by `make bench`, never by `make test`."""

import statistics
import time

import numpy as np
import pytest
from work import numpy_table, simcore_table, work

NORMALS = 20_000_000
SIZES = (10, 50)
THREADS = 2
PROMISED = 8.0  # times NumPy's usual code
PEERS = {
    "simcore": lambda job, seed: simcore_table(job, seed, THREADS),
    "numpy": numpy_table,
}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("peer", PEERS)
def test_rate(benchmark, peer, n):
    """Seconds of one job; simcore is warm, its compile time apart."""
    simcore_table(work(n, 2_000), 1, THREADS)
    job = work(n, NORMALS // n)
    benchmark.pedantic(PEERS[peer], args=(job, 1), rounds=3, iterations=1)
    benchmark.extra_info["millions of normals a second"] = NORMALS / benchmark.stats["median"] / 1e6


@pytest.mark.parametrize("n", SIZES)
def test_ratio(n, capsys):
    """The median ratio of interleaved runs is at least what is promised, and both measure the same risk."""
    simcore_table(work(n, 2_000), 1, THREADS)
    job = work(n, NORMALS // n)
    seconds = {peer: [] for peer in PEERS}
    tables = {}
    for seed in range(5):
        for peer, run in PEERS.items():
            start = time.perf_counter()
            tables[peer] = run(job, seed)
            seconds[peer].append(time.perf_counter() - start)
    np.testing.assert_allclose(tables["simcore"], tables["numpy"], rtol=0.03)
    rates = {peer: NORMALS / statistics.median(times) / 1e6 for peer, times in seconds.items()}
    ratio = statistics.median(b / a for a, b in zip(seconds["simcore"], seconds["numpy"], strict=True))
    with capsys.disabled():
        words = ", ".join(f"{peer} {rate:.0f}" for peer, rate in rates.items())
        print(f"\nn = {n}, {THREADS} threads: {words} million normals a second; ratio {ratio:.1f}")
    assert ratio >= PROMISED
