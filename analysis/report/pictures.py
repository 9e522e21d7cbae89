"""The pictures of a report, as SVG: of all cases together, and of the first and the five with the lowest benefits."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from analysis import plots
from analysis.lookup import unit_of
from analysis.plots import style
from analysis.report import svg
from analysis.report.headline import (
    MOST_PICTURED,
    Headline,
    answer,
    by_benefit,
    figure_words,
    headline_of,
    shown_cases,
)
from simcore.errors import InputError

if TYPE_CHECKING:
    from analysis.runs import Run

MOST_CHARACTERS = 1_200_000  # of all pictures of a run, so that its page stays below 2 MB
_TOO_LARGE = "more room than there is in a report that is to stay small"


class Picture(NamedTuple):
    """A picture of a report.

    Attributes
    ----------
    case : str or None
        None: of all cases together.
    key : str
        What kind it is, to name a file by.
    title : str
    reading : str
        How it is read.
    words : str
        Its figures, for who cannot see it; what it needs, where it could not be drawn.
    svg : str
        Of its own size and colours, with title and description; empty where it could not be drawn.
    """

    case: str | None
    key: str
    title: str
    reading: str
    words: str
    svg: str


class _Kind(NamedTuple):
    key: str
    function: str  # of analysis.plots
    title: str
    reading: str
    size: tuple[float, float] = style.SIZE
    columns: int = 1


_OF_ALL = [
    _Kind(
        "benefits",
        "benefit_by_case",
        "Benefit, case by case",
        "The share of the unpooled figure that pooling removes, with its 95 % interval, in the order of the file.",
    )
]
_OF_ONE = [
    _Kind(
        "loss",
        "loss_density",
        "Density of the loss",
        "The pool's loss, and that of the same positions when nothing offsets anything: their losses sorted and added "
        "rank by rank, whose VaR and ES are the unpooled ones. VaR and ES are those of the whole run.",
    ),
    _Kind(
        "waterfall",
        "waterfall",
        "What each level of pools removes",
        "From the sum of the positions' own figures to the pool's: the bars between are what each level removes.",
    ),
    _Kind(
        "tail",
        "tail_curve",
        "VaR and ES against confidence",
        "How far the benefit reaches into the tail: pooled and unpooled, with 95 % intervals.",
    ),
    _Kind(
        "correlations",
        "correlations",
        "Correlations, base and stressed",
        "The same order in both, in which assets that move together stand together.",
        columns=2,
    ),
    _Kind(
        "tree",
        "pool_tree",
        "The tree of pools",
        "What holds what, its value at the start, and the benefit of each pool.",
    ),
    _Kind(
        "paths",
        "fan",
        "The value over time",
        "Quantiles at 5, 25, 50, 75 and 95 % of the pool's value, in per cent of its start, and five single paths.",
    ),
    _Kind(
        "convergence",
        "convergence",
        "Estimate against paths",
        "The estimate and its 95 % interval from the first part of the paths, up to all of them.",
    ),
]


def pictures_of(run: Run) -> list[Picture]:
    """The pictures of a run.

    Parameters
    ----------
    run : Run
        With its summaries.

    Returns
    -------
    list of Picture
        Case by case in the order of the file, those of all cases together first. What cannot be drawn, or would make
        the report too large, has no `svg`, and `words` that say what it needs.
    """
    headline = headline_of(run)
    cases = shown_cases(headline, 1 + MOST_PICTURED)
    first, *stressed = cases
    found = [_drawn(run, headline, kind, None) for kind in _OF_ALL if stressed]
    for case in cases:
        beside = case == first and bool(stressed)  # the base stands in the correlations of every other case
        found += [_drawn(run, headline, kind, case) for kind in _OF_ONE if not (beside and kind.key == "correlations")]
    return _small_enough(found, headline)


def _drawn(run: Run, headline: Headline, kind: _Kind, case: str | None) -> Picture:
    words = answer(headline) if case is None else f"{kind.title}. {figure_words(headline, case, unit_of(run))}"
    try:
        text = svg.cleaned(_svg_of(run, kind, case), kind.title, words)
    except InputError as error:
        needed = "; ".join(f"{problem.allowed} ({problem.place} is {problem.value})" for problem in error.problems)
        return Picture(case, kind.key, kind.title, kind.reading, needed, "")
    return Picture(case, kind.key, kind.title, kind.reading, words, text)


def _svg_of(run: Run, kind: _Kind, case: str | None) -> str:
    """The picture as Matplotlib writes it: without pyplot, a date, or what somebody's own settings say."""
    library, text = style.matplotlib(), io.StringIO()
    with library.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # in the font that measures; the reader's may have it
        library.rcdefaults()
        library.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": kind.key})
        figure = style.matplotlib("figure").Figure(figsize=kind.size, layout="constrained")
        options = {} if case is None else {"case": case}
        getattr(plots, kind.function)(run, ax=figure.subplots(ncols=kind.columns), **options)
        style.matplotlib("backends.backend_svg").FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    return text.getvalue()


def _small_enough(pictures: Sequence[Picture], headline: Headline) -> list[Picture]:
    """The pictures, without those of the highest benefits where all would be too large; the first case's stay."""
    first, *_ = headline.benefit
    order = {case: place for place, case in enumerate(by_benefit(headline), 1)} | {first: 0, None: 0}
    kept, used = {}, 0
    for picture in sorted(pictures, key=lambda picture: order[picture.case]):
        used += len(picture.svg)
        kept[id(picture)] = picture if used <= MOST_CHARACTERS else picture._replace(svg="", words=_TOO_LARGE)
    return [kept[id(picture)] for picture in pictures]
