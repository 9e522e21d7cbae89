"""The scenario file, schema 1, as pydantic models: which keys there are, their types and their limits.

A key's description says what is allowed, its remedy what to write: the messages are made of them.
What one key cannot show alone (names that refer to others, matrices, trees) is checked in `check`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, PrivateAttr, Tag
from pydantic_core import InitErrorDetails

from scenarios.history import History
from scenarios.schema_history import HistorySource, Sample
from scenarios.tables import Name, Table, key, limits, name_of, number
from scenarios.tables import form_of as _form
from simcore.case import LARGEST_SEED, MOST_PATHS, MOST_STEPS
from simcore.dependence import LARGEST_DOF
from simcore.pools import LARGEST_VALUE

_Value = Annotated[float, limits("number", minimum=-LARGEST_VALUE, maximum=LARGEST_VALUE)]
_Entry = Annotated[float, limits("number", minimum=-1, maximum=1)]
_Confidence = Annotated[float, limits("number", exclusiveMinimum=0.5, exclusiveMaximum=1)]


class Classes(Table):
    """Correlations by class: every asset has one."""

    within_class: float = number(
        "a number from -1 to 1: of two assets of one class", "write within_class = 0.6", ge=-1, le=1
    )
    between: float = number(
        "a number from -1 to 1: of two assets of different classes", "write between = 0.2", ge=-1, le=1
    )


class BootstrapLaw(Table):
    """Rows of a history, drawn in blocks."""

    mean_block: float = number(
        "mean length of a block in periods, a number from 1 to 2^31", "write mean_block = 5", ge=1, le=2**31
    )
    periods_per_year: float | None = number(
        "rows a year, above 0; that of the history when absent", "leave it out: the history says it", default=None, gt=0
    )
    rows: list[list[float]] | None = key(
        "standardised rows, as resolved scenarios hold them; those of the history when absent",
        "leave it out: the history gives the rows",
        default=None,
    )


class Innovation(Table):
    """An innovation other than the normal."""

    forms = ((("student_t",), ("bootstrap",)),)
    student_t: Annotated[float, limits("number", exclusiveMinimum=2, maximum=LARGEST_DOF)] | None = key(
        "degrees of freedom: a number above 2, up to 1e6", "write innovation = { student_t = 4 }", default=None
    )
    bootstrap: BootstrapLaw | None = key(
        "a table with mean_block", "write innovation = { bootstrap = { mean_block = 5 } }", default=None
    )


class Asset(Table):
    """One risky thing with a return."""

    name: Name = name_of("name")
    class_: Name | None = name_of("class", alias="class", default=None)
    expected_return: float = number(
        "a number from -10 to 10, per year", "10 % a year is written expected_return = 0.10", ge=-10, le=10
    )
    volatility: float = number(
        "a number from 0 to 10, per square root of a year", "20 % is written volatility = 0.20", ge=0, le=10
    )
    value: _Value | None = key("a number from -1e100 to 1e100, in the currency", "write value = 100_000", default=None)


Correlation = Annotated[
    Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False), Tag("<number>")]
    | Annotated[list[list[_Entry]], Tag("<list>")]
    | Annotated[Classes, Tag("<table>")],
    Discriminator(_form),
]


class Universe(Table):
    """The assets and the joint law of their returns: figures, or the history that they are estimated from.

    A history is read once, when the document is loaded: `estimated` holds the figures, and `past` what they come from.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["correlation", "assets"]},
                {"required": ["factors", "assets"]},
                {"required": ["history"]},
            ]
        }
    )
    forms = ((("correlation",), ("factors",), ("history",)), (("assets",), ("history",)))
    correlation: Correlation = key(
        "one number from -1 to 1, a full matrix of them (a row per asset), or { within_class = ..., between = ... }",
        "write, for example, correlation = 0.3: no dependence is assumed",
        default=None,
        validate_default=False,
    )
    factors: list[list[_Entry]] | None = key(
        "in place of correlation: for each asset a list of its loadings, numbers from -1 to 1, as many as there are "
        "factors; their squares sum to at most 1",
        "write, for example, factors = [[0.8, 0.1], [0.7, 0.0]] for two assets and two factors",
        default=None,
    )
    repair: Literal["none", "nearest"] = key(
        '"none": correlations that no returns can have are refused, or "nearest": they are repaired, and it is told',
        'write repair = "none" or repair = "nearest"',
        default="none",
    )
    compounding: Annotated[str, Field(pattern="^(log|simple)$")] = key(
        '"log" or "simple"', 'write compounding = "log"', default="log"
    )
    innovation: Annotated[
        Annotated[str, Field(pattern="^normal$"), Tag("<text>")] | Annotated[Innovation, Tag("<table>")],
        Discriminator(_form),
    ] = key(
        '"normal", { student_t = degrees of freedom } or { bootstrap = { mean_block = periods } }',
        'write innovation = "normal" or innovation = { student_t = 4 }',
        default="normal",
    )
    assets: list[Asset] = key(
        "at least one table [[universe.assets]]",
        "write [[universe.assets]] for each asset, with name, expected_return and volatility",
        default=None,
        validate_default=False,
        min_length=1,
    )
    history: HistorySource | None = key(
        "a table: past returns or prices, in place of correlation and assets",
        "write [universe.history] with file, kind and periods_per_year",
        default=None,
    )
    sample: Sample | None = key(
        "a table: the returns that the figures come from, as resolved scenarios hold them for estimation_error",
        "leave it out: history gives it",
        default=None,
    )
    _past: History | None = PrivateAttr(default=None)
    _source: HistorySource | None = PrivateAttr(default=None)

    @property
    def past(self) -> History | None:
        """The rows that the figures are estimated from, where they are."""
        return self._past

    @property
    def source(self) -> HistorySource | None:
        """How the figures were estimated, where they were."""
        return self._source

    def estimated(
        self, assets: list[Asset], correlation: list[list[float]], past: History, source: HistorySource
    ) -> "Universe":
        """This universe with the figures in place of its history."""
        figures = self.model_copy(update={"assets": assets, "correlation": correlation, "history": None})
        figures._past, figures._source = past, source
        return figures

    @classmethod
    def wrong_forms(cls, data: Mapping[str, Any]) -> list[InitErrorDetails]:
        """Without a history, each key that is missing is told by itself."""
        if data.get("history") is not None or {"correlation", "factors"} <= data.keys():
            return super().wrong_forms(data)
        missing = [key for key in ("correlation", "assets") if key not in data]
        missing = missing if "factors" not in data else missing[1:]
        return [InitErrorDetails(type="missing", loc=(key,), input=data) for key in missing]


