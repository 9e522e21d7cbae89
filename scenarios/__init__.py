"""scenarios: text in, simcore's types out.

A scenario is one TOML file: a universe, its positions and pools, its shocks, how to simulate. `load` reads it once,
says everything that is wrong with it at once, and returns what the engine takes: cases and a plan.
"""

import importlib
from typing import Any

_EXPORTS = {
    "Moments": "scenarios.moments",
    "Scenario": "scenarios.build",
    "describe": "scenarios.library",
    "from_document": "scenarios.loader",
    "json_schema": "scenarios.editor",
    "load": "scenarios.loader",
    "moments_of": "scenarios.calibrate",
    "names": "scenarios.library",
    "validate": "scenarios.loader",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'scenarios' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
