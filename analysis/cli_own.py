"""The commands for somebody's own data: `simcore measure` and `simcore calibrate`."""

from typing import Annotated

import typer

from analysis.options import AsJson, Out, Quiet, Threads, folder_of, number, threads_of
from analysis.terminal import hush, look_for_garbage, print_result, say


def measure(
    context: typer.Context,
    losses: Annotated[
        str, typer.Argument(metavar="LOSSES", help="A CSV: a header of names, then a row for each path, day or year.")
    ],
    pools: Annotated[
        str | None, typer.Option(metavar="FILE", help="A TOML file of [[pools]]; without it one pool of all columns.")
    ] = None,
    index: Annotated[
        str | None, typer.Option(metavar="NAME", help="A column that holds no losses, as dates; it is not read.")
    ] = None,
    decimal: Annotated[str, typer.Option(metavar="MARK", help="Before the decimals: . or , as in 1,5.")] = ".",
    separator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="comma, semicolon, tab or bar; comma unless the decimal is one: semicolon."),
    ] = None,
    gains: Annotated[bool, typer.Option("--gains", help="Positive is a gain in the file, not a loss.")] = False,
    confidence: Annotated[
        list[str] | None, typer.Option(metavar="C", help="Several may be given; 0.95 and 0.99 when none is.")
    ] = None,
    replicates: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Of the bootstrap; 0: errors from batches. 1000 up to 100,000 rows, 0 beyond, when absent.",
        ),
    ] = None,
    mean_block: Annotated[
        str, typer.Option(metavar="ROWS", help="Mean length of the blocks drawn where rows depend on one another.")
    ] = "1",
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the bootstrap.")] = "1",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the table calls it; the file's name when absent.")
    ] = None,
    currency: Annotated[str, typer.Option(metavar="NAME", help="The unit of the losses.")] = "",
    threads: Threads = None,
    as_json: AsJson = False,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Measure losses that were simulated or observed elsewhere.

    Every row is equally likely: probability weights are not supported.
    """
    hush(quiet)
    from analysis import output
    from analysis.document import json_text
    from analysis.measuring import Request, check, measure_file, measured_document, measured_manifest, measured_text

    count, problems = threads_of(threads)
    folder, of_folder = folder_of(out)
    problems += of_folder
    request = Request(
        losses, pools, index, decimal, separator, gains,
        tuple(number(text) for text in confidence) if confidence else (0.95, 0.99),
        None if replicates is None else number(replicates), number(mean_block), number(seed), name, currency,
    )  # fmt: skip
    check(request, problems)
    if folder:
        output.try_folder(folder)
    look_for_garbage()
    done = measure_file(request, threads=count, say=None if quiet else say)
    try:
        if folder:
            output.write_run(folder, done.rows, measured_document(done), measured_manifest(done, context.obj))
    finally:  # a full disk does not lose what took long to compute
        if as_json:
            print_result(json_text(measured_document(done)), machine=True)
        else:
            print_result(measured_text(done).rstrip("\n"))


def calibrate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV or Parquet file: dates down, assets across.")],
    kind: Annotated[str, typer.Option(metavar="KIND", help="What it holds: returns or prices.")],
    periods_per_year: Annotated[str, typer.Option(metavar="N", help="Rows a year, as 252 for trading days.")],
    start: Annotated[str | None, typer.Option(metavar="DATE", help="The first date, as 2013-01-01.")] = None,
    end: Annotated[str | None, typer.Option(metavar="DATE", help="The last date, as 2017-12-31.")] = None,
    estimator: Annotated[str, typer.Option(metavar="NAME", help="sample, ledoit_wolf or ewma.")] = "sample",
    half_life: Annotated[str | None, typer.Option(metavar="N", help="Of ewma, in rows.")] = None,
    compounding: Annotated[str, typer.Option(metavar="NAME", help="log or simple.")] = "log",
    gaps: Annotated[str | None, typer.Option(metavar="NAME", help="drop or pairwise; else a gap is refused.")] = None,
    date_format: Annotated[str | None, typer.Option(metavar="FORM", help="As %d/%m/%Y; else dates are ISO.")] = None,
    decimal: Annotated[str, typer.Option(metavar="MARK", help="The decimal mark: . or ,")] = ".",
    quiet: Quiet = False,
) -> None:
    """Write a scenario with the figures of past returns.

    It goes to stdout: simcore calibrate returns.csv --kind returns --periods-per-year 252 > scenario.toml
    """
    from analysis import calibrated

    look_for_garbage()
    years = number(periods_per_year)
    written = calibrated.options_of(kind, years, start, end, estimator, half_life and number(half_life))
    written |= {"gaps": gaps, "date_format": date_format, "decimal": decimal}
    done = calibrated.calibrate(file, written, compounding=compounding)
    for caution in () if quiet else done.past.cautions:
        say(f"caution: {caution}")
    print_result(done.text.rstrip("\n"), machine=True)
