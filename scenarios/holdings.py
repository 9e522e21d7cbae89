"""`[holdings]`: what is held as shares of a total, or as the lines of a portfolio file.

A document with holdings becomes one with positions, and pools where the file has them: the rest of the way knows
nothing else. What is also said elsewhere (values of assets, [[positions]]) is refused, never merged.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from scenarios.files import File, Reference
from scenarios.messages import joined, toml_text, unknown_name
from scenarios.portfolio import Holding, read_portfolio
from scenarios.schema import Document
from scenarios.schema_holdings import Holdings, Pool, Position
from scenarios.schema_universe import Asset
from simcore.errors import Problem, first_of, show, some
from simcore.pools import LARGEST_VALUE

SUM_TO_1 = Fraction(1, 10**9)  # by which written weights may be off


class HeldPosition(Position):
    """A position that holdings made; `place` is where its name and value come from."""

    place: str


class HeldPool(Pool):
    """A pool of a portfolio file; `place` is where it is named first."""

    place: str


def with_holdings(document: Document, origin: Callable[[str], File]) -> tuple[Document, list[Problem]]:
    """`document` with positions, and pools, in place of its holdings, and what is wrong with them.

    Parameters
    ----------
    document : Document
    origin : callable
        The file that a key path stands in: the path of a portfolio file begins in its folder.

    Returns
    -------
    Document
        Holdings that are wrong stay.
    list of Problem
    """
    holdings = document.holdings
    if holdings is None:
        return document, []
    problems = _check_alone(document, holdings)
    names = [asset.name for asset in document.universe.assets]
    pools: list[Pool] = []
    if holdings.file is not None:
        naming = origin("holdings.file")
        reference = Reference(naming, "holdings.file", holdings.file)
        held, found = read_portfolio(naming.beside(holdings.file), reference, names)
        problems += found
        positions = [
            HeldPosition(name=h.name, asset=h.asset, value=h.value, place=f"holdings.file, line {h.line}") for h in held
        ]
        inside: dict[str, list[Holding]] = {}
        for holding in held:
            if holding.pool:
                inside.setdefault(holding.pool, []).append(holding)
        pools = [
            HeldPool(name=pool, members=[h.name for h in its], place=f"holdings.file, line {its[0].line}")
            for pool, its in inside.items()
        ]
    else:
        problems += _check_weights(document.universe.assets, holdings)
        if problems or len(set(names)) < len(names):  # of which the universe tells
            return document, problems
        positions = [
            HeldPosition(name=name, asset=name, value=value, place=f"universe.assets[{i}]")
            for i, (name, value) in enumerate(zip(names, values_of(document.universe.assets, holdings), strict=True))
        ]
    if problems:
        return document, problems
    assets = [asset.model_copy(update={"value": None}) for asset in document.universe.assets]
    universe = document.universe.model_copy(update={"assets": assets})
    update = {"universe": universe, "positions": positions, "pools": [*pools, *document.pools], "holdings": None}
    return document.model_copy(update=update), []


def values_of(assets: Sequence[Asset], holdings: Holdings) -> list[float]:
    """What is held of each asset, in the currency: its share of the total, rounded once."""
    shares = [Fraction(share) for share in _shares(assets, holdings)]
    unit = Fraction(holdings.total or 0.0) / (1 if isinstance(holdings.weights, dict) else sum(shares))
    return [float(share * unit) for share in shares]


def _shares(assets: Sequence[Asset], holdings: Holdings) -> list[float]:
    """In proportion to what is held; a table of weights, itself."""
    weights = holdings.weights
    if isinstance(weights, dict):
        return [weights[asset.name] for asset in assets]
    if weights == "value":
        return [asset.value or 0.0 for asset in assets]
    if weights == "risk":
        return [asset.volatility for asset in assets]
    if weights == "inverse_volatility":
        return [1.0 / asset.volatility for asset in assets]
    return [1.0] * len(assets)


def _check_alone(document: Document, holdings: Holdings) -> list[Problem]:
    """What else says what is held."""
    problems = []
    if document.positions:
        names = some(position.name for position in document.positions)
        allowed = "what is held in [holdings] or in [[positions]], not in both"
        remedy = "remove one of the two; positions = [] takes away those of a file that is extended"
        problems.append(Problem("positions", f"{names}, beside [holdings]", allowed, remedy))
    valued = [asset.name for asset in document.universe.assets if asset.value is not None]
    if valued and holdings.weights != "value":
        place = "holdings.file" if holdings.file is not None else "holdings.weights"
        written = holdings.file if holdings.file is not None else holdings.weights
        value = f"{toml_text(written)}, beside values of {some(valued)}"
        allowed = "no value of an asset beside [holdings], which says what is held"
        remedy = 'remove the values; or write weights = "value", which keeps their proportions'
        problems.append(Problem(place, value, allowed, remedy))
    return problems


def _check_weights(assets: Sequence[Asset], holdings: Holdings) -> list[Problem]:
    place, weights = "holdings.weights", holdings.weights
    if isinstance(weights, dict):
        return _check_table(assets, weights)
    if weights == "value":
        lacking = [asset.name for asset in assets if asset.value is None]
        if lacking:
            remedy = "give each asset its value; 0 holds nothing"
            return [Problem(place, f'"value", and no value of {some(lacking)}', "a value of every asset", remedy)]
        if beyond := [(i, a) for i, a in enumerate(assets) if not abs(a.value or 0.0) <= LARGEST_VALUE]:
            allowed = f"a finite number, at most {LARGEST_VALUE:g} in size"
            remedy = "give what is held of it, in the currency"
            return [
                Problem(f"universe.assets[{i}].value ({a.name})", show(a.value), allowed, remedy) for i, a in beyond
            ]
        if (total := math.fsum(asset.value or 0.0 for asset in assets)) <= 0.0:
            allowed = "values whose sum is above 0, to be shares of it"
            return [Problem(place, f'"value", of values that sum to {total:g}', allowed, "write a table of weights")]
    if weights == "risk" and not any(asset.volatility for asset in assets):
        allowed = "an asset with a volatility above 0"
        return [Problem(place, '"risk", and no asset has any', allowed, 'write weights = "equal"')]
    if weights == "inverse_volatility":
        still = [asset.name for asset in assets if asset.volatility < 1e-300]
        if still:
            value = f'"inverse_volatility", and volatility 0 of {some(still)}'
            remedy = "write a table of weights, which says how much of it is held"
            return [Problem(place, value, "volatilities above 0", remedy)]
    return []


def _check_table(assets: Sequence[Asset], weights: dict[str, float]) -> list[Problem]:
    names = dict.fromkeys(asset.name for asset in assets)
    if unknown := [name for name in weights if name not in names]:
        return first_of(unknown_name(joined("holdings.weights", name), name, names, "an asset") for name in unknown)
    if lacking := [name for name in names if name not in weights]:
        allowed = "a weight of every asset"
        return [Problem("holdings.weights", f"no weight of {some(lacking)}", allowed, "write 0 for what is not held")]
    total = sum(Fraction(repr(weight)) for weight in weights.values())
    if abs(total - 1) > SUM_TO_1:
        value, allowed = f"weights that sum to {float(total):.12g}", "weights that sum to 1, to 1e-9"
        remedy = "40 % is written 0.4; a short position has a weight below 0"
        return [Problem("holdings.weights", value, allowed, remedy)]
    return []
