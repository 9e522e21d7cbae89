"""How a run is cut: blocks into batches, batches into ranges.

Every cut is at an aligned power of two, but where ranges do not begin with the first batch.

The batches are the ranges of the lowest level of the binary tree over blocks that has at most 256 of them.
"""

from dataclasses import dataclass

from simcore.kernels.block import BLOCK

MOST_BATCHES = 256


@dataclass(frozen=True)
class Layout:
    """Blocks and batches of a run of `paths` paths.

    Attributes
    ----------
    paths, blocks : int
    span : int
        Blocks in a whole batch, a power of two.
    batches : int
        At most 256; the last may be short.
    """

    paths: int
    blocks: int
    span: int
    batches: int

    def ranges(self, pieces: int, start: int = 0) -> list[tuple[int, int]]:
        """Aligned power-of-two ranges of batches [first, last): at least `pieces`, where there are as many batches.

        start : the first batch wanted; the range that holds it begins with it, and those before it are left away
        """
        size = 1
        while size < self.batches and -(-self.batches // (2 * size)) >= pieces:
            size *= 2
        cut = [(first, min(first + size, self.batches)) for first in range(0, self.batches, size)]
        return [(max(first, start), last) for first, last in cut if last > start]

    def batch_paths(self, batch: int) -> int:
        """Paths of one batch."""
        size = self.span * BLOCK
        return min(size, self.paths - batch * size)


def layout(paths: int) -> Layout:
    """The layout of a run.

    >>> layout(1_000_000)
    Layout(paths=1000000, blocks=1954, span=8, batches=245)
    """
    blocks = -(-paths // BLOCK)
    span = 1
    while -(-blocks // span) > MOST_BATCHES:
        span *= 2
    return Layout(paths, blocks, span, -(-blocks // span))
