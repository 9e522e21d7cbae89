"""The table [universe.history]: where past returns stand, which of them count, how they become figures."""

from datetime import date
from typing import Annotated, Literal, TypedDict

from pydantic import Discriminator, Field, Tag

from scenarios.tables import Amount, Name, Table, form_of, key, number

_ExpectedReturn = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]


class Ewma(Table):
    """Weights that fall by half over so many rows, the last row the heaviest."""

    half_life: float = number(
        "periods, above 0 and at most 1e9, after which a weight is half",
        "write half_life = 63 for a quarter of trading days",
        gt=0,
        le=1_000_000_000,
    )


class Weighted(Table):
    """An estimator with figures of its own."""

    ewma: Ewma = key("{ half_life = periods }", "write estimator = { ewma = { half_life = 63 } }")


Estimator = Annotated[
    Annotated[Literal["sample", "ledoit_wolf"], Tag("<text>")] | Annotated[Weighted, Tag("<table>")],
    Discriminator(form_of),
]


class EstimateOptions(TypedDict):
    """The options of `scenarios.estimators.estimate` that an estimator of the file stands for."""

    estimator: Literal["sample", "ledoit_wolf", "ewma"]
    half_life: float | None


def estimator_options(estimator: Estimator) -> EstimateOptions:
    """What `estimator` is for `scenarios.estimators.estimate`; a half-life in periods is there for ewma alone."""
    if isinstance(estimator, Weighted):
        return {"estimator": "ewma", "half_life": estimator.ewma.half_life}
    return {"estimator": estimator, "half_life": None}


class Sample(Table):
    """The past returns that figures were estimated from: what estimation_error draws from."""

    returns: list[list[float]] = key(
        "simple returns, a row per period and a number per asset", "leave sample out: history gives it"
    )
    periods_per_year: float = number("rows a year, above 0 and at most 1e6", "write it", gt=0, le=1_000_000)
    estimator: Estimator = key(
        '"sample", "ledoit_wolf" or { ewma = { half_life = periods } }', 'write estimator = "sample"', default="sample"
    )
    expected_returns: dict[str, _ExpectedReturn] = key(
        "a number from -10 to 10 by the name of an asset, per year: those that were not estimated",
        "leave it out where all were",
        default={},
    )


class HistorySource(Table):
    """Past returns or prices of the assets, in place of figures: dates down, assets across."""

    file: str = key(
        "the path of a CSV or Parquet file, beginning in the folder of this file", 'write file = "returns.csv"'
    )
    kind: Literal["returns", "prices"] = key(
        '"returns" (simple, per period, 0.01 for 1 %) or "prices"',
        'write kind = "returns" or kind = "prices": a file does not say which it holds',
    )
    periods_per_year: float = number(
        "rows a year, above 0 and at most 1e6",
        "write periods_per_year = 252 for trading days, 52 for weeks, 12 for months",
        gt=0,
        le=1_000_000,
    )
    start: date | None = key("a date, the first that counts", "write start = 2013-01-01, without quotes", default=None)
    end: date | None = key("a date, the last that counts", "write end = 2017-12-31, without quotes", default=None)
    estimator: Estimator = key(
        '"sample", "ledoit_wolf" or { ewma = { half_life = periods } }',
        'write estimator = "sample", "ledoit_wolf" or { ewma = { half_life = 63 } }',
        default="sample",
    )
    gaps: Literal["drop", "pairwise"] | None = key(
        '"drop" (rows with a gap are left out) or "pairwise" (each pair of assets has the rows that both have)',
        'write gaps = "drop" or gaps = "pairwise"',
        default=None,
    )
    date_format: str | None = key(
        "the form of dates that are not as 2013-01-31, by the signs of strptime",
        'write date_format = "%d/%m/%Y" for 31/01/2013, "%m/%d/%Y" for 01/31/2013',
        default=None,
    )
    decimal: Literal[".", ","] = key('"." or ","', 'write decimal = "," for 0,01', default=".")
    classes: dict[str, Name] = key(
        'a class by the name of an asset: { AGG = "bonds" }', 'write classes = { AGG = "bonds" }', default={}
    )
    values: Annotated[
        Annotated[Amount, Tag("<number>")] | Annotated[dict[str, Amount], Tag("<table>")], Discriminator(form_of)
    ] = key(
        "one number from -1e100 to 1e100 for every asset, or one by the name of an asset, in the currency",
        "write values = 100_000 or values = { AGG = 100_000 }",
        default={},
    )
    expected_returns: dict[str, _ExpectedReturn] = key(
        "a number from -10 to 10 by the name of an asset, per year, in place of what the history gives",
        "3 % is written expected_returns = { AGG = 0.03 }",
        default={},
    )
