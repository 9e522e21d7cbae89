"""The tables of docs/validation.md, asserted; minutes long, for `make verify`."""

import math

import numpy as np
import validation
from statistics_helpers import LIMIT

WITHIN = (0.93, 0.97)


def test_every_closed_form():
    checks = list(validation.closed_forms())
    assert len(checks) > 60
    assert max(abs(check.away) for check in checks) <= LIMIT
    # the control: figures that are two parts in a hundred off would be seen in most rows
    wrong = [abs(1.02 * c.got - c.expected) > LIMIT * abs((c.got - c.expected) / c.away) for c in checks]
    assert np.mean(wrong) > 0.5


def test_intervals_cover():
    """A standard error four fifths as wide must be seen too: at 0.95 its coverage is .883 by the normal law."""
    shares = validation.coverage()
    assert len(shares) == 20
    for one in shares:
        assert WITHIN[0] <= one.share <= WITHIN[1], one
    narrow = math.erf(0.8 * 1.96 / math.sqrt(2.0))
    assert narrow + 4.0 * math.sqrt(narrow * (1 - narrow) / 2000) < WITHIN[0]


def test_intervals_of_estimation_cover():
    """And those of simulation, the control, do not: they know nothing of the parameters."""
    shares = validation.estimation_coverage()
    assert len(shares) == 6
    spread = math.sqrt(0.95 * 0.05 / validation.HISTORIES)
    for one in shares:
        assert abs(one.estimation - 0.95) <= 4.0 * spread, one
        assert one.simulation < 0.6, one


def test_few_tail_losses_have_a_note():
    """1,000 paths at 0.99: ten losses are behind the figure, and the note says so."""
    case = validation._equal(10, 0.3, None)
    summary = validation.simulate([case], validation.Plan(1_000, 1.0, 1, (0.99,)))["base"]["pool"]
    assert "only 10 losses in the tail" in validation.estimate_of(summary, "expected_shortfall", 0.99).note
    deep = validation.simulate([case], validation.Plan(100_000, 1.0, 1, (0.99,)))["base"]["pool"]
    assert validation.estimate_of(deep, "expected_shortfall", 0.99).note == ""


def test_the_page_is_what_was_validated():
    """Read again from what this run computes; figures have fixed seeds."""
    said = validation.PAGE.read_text(encoding="utf-8")
    for check in validation.closed_forms():
        row = [check.law, check.figure, f"{check.expected:.6g}", f"{check.got:.6g}", f"{check.away:+.2f}"]
        assert f"| {' | '.join(row)} |" in said
