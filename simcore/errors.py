"""The exceptions of simcore, and the form of what they say.

Everything that is wrong with an input is collected as a list of `Problem` and raised once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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
        where = f"{self.file}: {self.place}" if self.file else self.place
        value = f" = {self.value}" if self.value else ""
        return f"{where}{value}\n    allowed: {self.allowed}\n    remedy:  {self.remedy}"


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


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Raise `InputError` with all `problems`, if there are any."""
    if problems:
        raise InputError(problems)


def show(value: object, limit: int = 60) -> str:
    """`value` as a user would write it, cut to `limit` characters."""
    plain = getattr(value, "item", None)
    text = repr(plain() if plain and not getattr(value, "shape", ()) else value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def some(names: Iterable[str], limit: int = 12) -> str:
    """`names` in one line; the first `limit` of them."""
    names = list(names)
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest
