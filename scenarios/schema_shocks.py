"""The tables [[shocks]]: named lists of changes to the base case."""

from datetime import date
from typing import Annotated

from scenarios.schema_universe import Universe
from scenarios.tables import Entry, Name, Table, key, limits, name_of, number


class ExpectedReturnChange(Table):
    """What becomes of the expected returns."""

    forms = ((("multiply",), ("add",), ("set",)),)
    multiply: float | None = number("a number", "write { multiply = 0.5 }", default=None)
    add: float | None = number(
        "a number from -10 to 10, per year", "20 % a year less is written { add = -0.20 }", default=None, ge=-10, le=10
    )
    set: float | None = number(
        "a number from -10 to 10, per year", "5 % a year is written { set = 0.05 }", default=None, ge=-10, le=10
    )


class VolatilityChange(Table):
    """What becomes of the volatilities."""

    forms = ((("multiply",), ("add",), ("set",)),)
    multiply: float | None = number("a number from 0", "write { multiply = 1.5 }", default=None, ge=0)
    add: float | None = number(
        "a number from -10 to 10, per square root of a year",
        "10 % is written { add = 0.1 }",
        default=None,
        ge=-10,
        le=10,
    )
    set: float | None = number(
        "a number from 0 to 10, per square root of a year", "40 % is written { set = 0.40 }", default=None, ge=0, le=10
    )


class JumpChange(Table):
    """What the values lose or gain at once."""

    add: Annotated[float, limits("number", exclusiveMinimum=-1, maximum=10)] = number(
        "a share of the value: a number above -1, up to 10",
        "a fall of 20 % is written jump = { add = -0.20 }",
        gt=-1,
        le=10,
    )


class CorrelationChange(Table):
    """R becomes (1 - weight) R + weight times the target of all pairs, goes by class, or is another matrix."""

    forms = ((("toward", "weight"), ("within_class", "between"), ("matrix",)),)
    toward: float | None = number(
        "a number from -1 to 1: the target of all pairs", "write toward = 1.0", default=None, ge=-1, le=1
    )
    weight: float | None = number(
        "a number from 0 to 1: 0 changes nothing, 1 is the target", "write weight = 0.5", default=None, ge=0, le=1
    )
    within_class: float | None = number(
        "a number from -1 to 1: of two assets of one class", "write within_class = 0.8", default=None, ge=-1, le=1
    )
    between: float | None = number(
        "a number from -1 to 1: of two assets of different classes", "write between = 0.4", default=None, ge=-1, le=1
    )
    matrix: list[list[Entry]] | None = key(
        "a full matrix of numbers from -1 to 1, a row per asset of the universe",
        "write matrix = [[1.0, 0.5], [0.5, 1.0]] for two assets",
        default=None,
    )


class Regime(Table):
    """Volatilities and correlation of another universe.

    A file or a window is read once: the resolved scenario holds its universe in its place.
    """

    forms = ((("file",), ("universe",), ("start", "end")),)
    file: str | None = key(
        "the path of a regime file (schema, name, description, [universe]), beginning in the folder of this file",
        'write regime = { file = "..." }',
        default=None,
    )
    universe: Universe | None = key(
        "a universe, as resolved scenarios hold it in place of a file; its expected returns and values change nothing",
        'write regime = { file = "..." }',
        default=None,
    )
    start: date | None = key(
        "a date: with end, the window of universe.history that the regime is estimated from",
        "write regime = { start = 2007-10-01, end = 2009-03-31 }, without quotes",
        default=None,
    )
    end: date | None = key("a date, the last of the window", "write end = 2009-03-31, without quotes", default=None)


class Change(Table):
    """One operation, for all assets or those selected by class or by name."""

    forms = (
        (("expected_return",), ("volatility",), ("jump",), ("correlation",), ("regime",)),
        ((), ("class",), ("assets",)),
    )
    expected_return: ExpectedReturnChange | None = key(
        "{ multiply = ... } or { add = ... } or { set = ... }", "write expected_return = { add = -0.20 }", default=None
    )
    volatility: VolatilityChange | None = key(
        "{ multiply = ... } or { add = ... } or { set = ... }", "write volatility = { multiply = 1.5 }", default=None
    )
    jump: JumpChange | None = key(
        "{ add = ... }: values change at once by this share, and the simulation goes on from there",
        "write jump = { add = -0.20 }",
        default=None,
    )
    correlation: CorrelationChange | None = key(
        "{ toward = ..., weight = ... } or { within_class = ..., between = ... } or { matrix = ... }",
        "write correlation = { toward = 1.0, weight = 0.5 }",
        default=None,
    )
    regime: Regime | None = key(
        "{ file = ... } or { start = ..., end = ... }: volatilities and correlation become those of another universe "
        "or of a window of universe.history, expected returns stay",
        'write regime = { file = "..." }, or regime = { start = 2007-10-01, end = 2009-03-31 }',
        default=None,
    )
    class_: Name | None = name_of("class", alias="class", default=None)
    assets: list[str] | None = key(
        "a list of names of assets, not empty", 'write assets = ["..."], or leave it out', default=None, min_length=1
    )


class Shock(Table):
    """A named list of changes to the base case."""

    name: Name = name_of("name")
    changes: list[Change] = key(
        "at least one change", "write changes = [{ volatility = { multiply = 1.5 } }]", min_length=1
    )
