"""What the command line says: results on stdout, all else on stderr."""

import contextlib
import gc
import logging
import sys
from collections.abc import Sequence


def hush(quiet: bool) -> None:
    """Whether the log is silent below errors."""
    logging.getLogger("simcore").setLevel(logging.ERROR if quiet else logging.NOTSET)


def look_for_garbage() -> None:
    """From here on: what was imported and read before is none. `simcore.__main__` turned it off for the start."""
    gc.freeze()
    gc.enable()


def say(text: str) -> None:
    """A line on stderr."""
    with contextlib.suppress(OSError):  # a stderr that nobody reads must not end the run
        print(f"simcore: {text}", file=sys.stderr, flush=True)


def tell_cautions(source: str, cautions: Sequence[str]) -> None:
    """A line on stderr for each."""
    for caution in cautions:
        say(f"{source}: caution: {caution}")


def print_result(text: str, *, machine: bool = False) -> None:
    """Print a result; JSON and TOML are UTF-8 whatever the terminal is."""
    if sys.stdout is None:
        raise OSError("stdout is closed")
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if machine and reconfigure:
        reconfigure(encoding="utf-8")
    print(text, flush=True)  # a reader who left early is noticed here, where the command line still handles it
