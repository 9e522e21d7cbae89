"""Dates in a table: ISO, or a form that is said. No order of day and month is ever guessed."""

import re
import warnings
from collections.abc import Sequence
from datetime import date, datetime

from simcore.errors import Problem

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)  # as pandas writes a whole day
_USUAL = (  # what a remedy may name
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d", "%Y-%d-%m"),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y", "%Y-%m"),
    *("%m/%Y", "%b %Y", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
)
_TRIED = 1000  # dates that are read to find the form of a column


def read_date(text: str, date_format: str | None) -> date | None:
    """The date that `text` is, ISO or by `date_format`; None where it is none."""
    try:
        if date_format is not None:
            return datetime.strptime(text, date_format).date()
        found = _ISO.fullmatch(text)
        return date.fromisoformat(found[1]) if found else None
    except (ValueError, re.error, OverflowError):
        return None


def check_format(date_format: str, place: str) -> list[Problem]:
    """Whether `date_format` says year and month, and so brings a date back that it has written."""
    there, back = datetime(2013, 11, 24), None
    if "%Y" in date_format or "%y" in date_format:  # without a year strptime warns
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                back = read_date(there.strftime(date_format), date_format)
            except ValueError:  # of a sign that strftime does not know
                back = None
    if back in (there.date(), there.date().replace(day=1)):
        return []
    allowed = "a form of dates with year and month, by the signs of strptime: %Y %m %d"
    remedy = 'write date_format = "%d/%m/%Y" for 31/01/2013, "%m/%d/%Y" for 01/31/2013, and nothing for 2013-01-31'
    return [Problem(place, f'"{date_format}"', allowed, remedy)]


def remedy_for(texts: Sequence[str]) -> str:
    """What to write so that these dates are read; where several forms read them all, the choice is the reader's."""
    fitting = [f'date_format = "{form}"' for form in _fitting(texts)]
    if not fitting:
        return "write dates as 2013-01-31, or say their form by date_format"
    if len(fitting) == 1:
        return f"write {fitting[0]}"
    return f"ambiguous, day or month first: write {' or '.join(fitting)}, whichever is meant"


def _fitting(texts: Sequence[str]) -> list[str]:
    left = list(_USUAL)
    for text in texts[:: max(1, len(texts) // _TRIED)]:
        left = [form for form in left if read_date(text, form)]
    return left
