"""How far a run is, on stderr: one line that is rewritten on a terminal, a plain line now and then elsewhere.

It looks at the engine from outside: ranges done of ranges in all. Figures do not know of it.
"""

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from analysis.text import columns, fitted
from simcore.engines import Engine

_QUIET_SECONDS = 1.0  # what takes no longer shows nothing
_PLAIN_SECONDS = 10.0  # between plain lines where there is no terminal


def with_progress(
    engine: Engine, label: str, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
) -> Engine:
    """`engine`, saying on `stream` how much of its work is done and how long the rest will take.

    Parameters
    ----------
    engine : callable
        As `simcore.engines.threads` gives it.
    label : str
        What is run. What a pass does with it is said by the name of its task.
    stream : file, optional
        stderr when absent.
    clock : callable
        Seconds.

    Returns
    -------
    callable
        An engine with the same results.
    """
    out = stream or sys.stderr
    began = clock()

    def shown(task: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        doing = getattr(task, "__name__", "working").replace("_", " ")
        line = _Line(f"{label}: {doing}", len(items), out, clock, began)

        def counted(item: Any) -> Any:
            result = task(item)
            line.advance()
            return result

        try:
            return engine(counted, items)
        finally:
            line.clear()

    return shown


class _Line:
    """The line of one pass over the items; any thread may advance it."""

    def __init__(self, label: str, items: int, stream: TextIO, clock: Callable[[], float], run_began: float) -> None:
        self.label, self.items, self.stream, self.clock = label, items, stream, clock
        self.terminal = stream.isatty()
        self.done, self.width = 0, 0
        self.began = clock()
        self.next = run_began + (_QUIET_SECONDS if self.terminal else _PLAIN_SECONDS)
        self.lock = threading.Lock()

    def advance(self) -> None:
        with self.lock:
            self.done += 1
            now = self.clock()
            if now < self.next or self.done == self.items:
                return
            left = (now - self.began) / self.done * (self.items - self.done)
            what, far = (
                f"simcore: {self.label}",
                f", {100 * self.done // self.items} % done, about {duration(left)} left",
            )
            text = what + far
            if self.terminal:  # what wraps cannot be rewritten
                width = shutil.get_terminal_size().columns - 1
                text = fitted(fitted(what, width - len(far)) + far, width)
                self._write("\r" + text + " " * (self.width - columns(text)))
                self.width = columns(text)
            else:
                self.next = now + _PLAIN_SECONDS
                self._write(text + "\n")

    def clear(self) -> None:
        if self.width:
            self._write("\r" + " " * self.width + "\r")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # a stderr that nobody reads must not end the run
            self.stream.write(text)
            self.stream.flush()


def duration(seconds: float) -> str:
    """A time in words, as precise as an estimate deserves.

    >>> [duration(s) for s in (0.2, 8.4, 100, 3000, 9000)]
    ['1 s', '8 s', '1 min 40 s', '50 min', '2 h 30 min']
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
