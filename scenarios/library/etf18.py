"""Writes etf18.toml: the figures of 18 US funds, from a table of their daily returns.

    python -m scenarios.library.etf18 etf18_daily_returns_2006_2022.csv > scenarios/library/etf18.toml

The table (dates down, funds across, simple returns) is not part of this project; the file it makes names its source.
Where the C library rounds a logarithm otherwise, the last digit of a figure may differ.
"""

import csv
import sys
from collections.abc import Iterable, Iterator

from scenarios.calibrate import moments_of

START, END = "2013-01-01", "2017-12-31"
PERIODS_PER_YEAR = 252
VALUE = 100_000
CLASSES = {"AGG": "bonds", "TLT": "bonds", "DBC": "real_assets", "GLD": "real_assets", "VNQ": "real_assets"}
OTHERS = "equity"

HEAD = """\
# 18 US exchange-traded funds, calibrated on a calm market: 2013-01-01 to 2017-12-31.
#
# Source: the daily returns of the paper Johansson, Ogut, Pelger, Schmelzer, Boyd: A Simple Method for Predicting
# Covariance Matrices of Financial Returns (2023), doi 10.1561/0800000047; its repository is under Apache-2.0.
# Only figures computed from them stand here. With r' = ln(1 + r), r a simple daily return, over the {periods} days:
#     volatility = sd(r') sqrt({year}), divisor n - 1;  expected_return = mean(r') {year} + volatility^2 / 2;
#     correlation: Pearson's, of r'.
# Made by: python -m scenarios.library.etf18 etf18_daily_returns_2006_2022.csv

schema = 1
name = "etf18"
description = "18 US funds (bonds, real assets, equity) as in 2013 to 2017, 100,000 USD each, for one month"
currency = "USD"
"""

TAIL = """
# Diversification fails: every pair of funds moves half-way to a correlation of 1. Volatilities stay as they are, so
# that all of the change comes from the correlations.
[[shocks]]
name = "correlation breakdown"
changes = [{ correlation = { toward = 1.0, weight = 0.5 } }]

[simulation]
paths = 1_000_000
steps = 1
horizon_years = 0.0833333333333333    # one month
seed = 42

[measures]
confidence = [0.95, 0.99]
"""


def window(rows: Iterable[list[str]]) -> tuple[list[str], list[list[float]]]:
    """The funds and their returns between `START` and `END`, from the rows of the table."""
    rows = iter(rows)
    funds = next(rows)[1:]
    return funds, [[float(x) for x in row[1:]] for row in rows if START <= row[0] <= END]


def scenario(funds: list[str], returns: list[list[float]]) -> Iterator[str]:
    """The lines of the file."""
    moments = moments_of(returns, periods_per_year=PERIODS_PER_YEAR, compounding="log")
    yield HEAD.format(periods=len(returns), year=PERIODS_PER_YEAR)
    yield "[universe]\ncorrelation = ["
    for fund, row in zip(funds, moments.correlation.tolist(), strict=True):
        yield f"  {row},  # {fund}"
    yield "]"
    for fund, mu, sigma in zip(funds, moments.expected_return.tolist(), moments.volatility.tolist(), strict=True):
        yield f'\n[[universe.assets]]\nname = "{fund}"\nclass = "{CLASSES.get(fund, OTHERS)}"'
        yield f"expected_return = {mu}\nvolatility = {sigma}\nvalue = {VALUE:_}"
    classes = dict.fromkeys((*CLASSES.values(), OTHERS))
    pools = {name: [fund for fund in funds if CLASSES.get(fund, OTHERS) == name] for name in classes}
    for name, members in {**pools, "everything": list(pools)}.items():
        quoted = ", ".join(f'"{member}"' for member in members)
        yield f'\n[[pools]]\nname = "{name}"\nmembers = [{quoted}]'
    yield TAIL.rstrip("\n")


def main(path: str) -> None:
    """Prints the file."""
    with open(path, newline="", encoding="utf-8") as table:
        print("\n".join(scenario(*window(csv.reader(table)))))


if __name__ == "__main__":
    main(sys.argv[1])
