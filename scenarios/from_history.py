"""Universes of past returns: [universe.history] and regimes that are windows of it become figures.

A file is read once. What it holds is estimated when the document is loaded, and never again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from scenarios.bootstrap import law_of
from scenarios.changes import with_changes, with_universe
from scenarios.dates import check_format
from scenarios.estimators import effective_rows, estimate, is_singular
from scenarios.files import File, Reference
from scenarios.history import History
from scenarios.messages import same_letters
from scenarios.messages_of_tables import place_of
from scenarios.moments import Moments
from scenarios.past_table import PastTable, read_table, unknown_column
from scenarios.schema import Document
from scenarios.schema_history import HistorySource, estimator_options
from scenarios.schema_shocks import Change
from scenarios.schema_universe import Asset, Universe
from scenarios.sizes import check_universes
from scenarios.window import Window, window_of
from simcore.errors import InputError, Problem, first_of, some
from simcore.market import Compounding

REPAIR_OR_DROP = 'write repair = "nearest" in [universe], or gaps = "drop" in [universe.history]'
_LIMITS = {"expected_return": (-10.0, "per year"), "volatility": (0.0, "per square root of a year")}
_FEWEST = 2.0  # rows that weights must leave: of one there is no deviation
_HIGHEST = 10.0  # as the schema has it for figures that are written


@dataclass(frozen=True)
class _Read:
    """A table that was read, and the keys that say how to use it."""

    table: PastTable
    source: HistorySource
    compounding: Compounding
    drawn: bool


def with_history(document: Document, origin: Callable[[str], File]) -> tuple[Document, list[Problem]]:
    """`document` with figures in place of each history, and what is wrong with these.

    Parameters
    ----------
    document : Document
    origin : callable
        The file that a key path stands in: the path of a history begins in its folder.

    Returns
    -------
    Document
        Where a history is wrong, the universe keeps it and has no assets; a regime stays without a universe.
    list of Problem
    """
    place = "universe.history"
    universe, read, problems = document.universe, None, []
    drawn = law_of(universe) is not None
    if document.universe.history is not None:
        read, problems = _read(document.universe, place, origin(f"{place}.file"), drawn=drawn)
        if read and (problems := check_universes(document, place, len(read.table.names))):
            read = None
        if read:
            universe, problems = _estimated(document.universe, read, place)

    def filled(change: Change, _: int, here: str, shock: str) -> Change:
        regime = change.regime
        if regime is None:
            return change
        found = None
        if regime.start is not None and regime.end is not None:
            if document.universe.history is None:
                value, allowed = f"{regime.start} to {regime.end}", "a window of universe.history, which there is not"
                remedy = "write [universe.history] in place of assets and correlation, or regime = { file = ... }"
                problems.append(Problem(f"{here}.regime ({shock})", value, allowed, remedy))
            elif read:
                window = {"start": regime.start, "end": regime.end}
                of_window = replace(read, source=read.source.model_copy(update=window))
                found, wrong = _estimated(document.universe, of_window, f"{here}.regime ({shock})", regime=True)
                problems.extend(wrong)
        elif regime.universe is not None and regime.universe.history is not None:
            inner = f"{here}.regime.universe.history"
            found, wrong = historical(regime.universe, inner, origin(f"{inner}.file"), document.universe)
            problems.extend(wrong)
        else:
            return change
        return with_universe(change, found if found is not None and found.history is None else None)

    document = with_changes(document.model_copy(update={"universe": universe}), filled)
    return document, list(dict.fromkeys(problems))


def historical(universe: Universe, place: str, naming: File, base: Universe) -> tuple[Universe, list[Problem]]:
    """The `universe` of a regime with figures in place of its history, where it has one and nothing is wrong with it.

    `place` is the key path of the history, `naming` the file that this key stands in. `base` is the universe of the
    scenario: a regime that says no compounding has that one's, and rows are drawn where that one's law draws them.
    """
    if universe.history is None:
        return universe, []
    if "compounding" not in universe.model_fields_set:
        universe = universe.model_copy(update={"compounding": base.compounding})
    read, problems = _read(universe, place, naming, drawn=law_of(base) is not None)
    return _estimated(universe, read, place) if read else (universe, problems)


def in_history(problems: list[Problem], universe: Universe) -> list[Problem]:
    """`problems` with figures that no key holds, at the history that they were estimated from."""
    past = universe.past
    if past is None:
        return problems

    def moved(problem: Problem) -> Problem:
        place = problem.place
        for i, asset in enumerate(universe.assets):
            here = f"universe.assets[{i}]"
            if place == here or place.startswith((f"{here}.", f"{here} ")):
                return replace(
                    problem, place=f"universe.history, {asset.name}{place.removeprefix(here).split(' (')[0]}"
                )
        if place.startswith("universe.correlation") and not past.complete.all():
            value = f'"pairwise", {problem.value}'
            return replace(problem, place="universe.history.gaps", value=value, remedy=REPAIR_OR_DROP)
        return replace(problem, place=place.replace("universe.correlation", "universe.history, correlation"))

    return [moved(problem) for problem in problems]


def _read(universe: Universe, place: str, naming: File, *, drawn: bool) -> tuple[_Read | None, list[Problem]]:
    source = universe.history
    if source is None:
        raise AssertionError("asked of a universe with a history only")
    problems = check_format(source.date_format, f"{place}.date_format") if source.date_format is not None else []
    if source.gaps == "pairwise" and source.estimator != "sample":
        allowed = '"drop", or no gaps, for an estimator that weighs or shrinks whole rows'
        remedy = 'write gaps = "drop", or estimator = "sample"'
        problems.append(Problem(f"{place}.gaps", '"pairwise"', allowed, remedy))
    file = naming.beside(source.file)
    try:
        reference = Reference(naming, f"{place}.file", source.file)
        if problems:
            return None, problems
        table = read_table(file, reference, decimal=source.decimal, date_format=source.date_format)
    except InputError as error:
        return None, [*problems, *error.problems]
    return _Read(table, source, universe.compounding, drawn), []


def _estimated(universe: Universe, read: _Read, place: str, *, regime: bool = False) -> tuple[Universe, list[Problem]]:
    """The universe of the window; of a regime, attributes beside the history are not told twice."""
    source, table = read.source, read.table
    problems = _check_names(source, table, place)
    options = estimator_options(source.estimator)
    window = Window(
        place,
        source.kind,
        read.compounding,
        source.periods_per_year,
        source.start,
        source.end,
        source.gaps,
        shrunk=options["estimator"] == "ledoit_wolf",
        drawn=read.drawn,
    )
    past, wrong = window_of(table, window)
    if past is None or problems:
        return universe, wrong if regime else [*problems, *wrong]
    half_life = options["half_life"]
    if half_life is not None and (worth := effective_rows(len(past.dates), half_life)) < _FEWEST:
        value, allowed = f"{half_life:g}", f"a half-life that is worth {_FEWEST:g} rows of equal weight or more"
        remedy = f"{len(past.dates)} rows are worth {worth:.2g} so: write a longer one"
        here = place if regime else f"{place}.estimator.ewma.half_life"
        return universe, [Problem(here, value, allowed, remedy)]
    try:
        with np.errstate(all="ignore"):
            moments = estimate(
                past.returns,
                periods_per_year=source.periods_per_year,
                compounding=read.compounding,
                **options,
            )
    except InputError as error:
        return universe, [replace(problem, file=table.file) for problem in error.problems]
    periods, n = past.returns.shape
    if window.shrunk and periods <= n and is_singular(past.returns, read.compounding):
        said = f"{periods} rows for {n} assets: their correlation is singular, even shrunk by ledoit_wolf, and some mix"
        past = replace(past, cautions=(*past.cautions, f"{table.file}: {said} of them seems riskless"))
    written = {table.names.index(name): value for name, value in source.expected_returns.items()}
    expected = moments.expected_return.copy()
    expected[list(written)] = list(written.values())
    moments = Moments(expected, moments.volatility, moments.correlation)
    if wrong := _check_figures(moments, past, source, place):
        return universe, wrong
    assets = [
        Asset.model_validate(
            {
                "name": name,
                "class": source.classes.get(name),
                "expected_return": float(moments.expected_return[j]),
                "volatility": float(moments.volatility[j]),
                "value": source.values.get(name) if isinstance(source.values, dict) else source.values,
            }
        )
        for j, name in enumerate(table.names)
    ]
    return universe.estimated(assets, moments.matrix.tolist(), past, source), []


def _check_names(source: HistorySource, table: PastTable, place: str) -> list[Problem]:
    named = {"classes": source.classes, "values": source.values, "expected_returns": source.expected_returns}
    known = set(table.names)
    problems = first_of(
        unknown_column(f"{place}.{key}", name, table)
        for key, names in named.items()
        if isinstance(names, dict)
        for name in names
        if name not in known
    )
    return problems + same_letters((f"{place}.classes.{name}", its) for name, its in source.classes.items())


def _check_figures(moments: Moments, past: History, source: HistorySource, place: str) -> list[Problem]:
    """What a universe cannot have: yearly figures beyond the schema's limits, pairs that no row tells of."""
    problems = []
    for key, (low, unit) in _LIMITS.items():
        figures = getattr(moments, key)
        bad = np.flatnonzero(~((figures >= low) & (figures <= _HIGHEST)))
        told = some([f"{past.names[j]} {figures[j]:.4g}" for j in bad], 5)
        if len(bad):
            allowed = f"from {low:g} to {_HIGHEST:g}, {unit}"
            remedy = '1 % is written 0.01; of prices write kind = "prices"'
            remedy = remedy if source.kind == "returns" else "correct the prices, or periods_per_year"
            problems.append(Problem(f"{place}, {key}", told, allowed, remedy))
    for i, j in np.argwhere(np.triu(np.isnan(moments.matrix)))[:5]:
        value = f"no two rows that tell of {past.names[i]} and {past.names[j]} together"
        remedy = "leave one of them out of the file, or choose a window in which both have figures"
        problems.append(Problem(place_of(past.names[j]), value, "rows that both have", remedy, past.file))
    return problems
