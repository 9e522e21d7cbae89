"""Runs for the tests of pictures, and what can be read off axes."""

import dataclasses

import analysis
import scenarios
from simcore import Pool, PoolTree


def run_of(*cases, plan, **changes):
    """A run of cases from arrays; `changes` to the scenario: currency, relative_to."""
    empty = scenarios.load("three_assets", overrides={"simulation.paths": 1000})
    return analysis.run(dataclasses.replace(empty, cases=cases, plan=plan, **changes))


def renamed(case, name, pool, position="{}"):
    """A case of one pool with other names of itself, its pool and its positions."""
    tree = case.pools
    positions = [dataclasses.replace(one, name=position.format(one.name)) for one in tree.positions]
    members = [position.format(member) for member in tree.pools[0].members]
    return dataclasses.replace(case, name=name, pools=PoolTree(positions, [Pool(pool, tuple(members))]))


def cells(run, node, view, measure, confidence, *, case="base"):
    """Value, low and high of a row of the table, found without `analysis.lookup`."""
    wanted = (case, node, view, measure, confidence)
    (row,) = (r for r in run.rows if (r.case, r.node, r.view, r.measure, r.confidence) == wanted)
    return row.value, row.low, row.high


def words(ax):
    """All that is written in the axes."""
    return [text.get_text() for text in ax.texts]


def boxes(ax):
    """Where it is written, in pixels."""
    ax.figure.canvas.draw()
    return [text.get_window_extent() for text in ax.texts]


def overlapping(ax):
    """Pairs of words of which one lies over the other."""
    placed = list(zip(words(ax), boxes(ax), strict=True))
    return [(one, other) for i, (one, a) in enumerate(placed) for other, b in placed[:i] if a.overlaps(b)]


def title_of(ax):
    """The title on the left, which `get_title` gives no more than the words of."""
    from matplotlib.text import Text

    written = ax.get_title(loc="left")
    return next(child for child in ax.get_children() if isinstance(child, Text) and child.get_text() == written)


def cut_off(ax):
    """Words that the picture does not hold, its title among them."""
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    others = [title_of(ax), ax.xaxis.label, ax.yaxis.label]
    return [
        text.get_text()
        for text, box in ((text, text.get_window_extent()) for text in [*ax.texts, *others] if text.get_text())
        if box.x0 < whole.x0 or box.x1 > whole.x1 or box.y0 < whole.y0 or box.y1 > whole.y1
    ]