class Position(Table):
    """An amount of exposure to an asset."""

    name: Name = name_of("name")
    asset: Name = name_of("asset")
    value: _Value = key("a number from -1e100 to 1e100, in the currency", "write value = 100_000")


_LARGEST_WEIGHT = 1e6  # of a total that all weights make up
Weights = Annotated[
    Annotated[str, Field(pattern="^(value|equal|risk|inverse_volatility)$"), Tag("<text>")]
    | Annotated[
        dict[str, Annotated[float, Field(ge=-_LARGEST_WEIGHT, le=_LARGEST_WEIGHT, allow_inf_nan=False)]], Tag("<table>")
    ],
    Discriminator(_form),
]


class Holdings(Table):
    """What is held: shares of a total, a position an asset, or the lines of a portfolio file."""

    forms = ((("total", "weights"), ("file",)),)
    total: Annotated[float, limits("number", exclusiveMinimum=0, maximum=LARGEST_VALUE)] | None = number(
        "a number above 0, up to 1e100, in the currency",
        "write total = 1_000_000",
        default=None,
        gt=0,
        le=LARGEST_VALUE,
    )
    weights: Weights | None = key(
        '"value", "equal", "risk", "inverse_volatility", or { NAME = 0.4, ... }: '
        "a weight of every asset, from -1e6 to 1e6, summing to 1",
        'write weights = "equal"',
        default=None,
    )
    file: str | None = key(
        "the path of a CSV file with the columns name, asset, value, pool, beginning in the folder of this file",
        'write file = "portfolio.csv"',
        default=None,
    )


