"""How often the intervals of measured ES cover, by how few losses are in the tail: the table of docs/own-losses.md.

Some minutes long, for `make verify`; tests/test_intervals.py has the short form and its control.
"""

import math
from pathlib import Path

import pytest
from statistics_helpers import LIMIT
from test_intervals import LAWS, coverage_of_tail

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "own-losses.md"
RUNS = 1000
TAILS = (2, 3, 5, 7, 10, 15, 20, 30)
FEWEST = 0.95 - LIMIT * math.sqrt(0.95 * 0.05 / RUNS)  # 0.91


@pytest.mark.parametrize("tail", TAILS)
def test_few_losses_in_the_tail_are_covered_or_not_bounded(tail):
    """As the page says, to the last digit: seeds are fixed."""
    cells = [str(tail)]
    for law in LAWS:
        shares = coverage_of_tail(law, tail, RUNS)
        assert min(share.covers for share in shares.values()) >= FEWEST
        covers, bounded, covers_bounded = shares["pooled"]
        cells += [f"{100 * covers:.1f} %", f"{100 * bounded:.1f} %"]
        cells.append(f"{100 * covers_bounded:.1f} %" if bounded else "")
    line = f"| {' | '.join(cells)} |".replace("|  |", "| |")
    assert line in PAGE.read_text(encoding="utf-8")
