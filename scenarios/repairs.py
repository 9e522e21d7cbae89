"""What was repaired in a scenario, case by case: nobody reads a figure without being told."""

from collections.abc import Iterator
from typing import NamedTuple

from scenarios.loadings import Correlations, Loadings
from scenarios.moments import Moments
from scenarios.resolve import changed_by, correlation_of, moments_in, shocked, written_correlation
from scenarios.schema import Document
from scenarios.schema_shocks import Shock
from scenarios.schema_universe import Universe
from simcore.correlation import SMALLEST_EIGENVALUE
from simcore.repair import Repair, repair_of


class Repaired(NamedTuple):
    """A matrix that was repaired: the first case that has it, where it is written, and what became of it."""

    case: str
    place: str
    repair: Repair


def repairs_of(document: Document) -> tuple[Repaired, ...]:
    """Every repair in a checked document: of the universe, then of each shock."""
    universe = document.universe
    base = moments_in(universe, correlation_of(universe))
    found = list(_of_universe(universe, "base", "universe.correlation"))
    for i, shock in enumerate(document.shocks):
        found += _of_shock(universe, base, shock, f"shocks[{i}].changes")
    return tuple(found)


def repair_words(repaired: Repaired) -> str:
    """A repair in one sentence."""
    repair = repaired.repair
    impossible = repair.smallest_eigenvalue < SMALLEST_EIGENVALUE
    what = "are ones that no returns can have" if impossible else "are all but combinations of one another"
    moved = ", ".join(f"{m.first} and {m.second} {m.before:.4f} to {m.after:.4f}" for m in repair.moved)
    return (
        f"the correlations of {repaired.case} ({repaired.place}) {what} "
        f"(smallest eigenvalue {repair.smallest_eigenvalue:.4g}): replaced by the nearest that they can, "
        f"{repair.distance:.4g} away (Frobenius); moved most: {moved or 'none by more than rounding'}"
    )


def _of_universe(universe: Universe, case: str, place: str) -> Iterator[Repaired]:
    if universe.repair != "none":
        yield from _of_matrix(universe, written_correlation(universe), correlation_of(universe), case, place)


def _of_shock(universe: Universe, base: Moments, shock: Shock, place: str) -> Iterator[Repaired]:
    for j, change in enumerate(shock.changes):
        if change.regime is not None and change.regime.universe is not None:
            key = "universe" if change.regime.file is None else "file"
            yield from _of_universe(change.regime.universe, shock.name, f"{place}[{j}].regime.{key}")
    if universe.repair != "none":
        before, after = changed_by(base, universe, shock), shocked(base, universe, shock)
        yield from _of_matrix(universe, before.correlation, after.correlation, shock.name, place)


def _of_matrix(
    universe: Universe, before: Correlations, after: Correlations, case: str, place: str
) -> Iterator[Repaired]:
    if isinstance(before, Loadings) or isinstance(after, Loadings):  # which no repair touches
        return
    names = tuple(asset.name for asset in universe.assets)
    if repair := repair_of(before, after, names):
        yield Repaired(case, place, repair)
