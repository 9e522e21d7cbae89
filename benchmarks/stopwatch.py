"""A clock for pytest-benchmark that shows the seconds which another process measured."""

from collections.abc import Sequence
from typing import Any


class Stopwatch:
    """It stands still but for what it is told."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        return self._now

    def replay(self, benchmark: Any, seconds: Sequence[float]) -> None:
        """Enter the rounds' seconds into pytest-benchmark's table; the test's mark names this clock as its timer."""
        laps = iter(seconds)

        def lap() -> None:
            self._now += next(laps)

        benchmark.pedantic(lap, rounds=len(seconds), iterations=1)


stopwatch = Stopwatch()
