"""Files that can be read once."""

import contextlib
import os
import threading


@contextlib.contextmanager
def piped(content):
    """The path of a pipe that holds `content`."""
    reads, writes = os.pipe()

    def write():
        with open(writes, "wb") as pipe, contextlib.suppress(BrokenPipeError):
            pipe.write(content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield f"/dev/fd/{reads}"
    finally:
        os.close(reads)
        writer.join()
