"""The changes of a document's shocks, one by one: a document with other changes in their place."""

from collections.abc import Callable

from scenarios.schema import Document
from scenarios.schema_shocks import Change
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
