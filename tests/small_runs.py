"""Small scenarios that pictures are tested with, and the hard ones: many positions, long names, names with markup."""

import analysis
import scenarios

HOSTILE = [
    "<script>alert(1)</script>",
    "$x$ & $\\frac{1}",
    "=HYPERLINK(0)",
    "a name of many words " * 6 + "end",
    "_^{%",
]
NESTED = [
    {"name": "everything", "members": ["inner", "other", "a5"]},
    {"name": "inner", "members": ["a0", "deep"]},
    {"name": "deep", "members": ["a1", "a2"]},
    {"name": "other", "members": ["a3", "a4"]},
]
TIGHT = {"name": "tight", "changes": [{"correlation": {"toward": 1.0, "weight": 0.5}}]}


def document(names, *, values=100.0, pools=(), shocks=(), paths=12_000, steps=1, measures=(), **universe):
    """A scenario of these assets, a quarter of a year, with a position of each; `universe` is more of its keys."""
    values = values if isinstance(values, list) else [values] * len(names)
    assets = [
        {"name": name, "class": "x", "expected_return": 0.05, "volatility": 0.1 + 0.02 * (i % 7), "value": value}
        for i, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    law = {} if "factors" in universe else {"correlation": 0.3}
    return {
        "schema": 1,
        "name": "small",
        "currency": "EUR",
        "universe": {"assets": assets, **law, **universe},
        "pools": list(pools) or [{"name": "pool", "members": list(names)}],
        "shocks": list(shocks),
        "simulation": {"paths": paths, "horizon_years": 0.25, "seed": 7, "steps": steps},
        "measures": {"confidence": [0.95, 0.99], **dict(measures)},
    }


def small_run(names=("a0", "a1", "a2"), **changes):
    """`analysis.run` of `document`."""
    return analysis.run(scenarios.from_document(document(list(names), **changes)))


def nested_run(**changes):
    """Six positions in pools at three depths."""
    return small_run([f"a{i}" for i in range(6)], pools=NESTED, **changes)


def with_rows(run, change):
    """The run with each row of its table changed by `change`."""
    return run._replace(rows=[change(row) for row in run.rows])


def words_of(ax):
    """All that is written in the figure of the axes."""
    from matplotlib.text import Text

    ax.figure.canvas.draw()
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_visible() and text.get_text()]
