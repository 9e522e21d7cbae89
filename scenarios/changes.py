"""The changes of a document's shocks, one by one, and the universes that regimes among them bring."""

from collections.abc import Callable, Iterator

from scenarios.schema import Document
from scenarios.schema_shocks import Change, Shock
from scenarios.schema_universe import Universe


def with_changes(document: Document, filled: Callable[[Change, int, str, str], Change]) -> Document:
    """`document` with each change as `filled` gives it.

    Parameters
    ----------
    document : Document
    filled : callable
        Takes a change, the number of its shock from 0, its key path and the name of its shock.
    """
    shocks = [
        shock.model_copy(
            update={
                "changes": [
                    filled(change, i, f"shocks[{i}].changes[{j}]", shock.name) for j, change in enumerate(shock.changes)
                ]
            }
        )
        for i, shock in enumerate(document.shocks)
    ]
    return document.model_copy(update={"shocks": shocks})


def with_universe(change: Change, universe: Universe | None) -> Change:
    """A change to a regime, with this universe; any other change stays."""
    if change.regime is None:
        return change
    return change.model_copy(update={"regime": change.regime.model_copy(update={"universe": universe})})


def universes_of(document: Document) -> Iterator[tuple[str, Universe]]:
    """Every universe of a document by its key path: its own, then those of its regimes."""
    yield "universe", document.universe
    for i, shock in enumerate(document.shocks):
        for j, change in enumerate(shock.changes):
            if change.regime is not None and change.regime.universe is not None:
                yield f"shocks[{i}].changes[{j}].regime.universe", change.regime.universe


def source_of(universe: Universe, shock: Shock | None) -> Universe:
    """Where the volatilities and correlations of a case come from: the last regime of its shock, or the universe."""
    regimes = [change.regime.universe for change in shock.changes if change.regime] if shock else []
    return next((one for one in reversed(regimes) if one is not None), universe)
