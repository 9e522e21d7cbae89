"""The pictures of a report, as SVG: of all cases together, and of the first and the five with the lowest benefits."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, NamedTuple

from analysis import plots
from analysis.lookup import by_benefit, shown_cases
from analysis.plots import benefits, style, tree
from analysis.report import svg
from analysis.report.described import described
from analysis.report.headline import MOST_PICTURED, answer, headline_of
from simcore.errors import InputError

if TYPE_CHECKING:
    from analysis.runs import Run


class Picture(NamedTuple):
    """A picture of a report.

    Attributes
    ----------
    case : str or None
        None: of all cases together.
    kind : str
        The function of `analysis.plots` that drew it.
    title : str
    reading : str
        How it is read.
    words : str
        Its figures, for who cannot see it.
    svg : str
        Of its own size and colours, with title and description.
    rank : int
        0 of all cases together and of the first case, then 1 of the case with the lowest benefit, and so on.
    """

    case: str | None
    kind: str
    title: str
    reading: str
    words: str
    svg: str
    rank: int


class NotDrawn(NamedTuple):
    """A picture that a report does not have.

    Attributes
    ----------
    case : str or None
        None: of all cases together.
    title : str
    needed : str
        What it needs.
    """

    case: str | None
    title: str
    needed: str


class _Kind(NamedTuple):
    function: str  # of analysis.plots
    title: str
    reading: str
    columns: int = 1


_OF_ALL = [
    _Kind(
        "benefit_by_case",
        "Benefit, case by case",
        "The share of the unpooled figure that pooling removes, with its 95 % interval, in the order of the file.",
    )
]
_OF_ONE = [
    _Kind(
        "loss_density",
        "Density of the loss",
        "The pool's loss, and that of the same positions when nothing offsets anything: their losses sorted and added "
        "rank by rank, whose VaR and ES are the unpooled ones. VaR and ES are those of the whole run.",
    ),
    _Kind(
        "waterfall",
        "What each level of pools removes",
        "From the sum of the positions' own figures to the pool's: the bars between are what each level removes.",
    ),
    _Kind(
        "tail_curve",
        "VaR and ES against confidence",
        "How far the benefit reaches into the tail: pooled and unpooled, with 95 % intervals.",
    ),
    _Kind(
        "correlations",
        "Correlations, base and stressed",
        "The same order in both, in which assets that move together stand together.",
        columns=2,
    ),
    _Kind(
        "pool_tree",
        "The tree of pools",
        "What holds what, its value at the start, and the benefit of each pool.",
    ),
    _Kind(
        "fan",
        "The value over time",
        "Quantiles at 5, 25, 50, 75 and 95 % of the pool's value, in per cent of its start (in the "
        "currency where that is not above 0), and five single paths.",
    ),
    _Kind(
        "convergence",
        "Estimate against paths",
        "The estimate from the first part of the paths, up to all of them, and from 20 batches on its 95 % interval.",
    ),
]


def pictures_of(run: Run) -> tuple[list[Picture], list[NotDrawn]]:
    """The pictures of a run, and those that cannot be drawn.

    Parameters
    ----------
    run : Run
        With its summaries.

    Returns
    -------
    drawn : list of Picture
        Case by case in the order of the file, those of all cases together first.
    not_drawn : list of NotDrawn
    """
    headline = headline_of(run)
    cases = shown_cases(headline.benefit, 1 + MOST_PICTURED)
    first, *stressed = cases
    ranks = {case: rank for rank, case in enumerate(by_benefit(headline.benefit), 1)} | {first: 0, None: 0}
    wanted: list[tuple[_Kind, str | None]] = [(kind, None) for kind in _OF_ALL if stressed]
    for case in cases:
        beside = case == first and bool(stressed)  # the base stands in the correlations of every other case
        wanted += [(kind, case) for kind in _OF_ONE if not (beside and kind.function == "correlations")]
    drawn, not_drawn = [], []
    for kind, case in wanted:
        words = f"{kind.title}. {described(run, headline, kind.function, case)}" if case else answer(headline)
        try:
            text = svg.cleaned(_svg_of(run, kind, case), kind.title, words)
        except InputError as error:
            needed = "; ".join(f"{problem.allowed} ({problem.place} is {problem.value})" for problem in error.problems)
            not_drawn.append(NotDrawn(case, kind.title, needed))
        else:
            drawn.append(Picture(case, kind.function, kind.title, kind.reading, words, text, ranks[case]))
    return drawn, not_drawn


def _svg_of(run: Run, kind: _Kind, case: str | None) -> str:
    """The picture as Matplotlib writes it: without pyplot, a date, or what somebody's own settings say."""
    library, text = style.matplotlib(), io.StringIO()
    with library.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # in the font that measures; the reader's may have it
        library.rcdefaults()
        library.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": kind.function})
        figure = style.matplotlib("figure").Figure(figsize=_size(run, kind, case), layout="constrained")
        options = {} if case in (None, run.scenario.cases[0].name) else {"case": case}
        getattr(plots, kind.function)(run, ax=figure.subplots(ncols=kind.columns), **options)
        style.matplotlib("backends.backend_svg").FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    return text.getvalue()


def _size(run: Run, kind: _Kind, case: str | None) -> tuple[float, float]:
    """Inches; higher than the others where there is more to be read."""
    across, down = style.SIZE
    if kind.function == "pool_tree":
        return across, max(down, tree.size_of(tree.lines_of(run, case=case))[1])
    if kind.function == "benefit_by_case":
        return across, max(down, benefits.size_of(benefits.benefits_of(run))[1])
    return across, down
