"""The past returns that figures were estimated from, kept in the document where its estimation error is asked for.

So a resolved scenario needs no file to draw them again.
"""

from collections.abc import Iterator

import numpy as np

from scenarios.bootstrap import law_of
from scenarios.changes import universes_of, with_changes, with_universe
from scenarios.estimators import estimate
from scenarios.resolve import correlation_of
from scenarios.schema import Document, EstimationError
from scenarios.schema_history import Sample, estimator_options
from scenarios.schema_shocks import Change
from scenarios.schema_universe import Universe
from simcore.errors import Problem, some

_PLACE = "measures.estimation_error"
_FEWEST_BLOCKS = 10  # in a history: fewer are all but the history itself, however they are drawn
_LONGER = 4.0  # blocks than those of a bootstrap, which breaks the rows once more


def asked_of(document: Document) -> EstimationError | None:
    """What is asked for with nothing left implicit: a number alone draws single rows."""
    asked = document.measures.estimation_error
    return EstimationError(replicates=asked, mean_block=1.0) if isinstance(asked, int) else asked


def samples_of(document: Document) -> Iterator[tuple[str, Universe]]:
    """Every universe of the document that has a sample, by its key path."""
    return ((place, universe) for place, universe in universes_of(document) if universe.sample is not None)


def with_samples(document: Document) -> tuple[Document, list[Problem]]:
    """`document` with the sample of each universe that was estimated, where it is asked for, and what is wrong."""
    asked = asked_of(document)
    universe, problems = _sampled(document.universe, "universe", asked)

    def filled(change: Change, _: int, place: str, shock: str) -> Change:
        if change.regime is None or change.regime.universe is None:
            return change
        inner, wrong = _sampled(change.regime.universe, f"{place}.regime.universe", asked)
        problems.extend(Problem(f"{p.place} ({shock})", p.value, p.allowed, p.remedy) for p in wrong)
        return with_universe(change, inner)

    document = with_changes(document.model_copy(update={"universe": universe}), filled)
    if asked and not problems:
        problems = _check_asked(document, asked)
    return document, problems


def _sampled(universe: Universe, place: str, asked: EstimationError | None) -> tuple[Universe, list[Problem]]:
    if universe.sample is not None:
        return universe, _check(universe, universe.sample, f"{place}.sample", asked)
    past, source = universe.past, universe.source
    if asked is None or past is None or source is None:
        return universe, []
    if not past.complete.all():
        gaps = f"{int((~past.complete).sum())} rows with gaps in {past.file}"
        allowed, remedy = "rows of all assets together, to be drawn again", 'write gaps = "drop" in the history'
        return universe, [Problem(_PLACE, gaps, allowed, remedy)]
    sample = Sample.model_construct(
        returns=past.returns.tolist(),
        periods_per_year=past.periods_per_year,
        estimator=source.estimator,
        expected_returns=source.expected_returns,
    )
    return universe.model_copy(update={"sample": sample}), []


def _check_asked(document: Document, asked: EstimationError) -> list[Problem]:
    """What keeps the histories of a document from being drawn again as it is asked."""
    samples = list(samples_of(document))
    if not samples:
        allowed = "a universe with [universe.history]: figures that were not estimated have no estimation error"
        remedy = "leave it out, or write [universe.history] in place of correlation and assets"
        return [Problem(_PLACE, str(asked.replicates), allowed, remedy)]
    problems = []
    if document.universe.repair != "none" or any(universe.repair != "none" for _, universe in samples):
        remedy = 'write repair = "none", or leave estimation_error out'
        problems.append(Problem(_PLACE, 'beside repair = "nearest"', "correlations that need no repair", remedy))
    law = law_of(document.universe)
    if law is not None and asked.mean_block < _LONGER * law.mean_block:
        allowed = (
            f"blocks of {_LONGER * law.mean_block:g} rows or more: a bootstrap of {law.mean_block:g} breaks them again"
        )
        remedy = f"write {{ replicates = {asked.replicates}, mean_block = {_LONGER * law.mean_block:g} }}"
        problems.append(Problem(f"{_PLACE}.mean_block", f"{asked.mean_block:g}", allowed, remedy))
    rows = min(len(universe.sample.returns) for _, universe in samples if universe.sample)
    if asked.mean_block * _FEWEST_BLOCKS > rows:
        allowed = (
            f"at most {rows / _FEWEST_BLOCKS:g}: the shortest history has {rows} rows, and {_FEWEST_BLOCKS} blocks"
        )
        remedy = "write shorter blocks, or take a longer history"
        problems.append(Problem(f"{_PLACE}.mean_block", f"{asked.mean_block:g}", allowed, remedy))
    return problems


def _check(universe: Universe, sample: Sample, place: str, asked: EstimationError | None) -> list[Problem]:
    """What is wrong with a sample that was written."""
    if asked is None:
        remedy = "leave it out, or write estimation_error = 200 in [measures]"
        return [Problem(place, "a table", f"none, since {_PLACE} asks for nothing", remedy)]
    names, log = [asset.name for asset in universe.assets], universe.compounding == "log"
    problems = [
        Problem(f"{place}.expected_returns.{name}", f"{figure:g}", "names of assets", "correct the name, or remove it")
        for name, figure in sample.expected_returns.items()
        if name not in names
    ]
    allowed = f"two rows or more of {len(names)} returns, one per asset, finite and {'above' if log else 'from'} -1"
    shape = np.shape(np.array(sample.returns, dtype=object))
    if len(shape) != 2 or shape[0] < 2 or shape[1] != len(names):
        return [*problems, Problem(f"{place}.returns", f"rows of shape {shape}", allowed, "one number per asset")]
    returns = np.array(sample.returns, dtype=np.float64)
    for i, j in np.argwhere(~(np.isfinite(returns) & ((returns > -1.0) | ((returns == -1.0) & (not log)))))[:5]:
        problems.append(Problem(f"{place}.returns[{i}][{j}]", f"{returns[i, j]:g}", allowed, "correct the number"))
    still = [name for name, column in zip(names, returns.T, strict=True) if column.min() == column.max()]
    if still and not problems:
        problems.append(Problem(f"{place}.returns", f"{some(still)} never moves", allowed, "leave the asset out"))
    return problems or _check_figures(universe, sample, returns, place)


def _check_figures(universe: Universe, sample: Sample, returns: np.ndarray, place: str) -> list[Problem]:
    """Figures that were changed while the sample stayed: the interval would be of others."""
    moments = estimate(
        returns,
        periods_per_year=sample.periods_per_year,
        compounding=universe.compounding,
        **estimator_options(sample.estimator),
    )
    names = [asset.name for asset in universe.assets]
    expected = [sample.expected_returns.get(name, mu) for name, mu in zip(names, moments.expected_return, strict=True)]
    written = {
        "volatility": ([asset.volatility for asset in universe.assets], moments.volatility),
        "expected_return": ([asset.expected_return for asset in universe.assets], expected),
        "correlation": (correlation_of(universe), moments.correlation),
    }
    allowed = "figures that are estimated from the sample"
    remedy = "leave out sample and estimation_error, or change figures by a shock"
    return [
        Problem(place, f"not where {key} comes from", allowed, remedy)
        for key, (its, of_sample) in written.items()
        if not np.allclose(its, of_sample, rtol=1e-9, atol=1e-9)
    ]
