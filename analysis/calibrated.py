"""From a table of past returns to the text of a scenario with the figures, and where each of them comes from."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from analysis.text import visible
from analysis.toml import toml_of
from scenarios.calibrate import period_returns
from scenarios.check_universe import check_universe
from scenarios.estimators import effective_rows
from scenarios.files import File
from scenarios.from_history import REPAIR_OR_DROP, historical, in_history
from scenarios.history import History
from scenarios.messages import QUOTES, problems_of
from scenarios.schema import RegimeFile
from scenarios.schema_history import HistorySource, Weighted
from scenarios.schema_universe import Universe
from scenarios.tail_weight import LOWEST, TailWeight, tail_weight
from simcore.border import is_name
from simcore.errors import InputError, Problem, raise_if_any
from simcore.market import Compounding

_HISTORY = "universe.history"
_EWMA = "{ ewma = { half_life = 63 } }"
_REPAIR_OR_DROP = 'write --gaps drop, or a scenario with [universe.history] and repair = "nearest" in [universe]'
_ASSUMED = """\
[simulation]
paths = 1_000_000
steps = 1
horizon_years = 0.0833333333333333    # one month
seed = 42

[measures]
confidence = [0.95, 0.99]
"""
_VALUE = 100_000


@dataclass(frozen=True, eq=False)
class Calibration:
    """Figures, the rows that they are estimated from, how heavy the tails of these are, and the text of a scenario."""

    universe: Universe
    past: History
    tails: TailWeight
    text: str


def calibrate(file: str, options: Mapping[str, Any], *, compounding: str = "log") -> Calibration:
    """The scenario that a table of past returns makes.

    Parameters
    ----------
    file : str
        The path of a CSV or Parquet file.
    options : mapping
        The other keys of [universe.history]: ``kind`` and ``periods_per_year`` at least.
    compounding : {"log", "simple"}

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        With everything that is wrong, at the option of the command line or in the file.
    """
    written = {"compounding": compounding, "history": {"file": file, **options}}
    content = {"schema": 1, "name": "calibrated", "universe": written}
    try:
        universe = RegimeFile.model_validate(content).universe
    except ValidationError as error:
        raise InputError([_as_option(problem) for problem in problems_of(error, content, RegimeFile)]) from None
    source = universe.history
    universe, problems = historical(universe, _HISTORY, File("", Path()), universe)
    if not problems:
        problems = in_history(check_universe(universe, "universe"), universe)
    raise_if_any([_as_option(problem) for problem in problems])
    past = universe.past
    if past is None or source is None:
        raise AssertionError("a history without problems has figures")
    rows = period_returns(past.returns, universe.compounding)
    tails = tail_weight(rows[past.complete])
    text = "\n".join(
        [
            *_head(Path(file), source, past, universe.compounding, tails),
            *_universe(universe, past, rows, tails),
            _ASSUMED,
        ]
    )
    return Calibration(universe, past, tails, text)


def options_of(
    kind: str, periods_per_year: object, start: str | None, end: str | None, estimator: str, half_life: object
) -> dict[str, Any]:
    """Keys of [universe.history] as a command line gives them: dates and a half-life are text there.

    Raises
    ------
    InputError
        When a half-life is given without the estimator that has one.
    """
    if half_life is not None and estimator != "ewma":
        allowed, remedy = "a half-life beside --estimator ewma", "write --estimator ewma, or leave --half-life out"
        raise InputError([Problem("--half-life", str(half_life), allowed, remedy)])
    if estimator == "ewma" and half_life is None:
        remedy = "write --half-life 63 for a quarter of trading days"
        raise InputError([Problem("--half-life", "(missing)", "periods, above 0, beside --estimator ewma", remedy)])
    dates = {"start": _date(start), "end": _date(end)}
    chosen = {"ewma": {"half_life": half_life}} if estimator == "ewma" else estimator
    return {"kind": kind, "periods_per_year": periods_per_year, **dates, "estimator": chosen}


def _date(text: str | None) -> date | str | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return text  # which the schema refuses, as an option


def _as_option(problem: Problem) -> Problem:
    """A problem with a key of [universe.history], as of the option that it was given by."""
    place = problem.place
    if not problem.file:
        place = place.replace(f"{_HISTORY}.estimator.ewma.half_life", "--half-life").removeprefix("universe.")
        if place == "history":
            place = "--start and --end"
        elif place.startswith("history, "):  # an estimated figure
            place = place.removeprefix("history, ")
        else:
            place = re.sub(r"^(?:history\.)?([a-z_]+)", lambda found: _option(found[1]), place)
    return replace(
        problem, place=place, allowed=_options(problem.allowed), remedy=_options(problem.remedy.removeprefix(QUOTES))
    )


def _options(text: str) -> str:
    """`text` with options in place of keys, as ``--kind prices`` of ``kind = "prices"``."""
    text = text.replace(_EWMA, "ewma with --half-life 63").replace("{ ewma = { half_life = periods } }", "ewma")
    text = text.replace(REPAIR_OR_DROP, _REPAIR_OR_DROP)
    text = text.replace(" in [universe.history]", "").replace(", without quotes", "")
    keys = "|".join((*HistorySource.model_fields, "compounding", "half_life"))
    return re.sub(
        rf'\b({keys}) = (?:"([^" ]*)"|("[^"]*"|[\w.-]+))',
        lambda found: f"{_option(found[1])} {found[2] or found[3]}",
        text,
    )


def _option(key: str) -> str:
    return "FILE" if key == "file" else f"--{key.replace('_', '-')}"


def _head(
    file: Path, source: HistorySource, past: History, compounding: Compounding, tails: TailWeight
) -> Iterator[str]:
    year = f"{source.periods_per_year:g}"
    of = "ln(1 + r), r" if compounding == "log" else "r,"
    drift = " + volatility^2 / 2" if compounding == "log" else ""
    gaps = f'; gaps: "{source.gaps}"' if source.gaps else ""
    lines = [
        f"The figures of {past.file}, by simcore calibrate.",
        "",
        f"Source: {file.name}, {source.kind}; SHA-256 {past.digest}",
        f"Window: {past.dates[0]} to {past.dates[-1]}, {len(past.dates):,} rows of returns, {year} a year{gaps}",
        f"Estimator: {_estimator(source, len(past.dates))}. With r' = {of} a simple return of one period:",
        f"    volatility = sd(r') sqrt({year}); expected_return = mean(r') {year}{drift}; correlation: Pearson's.",
        *_tails(tails),
        *(f"Caution: {caution}" for caution in past.cautions),
        "Assumed, to be corrected: currency, values, horizon, paths, seed and confidence.",
    ]
    yield from (f"# {visible(line)}".rstrip() for line in lines)
    name = file.stem if is_name(file.stem) else "calibrated"
    named = {"schema": 1, "name": name, "currency": "USD"}
    yield f"\n{toml_of(named).rstrip()}    # assumed\n"


def _estimator(source: HistorySource, rows: int) -> str:
    if isinstance(source.estimator, Weighted):
        half_life = source.estimator.ewma.half_life
        effective = effective_rows(rows, half_life)
        return f"ewma, half-life {half_life:g} rows, worth {effective:.4g} equal ones; the mean is that of all rows"
    if source.estimator == "ledoit_wolf":
        return "ledoit_wolf; correlations shrink toward 0, volatilities (divisor n - 1) do not"
    if source.estimator == "sample":
        return "sample, divisor n - 1"
    assert_never(source.estimator)


def _tails(tails: TailWeight) -> Sequence[str]:
    what = "Tails: Student-t degrees of freedom by maximum likelihood"
    if math.isnan(tails.dof):
        return [f"{what} cannot be told: {tails.note}."]
    if math.isinf(tails.dof):
        return [f"{what}: infinite. The normal fits as well."]
    found = f"{tails.dof:.4g}, standard error {tails.std_error:.2g}"
    found = found if tails.dof > LOWEST else f"{LOWEST:g} or fewer, where a law has no volatility"
    verdict = "the normal fits as well" if tails.normal_fits else "the normal fits worse"
    ratio = f"likelihood ratio {tails.likelihood_ratio:,.1f}; chance alone exceeds 2.7 in at most 5 % of normal samples"
    fitted = "Fitted together with mean and covariance; the figures below are the estimator's, not this fit's."
    return [f"{what}: {found}; {verdict}", f"    ({ratio}).", f"    {fitted}"]


def _universe(universe: Universe, past: History, rows: NDArray[np.float64], tails: TailWeight) -> Iterator[str]:
    """`rows` are the returns r' that the figures are of."""
    yield f'[universe]\ncompounding = "{universe.compounding}"'
    hint = ""
    if tails.dof > LOWEST and not tails.normal_fits:
        hint = f"    # as heavy in its tails as these rows: innovation = {{ student_t = {tails.dof:.4g} }}"
    yield f'innovation = "normal"{hint}\ncorrelation = ['
    correlation = universe.correlation if isinstance(universe.correlation, list) else []
    yield from (f"  {row},  # {visible(name)}" for name, row in zip(past.names, correlation, strict=True))
    yield "]"
    seen = (~np.isnan(rows)).sum(axis=0)
    errors = np.nanstd(rows, axis=0, ddof=1) / np.sqrt(seen) * past.periods_per_year  # of a mean with equal weights
    for asset, error in zip(universe.assets, errors.tolist(), strict=True):
        yield f"\n[[universe.assets]]\n{toml_of({'name': asset.name}).rstrip()}"
        yield f"expected_return = {asset.expected_return!r}    # standard error {error:.2g}"
        yield f"volatility = {asset.volatility!r}\nvalue = {_VALUE:_}    # assumed"
    yield ""
