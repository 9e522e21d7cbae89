"""Pictures of a run, drawn with Matplotlib (the extra `report`).

Every function takes what `analysis.run` gives, draws into `ax` or into new axes, and returns them; none shows anything.
Each module holds one picture: what is drawn, as arrays, and the drawing of it. None has the name of its
function, or the two would shadow each other.
"""

import importlib
from typing import Any

_EXPORTS = {
    "benefit_by_case": "analysis.plots.benefits",
    "convergence": "analysis.plots.converging",
    "correlations": "analysis.plots.matrices",
    "fan": "analysis.plots.paths",
    "loss_density": "analysis.plots.density",
    "pool_tree": "analysis.plots.tree",
    "tail_curve": "analysis.plots.tails",
    "waterfall": "analysis.plots.levels",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'analysis.plots' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
