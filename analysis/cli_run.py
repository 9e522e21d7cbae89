"""The command `simcore run`: tables, files and a report of scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from analysis.options import (
    AsJson,
    Confidence,
    Out,
    Paths,
    Quiet,
    Report,
    Seed,
    Sources,
    Steps,
    Threads,
    folder_of,
    overrides_of,
    report_of,
    threads_of,
)
from analysis.terminal import hush, look_for_garbage, print_result, say, tell_cautions
from simcore.errors import Problem

if TYPE_CHECKING:
    from analysis.runs import Run


def run(
    context: typer.Context,
    scenarios: Sources,
    paths: Paths = None,
    seed: Seed = None,
    steps: Steps = None,
    threads: Threads = None,
    confidence: Confidence = None,
    as_json: AsJson = False,
    out: Out = None,
    report: Report = None,
    quiet: Quiet = False,
) -> None:
    """Compare pools with their members standing alone.

    --paths, --seed, --steps and --confidence replace what the files say. Nothing is run unless everything is right.
    """
    hush(quiet)
    from analysis import output
    from analysis.document import document_of_all, json_text, manifest_of
    from analysis.report import target
    from analysis.runs import check_memory, load_all, simulate_one, within_memory

    count, problems = threads_of(threads)
    folder, of_folder = folder_of(out)
    page, of_page = report_of(report)
    problems += of_folder + of_page
    if folder and page and folder.absolute() == page.absolute():
        allowed = "a folder that is not the file of --report"
        problems.append(Problem("--out", str(folder), allowed, "name another folder"))
    loaded = load_all(scenarios, overrides_of(paths, seed, steps, confidence), others=problems, one_table=True)
    look_for_garbage()
    for scenario in () if quiet else loaded:
        tell_cautions(scenario.file, scenario.cautions)
    memory = check_memory(loaded, count)
    if folder:
        output.try_folder(folder)
    if page:
        target.try_target(page)
    told = None if quiet else say
    with within_memory():
        runs = [
            simulate_one(one, threads=count, memory=needed, say=told, keep_summaries=page is not None)
            for one, needed in zip(loaded, memory, strict=True)
        ]
    try:
        if folder:
            rows = [row for done in runs for row in done.rows]
            output.write_run(folder, rows, document_of_all(runs), manifest_of(runs, context.obj))
        if page:
            _write_report(runs, page, context.obj, quiet)
    finally:  # a full disk does not lose what took long to compute
        if as_json:
            print_result(json_text(document_of_all(runs)), machine=True)
        else:
            print_result("\n\n\n".join(map(_table, runs)))


def _write_report(runs: list[Run], page: Path, given: list[str], quiet: bool) -> None:
    from analysis.report.writing import write_report

    size = write_report(runs, page, command=given)
    if not quiet:
        say(f"{page}: a report of {size / 1e6:.2f} MB")


def _table(done: Run) -> str:
    from analysis.estimation import drawn_of
    from analysis.table import render

    scenario = done.scenario
    named = {"name": scenario.name, "description": scenario.description, "currency": scenario.currency}
    how = {"relative_to": scenario.relative_to, "repairs": scenario.repairs, "drawn": drawn_of(scenario)}
    text = render(done.rows, scenario.cases, scenario.plan, **named, **how)
    return text.rstrip("\n")
