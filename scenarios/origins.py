"""Where a value came from, when several files and overrides make one scenario."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from scenarios.files import File
from scenarios.messages import QUOTES
from simcore.errors import Problem

Origins = dict[str, File]  # by key path; what stands below a path came from the same file, if no longer path says other
OVERRIDE = "override"


def put(origins: Origins, place: str, file: File) -> None:
    """Say, in `origins`, that all that stands at `place` and below came from `file`."""
    for key in [key for key in origins if is_below(key, place)]:
        del origins[key]
    origins[place] = file


def origin(place: str, origins: Mapping[str, File], file: File) -> File:
    """The file that `place` stands in; `file`, where `origins` does not know."""
    above = [key for key in origins if is_below(place, key)]
    return origins[max(above, key=len)] if above else file


def stamp(problems: Iterable[Problem], origins: Mapping[str, File], file: File) -> list[Problem]:
    """`problems` with the file they stand in, where they do not say one themselves."""

    def stamped(problem: Problem) -> Problem:
        if problem.file:
            return problem
        label = origin(problem.place, origins, file).label
        remedy = problem.remedy.removeprefix(QUOTES) if label == OVERRIDE else problem.remedy
        return replace(problem, file=label, remedy=remedy)

    return [stamped(problem) for problem in problems]


def is_below(place: str, key: str) -> bool:
    """Whether `place` is `key`, or stands in the table or list at `key`."""
    after = place[len(key) : len(key) + 1]
    return place.startswith(key) and not (after.isalnum() or after in ("_", "-"))
