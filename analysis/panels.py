"""Panels of a text table: blocks of columns side by side, as many as the width takes, a line for each case and pool."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from analysis.text import WIDTH, aligned, columns


class Block(NamedTuple):
    """Columns that stay together: a title over them, their heads, and their cells, a row per line."""

    title: str
    heads: tuple[str, ...]
    cells: list[tuple[str, ...]]


class Notes:
    """Footnotes, numbered in the order of their first use, and the marks at the end of each line."""

    def __init__(self, lines: int) -> None:
        self.numbers: dict[str, int] = {}
        self.line: list[list[str]] = [[] for _ in range(lines)]

    def mark(self, note: str) -> str:
        """The marks of a note, to stand in a cell in place of its figure."""
        return "".join(f"[{self.numbers.setdefault(n, len(self.numbers) + 1)}]" for n in note.split("; "))

    def caution(self, line: int, note: str | None) -> None:
        """Put the marks of a note at the end of a line, each once."""
        for part in (note or "").split("; "):
            if part and self.mark(part) not in self.line[line]:
                self.line[line].append(self.mark(part))


def panels_of(lines: Sequence[tuple[str, str]], blocks: Sequence[Block], notes: Notes) -> list[str]:
    """The blocks as text, filled from the left into as many tables as the width asks for.

    Parameters
    ----------
    lines : sequence of (case, pool)
    blocks : sequence of Block
        Each with a row of cells for each line.
    notes : Notes
        Whose marks stand at the ends of the lines.
    """
    return ["\n".join(_panel(lines, group, notes)) for group in _groups(lines, blocks, notes)]


def _widths(block: Block) -> list[int]:
    widths = [max(map(len, column)) for column in zip(block.heads, *block.cells, strict=True)]
    widths[0] += max(0, len(block.title) - sum(widths) - len(widths) + 1)
    return widths


def _groups(lines: Sequence[tuple[str, str]], blocks: Sequence[Block], notes: Notes) -> list[list[Block]]:
    names = 2 + max((columns(pool) for _, pool in lines), default=4)
    ends = max((sum(map(len, marks)) for marks in notes.line), default=0) + 1
    groups, used = [[]], names + ends
    for block in blocks:
        width = 2 + sum(_widths(block)) + len(block.heads) - 1
        if groups[-1] and used + width > WIDTH:
            groups.append([])
            used = names + ends
        groups[-1].append(block)
        used += width
    return groups


def _panel(lines: Sequence[tuple[str, str]], blocks: Sequence[Block], notes: Notes) -> Iterable[str]:
    """One table: two lines of heads, and under each case the pools that have something in it."""
    widths = [_widths(block) for block in blocks]
    names = 2 + max((columns(pool) for _, pool in lines), default=4)
    titles = [block.title.rjust(sum(width) + len(width) - 1) for block, width in zip(blocks, widths, strict=True)]
    heads = [_cells(block.heads, width) for block, width in zip(blocks, widths, strict=True)]
    yield "  ".join([" " * names, *titles]).rstrip()
    yield (ruler := "  ".join(["pool".ljust(names), *heads]))
    yield "-" * len(ruler)
    case = None
    for i, line in enumerate(lines):
        parts = [_cells(block.cells[i], width) for block, width in zip(blocks, widths, strict=True)]
        if not any(part.strip() for part in parts):
            continue
        if line[0] != case:
            case = line[0]
            yield case
        marks = "".join(notes.line[i])
        yield ("  ".join(["  " + aligned(line[1], names - 2), *parts]) + " " + marks).rstrip()


def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
