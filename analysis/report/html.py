"""A report as one HTML file: style, script and pictures inside it, and nothing asked of anywhere.

Whatever a name says stays text: the template escapes everything but the pictures, which `svg` writes as XML, and the
style and the script, which are ours. A content security policy lets the browser run that script and no other.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Sequence
from importlib import import_module
from importlib.resources import files
from itertools import count

import simcore
from analysis.plots.style import COLOURS
from analysis.report import svg
from analysis.report.content import TITLES, Content, without_pictures

MOST_BYTES = 1_950_000  # of a page that stays below 2 MB, with what it says of pictures left out
_TEMPLATES = files("analysis.report") / "templates"
_VARIABLES = {colour: name for name, colour in dataclasses.asdict(COLOURS["light"]).items()}


def html_of(contents: Sequence[Content]) -> str:
    """The page.

    Parameters
    ----------
    contents : sequence of Content
        Of one run each.

    Returns
    -------
    str
        HTML, complete without its script. Pictures that would make it larger than `MOST_BYTES` are left out.
    """
    contents = _inlined(contents)
    page = _page(contents)
    excess = len(page.encode(errors="backslashreplace")) - MOST_BYTES
    return page if excess <= 0 else _page(without_pictures(contents, excess))


def _inlined(contents: Sequence[Content]) -> list[Content]:
    """With all pictures as they stand in the page, numbered so that no two share an id."""
    numbers = count(1)
    return [
        content._replace(
            pictures=[
                picture._replace(svg=svg.inlined(picture.svg, f"p{next(numbers)}", _VARIABLES))
                for picture in content.pictures
            ]
        )
        for content in contents
    ]


def _page(contents: Sequence[Content]) -> str:
    """All of it, however large."""
    jinja2 = import_module("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    script = _read("report.js")
    return environment.get_template("report.html.j2").render(
        title=", ".join(content.name for content in contents),
        contents=contents,
        titles=TITLES,
        version=simcore.__version__,
        light=dataclasses.asdict(COLOURS["light"]),
        dark=dataclasses.asdict(COLOURS["dark"]),
        style=_read("report.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
