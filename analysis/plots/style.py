"""How all pictures look: readable in grey and by the colour-blind, light and dark, units on the axes.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color), which also differ in lightness: what is pooled is
dark, what is unpooled light and dashed.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from analysis.text import columns, counted, fitted
from simcore.errors import InputError, Problem, SimcoreError, show

if TYPE_CHECKING:
    from simcore.case import Plan

Theme = Literal["light", "dark"]
SIZE = (7.2, 4.2)  # inches
_SIZES = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"))


@dataclass(frozen=True)
class Colours:
    """Colours of one theme, as #rrggbb.

    Attributes
    ----------
    ink, faint, ground : str
        Text and axes; grid lines and remarks; what is behind everything.
    pooled, unpooled, benefit : str
        What each always has.
    low, middle, high : str
        Of a correlation of -1, 0 and 1.
    """

    ink: str
    faint: str
    ground: str
    pooled: str
    unpooled: str
    benefit: str
    low: str
    middle: str
    high: str


COLOURS: dict[str, Colours] = {
    "light": Colours(
        ink="#1b1f24", faint="#6a737d", ground="#ffffff", pooled="#0072b2", unpooled="#e69f00", benefit="#009e73",
        low="#b35806", middle="#f7f7f7", high="#2b5c9e",
    ),
    "dark": Colours(
        ink="#e6e8eb", faint="#9aa4af", ground="#15181c", pooled="#56b4e9", unpooled="#f0b429", benefit="#2fbf95",
        low="#f1a340", middle="#2a2e33", high="#79b0f2",
    ),
}  # fmt: skip


def colours_of(theme: str) -> Colours:
    """The colours of a theme.

    Raises
    ------
    InputError
        When there is no such theme.
    """
    if theme not in COLOURS:
        raise InputError([Problem("theme", show(theme), " or ".join(map(repr, COLOURS)), "choose one")])
    return COLOURS[theme]


def matplotlib(name: str = "") -> Any:
    """Matplotlib, or a module of it.

    Raises
    ------
    SimcoreError
        When it is not installed.
    """
    try:
        return import_module(f"matplotlib.{name}" if name else "matplotlib")
    except ImportError:
        raise SimcoreError(
            "pictures need Matplotlib: install simcore with its extra, pip install 'simcore[report]'"
        ) from None


def axes_of(ax: Any, size: tuple[float, float] = SIZE) -> Any:
    """`ax`, or new ones of a figure of this size where it is None.

    Raises
    ------
    InputError
        When it is neither.
    """
    if ax is None:
        return new_axes(size)
    if not isinstance(ax, matplotlib("axes").Axes):
        raise InputError([Problem("ax", show(ax), "matplotlib.axes.Axes, or None", "take those of plt.subplots()")])
    return ax


def pair_of(ax: Any, size: tuple[float, float]) -> Any:
    """As `axes_of`, of two side by side."""
    two = new_axes(size, columns=2) if ax is None else ax
    each = list(two) if isinstance(two, Iterable) else []
    if len(each) != 2 or not all(isinstance(one, matplotlib("axes").Axes) for one in each):
        remedy = "take those of plt.subplots(ncols=2)"
        raise InputError([Problem("ax", show(ax), "a pair of matplotlib.axes.Axes, or None", remedy)])
    return two


def new_axes(size: tuple[float, float] = SIZE, *, columns: int = 1) -> Any:
    """Axes of a new figure; several side by side as an array.

    It is one of pyplot's, so that a notebook shows it. Nothing is shown here.
    """
    _, axes = matplotlib("pyplot").subplots(ncols=columns, figsize=size, layout="constrained")
    return axes


def dress(ax: Any, colours: Colours, *, title: str = "", grid: Literal["x", "y", "both"] | None = None) -> None:
    """Give axes the style: no box, faint grid, colours of text and ticks."""
    ax.figure.set_facecolor(colours.ground)
    ax.set_facecolor(colours.ground)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(colours.faint)
    ax.tick_params(colors=colours.ink, labelcolor=colours.ink, which="both")
    ax.xaxis.label.set_color(colours.ink)
    ax.yaxis.label.set_color(colours.ink)
    if title:
        ax.set_title(title, loc="left", color=colours.ink, fontsize="medium", fontweight="bold", parse_math=False)
    if grid:
        ax.grid(axis=grid, color=colours.faint, alpha=0.25, linewidth=0.6)
        ax.set_axisbelow(True)


def heading(words: str, *names: str, width: int = 76) -> str:
    """A title: names, as many characters of them as `width` leaves, and words.

    >>> heading("VaR and ES", "everything", "base")
    'everything, base: VaR and ES'
    >>> heading("VaR and ES", "a pool with a long name", "2008", width=30)
    'a pool wi..., 2008: VaR and ES'
    """
    each = (width - columns(words) - 2 * len(names)) // len(names)
    spare = sum(max(0, each - columns(name)) for name in names)
    return f"{', '.join(fitted(name, each + spare) for name in names)}: {words}"


def stamp(ax: Any, colours: Colours, plan: Plan, words: str = "", *, below_label: bool = False) -> None:
    """What the picture was made of, small, in the corner below the axes: paths and seed, and more words.

    below_label : whether it stands below the label of the x axis, where ticks have names of several lines
    """
    text = f"{counted(plan.paths, 'path')}, seed {plan.seed}" + (f"; {words}" if words else "")
    down, across = (-3, ("axes fraction", ax.xaxis.label)) if below_label else (-34, "axes fraction")
    ax.annotate(
        text, (1.0, 0.0), xytext=(0, down), xycoords=across, textcoords="offset points", ha="right", va="top",
        fontsize="x-small", color=colours.faint, annotation_clip=False, parse_math=False,
    )  # fmt: skip


def sentence(ax: Any, colours: Colours, words: str) -> None:
    """Words in place of half a picture that has nothing to show."""
    bare(ax)
    ax.text(
        0.5, 0.5, textwrap.fill(words, 30), transform=ax.transAxes, ha="center", va="center", color=colours.ink,
        parse_math=False,
    )  # fmt: skip


def bare(ax: Any) -> None:
    """Take ticks and lines away from axes that have no scale."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def amounts(axis: Any) -> None:
    """Let the ticks of an axis be amounts: 1,000, or 1.5M; with more digits where ticks are close."""

    def words(value: float, _: object) -> str:
        apart = np.diff(axis.get_majorticklocs())
        return short_amount(value, float(apart.min(initial=math.inf, where=apart > 0.0)))

    axis.set_major_formatter(words)


