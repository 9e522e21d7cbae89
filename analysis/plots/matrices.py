"""Correlations of the base and of a stressed case, side by side, with assets that go together beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.lookup import case_of, check_run
from analysis.plots import style
from analysis.text import fitted
from simcore.dependence import Bootstrap, Factors

if TYPE_CHECKING:
    from analysis.runs import Run
    from simcore.dependence import Dependence

MOST_ASSETS = 2000  # that are drawn: more are finer than any screen, and their matrix grows with the square
FINEST = 300  # assets whose order is optimal: the time of that grows with the cube
NAMED = 20  # assets whose names fit beside the picture
WRITTEN = 8  # assets whose correlations fit into their squares
_SAME = 1e-9  # correlations that differ by less are the same
_SIZE = (7.2, 4.0)  # inches

Floats = NDArray[np.float64]


class Matrices(NamedTuple):
    """The correlations that are drawn.

    Attributes
    ----------
    names : tuple of str, length n
        Assets, ordered by clusters of the base.
    base : ndarray, shape (n, n)
        NaN where there is none: of an asset whose rows in a history do not move.
    case : str or None
        The stressed one; None where none was asked for, and no case has other correlations.
    stressed : ndarray, shape (n, n), or None
        None where they are those of the base.
    words : str
        What they are of, where they are not those that draws have.
    """

    names: tuple[str, ...]
    base: Floats
    case: str | None
    stressed: Floats | None
    words: str


def correlation_of(law: Dependence, assets: NDArray[np.int64]) -> Floats:
    """The correlations of innovations under a law: of a bootstrap those of its rows, of factors what they imply.

    Parameters
    ----------
    law : Dependence
    assets : ndarray of int, shape (n,)
        Which.

    Returns
    -------
    ndarray, shape (n, n)
        NaN of an asset whose rows do not move.
    """
    if isinstance(law, Bootstrap):
        parts = law.rows[:, assets].T / np.sqrt(len(law.rows) - 1)
    else:
        parts = (law.loadings if isinstance(law, Factors) else law.factor)[assets]
    found = np.clip(parts @ parts.T, -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    if isinstance(law, Bootstrap):
        still = ~parts.any(axis=1)
        found[still, :] = found[:, still] = np.nan
    return found


def cluster_order(correlation: Floats) -> NDArray[np.int64]:
    """An order in which assets that go together are neighbours: average linkage on 1 - correlation.

    Parameters
    ----------
    correlation : ndarray, shape (n, n)
        NaN counts as 0.

    Returns
    -------
    ndarray of int, shape (n,)
        Up to 300 assets that of the least sum of distances between neighbours which the tree of clusters allows.
    """
    n = len(correlation)
    if n < 3:
        return np.arange(n)
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1.0 - np.nan_to_num(np.round(correlation, 9))  # products have other last bits on other processors
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=n <= FINEST)
    return leaves_list(tree).astype(np.int64)


def matrices_of(run: Run, *, case: str | None = None) -> Matrices:
    """What `correlations` draws.

    Parameters
    ----------
    run : Run
    case : str, optional
        The first whose correlations are not those of the base when absent.

    Returns
    -------
    Matrices

    Raises
    ------
    InputError
        When the run has no such case.
    """
    market = run.scenario.cases[0].market
    every = -(-len(market.names) // MOST_ASSETS)
    assets = np.arange(0, len(market.names), every)
    base = correlation_of(market.dependence, assets)
    if case is None:
        name, stressed = _first_other(run, assets, base)
    else:
        chosen = case_of(run, case)
        name, found = chosen.name, correlation_of(chosen.market.dependence, assets)
        stressed = None if _equal(found, base) else found
    order = cluster_order(base)
    square = np.ix_(order, order)
    words = ["of the rows of a history"] if isinstance(market.dependence, Bootstrap) else []
    words += ["implied by factors"] if isinstance(market.dependence, Factors) else []
    words += [f"{len(assets):,} of {len(market.names):,} assets"] if every > 1 else []
    names = tuple(market.names[assets[i]] for i in order)
    return Matrices(names, base[square], name, None if stressed is None else stressed[square], ", ".join(words))


def _equal(one: Floats, other: Floats) -> bool:
    return np.allclose(one, other, rtol=0.0, atol=_SAME, equal_nan=True)


def _first_other(run: Run, assets: NDArray[np.int64], base: Floats) -> tuple[str | None, Floats | None]:
    """The first case with other correlations than the base, and these."""
    first, *others = run.scenario.cases
    seen = [first.market.dependence]
    for case in others:
        law = case.market.dependence
        if any(law is other for other in seen):
            continue
        seen.append(law)
        found = correlation_of(law, assets)
        if not _equal(found, base):
            return case.name, found
    return None, None


def correlations(run: Run, *, case: str | None = None, ax: Any = None, theme: style.Theme = "light") -> Any:
    """The correlations of the base and of a stressed case, on one scale of colours, ordered by clusters of the base.

    Parameters
    ----------
    run : Run
        As `analysis.run` gives it.
    case : str, optional
        The stressed one; the first whose correlations are not those of the base when absent.
    ax : pair of matplotlib.axes.Axes, optional
        New ones when absent.
    theme : {"light", "dark"}

    Returns
    -------
    pair of matplotlib.axes.Axes
        The second with a sentence where there are no other correlations.

    Raises
    ------
    InputError
        When `run` is none or has no such case, or there is no such theme.
    SimcoreError
        When Matplotlib is not installed.
    """
    check_run(run)
    colours = style.colours_of(theme)
    matrices = matrices_of(run, case=case)
    ax = style.pair_of(ax, _SIZE)
    left, right = ax
    image = _draw(left, colours, matrices.names, matrices.base, run.scenario.cases[0].name)
    if matrices.case is None or matrices.stressed is None:
        style.dress(right, colours)
        style.sentence(right, colours, _alone(matrices.case, run.scenario.cases[0].name))
    else:
        _draw(right, colours, matrices.names, matrices.stressed, matrices.case)
    bar = left.figure.colorbar(image, ax=[left, right], shrink=0.7, ticks=[-1.0, -0.5, 0.0, 0.5, 1.0])
    bar.set_label("correlation", color=colours.ink)
    bar.ax.tick_params(colors=colours.ink, labelsize="small")
    bar.outline.set_visible(False)
    style.stamp(right, colours, run.scenario.plan, matrices.words, below_label=True)
    return ax


def _alone(case: str | None, base: str) -> str:
    """Why nothing stands beside the base."""
    if case is None:
        return "No case has other correlations than the base."
    return "The base is what others are compared with." if case == base else f"{case} has the correlations of the base."


def _draw(ax: Any, colours: style.Colours, names: tuple[str, ...], matrix: Floats, case: str) -> Any:
    n = len(names)
    beside = matrix[~np.eye(n, dtype=bool)]
    beside = beside[~np.isnan(beside)]
    title = style.heading(f"mean {beside.mean():z.2f}", case, width=30) if beside.size else fitted(case, 30)
    style.dress(ax, colours, title=title)
    style.bare(ax)
    scale = style.matplotlib("colors").LinearSegmentedColormap.from_list(
        "correlation", [colours.low, colours.middle, colours.high], bad=colours.ground
    )
    smooth = "none" if n <= FINEST else "antialiased"  # where there are more assets than dots, dots show averages
    image = ax.imshow(matrix, cmap=scale, vmin=-1.0, vmax=1.0, interpolation=smooth)
    if n <= NAMED:
        labels, size = [fitted(name, 12) for name in names], max(7.0, min(8.0, 130.0 / n))
        across = 0 if sum(map(len, labels)) * size < 250.0 else 90  # side by side where they fit
        ax.set_xticks(range(n), labels, fontsize=size, rotation=across, parse_math=False)
        ax.set_yticks(range(n), labels, fontsize=size, parse_math=False)
        ax.tick_params(length=0)
    ax.set_xlabel(f"{n:,} assets, by cluster" if n > NAMED else "assets, by cluster")
    for i, j in np.ndindex(n, n) if n <= NAMED else ():
        number = f"{matrix[i, j]:z.2f}"
        if number != "nan" and (n <= WRITTEN or number[0] == "-"):
            light = np.dot(scale(0.5 + 0.5 * matrix[i, j])[:3], (0.299, 0.587, 0.114)) > 0.5
            ink = "#111111" if light else "#fdfdfd"  # by the square it stands on, whatever the theme
            words = number if n <= WRITTEN else "-"  # in grey, below 0 looks as above
            ax.text(j, i, words, ha="center", va="center", fontsize="small", color=ink)
    return image
