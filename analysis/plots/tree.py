"""The pool tree: a line for each pool, indented by its depth, with its value at start and its benefit."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.lookup import benefit_view, case_of, check_run, confidence_of, pool_of, rows_at, unit_of
from analysis.plots import style
from analysis.text import columns, counted, figure_name, fitted

if TYPE_CHECKING:
    from collections.abc import Collection

    from analysis.comparison import Row
    from analysis.runs import Run
    from simcore.pools import PoolTree

MOST_POOLS = 20  # that have a line
MOST_POSITIONS = 20  # that have one; more are counted
_VALUES, _BENEFITS = 0.46, 0.74  # where columns begin, in widths of the picture
_GAP, _NUMBER = 0.02, 0.11  # between columns; what a number takes at the right of its column
_BAR = _BENEFITS - _GAP - _NUMBER - _VALUES  # the longest, in both columns
_INDENT, _DEEPEST = 0.025, 0.16  # of a level, and of all of them at most
_LETTER = 0.58  # its width, of its height


class Line(NamedTuple):
    """One line of the tree.

    Attributes
    ----------
    name : str
    depth : int
    parent : int
        The line of the pool that it is in; -1 for none.
    kind : {"pool", "position", "rest"}
        The last stands for pools that have no line.
    value : float, currency
        At start; of the rest the sum.
    below : str
        How many positions are below a pool, where they have no lines.
    benefit : Row or None
        Of a pool: that of the table, against all positions below it.
    """

    name: str
    depth: int
    parent: int
    kind: str
    value: float
    below: str = ""
    benefit: Row | None = None


def lines_of(
    run: Run, *, case: str | None = None, pool: str | None = None, confidence: float | None = None
) -> list[Line]:
    """What `pool_tree` draws.

    Parameters
    ----------
    run : Run
    case, pool, confidence : optional
        As of `pool_tree`.

    Returns
    -------
    list of Line
        Each pool before what is in it.

    Raises
    ------
    InputError
        When the run has no such case, pool or confidence.
    """
    chosen = case_of(run, case)
    tree = chosen.pools
    roots = [other.name for other in tree.pools if tree.pool_of(other.name) is None]
    roots = roots if pool is None else [pool_of(chosen, pool)]
    rows = rows_at(run, chosen.name, "expected_shortfall", confidence_of(run, confidence))
    positions = [position.name for name in roots for position in tree.positions_below(name)]
    few = len(positions) <= MOST_POSITIONS
    shown = _largest(tree, roots) | set(positions if few else ())
    lines: list[Line] = []

    def add(members: Collection[str], depth: int, parent: int) -> None:
        for name in members:
            inside = tree.members(name)
            if name in shown and not inside:
                lines.append(Line(name, depth, parent, "position", _value(tree, name)))
            elif name in shown:
                below = "" if few else counted(len(tree.positions_below(name)), "position")
                benefit = rows[name, benefit_view(tree, name)]
                lines.append(Line(name, depth, parent, "pool", _value(tree, name), below, benefit))
                add(inside, depth + 1, len(lines) - 1)
        rest = [name for name in members if name not in shown and tree.members(name)]
        if rest:
            value = math.fsum(_value(tree, name) for name in rest)
            lines.append(Line(f"and {counted(len(rest), 'more pool')}", depth, parent, "rest", value))

    add(roots, 0, -1)
    return lines


def _value(tree: PoolTree, node: str) -> float:
    return math.fsum(position.value for position in tree.positions_below(node))


def _largest(tree: PoolTree, roots: list[str]) -> set[str]:
    """The largest pools, each of which is a root, or in one of them."""

    def ranked(name: str) -> tuple[float, int, str]:
        return -abs(_value(tree, name)), order[name], name

    order = {pool.name: i for i, pool in enumerate(tree.pools)}
    queue = [ranked(name) for name in roots]
    heapq.heapify(queue)
    found: set[str] = set()
    while queue and len(found) < MOST_POOLS:
        name = heapq.heappop(queue)[-1]
        found.add(name)
        for member in tree.members(name):
            if member in order:
                heapq.heappush(queue, ranked(member))
    return found


def size_of(lines: Collection[Line]) -> tuple[float, float]:
    """Inches across and down of axes in which so many lines can be read."""
    return style.SIZE[0], 1.0 + 0.22 * len(lines)


def pool_tree(
    run: Run,
    *,
    case: str | None = None,
    pool: str | None = None,
    confidence: float | None = None,
    ax: Any = None,
    theme: style.Theme = "light",
) -> Any:
    """The pools, each in the one that holds it, with their values at start and their benefits by expected shortfall.

    Parameters
    ----------
    run : Run
        As `analysis.run` gives it.
    case : str, optional
        ``base`` when absent.
    pool : str, optional
        The pool to begin with; all that are in no other when absent.
    confidence : float, optional
        One of the scenario's; the highest when absent.
    ax : matplotlib.axes.Axes, optional
        New ones when absent, as high as the tree is long.
    theme : {"light", "dark"}

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        When `run` is none or has no such case, pool or confidence, or there is no such theme.
    SimcoreError
        When Matplotlib is not installed.

    Notes
    -----
    More than 20 positions are counted, and have no lines. Of more than 20 pools the largest have one, each of which is
    in another that has one; the others are counted, and their values added.
    """
    check_run(run)
    colours = style.colours_of(theme)
    lines = lines_of(run, case=case, pool=pool, confidence=confidence)
    ax = style.axes_of(ax, size_of(lines))
    style.dress(ax, colours, title=style.heading("pools, their sizes and benefits", case_of(run, case).name))
    style.bare(ax)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(len(lines) - 0.4, -1.6)
    at = figure_name("expected_shortfall", confidence_of(run, confidence))
    heads = ((0.0, "pool"), (_VALUES, f"value at start, {unit_of(run)}"), (_BENEFITS, f"benefit, {at}"))
    size, width = _measures(ax, len(lines))
    for x, head in heads:
        ax.text(x, -1.0, head, va="center", fontsize=size, color=colours.faint, parse_math=False)
    _draw_names(ax, colours, lines, size, width)
    _draw_values(ax, colours, lines, size)
    _draw_benefits(ax, colours, lines, size, width)
    style.stamp(ax, colours, run.scenario.plan, below_label=True)
    return ax


def _measures(ax: Any, count: int) -> tuple[float, float]:
    """The size of letters for so many lines, and the width of the picture, in points."""
    figure = ax.get_figure(root=True)
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    box = ax.get_window_extent()
    points = 72.0 / figure.dpi
    return min(9.0, max(4.0, 0.75 * points * box.height / (count + 1.2))), points * box.width


def _draw_names(ax: Any, colours: style.Colours, lines: list[Line], size: float, width: float) -> None:
    indent = min(_INDENT, _DEEPEST / max(1, *(line.depth for line in lines)))
    for i, line in enumerate(lines):
        x = indent * line.depth
        if line.parent >= 0:
            trunk = x - 0.7 * indent
            ax.plot([trunk, trunk, x - 0.15 * indent], [line.parent + 0.4, i, i], color=colours.faint, linewidth=0.7)
        room = int((_VALUES - _GAP - x) * width / (_LETTER * size)) - columns(line.below)
        colour = colours.faint if line.kind == "rest" else colours.ink
        name = ax.text(
            x, i, fitted(line.name, max(room, 8)), va="center", fontsize=size, color=colour, parse_math=False
        )
        if line.below:
            ax.annotate(
                line.below, (1.0, 0.5), (0.8 * size, 0), xycoords=name, textcoords="offset points", va="center",
                fontsize=0.9 * size, color=colours.faint,
            )  # fmt: skip


def _draw_values(ax: Any, colours: style.Colours, lines: list[Line], size: float) -> None:
    largest = max(abs(line.value) for line in lines) or 1.0
    lengths = [_BAR * abs(line.value) / largest for line in lines]
    bars = ax.barh(range(len(lines)), lengths, left=_VALUES, height=0.55, color=colours.pooled)
    for i, (bar, line) in enumerate(zip(bars, lines, strict=True)):
        if line.value < 0.0:
            bar.set(facecolor=colours.ground, edgecolor=colours.pooled, hatch="///")
        ax.text(
            _BENEFITS - _GAP, i, style.short_amount(line.value), ha="right", va="center", fontsize=size,
            color=colours.ink,
        )  # fmt: skip


def _draw_benefits(ax: Any, colours: style.Colours, lines: list[Line], size: float, width: float) -> None:
    rows = {i: line.benefit for i, line in enumerate(lines) if line.benefit is not None}
    ends = [end for row in rows.values() for end in (row.value, row.low, row.high) if end is not None]
    lowest, highest = min([0.0, *ends]), max([0.0, *ends])
    unit = _BAR / ((highest - lowest) or 1.0)

    def at(benefit: float) -> float:
        return _BENEFITS + unit * (benefit - lowest)

    for i, row in rows.items():
        if row.value is None:
            small = 0.75 * size
            note = style.in_lines(row.note or "none", int((1.0 - _BENEFITS) * width / (_LETTER * small)), 2)
            ax.text(
                _BENEFITS, i, note, va="center", fontsize=small, linespacing=1.0, color=colours.faint, parse_math=False
            )
            continue
        ax.barh(i, unit * row.value, left=at(0.0), height=0.55, color=colours.benefit)
        if row.low is not None and row.high is not None:
            ax.plot([at(row.low), at(row.high)], [i, i], color=colours.ink, linewidth=1.2)
        ax.text(1.0, i, f"{100.0 * row.value:z.1f} %", ha="right", va="center", fontsize=size, color=colours.ink)
    if ends:
        ax.plot([at(0.0)] * 2, [min(rows) - 0.4, max(rows) + 0.4], color=colours.faint, linewidth=0.7)
