"""The scenario file, schema 1, as pydantic models: which keys there are, their types and their limits.

A key's description says what is allowed, its remedy what to write: the messages are made of them. Here the whole file,
and how to simulate and measure; the universe, what is held and the shocks have modules of their own.
What one key cannot show alone (names that refer to others, matrices, trees) is checked in `check`.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from scenarios.schema_holdings import Holdings, Pool, Position
from scenarios.schema_shocks import Shock
from scenarios.schema_universe import Universe
from scenarios.tables import Name, Table, form_of, key, limits, name_of, number
from simcore.case import LARGEST_BUDGET, LARGEST_SEED, MOST_PATHS, MOST_STEPS, Precision

_Confidence = Annotated[float, limits("number", exclusiveMinimum=0.5, exclusiveMaximum=1)]


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
    precision: Precision = key(
        '"double" or "single": of draws and of their products with the correlations',
        'write precision = "double"',
        default="double",
    )
    tail_budget: Annotated[int, limits("integer", minimum=0, maximum=LARGEST_BUDGET)] | None = key(
        "bytes, a whole number from 0 to 2^63 - 1", "write tail_budget = 4_000_000_000 for 4 GB", default=None
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
        Annotated[_Confidence, Tag("<number>")] | Annotated[list[_Confidence], Tag("<list>")], Discriminator(form_of)
    ] = key("a number between 0.5 and 1, or a list of them", "write confidence = [0.95, 0.99]")
    relative_to: Literal["start", "mean"] = key(
        '"start" or "mean": losses against the value at start, or against the mean loss',
        'write relative_to = "start"',
        default="start",
    )
    estimation_error: (
        Annotated[
            Annotated[int, Field(ge=100, le=10_000), Tag("<number>")] | Annotated[EstimationError, Tag("<table>")],
            Discriminator(form_of),
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
