"""The bootstrap law: rows of a history, for the universe and for each regime that a shock puts in its place.

A universe that is estimated from a history keeps its rows; here they become innovations that stand in the document,
so that the resolved scenario needs no file.
"""

import math
from collections.abc import Callable

import numpy as np

from scenarios.calibrate import period_returns
from scenarios.changes import source_of, with_changes, with_universe
from scenarios.messages import toml_text
from scenarios.resolve import horizon_of, written_correlation
from scenarios.schema import Document
from scenarios.schema_shocks import Change, Regime, Shock
from scenarios.schema_universe import BootstrapLaw, Innovation, Universe
from simcore.dependence import Bootstrap, standardised
from simcore.errors import InputError, Problem

_CLOSE = 1e-6  # of correlations that were written and those of rows; relative, of steps and periods


def law_of(universe: Universe) -> BootstrapLaw | None:
    """The bootstrap of a universe, where that is its law."""
    return universe.innovation.bootstrap if isinstance(universe.innovation, Innovation) else None


def with_rows(document: Document) -> tuple[Document, list[Problem]]:
    """`document` with the rows of each history where its law is the bootstrap, and what keeps it from being one."""
    law = law_of(document.universe)
    if law is None:
        return document, []
    universe, problems = _filled(document.universe, law, lambda key: f"universe.{key}")
    problems += _check_unused(document.universe, lambda key: f"universe.{key}")

    def filled(change: Change, _: int, here: str, shock: str) -> Change:
        if change.correlation is not None:
            allowed = "no change of correlation under a bootstrap: rows are correlated as they were"
            remedy = 'take a regime of the history, or innovation = "normal"'
            problems.append(Problem(f"{here}.correlation ({shock})", "a change", allowed, remedy))
        regime = change.regime
        if regime is None or regime.universe is None:
            return change
        place = _place(regime, here, shock)
        own = law_of(regime.universe) or law.model_copy(update={"periods_per_year": None, "rows": None})
        drawn, wrong = _filled(regime.universe, own, place)
        if regime.start is None:  # of a window, it is the universe's own, which was told
            wrong += _check_unused(regime.universe, place)
            wrong += _check_frequency(drawn, universe, place)
        problems.extend(wrong)
        return with_universe(change, drawn)

    document = with_changes(document.model_copy(update={"universe": universe}), filled)
    return document, problems or _check_steps(document)


def bootstrap_of(universe: Universe, shock: Shock | None, known: dict[int, Bootstrap]) -> Bootstrap | None:
    """The law of a case, where it is a bootstrap: of its last regime, or of the universe; `known` shares what is equal.

    Raises
    ------
    InputError
        When rows that were written are none of a history.
    """
    if law_of(universe) is None:
        return None
    source = source_of(universe, shock)
    law = law_of(source)
    if law is None or law.rows is None:
        raise AssertionError("with_rows fills every law")
    if id(source) not in known:
        names = [asset.name for asset in source.assets]
        columns = [names.index(asset.name) for asset in universe.assets]
        rows = np.array(law.rows, dtype=np.float64)
        known[id(source)] = Bootstrap(rows[:, columns] if rows.ndim == 2 else rows, law.mean_block)
    return known[id(source)]


def _place(regime: Regime, here: str, shock: str) -> Callable[[str], str]:
    """Where a key of a regime's universe is said to stand: in the regime's file, or under its own path."""
    if regime.start is None and regime.file is None:
        return lambda key: f"{here}.regime.universe.{key} ({shock})"
    form = "" if regime.file is None else ".file"
    return lambda key: f"{here}.regime{form} ({shock}), {key}"


def _filled(universe: Universe, law: BootstrapLaw, place: Callable[[str], str]) -> tuple[Universe, list[Problem]]:
    key, past = "innovation.bootstrap", universe.past
    if past is None:
        if law.rows is not None:
            return universe, _check_rows(universe, law.rows, place)
        allowed = "a universe with [universe.history], whose rows are drawn"
        remedy = 'estimate it from a history, or write innovation = "normal"'
        return universe, [Problem(place(key), "no rows to draw from", allowed, remedy)]
    if law.rows is not None:
        allowed = "no rows beside a history, which gives them"
        return universe, [
            Problem(place(f"{key}.rows"), f"{len(law.rows)} rows", allowed, "remove rows, or the history")
        ]
    if law.periods_per_year is not None and not _same(law.periods_per_year, past.periods_per_year):
        allowed = f"{past.periods_per_year:g}, as of the history"
        value, remedy = f"{law.periods_per_year:g}", "leave it out: the history says it"
        return universe, [Problem(place(f"{key}.periods_per_year"), value, allowed, remedy)]
    if not past.complete.all():
        gaps = f"{int((~past.complete).sum())} rows with gaps"
        return universe, [
            Problem(place(key), gaps, "rows of all assets together", 'write gaps = "drop" in the history')
        ]
    rows = standardised(period_returns(past.returns, universe.compounding))
    filled = law.model_copy(update={"periods_per_year": past.periods_per_year, "rows": rows.tolist()})
    innovation = Innovation.model_construct(student_t=None, bootstrap=filled)
    return universe.model_copy(update={"innovation": innovation}), []


