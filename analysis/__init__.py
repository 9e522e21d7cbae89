"""analysis: results turned into estimates, one tidy table, text and JSON, pictures and reports.

`compare` runs a scenario and returns the table, `run` what pictures (`plots`) and reports (`write_report`) are made of;
`mean`, `volatility`, `value_at_risk` and `expected_shortfall` are plain functions of an array of losses.
"""

import importlib
from typing import Any

_EXPORTS = {
    "COLUMNS": "analysis.comparison",
    "Estimate": "analysis.estimate",
    "Row": "analysis.comparison",
    "Run": "analysis.runs",
    "benefit": "analysis.estimate",
    "compare": "analysis.frames",
    "compare_cases": "analysis.frames",
    "delta_method": "analysis.estimate",
    "difference": "analysis.estimate",
    "document_of": "analysis.document",
    "estimate_of": "analysis.figures",
    "expected_loss": "analysis.expectation",
    "expected_shortfall": "analysis.measures",
    "mean": "analysis.measures",
    "render": "analysis.table",
    "rows": "analysis.comparison",
    "run": "analysis.runs",
    "total": "analysis.estimate",
    "value_at_risk": "analysis.measures",
    "volatility": "analysis.measures",
    "write_report": "analysis.report.writing",
}

_PACKAGES = ("plots",)

__all__ = sorted([*_EXPORTS, *_PACKAGES])


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"analysis.{name}")
    if name not in _EXPORTS:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
