"""What crosses the border: checks of single values, and arrays that stay as they are, for the types that users meet.

NumPy's scalars count as the numbers they are; True and False do not, and text is never a list of its letters.
"""

import math
from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from simcore.errors import InputError, Problem, show

NAME = "text that is not blank, without control characters, line breaks or unusual spaces"


def is_name(value: object) -> bool:
    """Whether `value` can name a thing in a table of one line."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def is_whole(value: object) -> bool:
    """Whether `value` is a whole number."""
    return isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))


def is_finite(value: object) -> bool:
    """Whether `value` is a number that a float64 can hold."""
    if not isinstance(value, Real) or isinstance(value, (bool, np.bool_)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def expect(value: object, kind: type, place: str) -> None:
    """Refuse a `value` that is no `kind`.

    Raises
    ------
    InputError
    """
    if not isinstance(value, kind):
        raise InputError([Problem(place, show(value), f"a {kind.__name__}", "give one here, in this order")])


def as_tuple(values: object, place: str) -> tuple:
    """The items of `values`.

    Raises
    ------
    InputError
        When it is text, or no iterable.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError([Problem(place, show(values), "a list", "put it in a list, even when it is alone")])
    return tuple(values)


def _holds_bool(values: object) -> bool:
    """Whether lists in lists hold True or False, which NumPy turns into numbers among numbers."""
    if isinstance(values, (list, tuple)):
        return any(map(_holds_bool, values))
    return isinstance(values, (bool, np.bool_))


def as_numbers(values: object, place: str) -> NDArray[np.float64]:
    """A read-only float64 copy, contiguous.

    Raises
    ------
    InputError
        When `values` is or holds text, is ragged or otherwise no array of numbers.
    """
    try:
        given = np.asanyarray(values)
        others = given.dtype == object and any(isinstance(item, (str, bytes, bool)) for item in given.flat)
        if others or given.dtype.kind not in "iufO" or _holds_bool(values) or isinstance(given, np.ma.MaskedArray):
            raise TypeError("NumPy would read a number out of text, or take True for one")
        out = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError):
        problem = Problem(place, show(values), "an array of numbers", "give numbers, in rows of equal length")
        raise InputError([problem]) from None
    out.setflags(write=False)
    return out


def read_only(record: object, *names: str) -> None:
    """Let these arrays of a frozen record be read only, and leave the caller's own as they are."""
    for name in names:
        view = getattr(record, name).view()
        view.setflags(write=False)
        object.__setattr__(record, name, view)
