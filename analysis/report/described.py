"""What the pictures of a case show, in figures, for who cannot see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import lookup
from analysis.plots.matrices import MOST_ASSETS, correlation_of
from analysis.report.headline import Headline, figure_words
from analysis.report.tables import unit_in
from analysis.text import amount, counted, figure_name

if TYPE_CHECKING:
    from analysis.runs import Run


def described(run: Run, headline: Headline, kind: str, case: str) -> str:
    """The figures of a picture, and after them those of its case: pooled, unpooled, and the benefit.

    Parameters
    ----------
    run : Run
    headline : Headline
    kind : str
        The function of `analysis.plots` that draws it.
    case : str

    Returns
    -------
    str
    """
    own = {"pool_tree": _tree, "correlations": _correlations, "convergence": _convergence}
    words = figure_words(headline, case, unit_in(run, headline.scale[0]))
    return f"{own[kind](run, headline, case)} {words}" if kind in own else words


def _tree(run: Run, headline: Headline, case: str) -> str:
    tree = lookup.case_of(run, case).pools
    return f"{counted(len(tree.positions), 'position')} in {counted(len(tree.pools), 'pool')}."


def _correlations(run: Run, headline: Headline, case: str) -> str:
    first = run.scenario.cases[0].name
    means = ", ".join(f"{_mean_correlation(run, name)} in {name}" for name in dict.fromkeys((first, case)))
    return f"Mean correlation of the assets drawn: {means}."


def _mean_correlation(run: Run, case: str) -> str:
    market = lookup.case_of(run, case).market
    count = len(market.names)
    drawn = correlation_of(market.dependence, np.arange(0, count, -(-count // MOST_ASSETS)))
    pairs = drawn[~np.eye(len(drawn), dtype=bool) & ~np.isnan(drawn)]
    return f"{pairs.mean():z.2f}" if len(pairs) else "none"


def _convergence(run: Run, headline: Headline, case: str) -> str:
    figure = ("expected_shortfall", lookup.confidence_of(run, None))
    row = lookup.rows_at(run, case, *figure)[headline.pool, "pooled"]
    low, high = ("none" if end is None else amount(end, *headline.scale) for end in (row.low, row.high))
    paths = counted(run.scenario.plan.paths, "path")
    return f"After all {paths} the 95 % interval of {figure_name(*figure)} is [{low}, {high}]."
