"""What is held: [[positions]] or [holdings], and the [[pools]] that they are put into."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from scenarios.tables import Amount, Name, Table, form_of, key, limits, name_of, number
from simcore.pools import LARGEST_VALUE


class Position(Table):
    """An amount of exposure to an asset."""

    name: Name = name_of("name")
    asset: Name = name_of("asset")
    value: Amount = key("a number from -1e100 to 1e100, in the currency", "write value = 100_000")


_LARGEST_WEIGHT = 1e6  # of a total that all weights make up
Weights = Annotated[
    Annotated[str, Field(pattern="^(value|equal|risk|inverse_volatility)$"), Tag("<text>")]
    | Annotated[
        dict[str, Annotated[float, Field(ge=-_LARGEST_WEIGHT, le=_LARGEST_WEIGHT, allow_inf_nan=False)]], Tag("<table>")
    ],
    Discriminator(form_of),
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
