"""`csv("a.csv", header = true, separator = ";", decimal = ",", encoding = "latin-1")`: columns of a text file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from nndsl.data.csv_cells import Wrong, read_kinds, read_numbers
from nndsl.data.csv_records import Records, read_records
from nndsl.data.csv_text import Layout, decode, read_layout
from nndsl.data.packed import read_unpacked
from nndsl.data.table import Array, Coded, Index, Misfit, Table
from nndsl.data.wording import quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import BadSourceOption, NoRows
from nndsl.source import Span

MEMORY_FACTOR = 6
"""A file's size times this is what reading it takes: its bytes, its text, and the numbers in it."""


T = TypeVar("T")


class CsvTable(Table):
    """A CSV file, or a part of one: records, whose cells become numbers or kinds when they are asked for."""

    what = "column"

    def __init__(self, path: str, span: Span | None, records: Records):
        self.path = shown_path(path)
        self.span = span
        self.records = records
        layout = records.layout
        self.names = layout.header or tuple(f"column_{i + 1}" for i in range(layout.width))
        self._numbers: _Together[tuple[Array, list[Wrong]]] = _Together()
        self._kinds: _Together[Coded] = _Together()

    def names_remedy(self) -> str:
        return separator_remedy(self.records.layout)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def rows(self, name: str) -> int:
        return len(self.records)

    def shape(self, name: str) -> tuple[int, ...]:
        return ()

    def itemsize(self, name: str) -> int:
        return 8

    def element_type(self, name: str) -> str:
        return "text"

    def expect(self, numbers: Sequence[str], kinds: Sequence[str]) -> None:
        self._numbers.expected, self._kinds.expected = tuple(numbers), tuple(kinds)

    def numbers(self, names: Sequence[str]) -> tuple[Array, Misfit | None]:
        if len(names) == 1:
            values, wrong = self._numbers.take(names[0], self._number_columns)
        else:
            values, wrong = self._read_numbers(names)
        if not wrong:
            return values, None
        row, place, text = min(wrong)
        return values, Misfit((row, place), text, len(wrong) - 1)

    def _read_numbers(self, names: Sequence[str]) -> tuple[Array, list[Wrong]]:
        wanted = [self._index[name] for name in names]
        values = np.empty((len(self.records), len(wanted)))
        wrong: list[Wrong] = []
        start = 0
        for block in self.records.blocks():
            out = values[start : start + block.rows]
            wrong += [(start + row, place, text) for row, place, text in read_numbers(block, wanted, out)]
            start += block.rows
        return values, wrong

    def _number_columns(self, names: Sequence[str]) -> list[tuple[Array, list[Wrong]]]:
        values, wrong = self._read_numbers(names)
        odd: list[list[Wrong]] = [[] for _ in names]
        for row, place, text in wrong:
            odd[place].append((row, 0, text))
        return [(values[:, place : place + 1], odd[place]) for place in range(len(names))]

    def coded(self, names: Sequence[str]) -> tuple[Coded, Misfit | None]:
        """Cells exactly as they are written; empty ones and NaN are missing."""
        if len(names) == 1:
            return self._kinds.take(names[0], self._kind_columns), None
        found: dict[str, int] = {}
        codes = self._read_kinds(names, [found] * len(names))
        return Coded(codes, tuple(found)), None

    def _read_kinds(self, names: Sequence[str], found: Sequence[dict[str, int]]) -> Array:
        wanted = [self._index[name] for name in names]
        codes = np.empty((len(self.records), len(wanted)), np.int64)
        start = 0
        for block in self.records.blocks():
            read_kinds(block, wanted, codes[start : start + block.rows], found)
            start += block.rows
        return codes

    def _kind_columns(self, names: Sequence[str]) -> list[Coded]:
        found: list[dict[str, int]] = [{} for _ in names]
        codes = self._read_kinds(names, found)
        return [Coded(codes[:, place : place + 1], tuple(found[place])) for place in range(len(names))]

    def place(self, names: Sequence[str], index: Index) -> str:
        return f"{self.row_place(index[0])}, column {quoted(names[index[1]])}"

    def row_place(self, row: int) -> str:
        return f"{self.path}, line {self.records.lines[row]}"


class _Together(Generic[T]):
    """Columns that are asked for one by one, and read in one pass over the file.

    It does not hold how they are read, which would hold the table: pieces of a large file must go when they are done.
    """

    def __init__(self) -> None:
        self.expected: tuple[str, ...] = ()
        self.ready: dict[str, T] = {}

    def take(self, name: str, read: Callable[[Sequence[str]], list[T]]) -> T:
        if name not in self.ready:
            names = list(dict.fromkeys((name, *self.expected)))
            self.expected = ()
            self.ready |= zip(names, read(names), strict=True)
        return self.ready.pop(name)


def open_csv(
    path: str,
    span: Span | None,
    limit: int,
    *,
    header: bool = True,
    separator: str | None = None,
    decimal: str = ".",
    encoding: str = "utf-8",
) -> CsvTable:
    """Read and split a CSV file. Without a header its columns are called `column_1`, `column_2`, …"""
    check_options(span, separator, decimal)
    content = read_unpacked(path, span, limit=limit, factor=MEMORY_FACTOR)
    text = decode(content, encoding, path, span)
    del content
    layout, start, line = read_layout(text, path, span, header=header, separator=separator, decimal=decimal)
    records = read_records(text, path, span, layout, start, line)
    if not len(records):
        place = shown_path(path)
        raise Failure(NoRows(span, f"{place} has a header, but" if layout.width else place))
    return CsvTable(path, span, records)


def separator_remedy(layout: Layout) -> str:
    """What helps where the only column's name seems to be those of several."""
    (name, *others) = layout.header or ("",)
    sign = next((sign for sign in ",;|\t" if sign in name), None)
    if others or sign is None:
        return ""
    remedy = 'leave out `decimal = ","`' if sign == layout.decimal else f"say `separator = {quoted(sign)}`"
    return f"its only column is {quoted(name)}: if {quoted(sign)} separates columns, {remedy}"


def check_options(span: Span | None, separator: str | None, decimal: str) -> None:
    """Raise a `Failure` for what can separate no cells, or no digits."""
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        expects = "one character, not a quote or a line end"
        raise Failure(BadSourceOption(span, "csv", "separator", expects, quoted(separator)))
    if decimal not in (".", ",") or decimal == separator:
        expects = '"." or ","' if decimal not in (".", ",") else "another sign than the separator"
        raise Failure(BadSourceOption(span, "csv", "decimal", expects, quoted(decimal)))
