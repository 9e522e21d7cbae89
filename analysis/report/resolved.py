"""The scenario as resolved, as text that a page can hold."""

from collections.abc import Mapping
from typing import Any

from analysis.toml import toml_of
from simcore.errors import some

MOST_NUMBERS = 10_000  # of all matrices together: some 200 kB
MOST_CHARACTERS = 250_000


def resolved_text(resolved: Mapping[str, Any]) -> tuple[str, str]:
    """The TOML of a resolved scenario, and what was left out of it.

    Parameters
    ----------
    resolved : mapping
        As `scenarios.Scenario.resolved`.

    Returns
    -------
    text : str
    left_out : str
        Empty where the text is whole: then it is a scenario file.
    """
    left_out = []
    if _numbers(resolved) > MOST_NUMBERS:
        resolved = _without_matrices(resolved)
        left_out.append("its matrices")
    text = _visible(toml_of(resolved))
    if len(text) > MOST_CHARACTERS:
        kept = text[:MOST_CHARACTERS].rpartition("\n")[0] + "\n"
        left_out.append(f"its last {text.count(chr(10)) - kept.count(chr(10)):,} lines")
        text = kept
    return text, some(left_out)


def _visible(text: str) -> str:
    """The same TOML, with codes in place of what cannot be seen: all of it stands inside quotes."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\U{ord(c):08X}" for c in text)


def _is_matrix(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _numbers(value: Any) -> int:
    """How many numbers the matrices in `value` hold."""
    if _is_matrix(value):
        return sum(map(len, value))
    if isinstance(value, Mapping):
        return sum(map(_numbers, value.values()))
    return sum(map(_numbers, value)) if isinstance(value, list) else 0


def _without_matrices(value: Any) -> Any:
    if _is_matrix(value):
        return f"{len(value):,} rows of {len(value[0]):,}, left out"
    if isinstance(value, Mapping):
        return {key: _without_matrices(inner) for key, inner in value.items()}
    return list(map(_without_matrices, value)) if isinstance(value, list) else value
