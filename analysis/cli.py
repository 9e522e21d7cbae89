"""The command line: every command reads its options, calls what does the work, and prints.

Results go to stdout, all else to stderr. Exit status: 0 done, 2 bad input or usage, 130 interrupted, 1 anything else
that failed.
Whatever takes long to import is imported by the command that needs it.
"""

import os
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from analysis.cli_own import calibrate, measure
from analysis.cli_run import run
from analysis.options import (
    AsJson,
    Confidence,
    OnceEach,
    Paths,
    Quiet,
    Seed,
    Source,
    Sources,
    Steps,
    Threads,
    as_option,
    number,
    overrides_of,
    threads_of,
)
from analysis.terminal import hush, look_for_garbage, print_result, say, tell_cautions
from simcore.errors import InputError, SimcoreError, raise_if_any

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="How much risk does pooling remove, and when does it stop removing it?",
)
command = partial(app.command, cls=OnceEach)


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
        problems = [as_option(problem) for problem in error.problems]
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'} with the input"
        say("\n\n".join([count, *map(str, problems)]))
        return 2
    except OSError as error:  # of writing: reading has its own messages
        say(f"cannot write the result: {error}")
    except MemoryError:
        say("not enough memory: take smaller files, or free some of it")
    except SimcoreError as error:
        say(str(error))
    except Exception as error:  # a mistake of this program: where it is, for a report, in place of a traceback
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"
        say(f"a mistake of simcore's own, please report it: {found}")
    return 1


command()(run)


@command()
def validate(scenarios: Sources) -> None:
    """Check scenarios, and run nothing."""
    from analysis.runs import read_all
    from analysis.text import counted
    from scenarios.cautions import cautions
    from scenarios.loader import validate as checked
    from scenarios.resolve import pools_of, positions_of

    for source, document in zip(scenarios, read_all(checked, scenarios, {}), strict=True):
        tell_cautions(source, cautions(document))
        positions, pools, cases = len(positions_of(document)), len(pools_of(document)), 1 + len(document.shocks)
        parts = {"position": positions, "pool": pools, "case": cases}
        print_result(f"{source}: valid: {', '.join(counted(count, part) for part, count in parts.items())}")


@command()
def plan(
    scenario: Source,
    paths: Paths = None,
    seed: Seed = None,
    steps: Steps = None,
    threads: Threads = None,
    confidence: Confidence = None,
    as_json: AsJson = False,
) -> None:
    """Print what a run would compute, what its cases share, and what it would take.

    It runs a sample that tells the time, and nothing else.
    """
    from analysis.document import json_text
    from analysis.planned import plan_of, planned_document, planned_text
    from analysis.runs import load_all

    count, problems = threads_of(threads)
    (loaded,) = load_all([scenario], overrides_of(paths, seed, steps, confidence), others=problems)
    look_for_garbage()
    tell_cautions(loaded.file, loaded.cautions)
    planned = plan_of(loaded, threads=count)
    if as_json:
        print_result(json_text(planned_document(loaded, planned)), machine=True)
    else:
        print_result(planned_text(loaded, planned).rstrip("\n"))


@command()
def show(scenario: Source, as_json: AsJson = False) -> None:
    """Print a scenario with nothing left implicit.

    What it prints is itself a scenario file.
    """
    from analysis.document import json_text
    from analysis.toml import toml_of
    from scenarios.build import resolved_of
    from scenarios.cautions import cautions
    from scenarios.loader import validate as checked

    document = checked(scenario)
    tell_cautions(scenario, cautions(document))
    resolved = resolved_of(document)
    print_result(json_text(resolved) if as_json else toml_of(resolved).rstrip("\n"), machine=True)


@command("list")
def list_scenarios() -> None:
    """List the bundled scenarios."""
    from scenarios.library import describe, names

    bundled = names()
    width = max(map(len, bundled), default=0)
    print_result("\n".join(f"{name:{width}}  {' '.join(describe(name).split())}".rstrip() for name in bundled))


@command()
def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    import scenarios
    from analysis.document import json_text

    print_result(json_text(scenarios.json_schema()), machine=True)


@command()
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
    hush(quiet)
    from analysis import replayed
    from analysis.document import json_text
    from analysis.runs import load_all, watched_engine, within_memory

    count, problems = threads_of(threads)
    (loaded,) = load_all([scenario], overrides_of(paths, seed, steps, confidence), others=problems)
    look_for_garbage()
    if not quiet:
        tell_cautions(loaded.file, loaded.cautions)
    engine = watched_engine(count, None if quiet else loaded.name)
    with within_memory():
        found = replayed.find_worst(loaded, node=node, worst=number(worst), case=case, threads=count, engine=engine)
    if as_json:
        print_result(json_text(replayed.replay_document(loaded, found, node=node, case=case)), machine=True)
    else:
        print_result(replayed.render_replay(loaded, found, node=node, case=case).rstrip("\n"))


command()(measure)
command()(calibrate)


@command()
def bench(threads: Threads = None, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Race NumPy's usual code on this machine, for less than a minute."""
    from analysis.bench import bench as run_bench
    from analysis.bench import bench_document, bench_text
    from analysis.document import json_text

    count, problems = threads_of(threads)
    raise_if_any(problems)
    look_for_garbage()
    benched = run_bench(threads=count, say=(lambda text: None) if quiet else say)
    if as_json:
        print_result(json_text(bench_document(benched)), machine=True)
    else:
        print_result(bench_text(benched))


@command()
def warmup() -> None:
    """Compile the kernels, so that no run waits for them."""
    began = time.perf_counter()
    from analysis.warm import compile_kernels

    folder = compile_kernels()
    where = f"their cache is {folder}" if folder else "the cache cannot be written, so each process compiles anew"
    print_result(f"kernels ready after {time.perf_counter() - began:.1f} s; {where}")
