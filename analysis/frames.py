"""The tidy table as a pandas frame: of a scenario, or of cases built from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.comparison import COLUMNS, Row, rows
from analysis.standalone import RelativeTo
from simcore.border import as_tuple
from simcore.case import Case, Plan

if TYPE_CHECKING:
    import pandas

    from scenarios.build import Scenario


def compare(scenario: Scenario, *, threads: int | None = None) -> pandas.DataFrame:
    """Simulate a scenario and compare each pool with its members standing alone.

    Parameters
    ----------
    scenario : scenarios.Scenario
        As `scenarios.load` gives it.
    threads : int, optional
        The figures do not depend on it.

    Returns
    -------
    pandas.DataFrame
        One row per figure: scenario, case, node, parent, kind, view, measure, confidence, value, std_error, low,
        high, estimation_low, estimation_high, unit, note. Currency, or 1 for benefits; intervals of 95 %: low and high
        of simulation error only, the other two of estimation error, where the scenario asks for it.

    Raises
    ------
    InputError
        When `scenario` is none, or `threads` no number of threads; a scenario itself was checked when it was loaded.
    CapacityError
        When the tails cannot fit into memory.
    """
    from analysis.runs import run

    return _frame(run(scenario, threads=threads).rows)


def compare_cases(
    cases: Sequence[Case],
    plan: Plan,
    *,
    name: str = "",
    currency: str = "",
    relative_to: RelativeTo = "start",
    threads: int | None = None,
) -> pandas.DataFrame:
    """`compare`, of cases built from arrays.

    Parameters
    ----------
    cases : sequence of Case
    plan : Plan
    name : str
        What stands in the column `scenario`.
    currency : str
        What stands in the column `unit`.
    relative_to : {"start", "mean"}
        Whether value at risk and expected shortfall are of the loss, or of the loss less its exact expectation.
    threads : int, optional
        The figures do not depend on it.

    Returns
    -------
    pandas.DataFrame
        As `compare`.

    Raises
    ------
    InputError
        When cases do not fit together, or an option is none.
    CapacityError
        When the tails cannot fit into memory.
    """
    from simcore.simulation import simulate

    cases = as_tuple(cases, "cases")
    results = simulate(cases, plan, threads=threads)
    figures = rows(cases, plan, results, name=name, currency=currency, relative_to=relative_to)
    return _frame(figures)


def _frame(figures: list[Row]) -> pandas.DataFrame:
    import pandas

    table = pandas.DataFrame(figures, columns=list(COLUMNS))
    numbers = ["confidence", "value", "std_error", "low", "high", "estimation_low", "estimation_high"]
    return table.astype(dict.fromkeys(numbers, "float64"))
