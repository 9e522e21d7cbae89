"""What a report says of a run, without any markup."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from analysis.bounded_tails import bounded_of, bounded_words
from analysis.document import provenance_of
from analysis.estimation import drawn_of
from analysis.lookup import shown_cases, unit_of
from analysis.report.headline import MOST, MOST_PICTURED, answer, headline_of
from analysis.report.pictures import NotDrawn, Picture, pictures_of
from analysis.report.resolved import resolved_text
from analysis.report.tables import Table, cases_table, pool_tables, position_tables
from analysis.table import OF_A_RUN, estimation_words, in_one_line, loss_words, meanings
from analysis.text import visible
from scenarios.repairs import repair_words
from scenarios.words import plan_words

if TYPE_CHECKING:
    from analysis.runs import Run

TITLES = {  # of the parts, by the attribute of Content that stands first in each
    "remarks": "Repaired, noted, refused",
    "cases": "From calm to crisis",
    "sections": "Case by case",
    "meanings": "What the columns mean",
    "again": "How to make it again",
    "resolved": "The scenario as resolved",
}
NOTHING = ("Nothing", "was repaired or refused, and there is nothing to caution of.")
FILE = "scenario.toml"  # what the scenario below is to be saved as
_SAME = "The same versions give the same figures, bit for bit, for any number of threads:"
_SAVED = f"Save the scenario below as {FILE}."
_SAVED_ELSEWHERE = f"The scenario below is not whole: save analysis.toml.toml_of(run.scenario.resolved) as {FILE}."
_WHOLE = "Nothing is left implicit: a scenario file of its own, with the same digest."
_SHORTENED = "Shortened by {}: run.scenario.resolved in Python is all of it, as is that in manifest.json of --out."
_TOO_LARGE = "more room than there is in a report that is to stay small"


class Section(NamedTuple):
    """What is said of one case."""

    case: str
    tables: list[Table]


class Content(NamedTuple):
    """What a report says of one run.

    Attributes
    ----------
    name, description : str
    answer : str
    about : str
        Paths, horizon, seed, and what amounts are in.
    remarks : list of (kind, words)
        What was repaired, noted or refused.
    cases : Table
    sections : list of Section
    pictures : list of Picture
    not_drawn : list of NotDrawn
    meanings : list of str
        What the columns are.
    manifest : list of (key, words)
    again : str
        What `command` gives, and what is to be done before.
    command : str
        As a shell takes it.
    resolved : str
        TOML.
    whole : str
        Whether it is, or what was left out of it.
    """

    name: str
    description: str
    answer: str
    about: str
    remarks: list[tuple[str, str]]
    cases: Table
    sections: list[Section]
    pictures: list[Picture]
    not_drawn: list[NotDrawn]
    meanings: list[str]
    manifest: list[tuple[str, str]]
    again: str
    command: str
    resolved: str
    whole: str

    def pictured(self, case: str | None) -> list[Picture]:
        """The pictures of a case; None: of all cases together."""
        return [picture for picture in self.pictures if picture.case == case]

    def left_out(self) -> Iterator[str]:
        """Of which cases there are no pictures, and which pictures there are not, and why."""
        first, *others = (section.case for section in self.sections)
        if len(others) > MOST_PICTURED:
            yield f"Pictures are of {first} and of the {MOST_PICTURED} other cases with the lowest benefits."
        cases: dict[tuple[str, str], list[str]] = {}
        for picture in self.not_drawn:
            cases.setdefault((picture.title, picture.needed), []).append(picture.case or "all cases together")
        for (title, needed), its in cases.items():
            yield f"Not drawn for {', '.join(its)}: {title}. It needs {needed}."


def content_of(run: Run, command: Sequence[str] = ()) -> Content:
    """What a report says of a run, with its pictures.

    Parameters
    ----------
    run : Run
        With its summaries.
    command : sequence of str, optional
        That made it.

    Returns
    -------
    Content
    """
    scenario = run.scenario
    headline = headline_of(run)
    cases = shown_cases(headline.benefit, MOST)
    pictures, not_drawn = pictures_of(run)
    pools, shown = pool_tables(run, headline, cases)
    positions = position_tables(run, cases)
    text, left_out = resolved_text(scenario.resolved)
    of = "but those said to come from not knowing the parameters " if drawn_of(scenario) else ""
    before = [] if command else [_SAVED_ELSEWHERE if left_out else _SAVED]
    return Content(
        name=scenario.name,
        description=in_one_line(scenario.description),
        answer=answer(headline),
        about=" ".join([f"{plan_words(scenario.plan)}.", *loss_words(unit_of(run), scenario.relative_to, of)]),
        remarks=list(_remarks(run)) or [NOTHING],
        cases=cases_table(run, headline, cases),
        sections=[Section(case, [*pools[case], positions[case]]) for case in cases],
        pictures=pictures,
        not_drawn=not_drawn,
        meanings=meanings(shown, *OF_A_RUN),
        manifest=_manifest(run),
        again=" ".join([*before, _SAME]),
        command=visible(shlex.join(command or ["simcore", "run", FILE])),
        resolved=text,
        whole=_SHORTENED.format(left_out) if left_out else _WHOLE,
    )


def without_pictures(contents: Sequence[Content], excess: int) -> list[Content]:
    """The contents of one report without so many bytes of pictures: those of the highest benefits of each run first.

    Parameters
    ----------
    contents : sequence of Content
    excess : int

    Returns
    -------
    list of Content
        What is left out is told in `not_drawn`.
    """
    every = [(picture.rank, i, j) for i, one in enumerate(contents) for j, picture in enumerate(one.pictures)]
    out: set[tuple[int, int]] = set()
    for _, i, j in sorted(every, reverse=True):
        if excess <= 0:
            break
        out.add((i, j))
        excess -= len(contents[i].pictures[j].svg.encode(errors="backslashreplace"))
    smaller = []
    for i, content in enumerate(contents):
        kept = [picture for j, picture in enumerate(content.pictures) if (i, j) not in out]
        gone = [NotDrawn(p.case, p.title, _TOO_LARGE) for j, p in enumerate(content.pictures) if (i, j) in out]
        smaller.append(content._replace(pictures=kept, not_drawn=[*content.not_drawn, *gone]))
    return smaller


def _remarks(run: Run) -> Iterator[tuple[str, str]]:
    scenario = run.scenario
    repaired = list(map(repair_words, scenario.repairs))
    yield from (("Repaired", f"{one}.") for one in repaired)
    yield from (("Caution", f"{visible(one)}.") for one in scenario.cautions if one not in repaired)
    if bounded := bounded_of(scenario.cases, scenario.plan):
        yield "Noted", bounded_words(bounded)
    if drawn := drawn_of(scenario):
        yield "Noted", estimation_words(drawn)
    empty: dict[str, int] = {}
    for row in run.rows:
        if row.value is None:
            empty[row.note or ""] = empty.get(row.note or "", 0) + 1
    for note, count in empty.items():
        yield "Refused", f"{count:,} of {len(run.rows):,} figures are empty: {note}."
    parts = (part for row in run.rows if row.value is not None and row.note for part in row.note.split("; "))
    for note, count in Counter(parts).items():
        yield "Noted", f"{count:,} of {len(run.rows):,} figures: {note}."


def _manifest(run: Run) -> list[tuple[str, str]]:
    scenario = run.scenario
    its = provenance_of(scenario.digest, run.threads, run.seconds)
    return [
        *([("file", visible(scenario.file))] if scenario.file else []),
        ("digest of the resolved scenario (SHA-256)", its["digest"]),
        ("seed", str(scenario.plan.seed)),
        ("paths", f"{scenario.plan.paths:,}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in its["versions"].items())),
        ("machine", f"{its['cpu']}, threads: {its['threads']}"),
        ("seconds", ", ".join(f"{part} {seconds:.2f}" for part, seconds in its["seconds"].items())),
    ]
