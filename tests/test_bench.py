"""`simcore bench`: equal work, equal figures, and what it says of them; no time is asserted."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from closed_forms import lognormal
from statistics_helpers import LIMIT, errors_away

from analysis import bench as benches
from analysis.bench import Benched, Raced, bench, bench_text
from analysis.bench_work import HORIZON, Figures, numpy_figures, simcore_figures, work
from analysis.cli import main

SMALL = [(3, 1, 20_480), (2, 2, 20_480)]


def test_both_do_the_same_work():
    """And a volatility that is 3 % too high is noticed: the control."""
    job = work(3, 100_000, 1)
    ours = simcore_figures(job, 1, 1)
    assert ours.distance(numpy_figures(job, 1)) < benches.FURTHEST
    assert ours.distance(numpy_figures(replace(job, volatility=1.03 * job.volatility), 1)) > benches.FURTHEST


def test_the_figures_are_those_of_the_lognormal_law():
    """And a volatility that is 3 % too high is noticed: the control."""
    job = work(3, 200_000, 4)
    truths = [lognormal(1.0, -(s**2) / 2.0, s, "volatility") for s in job.volatility * np.sqrt(HORIZON)]

    def furthest(figures):
        found = figures.value[1:, 0]
        return max(errors_away(value, truth, job.paths) for value, truth in zip(found, truths, strict=True))

    assert max(furthest(simcore_figures(job, 1, 1)), furthest(numpy_figures(job, 1))) <= LIMIT
    assert furthest(numpy_figures(replace(job, volatility=1.03 * job.volatility), 1)) > LIMIT


def test_a_distance_is_in_standard_errors_of_the_difference():
    ours = Figures(np.array([[1.0, 2.0, 3.0]]), np.array([[0.1, 0.1, 0.1]]))
    assert ours.distance(Figures(np.array([[1.0, 2.3, 3.0]]))) == pytest.approx(3.0 / np.sqrt(2.0))
    assert ours.distance(Figures(np.array([[1.0, 2.3, 3.0]])), share=8) == pytest.approx(1.0)


def test_a_size_after_the_other_is_told_and_raced():
    told = []
    done = bench(threads=1, say=told.append, sizes=SMALL)
    assert told == ["3 assets, 1 step, 20,480 paths", "2 assets, 2 steps, 20,480 paths"]
    assert [(r.n, r.steps, r.paths) for r in done.sizes] == SMALL
    assert all(min(r.simcore, r.numpy, r.ratio) > 0.0 and r.distance < benches.FURTHEST for r in done.sizes)


@pytest.mark.parametrize(("distance", "words"), [(3.0, "agree: at most 3.0"), (9.0, "do not agree, please report it")])
def test_the_text(distance, words):
    text = bench_text(Benched(0.5, 2, [Raced(10, 1, 2_400_000, 308.2, 21.9, 14.07, distance)]))
    assert "2 threads; kernels ready after 0.5 s" in text
    assert "    10      1  2,400,000      308     22           14.1\n" in text
    assert words in text.replace("\n", " ")
    assert all(len(line) <= 120 for line in text.split("\n"))


def test_the_command(capsys, monkeypatch):
    monkeypatch.setattr(benches, "bench", lambda **options: bench(sizes=SMALL[:1], **options))
    assert main(["bench", "--threads", "1", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["sizes"][0]["paths"] == 20_480
    assert err == "simcore: 3 assets, 1 step, 20,480 paths\n"
    assert main(["bench", "--threads", "1", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"^ +3 +1 +20,480 ", out, re.M)
    assert not err


def test_wrong_threads_are_refused(capsys):
    assert main(["bench", "--threads", "0"]) == 2
    assert "--threads" in capsys.readouterr().err
