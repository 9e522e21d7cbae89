"""Words, widths and amounts of text tables."""

import math
import unicodedata
from collections.abc import Iterable, Sequence

from scenarios.words import counted as counted  # scenarios says so of a plan, analysis of everything
from simcore.confidence import as_fraction

WIDTH = 120  # columns at most, unless names or a single figure are wider
MOST_DECIMALS = 12
_SCALES = ("", "thousand ", "million ", "billion ", "trillion ")


def per_cent(confidence: float, *, tail: bool = False) -> str:
    """A confidence in per cent, or the probability that is left of it.

    >>> per_cent(0.975), per_cent(0.999, tail=True)
    ('97.5', '0.1')
    """
    share = as_fraction(confidence)
    return f"{float(100 * (1 - share if tail else share)):.15g}"


def figure_name(measure: str, confidence: float | None) -> str:
    """A measure of risk, as the head of a column.

    >>> figure_name("expected_shortfall", 0.99)
    'ES 99 %'
    """
    short = {"volatility": "volatility", "value_at_risk": "VaR", "expected_shortfall": "ES"}[measure]
    return short if confidence is None else f"{short} {per_cent(confidence)} %"


def columns(text: str) -> int:
    """Columns that `text` takes in a terminal: two for a wide character, none for a combining one."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def visible(text: str) -> str:
    """`text` with codes in place of what cannot be seen.

    >>> visible("a\\u202eb")
    'a\\\\u202eb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def aligned(text: str, width: int) -> str:
    """`text` at the left of `width` columns."""
    return text + " " * (width - columns(text))


def fitted(text: str, width: int) -> str:
    """`text`, cut where it takes more than `width` columns.

    >>> fitted("diversification", 8)
    'diver...'
    """
    if columns(text) <= width:
        return text
    while text and columns(text) + 3 > width:
        text = text[:-1]
    return text + "..."[: max(0, width)]


def wrapped(lines: Iterable[str], *, indent: str = "") -> str:
    """`lines`, each broken where it is wider than a table; what follows a break gets the indent."""
    return "\n".join(part for line in lines for part in _broken(line, indent))


def _broken(line: str, indent: str) -> list[str]:
    parts = [""]
    for word in line.split(" "):
        if parts[-1].strip() and columns(f"{parts[-1]} {word}") > WIDTH:
            parts.append(indent + word)
        else:
            parts[-1] = f"{parts[-1]} {word}" if parts[-1] else word
    return [part.rstrip() for part in parts]


def amount_scale(values: Sequence[float], amounts: Sequence[float]) -> tuple[int, int]:
    """The power of 1000 that amounts are shown in, and their decimals: five digits of the largest."""
    widest = max((abs(number) for number in (*values, *amounts)), default=0.0)
    power = max(0, (math.floor(math.log10(widest)) - 4) // 3) if widest > 0.0 else 0
    largest = max((abs(amount) for amount in amounts), default=0.0) / 1000.0**power
    decimals = 4 - math.floor(math.log10(largest)) if largest > 0.0 else 0
    return power, max(0, decimals)


def amount(value: float, power: int, decimals: int) -> str:
    """An amount in its scale; too small for decimals, by its exponent."""
    scaled = value / 1000.0**power
    return f"{scaled:.4e}" if decimals > MOST_DECIMALS else f"{scaled:z,.{decimals}f}"


def power_name(power: int) -> str:
    """A power of 1000 in words, to stand before a currency."""
    return _SCALES[power] if power < len(_SCALES) else f"1e{3 * power} "
