"""The command line: `simcore run` and `simcore list`.

Results go to stdout, all else to stderr. Exit status: 0 done, 2 bad input or usage, 1 anything else that failed.
Whatever takes long to import is imported by the command that needs it.
"""

import sys
import time
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from simcore.errors import InputError

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="How much risk does pooling remove, and when does it stop removing it?",
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")  # a name that the terminal cannot show must not end the run
    try:
        app(arguments, prog_name="simcore")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except InputError as error:
        count = len(error.problems)
        print(f"simcore: {count} problem{'' if count == 1 else 's'} with the input", file=sys.stderr)
        for problem in error.problems:
            print(f"\n{problem}", file=sys.stderr)
        return 2
    except OSError as error:  # of writing: reading has its own messages
        print(f"simcore: cannot write the result: {error}", file=sys.stderr)
        return 1
    return 0


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a bundled one.")],
    paths: Annotated[str | None, typer.Option(metavar="N", help="Paths to simulate, as 1000000 or 1e6.")] = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Seed of the random numbers.")] = None,
    steps: Annotated[str | None, typer.Option(metavar="N", help="Steps to the horizon.")] = None,
    threads: Annotated[str | None, typer.Option(metavar="N", help="Threads; no figure depends on them.")] = None,
    confidence: Annotated[
        list[str] | None, typer.Option(metavar="C", help="Confidence, as 0.99; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Simulate a scenario, and compare its pools with their members standing alone.

    --paths, --seed, --steps and --confidence replace what the file says.
    """
    from scenarios.loader import load

    given = {"simulation.paths": paths, "simulation.seed": seed, "simulation.steps": steps}
    overrides: dict[str, object] = {key: number(text) for key, text in given.items() if text is not None}
    if confidence:
        overrides["measures.confidence"] = [number(text) for text in confidence]
    loaded = load(scenario, overrides=overrides)

    from analysis.comparison import rows
    from simcore import engines
    from simcore.simulation import simulate

    count = engines.available_threads() if threads is None else number(threads)
    engine = engines.threads(count)
    began = time.perf_counter()
    results = simulate(loaded.cases, loaded.plan, engine=engine)
    simulated = time.perf_counter()
    table = rows(loaded.cases, loaded.plan, results, name=loaded.name, currency=loaded.currency)
    summarised = time.perf_counter()

    if as_json:
        import json

        from analysis.document import document_of

        seconds = {"simulation": simulated - began, "summaries": summarised - simulated}
        document = document_of(loaded, table, threads=int(count), seconds=seconds)
        _print(json.dumps(document, allow_nan=False, ensure_ascii=False, indent=2))
    else:
        from analysis.table import render

        named = {"name": loaded.name, "description": loaded.description, "currency": loaded.currency}
        _print(render(table, loaded.cases, loaded.plan, **named).rstrip("\n"))


@app.command("list")
def list_scenarios() -> None:
    """List the bundled scenarios."""
    from scenarios.library import describe, names

    bundled = names()
    width = max(map(len, bundled), default=0)
    _print("\n".join(f"{name:{width}}  {' '.join(describe(name).split())}".rstrip() for name in bundled))


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


def _print(text: str) -> None:
    print(text, flush=True)  # a reader who left early is noticed here, where the command line still handles it
