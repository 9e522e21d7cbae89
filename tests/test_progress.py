"""Progress and the word beforehand: on stderr, for runs that take time, and nowhere near the figures."""

import io
import json
from itertools import pairwise

import pytest

import scenarios
from analysis import forecast as forecasting
from analysis.cli import main
from analysis.forecast import forecast, needed_seconds
from analysis.progress import with_progress
from analysis.text import columns
from simcore.engines import threads
from simcore.pilot import computed_paths


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """A clock that a task moves on."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        return self.now

    def task(self, item):
        self.now += self.step
        return 2 * item


def shown(stream, step, items=10, engine=None):
    clock = Clock(step)
    engine = with_progress(engine or threads(1), "test", stream=stream, clock=clock)
    assert engine(clock.task, range(items)) == [2 * item for item in range(items)]
    return stream.getvalue()


def test_a_terminal_shows_one_line_that_is_rewritten_and_cleared():
    said = shown(Terminal(), 2.0, items=4)
    assert "\n" not in said
    lines = said.split("\r")
    assert [line.rstrip() for line in lines] == [
        "",
        "simcore: test: task, 25 % done, about 6 s left",
        "simcore: test: task, 50 % done, about 4 s left",
        "simcore: test: task, 75 % done, about 2 s left",
        "",
        "",
    ]
    assert len(lines[-2]) >= len(lines[-3].rstrip())


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_wraps_and_each_covers_the_one_before(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    clock = Clock(55.0)
    with_progress(threads(1), 60 * "日本", stream=stream, clock=clock)(clock.task, range(4))
    lines = stream.getvalue().split("\r")[1:-1]
    assert all(columns(line) < width for line in lines)
    assert all(columns(later) >= columns(before.rstrip()) for before, later in pairwise(lines))
    assert width < 40 or "75 % done, about 55 s left" in lines[-2]


def test_a_shorter_line_covers_a_longer_one():
    lines = shown(Terminal(), 55.0, items=4).split("\r")[1:-1]
    assert lines[0].endswith("about 2 min 45 s left")
    assert len(lines[-1]) >= len(lines[-2].rstrip())
    assert all(len(later) >= len(before.rstrip()) for before, later in pairwise(lines))


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_a_short_run_shows_nothing(stream):
    assert shown(stream(), 0.09) == ""


def test_elsewhere_there_is_a_plain_line_now_and_then():
    assert shown(io.StringIO(), 0.9) == ""
    said = shown(io.StringIO(), 2.0, items=20)
    assert said.splitlines() == [
        "simcore: test: task, 25 % done, about 30 s left",
        "simcore: test: task, 50 % done, about 20 s left",
        "simcore: test: task, 75 % done, about 10 s left",
    ]


def test_what_fails_clears_the_line_and_passes_through():
    stream, clock = Terminal(), Clock(3.0)

    def task(item):
        clock.task(item)
        if item == 2:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        with_progress(threads(1), "test", stream=stream, clock=clock)(task, range(4))
    assert stream.getvalue().endswith(" \r")


def test_a_stderr_that_nobody_reads_does_not_end_the_run():
    class Closed(Terminal):
        def write(self, text):
            raise BrokenPipeError

    assert shown(Closed(), 2.0) == ""


def test_many_threads_count_every_item():
    said = shown(Terminal(), 2.0, items=64, engine=threads(4))
    assert said.count(" % done") == 63


def test_a_run_behind_progress_has_the_same_figures(capsys):
    documents = []
    for extra in ([], ["--quiet"]):
        assert main(["run", "three_assets", "--paths", "5e4", "--json", *extra]) == 0
        documents.append(json.loads(capsys.readouterr().out)["rows"])
    assert documents[0] == documents[1]


@pytest.mark.parametrize(
    ("seconds", "memory", "said"),
    [
        (10.0, 2**30, ""),
        (11.0, 1, "about 11 s and 1 MiB of memory"),
        (1.0, 3 * 2**30, "about 1 s and 3.0 GiB of memory"),
        (9000.0, 2**25, "about 2 h 30 min and 32 MiB of memory"),
    ],
)
def test_a_big_run_is_told_beforehand(seconds, memory, said):
    assert forecast(seconds, memory) == said


def test_a_big_run_says_so_on_stderr_and_a_quiet_one_does_not(capsys, monkeypatch):
    monkeypatch.setattr(forecasting, "_LONG_SECONDS", -1.0)
    assert main(["run", "three_assets", "--paths", "2e4"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("simcore: three assets: 20,000 paths take about ")
    assert printed.err.count("\n") == 1
    assert main(["run", "three_assets", "--paths", "2e4", "--quiet"]) == 0
    quiet = capsys.readouterr()
    assert (quiet.out, quiet.err) == (printed.out, "")


def test_seconds_are_those_of_a_sample_scaled_up(monkeypatch):
    scenario = scenarios.load("three_assets", overrides={"simulation.paths": 10**9})
    clock, sizes = Clock(0.0), []

    def simulate(cases, plan, *, threads):
        """Blocks that are computed, shared by the threads."""
        sizes.append(plan.paths)
        blocks = computed_paths(plan) / 512
        clock.now += 1e-3 + 1e-4 * blocks / min(threads, plan.paths // 512)

    monkeypatch.setattr("simcore.simulation.simulate", simulate)
    assert needed_seconds(scenario.cases, scenario.plan, 1, clock=clock) == pytest.approx(195.3, rel=0.01)
    assert sizes == [512, 512, 4096, 32768, 262144, 2097152]
    sizes.clear()
    short = scenarios.load("three_assets", overrides={"simulation.paths": 10**6})
    assert needed_seconds(short.cases, short.plan, 1, clock=clock) <= 5.0
    assert max(sizes) <= 4096
    sizes.clear()
    tiny = scenarios.load("three_assets", overrides={"simulation.paths": 4000})
    assert needed_seconds(tiny.cases, tiny.plan, 1, clock=clock) == 0.0
    assert sizes == []
    # two threads take half, although the first sample keeps only one of them busy
    assert needed_seconds(scenario.cases, scenario.plan, 2, clock=clock) == pytest.approx(97.7, rel=0.02)
