"""The bootstrap law: rows of a history, for the universe and for each regime that a shock puts in its place.

A universe that is estimated from a history keeps its rows; here they become innovations that stand in the document,
so that the resolved scenario needs no file.
"""

import numpy as np
from numpy.typing import NDArray

from scenarios.changes import with_changes, with_universe
from scenarios.resolve import horizon_of
from scenarios.schema import BootstrapLaw, Change, Document, Innovation, Shock, Universe
from simcore.dependence import Bootstrap, standardised
from simcore.errors import InputError, Problem


def law_of(universe: Universe) -> BootstrapLaw | None:
    """The bootstrap of a universe, where that is its law."""
    return universe.innovation.bootstrap if isinstance(universe.innovation, Innovation) else None


def with_rows(document: Document) -> tuple[Document, list[Problem]]:
    """`document` with the rows of each history where its law is the bootstrap, and what keeps it from being one."""
    law = law_of(document.universe)
    if law is None:
        return document, []
    place = "universe.innovation.bootstrap"
    universe, problems = _filled(document.universe, law, place)

    def filled(change: Change, _: int, here: str, shock: str) -> Change:
        if change.correlation is not None:
            allowed = "no change of correlation under a bootstrap: rows are correlated as they were"
            remedy = 'take a regime of the history, or innovation = "normal"'
            problems.append(Problem(f"{here}.correlation ({shock})", "a change", allowed, remedy))
        regime = change.regime
        if regime is None or regime.universe is None:
            return change
        own = law_of(regime.universe) or law
        inner = own if own.rows is not None and own is not law else law.model_copy(update={"rows": None})
        drawn, wrong = _filled(regime.universe, inner, f"{here}.regime ({shock})")
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
    regimes = [change.regime.universe for change in shock.changes if change.regime] if shock else []
    source = next((one for one in reversed(regimes) if one is not None), universe)
    law = law_of(source)
    if law is None or law.rows is None:
        raise AssertionError("with_rows fills every law")
    if id(source) not in known:
        names = [asset.name for asset in source.assets]
        columns = [names.index(asset.name) for asset in universe.assets]
        rows = np.array(law.rows, dtype=np.float64)
        known[id(source)] = Bootstrap(rows[:, columns] if rows.ndim == 2 else rows, law.mean_block)
    return known[id(source)]


def _filled(universe: Universe, law: BootstrapLaw, place: str) -> tuple[Universe, list[Problem]]:
    if law.rows is not None:
        shape = np.shape(np.array(law.rows, dtype=object))
        if len(shape) != 2 or shape[1] != len(universe.assets):
            allowed = f"rows of {len(universe.assets)} numbers, one per asset"
            return universe, [Problem(f"{place}.rows", f"rows of shape {shape}", allowed, "write one number per asset")]
        try:
            Bootstrap(np.array(law.rows), law.mean_block)
        except InputError as error:
            wrong = [
                Problem(f"{place}.rows", p.value, p.allowed, "leave rows out: history gives them")
                for p in error.problems
            ]
            return universe, wrong
        return universe, []
    past = universe.past
    if past is None:
        allowed = "a universe with [universe.history], whose rows are drawn"
        remedy = 'estimate it from a history, or write innovation = "normal"'
        return universe, [Problem(place, "no rows to draw from", allowed, remedy)]
    if not past.complete.all():
        gaps = f"{int((~past.complete).sum())} rows with gaps"
        return universe, [Problem(place, gaps, "rows of all assets together", 'write gaps = "drop" in the history')]
    rows = _rows(past.returns, universe.compounding)
    filled = law.model_copy(update={"periods_per_year": past.periods_per_year, "rows": rows.tolist()})
    innovation = Innovation.model_construct(student_t=None, bootstrap=filled)
    return universe.model_copy(update={"innovation": innovation}), []


def _rows(returns: NDArray[np.float64], compounding: str) -> NDArray[np.float64]:
    return standardised(np.log1p(returns) if compounding == "log" else returns)


def _check_steps(document: Document) -> list[Problem]:
    law, simulation = law_of(document.universe), document.simulation
    if law is None or law.periods_per_year is None:
        return [Problem("universe.innovation.bootstrap.periods_per_year", "(missing)", "rows a year", "write it")]
    years, steps = horizon_of(simulation), simulation.steps
    periods = years * law.periods_per_year
    if abs(periods - steps) <= 1e-6 * steps:
        return []
    allowed = f"one step for each period of the history: {periods:.6g} in the horizon of {years:.6g} years"
    whole = max(1, round(periods))
    remedy = f"write steps = {whole} and horizon_days = {whole}, days_per_year = {law.periods_per_year:g}"
    return [Problem("simulation.steps", str(steps), allowed, remedy)]
