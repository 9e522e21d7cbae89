"""The command line: every command reads its options, calls what does the work, and prints.

Results go to stdout, all else to stderr. Exit status: 0 done, 2 bad input or usage, 1 anything else that failed.
Whatever takes long to import is imported by the command that needs it.
"""

import contextlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simcore.errors import InputError, Problem, SimcoreError

if TYPE_CHECKING:
    from analysis.runs import Run

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="How much risk does pooling remove, and when does it stop removing it?",
)

Source = Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a bundled one.")]
Sources = Annotated[
    list[str], typer.Argument(metavar="SCENARIO...", help="Scenario files, or the names of bundled ones.")
]
Paths = Annotated[str | None, typer.Option(metavar="N", help="Paths to simulate, as 1000000 or 1e6.")]
Seed = Annotated[str | None, typer.Option(metavar="N", help="Seed of the random numbers.")]
Steps = Annotated[str | None, typer.Option(metavar="N", help="Steps to the horizon.")]
Threads = Annotated[str | None, typer.Option(metavar="N", help="Threads; no figure depends on them.")]
Confidence = Annotated[
    list[str] | None, typer.Option(metavar="C", help="Confidence, as 0.99; may be given several times.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
_OPTIONS = {
    "simulation.paths": "--paths",
    "simulation.seed": "--seed",
    "simulation.steps": "--steps",
    "measures.confidence": "--confidence",
}
Quiet = Annotated[bool, typer.Option("--quiet", help="Nothing on stderr but errors: no progress, no warnings.")]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    if sys.stderr is None:  # closed; print would take stdout for it
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")  # a name that the terminal cannot show must not end the run
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(given, prog_name="simcore", obj=["simcore", *given])
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except InputError as error:
        problems = [_as_option(problem) for problem in error.problems]
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'} with the input"
        _say("\n\n".join([count, *map(str, problems)]))
        return 2
    except OSError as error:  # of writing: reading has its own messages
        _say(f"cannot write the result: {error}")
    except MemoryError:
        _say("not enough memory: run fewer paths, or raise the lowest confidence")
    except SimcoreError as error:
        _say(str(error))
    except Exception as error:  # a mistake of this program: where it is, for a report, in place of a traceback
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"
        _say(f"a mistake of simcore's own, please report it: {found}")
    return 1


@app.command()
def run(
    context: typer.Context,
    scenarios: Sources,
    paths: Paths = None,
    seed: Seed = None,
    steps: Steps = None,
    threads: Threads = None,
    confidence: Confidence = None,
    as_json: AsJson = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Also write comparison.csv, comparison.json, manifest.json there."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Compare pools with their members standing alone.

    --paths, --seed, --steps and --confidence replace what the files say. Nothing is run unless everything is right.
    """
    _hush(quiet)
    from analysis import output
    from analysis.document import document_of_all, json_text, manifest_of
    from analysis.runs import check_memory, load_all, simulate_one

    count, problems = _threads(threads)
    folder = None if out is None else Path(out)
    if folder:
        problems += output.folder_problems(folder) if out else [output.no_folder()]
    loaded = load_all(scenarios, _overrides(paths, seed, steps, confidence), others=problems, one_table=True)
    for scenario in () if quiet else loaded:
        _caution(scenario.file, scenario.cautions)
    memory = check_memory(loaded, count)
    if folder:
        output.try_folder(folder)
    say = None if quiet else _say
    runs = [simulate_one(one, threads=count, memory=m, say=say) for one, m in zip(loaded, memory, strict=True)]
    try:
        if folder:
            document, manifest = document_of_all(runs), manifest_of(runs, context.obj)
            rows = [row for done in runs for row in done.rows]
            texts = (output.csv_of(rows), json_text(document) + "\n", json_text(manifest) + "\n")
            output.write_files(folder, dict(zip(output.FILES, texts, strict=True)))
    finally:  # a full disk does not lose what took long to compute
        if as_json:
            _print(json_text(document_of_all(runs)), machine=True)
        else:
            _print("\n\n\n".join(map(_table, runs)))


@app.command()
def validate(scenarios: Sources) -> None:
    """Check scenarios, and run nothing."""
    from analysis.runs import read_all
    from analysis.text import counted
    from scenarios.cautions import cautions
    from scenarios.loader import validate as checked
    from scenarios.resolve import pools_of, positions_of

    for source, document in zip(scenarios, read_all(checked, scenarios, {}), strict=True):
        _caution(source, cautions(document))
        positions, pools, cases = len(positions_of(document)), len(pools_of(document)), 1 + len(document.shocks)
        parts = {"position": positions, "pool": pools, "case": cases}
        _print(f"{source}: valid: {', '.join(counted(count, part) for part, count in parts.items())}")


@app.command()
def show(scenario: Source, as_json: AsJson = False) -> None:
    """Print a scenario with nothing left implicit.

    What it prints is itself a scenario file.
    """
    from analysis.document import json_text
    from analysis.toml import toml_of
    from scenarios.loader import load
    from scenarios.repairs import told

    loaded = load(scenario)
    _caution(scenario, [told(repaired) for repaired in loaded.repairs])  # what is printed holds the matrices repaired
    resolved = loaded.resolved
    _print(json_text(resolved) if as_json else toml_of(resolved).rstrip("\n"), machine=True)


@app.command("list")
def list_scenarios() -> None:
    """List the bundled scenarios."""
    from scenarios.library import describe, names

    bundled = names()
    width = max(map(len, bundled), default=0)
    _print("\n".join(f"{name:{width}}  {' '.join(describe(name).split())}".rstrip() for name in bundled))


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    import scenarios
    from analysis.document import json_text

    _print(json_text(scenarios.json_schema()), machine=True)


@app.command()
def replay(
    scenario: Source,
    node: Annotated[str, typer.Option(metavar="NAME", help="A pool or position.")],
    worst: Annotated[str, typer.Option(metavar="K", help="How many of its worst paths.")],
    case: Annotated[str, typer.Option(metavar="NAME", help="base, or the name of a shock.")] = "base",
    paths: Paths = None,
    seed: Seed = None,
    steps: Steps = None,
    threads: Threads = None,
    confidence: Confidence = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compute the worst paths of a pool or position again.

    For each of them it prints what every position lost, and the return of its asset.
    """
    _hush(quiet)
    from analysis import replayed
    from analysis.document import json_text
    from analysis.runs import load_all, watched_engine
    from scenarios.repairs import told

    count, problems = _threads(threads)
    (loaded,) = load_all([scenario], _overrides(paths, seed, steps, confidence), others=problems)
    if not quiet:
        _caution(loaded.file, [told(repaired) for repaired in loaded.repairs])
    engine = watched_engine(count, None if quiet else loaded.name)
    found = replayed.find_worst(loaded, node=node, worst=number(worst), case=case, engine=engine)
    if as_json:
        _print(json_text(replayed.replay_document(loaded, found, node=node, case=case)), machine=True)
    else:
        _print(replayed.render_replay(loaded, found, node=node, case=case).rstrip("\n"))


@app.command()
def warmup() -> None:
    """Compile the kernels, so that no run waits for them."""
    began = time.perf_counter()
    from analysis.warm import compile_kernels

    folder = compile_kernels()
    where = f"their cache is {folder}" if folder else "the cache cannot be written, so each process compiles anew"
    _print(f"kernels ready after {time.perf_counter() - began:.1f} s; {where}")


def number(text: str) -> int | float | str:
    """What a scenario file would hold for `text`: a whole number, another, or the text itself where it is none.

    >>> [number(text) for text in ("1e6", "1_000_000", "0.99", "many")]
    [1000000, 1000000, 0.99, 'many']
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite() or abs(value.adjusted()) > 40:
        return text  # far outside anything allowed; writing it out could fill the memory
    return int(value) if value == value.to_integral_value() else float(value)


def _overrides(
    paths: str | None, seed: str | None, steps: str | None, confidence: list[str] | None
) -> dict[str, object]:
    given = dict(zip(_OPTIONS, (paths, seed, steps), strict=False))
    overrides: dict[str, object] = {key: number(text) for key, text in given.items() if text is not None}
    if confidence:
        overrides["measures.confidence"] = [number(text) for text in confidence]
    return overrides


def _as_option(problem: Problem) -> Problem:
    """A problem with an override, as of the option that it was given by."""
    from scenarios.origins import OVERRIDE

    key = problem.place.split("[")[0]
    if problem.file != OVERRIDE or key not in _OPTIONS:
        return problem
    remedy = problem.remedy.replace(f"{key.split('.')[1]} = ", f"{_OPTIONS[key]} ")
    return replace(problem, place=_OPTIONS[key], remedy=remedy, file="")


def _threads(text: str | None) -> tuple[int, list[Problem]]:
    """How many threads, and what is wrong with that."""
    from simcore import engines

    count = engines.available_threads() if text is None else number(text)
    try:
        engines.threads(count)
    except InputError as error:
        return 0, [replace(problem, place="--threads") for problem in error.problems]
    return int(count), []


def _table(done: "Run") -> str:
    from analysis.table import render

    scenario = done.scenario
    named = {"name": scenario.name, "description": scenario.description, "currency": scenario.currency}
    how = {"relative_to": scenario.relative_to, "repairs": scenario.repairs}
    text = render(done.rows, scenario.cases, scenario.plan, **named, **how)
    return text.rstrip("\n")


def _hush(quiet: bool) -> None:
    logging.getLogger("simcore").setLevel(logging.ERROR if quiet else logging.NOTSET)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # a stderr that nobody reads must not end the run
        print(f"simcore: {text}", file=sys.stderr, flush=True)


def _caution(source: str, cautions: Sequence[str]) -> None:
    for caution in cautions:
        _say(f"{source}: caution: {caution}")


def _print(text: str, *, machine: bool = False) -> None:
    """Print a result; JSON and TOML are UTF-8 whatever the terminal is."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if machine and reconfigure:
        reconfigure(encoding="utf-8")
    print(text, flush=True)  # a reader who left early is noticed here, where the command line still handles it