class Pool(Table):
    """Positions and other pools put together."""

    name: Name = name_of("name")
    members: list[str] = key("a list of names of positions and pools", 'write members = ["...", "..."]')


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
    matrix: list[list[_Entry]] | None = key(
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


class Simulation(Table):
    """How to simulate."""

    forms = ((("horizon_years",), ("horizon_days", "days_per_year")),)
    paths: Annotated[int, limits("integer", minimum=1, maximum=MOST_PATHS)] = key(
        "a whole number from 1 to 2^56", "write paths = 1_000_000"
    )
    steps: Annotated[int, limits("integer", minimum=1, maximum=MOST_STEPS)] = key(
        "a whole number from 1 to 2^20", "write steps = 1", default=1
    )
    horizon_years: float | None = number(
        "years, above 0", "write horizon_years = 0.25 for three months", default=None, gt=0
    )
    horizon_days: float | None = number("days, above 0", "write horizon_days = 21", default=None, gt=0)
    days_per_year: float | None = number(
        "days that make a year, above 0", "write days_per_year = 252", default=None, gt=0
    )
    seed: Annotated[int, limits("integer", minimum=0, maximum=LARGEST_SEED)] = key(
        "a whole number from 0 to 2^63 - 1", "write seed = 42"
    )


class EstimationError(Table):
    """How often a history is drawn again, and how."""

    replicates: int = key("a whole number from 100 to 10000", "write replicates = 200", ge=100, le=10_000)
    mean_block: float = number(
        "mean length of the blocks of rows that are drawn, a number from 1 to 2^31",
        "write mean_block = 20 where storms last a month",
        ge=1,
        le=2**31,
    )


class Measures(Table):
    """What is measured."""

    confidence: Annotated[
        Annotated[_Confidence, Tag("<number>")] | Annotated[list[_Confidence], Tag("<list>")], Discriminator(_form)
    ] = key("a number between 0.5 and 1, or a list of them", "write confidence = [0.95, 0.99]")
    relative_to: Literal["start", "mean"] = key(
        '"start" or "mean": losses against the value at start, or against the mean loss',
        'write relative_to = "start"',
        default="start",
    )
    estimation_error: (
        Annotated[
            Annotated[int, Field(ge=100, le=10_000), Tag("<number>")] | Annotated[EstimationError, Tag("<table>")],
            Discriminator(_form),
        ]
        | None
    ) = key(
        "how often the history is drawn again, a whole number from 100 to 10000, or { replicates, mean_block }",
        "write estimation_error = 200",
        default=None,
    )


_SCHEMA = key("1", "write schema = 1: the only form of the file so far", alias="schema", ge=1, le=1)
_DESCRIPTION = key("text", 'write description = "..."', default="")
_UNIVERSE = key("a table", "write [universe] with correlation and [[universe.assets]]")


class RegimeFile(Table):
    """A regime's own file: a universe and what it is called."""

    schema_: int = _SCHEMA
    name: Name = name_of("name")
    description: str = _DESCRIPTION
    universe: Universe = _UNIVERSE


class Document(Table):
    """The whole file."""

    schema_: int = _SCHEMA
    extends: str | None = key(
        "the path of another scenario, beginning in the folder of this file, or a bundled name",
        'write extends = "other.toml": a file that says only in what it differs from the other',
        default=None,
    )
    name: Name = name_of("name")
    description: str = _DESCRIPTION
    currency: Name = name_of("currency")
    universe: Universe = _UNIVERSE
    positions: list[Position] = key("tables [[positions]]", "write [[positions]] for each position", default=[])
    holdings: Holdings | None = key(
        "a table, in place of values and [[positions]]",
        "write [holdings] with total and weights, or with file",
        default=None,
    )
    pools: list[Pool] = key("tables [[pools]]", "write [[pools]] for each pool", default=[])
    shocks: list[Shock] = key("tables [[shocks]]", "write [[shocks]] for each shock", default=[])
    simulation: Simulation = key("a table", "write [simulation] with paths, seed and horizon_years")
    measures: Measures = key("a table", "write [measures] with confidence")
