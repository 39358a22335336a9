"""A CSV file that is too large for memory: its records a piece at a time, gzipped or not.

CsvFile          a table whose pieces are `CsvTable`s of consecutive records; lines count over the whole file
_Content         the file's bytes, with `\\n` at its line ends
end_of_records   where the last whole record of a block of bytes ends
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np

from nndsl.data.csv import MEMORY_FACTOR, CsvTable, check_options, open_csv, separator_remedy
from nndsl.data.csv_records import Ragged, Records, read_records
from nndsl.data.csv_text import decode, read_layout
from nndsl.data.files import open_file
from nndsl.data.packed import unpacked
from nndsl.data.table import Array, Coded, Index, Misfit, Table
from nndsl.data.wording import quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import NoRows, NotText
from nndsl.source import Span

HEAD = 1 << 20
"""Bytes at a file's beginning that tell its separator and header."""

BLOCK = 1 << 24
"""The most bytes that are turned into records together."""

LONGEST = 1 << 26
"""No record is longer: one that seems to be has a quote that never closes."""

UNPACKING = 10
"""How many times its size a compressed file may hold, to judge whether it fits."""


class CsvFile(Table):
    """A CSV file that only its pieces read."""

    what = "column"

    def __init__(
        self,
        path: str,
        span: Span | None,
        limit: int,
        *,
        header: bool = True,
        separator: str | None = None,
        decimal: str = ".",
        encoding: str = "utf-8",
    ):
        check_options(span, separator, decimal)
        self.file, self.limit = path, limit
        self.path, self.span = shown_path(path), span
        self.encoding = encoding
        self.options: dict[str, Any] = {"header": header, "separator": separator, "decimal": decimal}
        self.options["encoding"] = encoding
        with self._content() as content:
            head = b""
            while len(head) <= HEAD and (more := content.read(HEAD)):
                head += more
            self.size, self.codec = content.size, content.codec
        if len(head) > HEAD:
            head = head[: head.rfind(b"\n") + 1] or head
        text = decode(head, self.codec, path, span)
        self.layout, start, self.first_line = read_layout(
            text, path, span, header=header, separator=separator, decimal=decimal
        )
        if not self.layout.width:
            raise Failure(NoRows(span, self.path))
        lines = max(text.count("\n", start), 1)
        self.row_bytes = max(1, (len(text) - start) // lines)
        self.names = self.layout.header or tuple(f"column_{i + 1}" for i in range(self.layout.width))
        self.origins = (path,)
        self.expected: tuple[Sequence[str], Sequence[str]] = ((), ())
        self.reading = f"csv {self.options}"

    def names_remedy(self) -> str:
        return separator_remedy(self.layout)

    @contextmanager
    def _content(self) -> Iterator[_Content]:
        with open_file(self.file, self.span) as (file, size), unpacked(file, self.file, self.span) as (content, packed):
            yield _Content(content, self.file, self.span, self.encoding, size * (UNPACKING if packed else 1))

    def pieces(self, rows: int) -> Iterator[Table]:
        with self._content() as content:
            self._skip_header(content)
            size = max(1, min(rows * self.row_bytes, BLOCK))
            line, given = self.first_line, False
            ragged: Ragged | None = None
            for block in _blocks(content, self.layout.separator.encode(self.codec), size):
                try:
                    piece = CsvTable(self.file, self.span, self._records(block, line))
                except Ragged as failure:
                    ragged = ragged.joined(failure) if ragged else failure
                line += block.count(b"\n")
                if not ragged and len(piece.records):  # else the others are counted, and nothing is given any more
                    given = True
                    piece.expect(*self.expected)
                    yield piece
            if ragged:
                raise ragged
            if not given:
                raise Failure(NoRows(self.span, f"{self.path} has a header, but"))

    def _skip_header(self, content: _Content) -> None:
        head = b""
        for _ in range(self.first_line - 1):
            while b"\n" not in head and (more := content.read(HEAD)):
                head += more
            head = head.partition(b"\n")[2]
        content.put_back(head)

    def _records(self, block: bytes, line: int) -> Records:
        """The records of a block that begins at this line."""
        try:
            text = block.decode(self.codec)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            text = decode(block, self.codec, self.file, self.span, line)  # which says what is wrong, and where
        return read_records(text, self.file, self.span, self.layout, 0, line)

    @cached_property
    def _rows(self) -> int:
        return sum(piece.rows(self.names[0]) for piece in self.pieces(BLOCK))

    def rows(self, name: str) -> int:
        return self._rows

    def shape(self, name: str) -> tuple[int, ...]:
        return ()

    def itemsize(self, name: str) -> int:
        return 8

    def memory(self, names: Sequence[str], element: int) -> int:
        return self.size * MEMORY_FACTOR

    def expect(self, numbers: Sequence[str], kinds: Sequence[str]) -> None:
        self.expected = numbers, kinds

    def element_type(self, name: str) -> str:
        return "text"

    @cached_property
    def _whole(self) -> CsvTable:
        return open_csv(self.file, self.span, self.limit, **self.options)

    def numbers(self, names: Sequence[str]) -> tuple[Array, Misfit | None]:
        return self._whole.numbers(names)

    def coded(self, names: Sequence[str]) -> tuple[Coded, Misfit | None]:
        return self._whole.coded(names)

    def place(self, names: Sequence[str], index: Index) -> str:
        return f"{self.row_place(index[0])}, column {quoted(names[index[1]])}"

    def row_place(self, row: int) -> str:
        """Found by going through the records up to it: this is for messages only."""
        for piece in self.pieces(BLOCK):
            if row < (rows := piece.rows(self.names[0])):
                return piece.row_place(row)
            row -= rows
        raise IndexError(row)


def takes_more(path: str, span: Span | None, memory: int | None) -> bool:
    """Whether reading a CSV file at once takes more than so many bytes of memory."""
    if memory is None:
        return False
    with open_file(path, span) as (file, size), unpacked(file, path, span) as (_, packed):
        return size * (UNPACKING if packed else 1) * MEMORY_FACTOR > memory


class _Content:
    """A CSV file's bytes without its BOM: in its encoding if a byte there is a character, else in UTF-8."""

    def __init__(self, file: BinaryIO, path: str, span: Span | None, encoding: str, size: int):
        self.file, self.path, self.span, self.size = file, path, span, size
        try:
            "a".encode(encoding)
        except (LookupError, ValueError):
            decode(b"a", encoding, path, span)  # which says so
        start = file.read(4)
        self.written = codecs.lookup(encoding).name
        if self.written == "utf-8" and start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.written = "utf-16"
        self.decoder = None if _is_plain(self.written) else codecs.getincrementaldecoder(self.written)()
        self.codec = self.written if self.decoder is None else "utf-8"
        self.held, self.lines, self.ended = b"", 1, False
        self.waiting = self._normal(start)
        while not self.ended and len(self.waiting) < len(codecs.BOM_UTF8):
            self._fetch(1)
        if self.codec == "utf-8":
            self.waiting = self.waiting.removeprefix(codecs.BOM_UTF8)

    def read(self, size: int) -> bytes:
        """At most so many bytes; none only at the end."""
        while not self.waiting and not self.ended:
            self._fetch(size)
        found, self.waiting = self.waiting[:size], self.waiting[size:]
        return found

    def put_back(self, content: bytes) -> None:
        self.waiting = content + self.waiting

    def _fetch(self, size: int) -> None:
        raw = self.file.read(size)
        self.ended = not raw
        self.waiting += self._normal(raw)

    def _normal(self, raw: bytes) -> bytes:
        if self.decoder is not None:
            try:
                raw = self.decoder.decode(raw, self.ended).encode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                place = f"{shown_path(self.path)}, line {self.lines},"
                reason = f"byte 0x{error.object[error.start]:02X}"
                raise Failure(NotText(self.span, place, self.written, reason)) from None
        raw = self.held + raw
        self.held = b"\r" if raw.endswith(b"\r") and not self.ended else b""  # its `\n` may come yet
        raw = raw[: len(raw) - len(self.held)]
        if b"\r" in raw:
            raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.lines += raw.count(b"\n")
        return raw


def _is_plain(codec: str) -> bool:
    """Whether bytes can be looked at for line ends and quotes: those of ASCII are in no other character."""
    if codec == "utf-8":
        return True
    every = bytes(range(256))
    return len(every.decode(codec, "replace")) == 256 and every[:128].decode(codec, "replace").isascii()


def _blocks(content: _Content, separator: bytes, size: int) -> Iterator[bytes]:
    """Blocks of whole records, of about `size` bytes each."""
    rest, wanted = b"", size
    while more := content.read(wanted):
        rest += more
        end = end_of_records(rest, separator)
        if not end and len(rest) < LONGEST:
            wanted = max(size, len(rest))  # so that a long record is not looked at again and again
            continue
        end = end or len(rest)
        yield rest[:end]
        rest, wanted = rest[end:], size
    if rest:
        yield rest


def end_of_records(block: bytes, separator: bytes) -> int:
    """Where the last record ends that is whole in a block which begins with one; blank lines at the end may go on.

    A line end belongs to a cell if a quote is open: a quote opens at the beginning of a cell, closes at the next one
    that is not doubled, and is a character like others anywhere else.
    """
    end = block.rfind(b"\n") + 1
    if b'"' in block:
        end = _end_by_parity(block, separator)
        if end < 0:
            end = _end_by_cells(block, separator)
    return len(block[:end].rstrip(b"\n")) + 1 if block[:end].rstrip(b"\n") else 0


def _end_by_parity(block: bytes, separator: bytes) -> int:
    """The same where every second quote opens: each then follows a separator, a line end or (doubled) a quote; else -1.

    An odd one in the middle of a cell can be told by what stands before it.
    """
    values = np.frombuffer(block, np.uint8)
    quotes = values == ord('"')
    places = np.flatnonzero(quotes)
    opening = places[::2]
    before = values[opening - 1][opening > 0]
    if len(separator) != 1 or not np.isin(before, [separator[0], ord("\n"), ord('"')]).all():
        return -1
    inside = np.logical_xor.accumulate(quotes)
    ends = np.flatnonzero((values == ord("\n")) & ~inside)
    return int(ends[-1]) + 1 if len(ends) else 0


def _end_by_cells(block: bytes, separator: bytes) -> int:
    """The same by going through the cells that are in quotes, one after another."""
    cell = re.compile(b'(?:\\A|\n|%s)"[^"]*(?:""[^"]*)*("|\\Z)' % re.escape(separator))
    end = start = 0
    for match in cell.finditer(block):
        end = max(end, block.rfind(b"\n", start, match.start() + 1) + 1)
        start = match.end()
        if not match[1]:
            return end
    return max(end, block.rfind(b"\n", start) + 1)
