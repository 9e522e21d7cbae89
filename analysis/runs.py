"""From names on the command line to runs: every scenario is read and checked before any is simulated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from simcore.errors import CapacityError, InputError, Problem, SimcoreError, raise_if_any, show

if TYPE_CHECKING:
    from analysis.comparison import Row
    from scenarios.build import Scenario
    from simcore.engines import Engine
    from simcore.summary import Summary


T = TypeVar("T")


class Run(NamedTuple):
    """A scenario that was run.

    Attributes
    ----------
    scenario : scenarios.Scenario
    rows : list of Row
        Its table.
    threads : int
    seconds : dict
        Wall time of ``simulation``, ``summaries`` and, where asked, ``estimation``.
    summaries : mapping of case name to mapping of node name to Summary
        What pictures are drawn from besides; empty where nothing draws any.
    """

    scenario: Scenario
    rows: list[Row]
    threads: int
    seconds: dict[str, float]
    summaries: Mapping[str, Mapping[str, Summary]]

    def __repr__(self) -> str:
        from analysis.text import counted

        cases, plan = self.scenario.cases, self.scenario.plan
        parts = (counted(len(cases), "case"), counted(len(cases[0].pools.names), "node"), counted(plan.paths, "path"))
        return f"Run({show(self.scenario.name)}: {', '.join(parts)}, seed {plan.seed})"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from analysis.notebook import run_html

        return run_html(self)


def run(scenario: Scenario, *, threads: int | None = None) -> Run:
    """Simulate a scenario, for its table (`analysis.compare` gives that alone), its pictures and its report.

    Parameters
    ----------
    scenario : scenarios.Scenario
        As `scenarios.load` gives it.
    threads : int, optional
        The figures do not depend on it.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        When `scenario` is none, or `threads` no number of threads.
    CapacityError
        When the tails cannot fit into memory.
    """
    from scenarios.build import Scenario
    from simcore import engines

    if not isinstance(scenario, Scenario):
        remedy = f"read it first: scenarios.load({show(scenario)})"
        raise InputError([Problem("scenario", show(scenario), "a scenarios.Scenario", remedy)])
    engines.threads(threads)  # refuses what is no number of threads
    count = threads or engines.available_threads()
    (memory,) = check_memory([scenario], count)
    return simulate_one(scenario, threads=count, memory=memory, say=None, keep_summaries=True)


def load_all(
    sources: Sequence[str],
    overrides: Mapping[str, object],
    *,
    others: Iterable[Problem] = (),
    one_table: bool = False,
) -> list[Scenario]:
    """All scenarios, in the order given.

    Parameters
    ----------
    sources : sequence of str
        Paths or bundled names.
    overrides : mapping
        As of `scenarios.load`, for each of them.
    others : iterable of Problem
        What else is wrong, to be told with it.
    one_table : bool
        Whether no two may have one name, since a table tells them by it.

    Raises
    ------
    InputError
        With everything that is wrong with any of them.
    """
    from scenarios.loader import load

    loaded, problems = _read(load, sources, overrides)
    problems = [*others, *problems]
    first: dict[str, Scenario] = {}
    for scenario in loaded if one_table else ():
        other = first.setdefault(scenario.name, scenario)
        if other is not scenario:
            allowed = f"a name that no other scenario of the table has ({other.file} has it)"
            remedy = "name each file once" if scenario.file == other.file else "rename one of the two"
            problems.append(Problem("name", f'"{scenario.name}"', allowed, remedy, scenario.file))
    raise_if_any(list(dict.fromkeys(problems)))  # an option that is wrong is wrong once, not once a file
    return loaded


def read_all(reader: Callable[..., T], sources: Sequence[str], overrides: Mapping[str, object]) -> list[T]:
    """What `reader`, `scenarios.load` or another of its kind, gives for each source, in the order given.

    Raises
    ------
    InputError
        With everything that is wrong with any of them.
    """
    loaded, problems = _read(reader, sources, overrides)
    raise_if_any(list(dict.fromkeys(problems)))
    return loaded


def _read(
    reader: Callable[..., T], sources: Sequence[str], overrides: Mapping[str, object]
) -> tuple[list[T], list[Problem]]:
    loaded, problems = [], []
    for source in sources:
        try:
            loaded.append(reader(source, overrides=overrides))
        except InputError as error:
            problems += error.problems
    return loaded, problems


def check_memory(scenarios: Sequence[Scenario], threads: int) -> list[int]:
    """Bytes that each run needs, about.

    Raises
    ------
    CapacityError
        With all that cannot fit; each names the largest number of paths that does.
    """
    from analysis.forecast import needed_memory

    needed, problems = [], []
    for scenario in scenarios:
        try:
            needed.append(needed_memory(scenario.cases, scenario.plan, threads))
        except CapacityError as error:
            problems += in_the_file(error, scenario.file)
    if problems:
        raise CapacityError(problems)
    return needed


def simulate_one(
    scenario: Scenario,
    *,
    threads: int,
    memory: int,
    say: Callable[[str], None] | None,
    keep_summaries: bool = False,
) -> Run:
    """Simulate one scenario, and make its table.

    Parameters
    ----------
    scenario : Scenario
    threads : int
    memory : int
        From `check_memory`.
    say : callable, optional
        Told beforehand what a big run will take. Without it there is no progress on stderr either.
    keep_summaries : bool
        Whether the run holds them, which takes the memory of its tails.
    """
    from analysis.comparison import rows
    from analysis.estimation import with_estimation
    from analysis.forecast import forecast, needed_seconds
    from analysis.warm import compiled
    from simcore.simulation import simulate

    if say:
        if not compiled(scenario.plan.precision):
            say("compiling the kernels, once: about ten seconds")
        seconds = needed_seconds(scenario.cases, scenario.plan, threads)
        if told := forecast(seconds, memory):
            say(f"{scenario.name}: {scenario.plan.paths:,} paths take {told}")
    began = time.perf_counter()
    engine = watched_engine(threads, scenario.name if say else None)
    results = simulate(scenario.cases, scenario.plan, threads=threads, engine=engine)
    simulated = time.perf_counter()
    table = rows(
        scenario.cases,
        scenario.plan,
        results,
        name=scenario.name,
        currency=scenario.currency,
        relative_to=scenario.relative_to,
    )
    summarised = time.perf_counter()
    seconds = {"simulation": simulated - began, "summaries": summarised - simulated}
    if scenario.estimation:
        engine = watched_engine(1, scenario.name if say else None)
        table = with_estimation(scenario, table, threads=threads, engine=engine)
        seconds["estimation"] = time.perf_counter() - summarised
    return Run(scenario, table, threads, seconds, results if keep_summaries else {})


@contextmanager
def within_memory() -> Iterator[None]:
    """What a simulation says that finds no memory.

    Raises
    ------
    SimcoreError
        In place of `MemoryError`.
    """
    try:
        yield
    except MemoryError:
        raise SimcoreError("not enough memory: run fewer paths, or raise the lowest confidence") from None


def watched_engine(threads: int, label: str | None) -> Engine:
    """An engine of threads that shows its progress under `label`; without one it is silent."""
    from analysis.progress import with_progress
    from simcore import engines

    engine = engines.threads(threads)
    return with_progress(engine, label) if label else engine


def in_the_file(error: InputError, file: str) -> list[Problem]:
    """What simcore says of a plan, at the file's own key."""
    return [replace(p, place=p.place.replace("Plan.paths", "simulation.paths"), file=file) for p in error.problems]
