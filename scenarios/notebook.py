"""What a notebook shows of a scenario, and the pieces of HTML that all results are shown with.

Nothing sets a colour, so that each notebook, light or dark, shows its own. All text is escaped, and MathJax is told to
leave it alone: a name such as ``<script>`` or ``$x$`` stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from scenarios.words import counted, plan_words
from simcore.dependence import Bootstrap, Factors, StudentT
from simcore.errors import some

if TYPE_CHECKING:
    from scenarios.build import Scenario
    from simcore.market import Market


def shown(*parts: str) -> str:
    """Pieces of HTML as one that a notebook shows; what is wider than the page is scrolled."""
    return f'<div class="tex2jax_ignore mathjax_ignore" style="overflow-x: auto">{"".join(parts)}</div>'


def paragraph(text: str) -> str:
    """A text of its own."""
    return f"<p>{escape(text)}</p>"


def cell(text: str, *, head: str = "", columns: int = 1, left: bool = False) -> str:
    """A cell of a table.

    Parameters
    ----------
    text : str
    head : {"", "col", "colgroup", "row", "rowgroup"}
        What it is the head of, if of anything.
    columns : int
        That it spans.
    left : bool
        Whether its text stands at the left; numbers stand at the right.
    """
    tag, scope = ("th", f' scope="{head}"') if head else ("td", "")
    span = f' colspan="{columns}"' if columns > 1 else ""
    style = "text-align: left" if left else "text-align: right; white-space: nowrap"
    return f'<{tag}{scope}{span} style="{style}; padding: 0.1em 0.5em">{escape(text)}</{tag}>'


def table(heads: Iterable[Iterable[str]], lines: Iterable[Iterable[str]]) -> str:
    """A table of cells, line by line; the heads are repeated where it is printed."""
    above, below = ("".join(f"<tr>{''.join(line)}</tr>" for line in part) for part in (heads, lines))
    return f"<table>{f'<thead>{above}</thead>' if above else ''}<tbody>{below}</tbody></table>"


def scenario_html(scenario: Scenario) -> str:
    """What the scenario is, in few lines: what there is, how it moves together, what is held, how it is simulated."""
    base, plan = scenario.cases[0], scenario.plan
    tree = base.pools
    total = sum(position.value for position in tree.positions)
    parts = {
        "assets": f"{len(base.market.names):,}: {some(base.market.names)}",
        "returns": _law(base.market),
        "positions": f"{len(tree.positions):,}, together {total:,.10g} {scenario.currency}".rstrip(),
        "pools": some(pool.name for pool in tree.pools),
        "cases": some(case.name for case in scenario.cases),
        "simulation": plan_words(plan),
        "confidence": ", ".join(map(str, plan.confidences)),
    }
    lines = [[cell(name, head="row", left=True), cell(text, left=True)] for name, text in parts.items()]
    lines += [[cell("caution", head="row", left=True), cell(one, left=True)] for one in scenario.cautions]
    told = f"{scenario.name}: {' '.join(scenario.description.split())}".removesuffix(": ")
    return shown(paragraph(told), table([], lines))


def _law(market: Market) -> str:
    """The law of the returns in words."""
    law = market.dependence
    if isinstance(law, Bootstrap):
        blocks = "row by row" if law.mean_block == 1.0 else f"in blocks of {law.mean_block:g} on average"
        return f"{market.compounding}, {len(law.rows):,} rows of a history, {blocks}"
    dof = law.dof if isinstance(law, (StudentT, Factors)) else None
    innovation = "normal" if dof is None else f"Student-t with {dof:g} degrees of freedom"
    count = law.loadings.shape[1] if isinstance(law, Factors) else 0
    factors = f", {counted(count, 'factor')}" if count else ""
    return f"{market.compounding}, {innovation}{factors}"
