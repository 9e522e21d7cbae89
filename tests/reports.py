"""What the tests of reports share: scenarios, and pictures that are drawn at once."""

from xml.sax.saxutils import escape

import numpy as np

from analysis import plots
from analysis.report import pictures

PICTURES = (
    "benefit_by_case",
    "loss_density",
    "waterfall",
    "tail_curve",
    "correlations",
    "pool_tree",
    "fan",
    "convergence",
)
HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","x")',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }} {% raw %}",
    "a | b \\| `c` *d* _e_ [f](https://evil.example) www.evil.example",
    "$x^2$ ~~y~~ &amp; &lt;b&gt; #h",
    "\u05e2\u05d1\u05e8\u05d9\u05ea (1)",
    "]]> --> </title></style></svg>",
    "x" * 200,
    "\u57fa\u91d1 \U0001f600",
)


def document(count=3, *, names=None, shocks=1, pools=None, paths=2000, name="small", **keys):
    """A scenario of `count` assets with positions of their own names, and so many shocks."""
    names = names or [f"asset {i}" for i in range(count)]
    assets = [
        {"name": its, "expected_return": 0.01 * i / count, "volatility": 0.1 + 0.2 * i / count, "value": 1000.5 + i}
        for i, its in enumerate(names)
    ]
    law = {"factors": [[0.5]] * len(names)} if count > 100 else {"correlation": 0.3}
    doubled = [{"name": f"shock {i}", "changes": [{"volatility": {"multiply": 1.0 + i / 10}}]} for i in range(shocks)]
    return {
        "schema": 1,
        "name": name,
        "currency": "EUR",
        "universe": {**law, "assets": assets},
        "pools": pools or [{"name": "all of it", "members": list(names)}],
        "shocks": doubled,
        "simulation": {"paths": paths, "horizon_years": 0.25, "seed": 5},
        "measures": {"confidence": [0.95, 0.99]},
        **keys,
    }


SMALL = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">
<defs><path id="m1" d="M 0 0"/></defs><use xlink:href="#m1" style="fill: #0072b2"/><text>{}</text></svg>"""


def draw_at_once(monkeypatch):
    """Put a small picture in the place of each; what was asked for, in the order it was."""
    asked = []

    def draw(run, kind, case):
        asked.append((kind.function, case))
        return SMALL.format(escape(f"{kind.function} of {case}"))

    monkeypatch.setattr(pictures, "_svg_of", draw)
    return asked


def draw_little(monkeypatch):
    """Put a line in the place of what each function of `analysis.plots` draws; the axes that they were given."""
    given = []

    def draw(run, *, case=None, ax=None):
        given.append(ax)
        for one in np.ravel(ax):
            one.plot([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], color="#0072b2")
            one.set_title(f"{case}", parse_math=False)
        return ax

    for name in PICTURES:
        monkeypatch.setattr(plots, name, draw, raising=False)
    return given
