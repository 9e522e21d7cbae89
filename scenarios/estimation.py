"""Estimation error: figures estimated again from histories whose rows are drawn again.

What was estimated is estimated anew by the same estimator, shocks are applied to it, and all else stays: the positions
and their values, the degrees of freedom, expected returns that were written, the weight of a shrinkage. Every draw is a
pure function of (seed, replicate, history, row), and no sum depends on BLAS or a vector's width.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from scenarios.bootstrap import law_of
from scenarios.calibrate import period_returns
from scenarios.cases import makers_of
from scenarios.changes import source_of, with_changes, with_universe
from scenarios.sample import asked_of, samples_of
from scenarios.schema import Document
from scenarios.schema_history import Sample, Weighted
from scenarios.schema_shocks import Change
from scenarios.schema_universe import Innovation, Universe
from simcore.case import Case
from simcore.dependence import standardised
from simcore.errors import InputError
from simcore.summary import tree_sum

Floats = NDArray[np.float64]
ENOUGH_BLOCKS = 50  # of rows in a history: of 250, 30 and 12 single rows 95, 90 and 74 % of the intervals cover
_PULL = 1e-9  # toward independence, of correlations that all but depend on one another


@dataclass(frozen=True, eq=False)
class _History:
    """What every replicate of a sample takes from it."""

    sample: Sample
    x: Floats  # returns of the periods, less their mean
    center: Floats
    fading: Floats  # weights of the rows in the covariance, summing to 1
    shrinkage: float


@dataclass(frozen=True, eq=False)
class Estimation:
    """How the histories of a scenario are drawn again.

    Attributes
    ----------
    replicates : int
    mean_block : float
        Mean length of the blocks of consecutive rows that are drawn, in rows; 1: single rows.
    blocks : tuple of (float or None)
        Of each case, in their order: how many blocks the history has that its volatilities and correlations come from;
        None where they come from none.
    document : Document
        With the sample of every universe that was estimated.
    histories : dict of str to _History
        By the key path of the universe.
    """

    replicates: int
    mean_block: float
    blocks: tuple[float | None, ...]
    document: Document
    histories: dict[str, _History]


def estimation_of(document: Document) -> Estimation | None:
    """The estimation of a checked document, where it asks for one."""
    asked = asked_of(document)
    if asked is None:
        return None
    sources = [source_of(document.universe, shock) for shock in (None, *document.shocks)]
    blocks = tuple(len(u.sample.returns) / asked.mean_block if u.sample else None for u in sources)
    histories = {place: _history(universe) for place, universe in samples_of(document)}
    return Estimation(asked.replicates, asked.mean_block, blocks, document, histories)


def cases_drawn(estimation: Estimation, replicate: int) -> tuple[Case | None, ...]:
    """The cases of the scenario, as they are when its histories are drawn again.

    Parameters
    ----------
    estimation : Estimation
    replicate : int
        From 0. A replicate does not depend on how many there are.

    Returns
    -------
    tuple of (Case or None)
        In the order of the scenario's, with their names. None where a shock makes the correlations of this replicate
        ones that no returns can have.
    """
    exact = makers_of(_drawn(estimation, replicate, 0.0))
    pulled: list[Callable[[], Case]] = []

    def case_of(number: int) -> Case | None:
        try:
            return exact[number]()
        except InputError:
            pass
        pulled.extend([] if pulled else makers_of(_drawn(estimation, replicate, _PULL)))
        try:
            return pulled[number]()
        except InputError:
            return None

    return tuple(map(case_of, range(len(exact))))


def _drawn(estimation: Estimation, replicate: int, pull: float) -> Document:
    """The document with the figures of histories drawn again, their correlations pulled toward independence."""
    document = estimation.document

    def drawn(universe: Universe, place: str, stream: int) -> Universe:
        history = estimation.histories.get(place)
        if history is None:
            return universe
        from simcore.resampling import rows_drawn  # here, so that reading files starts without numba

        options = {"history": stream, "mean_block": estimation.mean_block, "seed": document.simulation.seed}
        return _estimated_again(universe, history, rows_drawn(len(history.x), replicate, **options), pull)

    def filled(change: Change, shock: int, place: str, _: str) -> Change:
        if change.regime is None or change.regime.universe is None:
            return change
        return with_universe(change, drawn(change.regime.universe, f"{place}.regime.universe", 1 + shock))

    base = document.model_copy(update={"universe": drawn(document.universe, "universe", 0)})
    return with_changes(base, filled)


def _history(universe: Universe) -> _History:
    sample = universe.sample
    assert sample is not None
    x = period_returns(np.array(sample.returns), universe.compounding)
    count = len(x)
    center = np.array([tree_sum(column) for column in x.T]) / count
    x = np.ascontiguousarray(x - center)
    fading = np.full(count, 1.0 / count)
    estimator = sample.estimator
    if isinstance(estimator, Weighted):
        half_life = estimator.ewma.half_life
        fading = np.array([math.pow(0.5, age / half_life) for age in range(count - 1, -1, -1)])
        return _History(sample, x, center, fading / tree_sum(fading), 0.0)
    if estimator == "ledoit_wolf":
        return _History(sample, x, center, fading, _shrinkage(x))
    if estimator == "sample":
        return _History(sample, x, center, fading, 0.0)
    assert_never(estimator)


def _estimated_again(universe: Universe, history: _History, rows: NDArray[np.int64], pull: float) -> Universe:
    """The universe with the figures of these rows of its history."""
    log, sample, x = universe.compounding == "log", history.sample, history.x
    mean, covariance = _moments(history, rows)
    variance = np.diag(covariance)
    expected = (history.center + mean) * sample.periods_per_year
    if log:
        expected = expected + 0.5 * (variance * sample.periods_per_year)
    volatility = np.sqrt(variance * sample.periods_per_year)
    correlation = (1.0 - history.shrinkage) * (1.0 - pull) * _correlation(covariance)
    np.fill_diagonal(correlation, 1.0)
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


def _moments(history: _History, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Mean and covariance per period of the rows drawn, the mean less that of the history.

    A row keeps its weight in the covariance, wherever it is drawn: recent rows count as much as they did.
    """
    from simcore.resampling import weighted_covariance

    x, fading = history.x, history.fading
    counts = np.bincount(rows, minlength=len(x)).astype(np.float64)
    mean = weighted_covariance(x, counts, 1.0)[0]
    weights = counts * fading
    divisor = tree_sum(weights) * (1.0 - tree_sum(fading * fading))
    covariance = weighted_covariance(x, weights, divisor)[1]
    moves = (x[rows].min(axis=0) < x[rows].max(axis=0)) & (np.diag(covariance) > 0.0)
    return mean, np.where(moves[:, np.newaxis] & moves, covariance, 0.0)  # no rounding is left of the others


def _correlation(covariance: Floats) -> Floats:
    """Of an asset that stands still in what was drawn, 0: its volatility is 0, so that no figure depends on it."""
    deviation = np.sqrt(np.diag(covariance))
    product = deviation[:, np.newaxis] * deviation
    correlation = np.divide(covariance, product, out=np.zeros_like(covariance), where=product > 0.0)
    return np.clip(correlation, -1.0, 1.0)


def _shrinkage(x: Floats) -> float:
    """`scenarios.estimators.shrinkage` of a history less its mean, by sums that no vector's width changes."""
    from simcore.resampling import weighted_covariance

    count, n = x.shape
    _, covariance = weighted_covariance(x, np.ones(count), float(count))
    deviation = np.sqrt(np.diag(covariance))
    square = np.zeros(count)
    for column in (x / deviation).T:
        square += column * column
    correlation = covariance / (deviation[:, np.newaxis] * deviation)
    norm = tree_sum((correlation * correlation).ravel())
    d2 = (norm - n) / n
    b2 = max((tree_sum(square * square) / count - norm) / (n * count), 0.0)
    return min(b2 / d2, 1.0) if d2 > 0.0 else 0.0
