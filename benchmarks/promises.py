"""How many times as fast as its rivals simcore is to be: what must hold, and what is aimed for."""

from collections.abc import Iterable
from typing import NamedTuple

SHOWN = ("numpy", "scipy", "mkl_random", "QuantLib", "jax")  # as their documentation shows them
TUNED = ("numpy tuned", "mkl_random tuned", "torch tuned")  # in blocks
PILOTED = ("numpy, pilot", "mkl_random, pilot", "torch, pilot")  # with simcore's own ways, too
SLACK = 0.8  # of what must hold, for the noise of one run


class Promise(NamedTuple):
    """Of heats of these assets and steps; against `rivals` it is asserted."""

    least: int
    most: int
    steps: int
    horizon_only: bool
    precision: str
    rivals: tuple[str, ...]
    must: float
    aim: float

    def __str__(self) -> str:
        n = f"n = {self.least}" if self.least == self.most else f"n = {self.least} to {self.most}"
        words = [n, f"T = {self.steps}" + ", horizon only" * self.horizon_only]
        return ", ".join([*words, "single"] if self.precision == "single" else words)

    def is_of(self, n: int, steps: int, precision: str, horizon_only: bool) -> bool:
        """Whether it is about such a heat."""
        same = (self.steps, self.horizon_only, self.precision) == (steps, horizon_only, precision)
        return same and self.least <= n <= self.most


PROMISES = (
    Promise(10, 50, 1, False, "double", ("numpy",), 12.0, 18.0),
    Promise(10, 50, 1, False, "double", SHOWN, 6.0, 9.0),
    Promise(500, 500, 1, False, "double", ("numpy",), 4.5, 6.0),
    Promise(500, 500, 1, False, "double", SHOWN, 2.0, 3.0),
    Promise(2000, 2000, 1, False, "double", ("numpy",), 3.0, 4.0),
    Promise(2000, 2000, 1, False, "double", SHOWN, 1.2, 1.6),
    Promise(10, 50, 12, False, "double", ("numpy",), 4.5, 6.0),
    Promise(10, 50, 12, False, "double", SHOWN, 1.3, 2.0),
    Promise(500, 2000, 12, False, "double", SHOWN, 1.0, 1.2),
    Promise(10, 10, 12, True, "double", SHOWN, 8.0, 8.0),
    Promise(10, 10, 252, True, "double", SHOWN, 100.0, 100.0),
    Promise(10, 50, 1, False, "single", SHOWN, 2.5, 5.0),
    Promise(500, 2000, 1, False, "single", SHOWN, 2.0, 2.5),
)


def least(ratios: Iterable[tuple[str, float]], rivals: tuple[str, ...]) -> float | None:
    """The least of the ratios to these rivals; None where none of them ran."""
    return min((ratio for peer, ratio in ratios if peer in rivals), default=None)
