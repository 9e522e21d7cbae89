"""Writes a report: whole, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from analysis.files import write_files
from analysis.report import target
from simcore.errors import Problem, raise_if_any, show

if TYPE_CHECKING:
    from analysis.runs import Run


def write_report(runs: Run | Sequence[Run], file: str | Path, *, command: Sequence[str] = ()) -> int:
    """Write a report of one or several runs.

    Parameters
    ----------
    runs : Run or sequence of Run
        As `analysis.run` gives them.
    file : str or path
        What ends in ``.html`` is one file that needs nothing else; what ends in ``.md`` is Markdown, with its
        pictures in a folder of the same name beside it (``report.md``: ``report_files``).
    command : sequence of str, optional
        What made it, told under "How to make it again"; else that says how to run the scenario that the report holds,
        which may have overrides, or come from no file.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    InputError
        When the file cannot be written there, what the extra ``report`` installs is missing, or runs keep no summaries.
    OSError
        When the disk refuses: then all files are as they were before.
    """
    from analysis.runs import Run

    problems = []
    if not isinstance(file, str | Path):
        problems.append(Problem("file", show(file), "the name of a file", 'name it, for instance "report.html"'))
    else:
        problems += target.target_problems(Path(file), "file")
    given = list(runs) if isinstance(runs, list | tuple) and not isinstance(runs, Run) else [runs]
    if not given or not all(isinstance(run, Run) and run.summaries for run in given):
        remedy = "make them by analysis.run(scenario), which keeps what pictures are drawn from"
        problems.append(Problem("runs", show(runs), "at least one Run, each with its summaries", remedy))
    raise_if_any(problems)
    runs, file = cast(list[Run], given), Path(file)
    target.try_target(file, "file")
    texts = _texts(runs, file, command)
    write_files(file.parent, texts)
    return sum(len(text.encode(errors="backslashreplace")) for text in texts.values())


def _texts(runs: Sequence[Run], file: Path, command: Sequence[str]) -> dict[str, str]:
    """The files of a report by their names, that of the report itself last: it never shows what is not there."""
    from analysis.report.content import content_of

    contents = [content_of(run, command) for run in runs]
    if file.suffix.lower() == ".html":
        from analysis.report.html import html_of

        return {file.name: html_of(contents)}
    from analysis.report.markdown import markdown_of

    texts = markdown_of(contents, target.pictures_folder(file))
    return {name or file.name: text for name, text in texts.items()}
