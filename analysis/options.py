"""The options that commands share, and what they say: numbers, overrides of a file, threads, a folder."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from simcore.errors import InputError, Problem, raise_if_any

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
Quiet = Annotated[bool, typer.Option("--quiet", help="Nothing on stderr but errors: no progress, no warnings.")]
Out = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Also write comparison.csv, comparison.json, manifest.json there."),
]
Report = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Also write a report, with pictures: report.html or report.md."),
]


class OnceEach(TyperCommand):
    """A command that refuses an option given more than once, of which it would take the last in silence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As of every command, or `InputError`."""
        given = Counter(option for option in self.make_parser(ctx).parse_args([*args])[2] if _has_one_value(option))
        raise_if_any(
            [
                Problem(option.opts[0], f"given {count} times", "once", "leave all but one away")
                for option, count in given.items()
                if count > 1
            ]
        )
        return super().parse_args(ctx, args)


def _has_one_value(parameter: Any) -> bool:
    return isinstance(parameter, TyperOption) and not (parameter.multiple or parameter.is_flag)


_OPTIONS = {
    "simulation.paths": "--paths",
    "simulation.seed": "--seed",
    "simulation.steps": "--steps",
    "measures.confidence": "--confidence",
}


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


def overrides_of(
    paths: str | None, seed: str | None, steps: str | None, confidence: list[str] | None
) -> dict[str, object]:
    """What replaces a file's values, by key path."""
    given = {"simulation.paths": paths, "simulation.seed": seed, "simulation.steps": steps}
    overrides: dict[str, object] = {key: number(text) for key, text in given.items() if text is not None}
    if confidence:
        overrides["measures.confidence"] = [number(text) for text in confidence]
    return overrides


def as_option(problem: Problem) -> Problem:
    """A problem with an override, as of the option that it was given by."""
    from scenarios.origins import OVERRIDE

    key = problem.place.split("[")[0]
    if problem.file != OVERRIDE or key not in _OPTIONS:
        return problem
    option = _OPTIONS[key]
    remedy = problem.remedy.replace(f"{key.split('.')[1]} = ", f"{option} ")
    remedy = remedy.replace("[", "").replace(", ", f" {option} ").replace("]", "") if "[" in remedy else remedy
    return replace(problem, place=_OPTIONS[key], remedy=remedy, file="")


def threads_of(text: str | None) -> tuple[int, list[Problem]]:
    """How many threads, and what is wrong with that."""
    from simcore import engines

    count = engines.available_threads() if text is None else number(text)
    try:
        engines.threads(count)
    except InputError as error:
        return 0, [replace(problem, place="--threads") for problem in error.problems]
    return int(count), []


def folder_of(text: str | None) -> tuple[Path | None, list[Problem]]:
    """The folder of --out, and what can be seen to be wrong with it."""
    from analysis import output

    if text is None:
        return None, []
    return Path(text), output.folder_problems(Path(text)) if text else [output.no_folder()]


def report_of(text: str | None) -> tuple[Path | None, list[Problem]]:
    """The file of --report, and what can be seen to be wrong with it."""
    from analysis.report import target

    return (None, []) if text is None else (Path(text), target.target_problems(Path(text)))
