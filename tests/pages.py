"""What stands in a report: a page of HTML, or Markdown, read back into tables and text."""

import html
import re
from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Table(NamedTuple):
    """A table as it is printed: its caption, the heads of its columns with their group, and its lines of text."""

    caption: str
    heads: list[str]
    lines: list[list[str]]
    last: list[str]  # below a rule: what is summed

    def cells(self, name):
        """The cells of a line, by the heads of their columns."""
        (line,) = [line for line in self.lines if line[0] == name]
        return dict(zip(self.heads[1:], line[1:], strict=True))


class Page(HTMLParser):
    """A page: every element with its attributes, its tables and its headings."""

    def __init__(self, text):
        super().__init__()
        self.elements = []  # (tag, attributes)
        self.texts = {}  # all text of a tag
        self.tables = []
        self.headings = []  # (level, text)
        self._open = []
        self._rows = {}
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self._rows = {"caption": "", "thead": [], "tbody": [], "tfoot": []}
        if tag == "tr":
            self._rows[self._open[-2]].append([])
        if tag in ("th", "td"):
            self._rows[self._open[-3]][-1].append([dict(attrs), ""])
        if re.fullmatch(r"h\d", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, (tag, self.getpos())
        if tag == "table":
            self.tables.append(self._table())

    def handle_data(self, data):
        for tag in self._open:
            self.texts[tag] = self.texts.get(tag, "") + data
        if self._open and re.fullmatch(r"h\d", self._open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        if "caption" in self._open:
            self._rows["caption"] += data
        elif "th" in self._open or "td" in self._open:
            section = next(tag for tag in ("thead", "tbody", "tfoot") if tag in self._open)
            self._rows[section][-1][-1][1] += data

    def _table(self):
        first, second = self._rows["thead"]
        heads, below = [], iter(second)
        for attributes, text in first:
            if "rowspan" in attributes:
                heads.append(text)
            else:
                heads += [f"{text}, {next(below)[1]}" for _ in range(int(attributes["colspan"]))]
        lines, last = ([[text for _, text in row] for row in self._rows[part]] for part in ("tbody", "tfoot"))
        assert all(len(line) == len(heads) for line in [*lines, *last])
        return Table(self._rows["caption"], heads, lines, last[0] if last else [])

    def attributes(self, *names):
        """Every value of these attributes."""
        return [value for _, attributes in self.elements for name, value in attributes.items() if name in names]

    def all(self, tag):
        """The attributes of every element of a kind."""
        return [attributes for its, attributes in self.elements if its == tag]


def shown(text):
    """What a reader of Markdown sees of a text in one line."""
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))


def markdown_tables(text):
    """The tables of a Markdown report; what is summed is a line of its own."""
    tables, caption = [], ""
    outside = re.sub(r"^(```+)\w*\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    for part in outside.split("\n\n"):
        lines = part.split("\n")
        if lines[0].startswith("| ") and len(lines) > 1 and not lines[0].startswith("|  |"):
            cells = [[shown(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
            assert all(len(line) == len(cells[0]) for line in cells), cells
            tables.append(Table(shown(caption), cells[0], cells[2:], []))
        caption = part.removeprefix("**").removesuffix("**")
    return tables


def codes(text):
    """The blocks of code of a report, in their order."""
    if text.startswith("<!doctype html>"):
        return [html.unescape(code) for code in re.findall(r"<code>(.*?)</code>", text, re.DOTALL)]
    return [code for _, code in re.findall(r"^(```+)\w*\n(.*?)\n\1$", text, re.DOTALL | re.MULTILINE)]
