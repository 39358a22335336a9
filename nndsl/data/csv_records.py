"""The records of a CSV file, in blocks whose cells are read together.

A record is a line, except where a quoted cell holds line ends. Blank lines between records of several cells hold
nothing and are passed over, as at the end of the file; in a file of one column a blank line is an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter

from nndsl.data.csv_text import Layout, quoted_records
from nndsl.data.wording import and_more, counted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import RaggedRow
from nndsl.source import Span

BLOCK = 1 << 22
"""Characters of text that are split into cells together."""

BLANK_LINES = re.compile(r"\n\n+")


class Ragged(Failure):
    """The first record that is not as wide as the layout, and how many `more` there are."""

    def __init__(self, first: RaggedRow, more: int):
        super().__init__(replace(first, more=and_more(more, "such line")))
        self.first, self.more = first, more

    def joined(self, later: Ragged) -> Ragged:
        """What is wrong with two parts of a file, as if they had been looked at together."""
        return Ragged(self.first, self.more + 1 + later.more)


@dataclass(frozen=True, eq=False)
class Records:
    """Records that all have the layout's width. `lines` are the numbers of the lines that they begin at.

    `text` holds them a line each, cells between separators: there is no quote in it. Where quoted cells hold
    separators, quotes or line ends it is None and `cells` has them.
    """

    path: str
    span: Span | None
    layout: Layout
    lines: Sequence[int]
    text: str | None
    cells: list[list[str]]

    def __len__(self) -> int:
        return len(self.lines)

    def blocks(self) -> Iterator[Block]:
        """All records in order."""
        if self.text is None:
            yield Block(self, len(self.cells), None, self.cells)
        elif len(self):
            start = 0
            while start <= len(self.text):
                end = self.text.find("\n", start + BLOCK)
                end = len(self.text) if end < 0 else end
                yield Block(self, self.text.count("\n", start, end) + 1, self.text[start:end], [])
                start = end + 1

    def refuse_ragged(self) -> None:
        """Raise a `Failure` for records of another width; only a text may still have some."""
        if self.text is not None:
            separator, blank = self.layout.separator, self.layout.width > 1
            numbered = [(n, s) for n, s in zip(self.lines, self.text.split("\n"), strict=True) if s or not blank]
            widths = [line.count(separator) + 1 for _, line in numbered]
            _refuse_ragged(widths, [number for number, _ in numbered], self.layout, self.path, self.span)


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive records: lines of a text without quotes, or their cells if that is None."""

    records: Records
    rows: int
    text: str | None
    cells: list[list[str]]

    @cached_property
    def split(self) -> list[str]:
        """The lines of the text, each as wide as the layout says."""
        assert self.text is not None
        lines = self.text.split("\n")
        layout = self.records.layout
        if any(line.count(layout.separator) != layout.width - 1 for line in lines):
            self.records.refuse_ragged()
        return lines

    def columns(self, wanted: Sequence[int]) -> list[list[str]]:
        """The cells of some columns, each from top to bottom."""
        if self.text is None:
            return [list(map(itemgetter(i), self.cells)) for i in wanted]
        separator = self.records.layout.separator
        if len(wanted) == 1:
            i = wanted[0]
            if i == self.records.layout.width - 1:
                return [[line.rsplit(separator, 1)[-1] for line in self.split]]
            return [[line.split(separator, i + 1)[i] for line in self.split]]
        rows = [line.split(separator) for line in self.split]
        return [list(map(itemgetter(i), rows)) for i in wanted]


def read_records(
    text: str, path: str, span: Span | None, layout: Layout, start: int = 0, first_line: int = 1
) -> Records:
    """The records of a text from `start`, which is in line `first_line` of its file; all as wide as the layout.

    The text is what follows a file's header, or any part of that which ends with a record: blank lines at its end are
    passed over.
    """
    end = len(text)
    while end > start and text[end - 1] == "\n":
        end -= 1
    text = text[start:end]
    if '"' in text:
        return _quoted(text, path, span, layout, first_line)
    lines: Sequence[int] = range(first_line, first_line + text.count("\n") + 1 if text else first_line)
    separators = text.count(layout.separator)
    if layout.width > 1 and separators != (layout.width - 1) * len(lines):  # blank lines have none
        lines = [number for number, line in zip(lines, text.split("\n"), strict=True) if line]
        text = BLANK_LINES.sub("\n", text).removeprefix("\n")
    records = Records(path, span, layout, lines, text, [])
    if separators != (layout.width - 1) * len(lines):
        records.refuse_ragged()
    return records


def _quoted(text: str, path: str, span: Span | None, layout: Layout, first_line: int) -> Records:
    lines: list[int] = []
    cells: list[list[str]] = []
    for line, record, _ in quoted_records(text, 0, first_line, layout.separator, path, span):
        if record or layout.width == 1:
            lines.append(line)
            cells.append(record or [""])
    _refuse_ragged([len(record) for record in cells], lines, layout, path, span)
    plain = "\n".join(map(layout.separator.join, cells))
    counts = plain.count(layout.separator), plain.count("\n")
    if '"' in plain or counts != ((layout.width - 1) * len(cells), len(cells) - 1):
        return Records(path, span, layout, lines, None, cells)
    return Records(path, span, layout, lines, plain, [])  # the quotes were not needed


def _refuse_ragged(widths: Sequence[int], lines: Sequence[int], layout: Layout, path: str, span: Span | None) -> None:
    """Raise a `Failure` for records that are not as wide as the layout."""
    if widths.count(layout.width) == len(widths):
        return
    ragged = [row for row, width in enumerate(widths) if width != layout.width]
    place, found = f"{shown_path(path)}, line {lines[ragged[0]]},", counted(widths[ragged[0]], "cell")
    expected = "the header" if layout.header is not None else f"line {layout.line}"
    raise Ragged(RaggedRow(span, place, found, expected, layout.width), len(ragged) - 1)
