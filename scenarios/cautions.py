"""What is allowed in a scenario and seldom meant: said, and nothing else comes of it."""

from scenarios.changes import universes_of
from scenarios.repairs import repair_words, repairs_of
from scenarios.resolve import pools_of, positions_of
from scenarios.schema import Document
from simcore.errors import some

UNUSUAL = 2.0  # a volatility or expected return of 200 % a year: a bond's 5 % written as 5 is beyond it


def cautions(document: Document) -> tuple[str, ...]:
    """A sentence for each thing in a checked document that its author may want to look at again."""
    pasts = [universe.past for _, universe in universes_of(document) if universe.past]
    said = list(dict.fromkeys(caution for past in pasts for caution in past.cautions))
    for i, asset in enumerate(document.universe.assets):
        for key, figure in (("expected_return", asset.expected_return), ("volatility", asset.volatility)):
            if abs(figure) > UNUSUAL:
                place = f"universe.assets[{i}].{key} ({asset.name})"
                place = f"universe.history, {asset.name}.{key}" if document.universe.past else place
                said.append(f"{place} = {figure:g} is {100 * figure:g} % a year; {figure:g} % is {figure / 100:g}")
    inside = {member for pool in pools_of(document) for member in pool.members}
    outside = [position.name for position in positions_of(document) if position.name not in inside]
    if outside:
        said.append(f"in no pool, and so in the figures of none: {some(outside)}")
    return (*said, *map(repair_words, repairs_of(document)))