def _check_rows(universe: Universe, written: list[list[float]], place: Callable[[str], str]) -> list[Problem]:
    """What keeps rows that were written from being those that a universe was estimated from."""
    here, names = place("innovation.bootstrap.rows"), [asset.name for asset in universe.assets]
    shape = np.shape(np.array(written, dtype=object))
    if len(shape) != 2 or shape[1] != len(names):
        allowed = f"rows of {len(names)} numbers, one per asset"
        return [Problem(here, f"rows of shape {shape}", allowed, "write one number per asset")]
    try:
        rows = Bootstrap(np.array(written), 1.0).rows
    except InputError as error:
        return [Problem(here, p.value, p.allowed, "leave rows out: history gives them") for p in error.problems]
    of_rows, correlation = rows.T @ rows / (len(rows) - 1), written_correlation(universe)
    off = np.where(np.outer(rows.any(axis=0), rows.any(axis=0)), np.abs(of_rows - correlation), 0.0)
    i, j = np.unravel_index(np.argmax(off), off.shape)
    if off[i, j] <= _CLOSE:
        return []
    value = f"{correlation[i, j]:.6g} of {names[i]} and {names[j]}"
    allowed = f"{of_rows[i, j]:.6g} as of the rows, to {_CLOSE:g}: a bootstrap draws them as they were"
    return [Problem(place("correlation"), value, allowed, "leave correlation and rows as simcore show wrote them")]


def _check_unused(universe: Universe, place: Callable[[str], str]) -> list[Problem]:
    """What estimates correlations or repairs them, since nothing would come of it."""
    problems = []
    source, key = (universe.source, "history") if universe.source else (universe.sample, "sample")
    if source is not None and source.estimator != "sample":
        written = source.estimator if isinstance(source.estimator, str) else source.estimator.model_dump()
        allowed = '"sample" beside a bootstrap: rows are drawn as they were, by no weights and no other correlation'
        remedy = 'write estimator = "sample", or innovation = "normal"'
        problems.append(Problem(place(f"{key}.estimator"), toml_text(written), allowed, remedy))
    if universe.repair != "none":
        allowed = '"none" beside a bootstrap: rows are correlated as they were'
        remedy = 'write repair = "none", or innovation = "normal"'
        problems.append(Problem(place("repair"), toml_text(universe.repair), allowed, remedy))
    return problems


def _check_frequency(regime: Universe, universe: Universe, place: Callable[[str], str]) -> list[Problem]:
    its, own = law_of(regime), law_of(universe)
    if its is None or its.rows is None or own is None or own.rows is None or own.periods_per_year is None:
        return []  # which is said elsewhere
    if its.periods_per_year is not None and _same(its.periods_per_year, own.periods_per_year):
        return []
    key = "history" if regime.past is not None else "innovation.bootstrap"
    value = "(missing)" if its.periods_per_year is None else f"{its.periods_per_year:g}"
    allowed = f"{own.periods_per_year:g}, as of the universe: a step is a row, and all cases take the same steps"
    remedy = f"take a history of {own.periods_per_year:g} rows a year, or a window of universe.history"
    return [Problem(place(f"{key}.periods_per_year"), value, allowed, remedy)]


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_CLOSE)


def _check_steps(document: Document) -> list[Problem]:
    law, simulation = law_of(document.universe), document.simulation
    if law is None or law.periods_per_year is None:
        return [Problem("universe.innovation.bootstrap.periods_per_year", "(missing)", "rows a year", "write it")]
    years, steps = horizon_of(simulation), simulation.steps
    periods = years * law.periods_per_year
    if _same(periods, steps):
        return []
    allowed = f"one step for each period of the history: {periods:.6g} in the horizon of {years:.6g} years"
    whole = max(1, round(periods))
    remedy = f"write steps = {whole} and horizon_days = {whole}, days_per_year = {law.periods_per_year:g}"
    return [Problem("simulation.steps", str(steps), allowed, remedy)]