def percents(axis: Any) -> None:
    """Let the ticks of an axis be shares of 1 in per cent."""
    axis.set_major_formatter(lambda value, _: f"{100.0 * value:z.10g} %")


def short_amount(value: float, apart: float = math.inf) -> str:
    """An amount in few characters, but as many as tell it from one that is `apart` from it.

    >>> [short_amount(x) for x in (0.0, 0.25, 950.0, 12_500.0, -3_000_000.0, 2.5e9)]
    ['0', '0.25', '950', '12,500', '-3M', '2.5bn']
    >>> [short_amount(x, apart=0.1) for x in (106.8, 106.9, 107.0)]
    ['106.8', '106.9', '107']
    """
    size, unit = next(((size, unit) for size, unit in _SIZES if abs(value) >= size), (1.0, ""))
    scaled = value / size
    text = f"{scaled:,.0f}" if abs(scaled) >= 100.0 and not unit else f"{scaled:.4g}"
    if abs(float(text.replace(",", "")) - scaled) * size > 0.01 * apart:
        text = f"{scaled:,.{max(0, math.ceil(-math.log10(apart / size)))}f}"
    return text + unit


def in_lines(words: str, width: int, most: int) -> str:
    """`words` in lines of `width` characters; the last one is cut where so many lines do not suffice.

    >>> in_lines("shares and bonds of the pension fund", 12, 2)
    'shares and\\nbonds of ...'
    """
    lines = textwrap.wrap(words, width)
    if len(lines) > most:
        lines[most - 1 :] = [fitted(" ".join(lines[most - 1 :]), width)]
    return "\n".join(lines)
