"""The exceptions of simcore, and the form of what they say.

Everything that is wrong with an input is collected as a list of `Problem` and raised once.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

LONGEST_PART = 500  # of a message, in characters
MOST_BITS = 200  # of a whole number whose digits are shown
MOST_TOLD = 100  # problems of one input


class SimcoreError(Exception):
    """Base of every error that this project raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    Attributes
    ----------
    place : str
        Where: an attribute (``Plan.paths``) or a key path (``simulation.paths``).
    value : str
        What stands there, as the user wrote it.
    allowed : str
        What may stand there.
    remedy : str
        What to do next.
    file : str
        The file it stands in; empty for objects built in Python.
    """

    place: str
    value: str
    allowed: str
    remedy: str
    file: str = ""

    def __str__(self) -> str:
        """Each part in one line that a terminal can show: it may hold what somebody wrote into a file."""
        place, value, allowed, remedy = map(_line, (self.place, self.value, self.allowed, self.remedy))
        file = _line(self.file, composed=False)
        where = f"{file}: {place}" if file else place
        value = f" = {value}" if value else ""
        return f"{where}{value}\n    allowed: {allowed}\n    remedy:  {remedy}"


def _line(text: str, *, composed: bool = True) -> str:
    """`text` cut in its middle, with codes in place of what cannot be seen.

    When `composed`, also of letters in a Unicode form other than the composed one, NFC: they look the same and are not.
    """
    if len(text) > LONGEST_PART:
        text = f"{text[: LONGEST_PART // 2]} ... {text[-LONGEST_PART // 2 :]}"
    plain = not composed or unicodedata.is_normalized("NFC", text)
    seen = [c.isprintable() and (plain or c.isascii()) for c in text]
    return "".join(
        c if as_it_is else c.encode("unicode_escape").decode() for c, as_it_is in zip(text, seen, strict=True)
    )


class InputError(SimcoreError, ValueError):
    """The input is at fault; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type["InputError"], tuple[tuple[Problem, ...]]]:
        """Engines in other processes raise it too."""
        return type(self), (self.problems,)


class CapacityError(InputError):
    """What was asked for does not fit into this machine's memory."""


def first_of(problems: Iterable[Problem], most: int = MOST_TOLD) -> list[Problem]:
    """The first of very many problems, of which no more are looked for, and that there are more."""
    told = list(islice(problems, most + 1))
    if len(told) <= most:
        return told
    more = Problem("further problems", f"more than {most} of a kind", "none", "mend those above first")
    return [*told[:most], more]


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Raise `InputError` with all `problems`, if there are any."""
    if problems:
        raise InputError(problems)


def show(value: object, limit: int = 60) -> str:
    """`value` as a user would write it, in one line, cut to `limit` characters."""
    plain = getattr(value, "item", None)
    value = plain() if plain and not getattr(value, "shape", ()) else value
    try:
        text = whole_text(value) if type(value) is int else re.sub(r"\s*\n\s*", " ", repr(value))
    except (ValueError, RecursionError):  # of a list of long numbers, or of lists in lists in lists
        text = f"a {type(value).__name__} that is too large to be shown"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def whole_text(value: int) -> str:
    """The digits of `value`, or, where they are too many to read, how long it is."""
    bits = value.bit_length()
    return str(value) if bits <= MOST_BITS else f"a whole number of {bits} bits"


def some(names: Iterable[str], limit: int = 12) -> str:
    """`names` in one line; the first `limit` of them."""
    names = list(names)
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest


def closest(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant by `name`."""
    from difflib import get_close_matches

    fold = {item.casefold(): item for item in known}
    found = get_close_matches(name.casefold(), fold, n=1)
    return fold[found[0]] if found else None
