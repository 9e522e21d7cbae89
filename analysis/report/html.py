"""A report as one HTML file: style, script and pictures inside it, and nothing asked of anywhere.

Whatever a name says stays text: the template escapes everything but the pictures, which `svg` writes as XML, and the
style and the script, which are ours. A content security policy lets the browser run that script and no other.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.resources import files

import simcore
from analysis.plots.style import COLOURS
from analysis.report import svg
from analysis.report.content import Content
from analysis.report.pictures import Picture

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
        HTML, complete without its script.
    """
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
        version=simcore.__version__,
        light=dataclasses.asdict(COLOURS["light"]),
        dark=dataclasses.asdict(COLOURS["dark"]),
        style=_read("report.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        svg_of=_numbered(),
    )


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _numbered() -> Callable[[Picture], str]:
    """A function from a picture to its SVG, which numbers the pictures so that no two share an id."""
    count = 0

    def svg_of(picture: Picture) -> str:
        nonlocal count
        count += 1
        return svg.inlined(picture.svg, f"p{count}", _VARIABLES)

    return svg_of
