"""Numbers as text: ASCII digits, at most one decimal mark, an exponent; nothing between thousands.

Stricter than `float`, which also reads 1_000, the digits of every script, nan and infinity.
"""

import re

NUMERALS = {
    mark: re.compile(rf"[+-]?(?:[0-9]+(?:[{mark}][0-9]*)?|[{mark}][0-9]+)(?:[eE][+-]?[0-9]+)?") for mark in ".,"
}
_GAPS = frozenset({"", "-", "na", "n/a", "#n/a", "nan", "null", "none"})


def is_gap(text: str) -> bool:
    """Whether `text` stands for a number that is missing."""
    return text.strip().casefold() in _GAPS
