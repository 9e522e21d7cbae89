"""Estimation error: figures estimated again from histories whose rows are drawn again.

What was estimated is estimated anew by the same estimator, shocks are applied to it, and all else stays: the positions
and their values, the degrees of freedom, expected returns that were written. Every draw is a pure function of (seed,
replicate, history, row), and no sum depends on BLAS or a vector's width.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenarios.bootstrap import law_of
from scenarios.calibrate import period_returns
from scenarios.cases import cases_of
from scenarios.changes import with_changes, with_universe
from scenarios.sample import asked_of
from scenarios.schema import Change, Document, Innovation, Shock, Universe
from scenarios.schema_history import Sample, Weighted
from simcore.case import Case
from simcore.dependence import standardised
from simcore.summary import tree_sum

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimation:
    """How the histories of a scenario are drawn again.

    Attributes
    ----------
    replicates : int
    mean_block : float
        Mean length of the blocks of consecutive rows that are drawn, in rows; 1: single rows.
    estimated : tuple of bool
        Of each case, in their order: whether its volatilities and correlations come from a history.
    document : Document
        With the sample of every universe that was estimated.
    """

    replicates: int
    mean_block: float
    estimated: tuple[bool, ...]
    document: Document


def estimation_of(document: Document) -> Estimation | None:
    """The estimation of a checked document, where it asks for one."""
    asked = asked_of(document)
    if asked is None:
        return None
    sources = [_source_of(document.universe, shock) for shock in (None, *document.shocks)]
    estimated = tuple(universe.sample is not None for universe in sources)
    return Estimation(asked.replicates, asked.mean_block, estimated, document)


def cases_drawn(estimation: Estimation, replicate: int) -> tuple[Case, ...]:
    """The cases of the scenario, as they are when its histories are drawn again.

    Parameters
    ----------
    estimation : Estimation
    replicate : int
        From 0. A replicate does not depend on how many there are.

    Returns
    -------
    tuple of Case
        In the order of the scenario's, with their names.
    """
    document = estimation.document

    def drawn(universe: Universe, history: int) -> Universe:
        if universe.sample is None:
            return universe
        from simcore.resampling import rows_drawn  # here, so that reading files starts without numba

        count, seed = len(universe.sample.returns), document.simulation.seed
        rows = rows_drawn(count, replicate, history=history, mean_block=estimation.mean_block, seed=seed)
        return _estimated_again(universe, universe.sample, rows)

    def filled(change: Change, shock: int, _: str, __: str) -> Change:
        if change.regime is None or change.regime.universe is None:
            return change
        return with_universe(change, drawn(change.regime.universe, 1 + shock))

    base = document.model_copy(update={"universe": drawn(document.universe, 0)})
    return cases_of(with_changes(base, filled))


def _source_of(universe: Universe, shock: Shock | None) -> Universe:
    """Where the volatilities and correlations of a case come from: its last regime, or the universe."""
    regimes = [change.regime.universe for change in shock.changes if change.regime] if shock else []
    return next((one for one in reversed(regimes) if one is not None), universe)


def _estimated_again(universe: Universe, sample: Sample, rows: NDArray[np.int64]) -> Universe:
    """The universe with the figures of a history of these rows of its own."""
    log = universe.compounding == "log"
    x = period_returns(np.array(sample.returns), "log" if log else "simple")
    mean, covariance = _moments(x, rows, sample)
    variance = np.diag(covariance)
    expected = mean * sample.periods_per_year
    if log:
        expected = expected + 0.5 * (variance * sample.periods_per_year)
    volatility = np.sqrt(variance * sample.periods_per_year)
    correlation = _correlation(covariance)
    if sample.estimator == "ledoit_wolf":
        counts = np.bincount(rows, minlength=len(x)).astype(np.float64)
        correlation = _shrunk(x, counts, mean, np.sqrt(variance * ((len(x) - 1) / len(x))), correlation)
    assets = [
        asset.model_copy(
            update={
                "expected_return": sample.expected_returns.get(asset.name, float(expected[j])),
                "volatility": float(volatility[j]),
            }
        )
        for j, asset in enumerate(universe.assets)
    ]
    update: dict[str, object] = {"assets": assets, "correlation": correlation.tolist()}
    if law := law_of(universe):
        law = law.model_copy(update={"rows": standardised(x[rows]).tolist()})
        update["innovation"] = Innovation.model_construct(student_t=None, bootstrap=law)
    return universe.model_copy(update=update)


def _moments(x: Floats, rows: NDArray[np.int64], sample: Sample) -> tuple[Floats, Floats]:
    """Mean and covariance per period of the rows drawn; under weights that fall, the covariance alone is weighted."""
    from simcore.resampling import weighted_covariance

    count = len(x)
    center = np.array([tree_sum(column) for column in x.T]) / count
    counts = np.bincount(rows, minlength=count).astype(np.float64)
    mean, covariance = weighted_covariance(x - center, counts, count - 1.0)
    if isinstance(sample.estimator, Weighted):
        half_life = sample.estimator.ewma.half_life
        fading = np.array([math.pow(0.5, age / half_life) for age in range(count - 1, -1, -1)])
        fading = fading / tree_sum(fading)
        weights = np.bincount(rows, weights=fading, minlength=count).astype(np.float64)
        _, covariance = weighted_covariance(x - center, weights, 1.0 - tree_sum(fading * fading))
    moves = x[rows].min(axis=0) < x[rows].max(axis=0)
    return center + mean, np.where(moves[:, np.newaxis] & moves, covariance, 0.0)  # no rounding is left of the others


def _correlation(covariance: Floats) -> Floats:
    """Of an asset that stands still in what was drawn, 0: its volatility is 0, so that no figure depends on it."""
    deviation = np.sqrt(np.diag(covariance))
    product = deviation[:, np.newaxis] * deviation
    correlation = np.divide(covariance, product, out=np.zeros_like(covariance), where=product > 0.0)
    correlation = np.clip(correlation, -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation


def _shrunk(x: Floats, counts: Floats, mean: Floats, deviation: Floats, correlation: Floats) -> Floats:
    """`scenarios.estimators.shrinkage` of the rows drawn, by sums that no vector's width changes."""
    count, n = x.shape
    off = np.divide(x - mean, deviation, out=np.zeros_like(x), where=deviation > 0.0)
    square = np.zeros(count)
    for column in off.T:
        square += column * column
    norm = tree_sum((correlation * correlation).ravel())
    d2 = (norm - n) / n
    b2 = max((tree_sum(counts * square * square) / count - norm) / (n * count), 0.0)
    weight = min(b2 / d2, 1.0) if d2 > 0.0 else 0.0
    shrunk = (1.0 - weight) * correlation
    np.fill_diagonal(shrunk, 1.0)
    return shrunk
