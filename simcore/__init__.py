"""simcore: joint returns simulated through a Cholesky factor or a factor model, summed into pools.

Arrays in, summaries out: no files, no tables, no printing. `simulate` runs cases, `replay` computes chosen paths again.
"""

import importlib
from typing import Any

_EXPORTS = {
    "Bootstrap": "simcore.dependence",
    "BoundedTail": "simcore.tails",
    "CapacityError": "simcore.errors",
    "Case": "simcore.case",
    "Factors": "simcore.dependence",
    "Gaussian": "simcore.dependence",
    "InputError": "simcore.errors",
    "Market": "simcore.market",
    "Plan": "simcore.case",
    "Pool": "simcore.pools",
    "PoolTree": "simcore.pools",
    "Position": "simcore.pools",
    "Problem": "simcore.errors",
    "SimcoreError": "simcore.errors",
    "StudentT": "simcore.dependence",
    "Summary": "simcore.summary",
    "Tail": "simcore.tails",
    "factor": "simcore.correlation",
    "lower": "simcore.lowering",
    "merge": "simcore.summary",
    "nearest_correlation": "simcore.repair",
    "Paths": "simcore.simulation",
    "replay": "simcore.simulation",
    "Simulation": "simcore.simulation",
    "simulate": "simcore.simulation",
    "standardised": "simcore.dependence",
}

__all__ = sorted(_EXPORTS)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'simcore' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
