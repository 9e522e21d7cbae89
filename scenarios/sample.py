"""The past returns that figures were estimated from, kept in the document where its estimation error is asked for.

So a resolved scenario needs no file to draw them again.
"""

import numpy as np

from scenarios.bootstrap import law_of
from scenarios.changes import with_changes, with_universe
from scenarios.schema import Change, Document, EstimationError, Universe
from scenarios.schema_history import Sample
from simcore.errors import Problem


def asked_of(document: Document) -> EstimationError | None:
    """What is asked for with nothing left implicit; a number alone takes the blocks of a bootstrap, or single rows."""
    asked = document.measures.estimation_error
    if not isinstance(asked, int):
        return asked
    law = law_of(document.universe)
    return EstimationError(replicates=asked, mean_block=law.mean_block if law else 1.0)


def with_samples(document: Document) -> tuple[Document, list[Problem]]:
    """`document` with the sample of each universe that was estimated, where it is asked for, and what is wrong."""
    asked = document.measures.estimation_error is not None
    universe, problems = _sampled(document.universe, "universe", asked=asked)
    found = [universe]

    def filled(change: Change, _: int, place: str, shock: str) -> Change:
        if change.regime is None or change.regime.universe is None:
            return change
        inner, wrong = _sampled(change.regime.universe, f"{place}.regime.universe", asked=asked)
        problems.extend(Problem(f"{p.place} ({shock})", p.value, p.allowed, p.remedy) for p in wrong)
        found.append(inner)
        return with_universe(change, inner)

    document = with_changes(document.model_copy(update={"universe": universe}), filled)
    if asked and not problems and not any(its.sample for its in found):
        allowed = "a universe with [universe.history]: figures that were not estimated have no estimation error"
        remedy = "leave it out, or estimate the universe from a history"
        written = document.measures.estimation_error
        value = str(written if isinstance(written, int) else getattr(written, "replicates", written))
        problems.append(Problem("measures.estimation_error", value, allowed, remedy))
    return document, problems


def _sampled(universe: Universe, place: str, *, asked: bool) -> tuple[Universe, list[Problem]]:
    if universe.sample is not None:
        return universe, _check(universe, universe.sample, f"{place}.sample", asked=asked)
    past, source = universe.past, universe.source
    if not asked or past is None or source is None:
        return universe, []
    if not past.complete.all():
        gaps = f"{int((~past.complete).sum())} rows with gaps in {past.file}"
        allowed, remedy = "rows of all assets together, to be drawn again", 'write gaps = "drop" in the history'
        return universe, [Problem("measures.estimation_error", gaps, allowed, remedy)]
    sample = Sample.model_construct(
        returns=past.returns.tolist(),
        periods_per_year=past.periods_per_year,
        estimator=source.estimator,
        expected_returns=source.expected_returns,
    )
    return universe.model_copy(update={"sample": sample}), []


def _check(universe: Universe, sample: Sample, place: str, *, asked: bool) -> list[Problem]:
    if not asked:
        remedy = "leave it out, or write estimation_error = 200 in [measures]"
        return [Problem(place, "a table", "none, since measures.estimation_error asks for nothing", remedy)]
    names = [asset.name for asset in universe.assets]
    problems = [
        Problem(f"{place}.expected_returns.{name}", f"{figure:g}", "names of assets", "correct the name, or remove it")
        for name, figure in sample.expected_returns.items()
        if name not in names
    ]
    log = universe.compounding == "log"
    allowed = f"two rows or more of {len(names)} returns, one per asset, finite and {'above' if log else 'from'} -1"
    shape = np.shape(np.array(sample.returns, dtype=object))
    if len(shape) != 2 or shape[0] < 2 or shape[1] != len(names):
        return [*problems, Problem(f"{place}.returns", f"rows of shape {shape}", allowed, "one number per asset")]
    returns = np.array(sample.returns, dtype=np.float64)
    for i, j in np.argwhere(~(np.isfinite(returns) & ((returns > -1.0) | ((returns == -1.0) & (not log)))))[:5]:
        problems.append(Problem(f"{place}.returns[{i}][{j}]", f"{returns[i, j]:g}", allowed, "correct the number"))
    return problems
