"""A report as Markdown (GitHub's), with its pictures as files beside it.

Whatever a name says stays text: every mark that means something in Markdown or HTML is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from analysis.report.content import TITLES, Content
from analysis.report.pictures import Picture
from analysis.report.tables import Table

_MARKS = re.compile(r"[\\`*_\[\]|~$#!]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def markdown_of(contents: Sequence[Content], folder: str) -> dict[str, str]:
    """The files of a report.

    Parameters
    ----------
    contents : sequence of Content
        Of one run each.
    folder : str
        The name of the folder of its pictures.

    Returns
    -------
    dict of str to str
        The pictures by their names, ``folder/...svg``, and the text by the name ``""``, which comes last.
    """
    writer = _Writer(folder)
    several = len(contents) > 1
    parts = [f"# {len(contents)} scenarios"] if several else []
    for content in contents:
        parts += writer.content(content, 2 if several else 1)
    return {**writer.files, "": "\n\n".join(parts) + "\n"}


def escaped(text: str) -> str:
    """`text` in one line, as Markdown that shows it.

    >>> escaped("a|b_c <script>")
    'a\\\\|b\\\\_c &lt;script&gt;'
    """
    line = _MARKS.sub(r"\\\g<0>", " ".join(text.split()))
    line = re.sub(r"[&<>]", lambda found: _ENTITIES[found[0]], line)
    line = re.sub(r"^(\d*)([-+.)])(?=[\s-]|$)", r"\1\\\2", line)  # which would begin a list, or be a rule
    return line.replace("://", "&#58;//").replace("www.", "www&#46;")  # which would become links


class _Writer:
    """Writes parts of the text, and collects the pictures that they show."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.files: dict[str, str] = {}

    def content(self, content: Content, level: int) -> Iterator[str]:
        """The paragraphs of one run."""
        section, case = "#" * (level + 1), "#" * (level + 2)
        yield f"{'#' * level} {escaped(content.name)}"
        if content.description:
            yield escaped(content.description)
        yield f"**{escaped(content.answer)}**"
        yield escaped(content.about)
        yield f"{section} {TITLES['remarks']}"
        yield _items(f"**{kind}** {escaped(words)}" for kind, words in content.remarks)
        yield f"{section} {TITLES['cases']}"
        yield from _table(content.cases)
        yield from self._pictures(content.pictured(None))
        yield f"{section} {TITLES['sections']}"
        yield from map(escaped, content.left_out())
        for its in content.sections:
            yield f"{case} {escaped(its.case)}"
            for table in its.tables:
                yield from _table(table)
            yield from self._pictures(content.pictured(its.case))
        yield f"{section} {TITLES['meanings']}"
        yield _items(map(escaped, content.meanings))
        yield f"{section} {TITLES['again']}"
        yield _rows(["", ""], ["---", "---"], [[escaped(key), escaped(words)] for key, words in content.manifest])
        yield escaped(content.again)
        yield _fenced(content.command, "")
        yield f"{section} {TITLES['resolved']}"
        yield escaped(content.whole)
        yield _fenced(content.resolved.rstrip("\n"), "toml")

    def _pictures(self, pictures: Sequence[Picture]) -> Iterator[str]:
        for picture in pictures:
            name = f"{self.folder}/{len(self.files) + 1:02}-{picture.kind}.svg"
            self.files[name] = picture.svg + "\n"
            yield f"![{escaped(picture.words)}]({quote(name)})"
            yield f"*{escaped(picture.reading)}*"


def _table(table: Table) -> Iterator[str]:
    """A table under its caption: one line of heads, since Markdown has no more."""
    noted = any(table.marks)
    heads = [table.what]
    for block in table.blocks:
        heads += [f"{block.title}, {head}" if block.title else head for head in block.heads]
    rules = ["---"] + ["---:"] * (len(heads) - 1)
    lines = [[name, *(cell for block in table.blocks for cell in block.cells[i])] for i, name in enumerate(table.names)]
    if noted:
        heads, rules = [*heads, "notes"], [*rules, "---"]
        lines = [[*line, mark] for line, mark in zip(lines, table.marks, strict=True)]
    yield f"**{escaped(table.caption)}**"
    yield _rows(list(map(escaped, heads)), rules, [list(map(escaped, line)) for line in lines])
    if table.words:
        yield escaped(table.words)
    if table.notes:
        yield _items(escaped(f"{mark} {note}") for mark, note in table.notes)


def _rows(heads: Sequence[str], rules: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *lines))


def _items(words: Iterable[str]) -> str:
    return "\n".join(f"- {one}" for one in words)


def _fenced(text: str, language: str) -> str:
    """A block of code, behind a fence that is longer than any in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"
