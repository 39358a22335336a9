"""`csv("a.csv", header = true, separator = ";", decimal = ",", encoding = "latin-1")`: columns of a text file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nndsl.data.csv_text import Records, decode, read_records
from nndsl.data.files import read_file
from nndsl.data.table import Array, Coded, Index, Misfit, Table
from nndsl.data.wording import quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import BadSourceOption, NoRows
from nndsl.source import Span

MEMORY_FACTOR = 6
"""A file's size times this is what reading it takes: its bytes, its text, its lines and the numbers in them."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf|infinity)", re.IGNORECASE)
NAN = ("nan", "+nan", "-nan")


class CsvTable(Table):
    """A CSV file, split into records; cells become numbers or kinds when they are asked for."""

    what = "column"

    def __init__(self, path: str, span: Span | None, records: Records, decimal: str):
        self.path = shown_path(path)
        self.span = span
        self.records = records
        self.decimal = decimal
        self.names = records.header or tuple(f"column_{i + 1}" for i in range(records.width))

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

    def numbers(self, names: Sequence[str]) -> tuple[Array, Misfit | None]:
        wanted = [self._index[name] for name in names]
        quick = self._all_numbers(wanted)
        if quick is not None:
            return quick, None
        values = np.empty((len(self.records), len(wanted)))
        wrong: list[tuple[int, int, str]] = []
        for place, cells in enumerate(self.records.columns(wanted)):
            values[:, place], rows = self._column(cells)
            wrong += [(row, place, cells[row]) for row in rows]
        if not wrong:
            return values, None
        row, place, text = min(wrong)
        return values, Misfit((row, place), text, len(wrong) - 1)

    def _all_numbers(self, wanted: list[int]) -> Array | None:
        """NumPy's reader, which takes a cell as we do except that a blank or misplaced one stops it."""
        lines, separator = self.records.plain, self.records.separator
        if lines is None or (self.decimal == "," and any("." in line for line in lines)):
            return None
        if self.decimal == ",":
            lines = [line.replace(",", ".") for line in lines]
        try:
            values = np.loadtxt(lines, delimiter=separator, comments=None, usecols=wanted, ndmin=2)
        except (ValueError, TypeError):  # a separator that NumPy does not take is a TypeError
            return None
        return values if len(values) == len(lines) else None  # it passes over blank lines, which are cells of ours

    def _column(self, cells: list[str]) -> tuple[Array, list[int]]:
        """A column's numbers, NaN where one is missing or wrong, and the rows of the wrong ones."""
        text = "".join(cells)
        if self.decimal == "." and text.isascii() and "_" not in text:  # which Python would take for digits
            try:
                return np.array([float(cell) if cell and not cell.isspace() else np.nan for cell in cells]), []
            except ValueError:
                pass
        values = np.full(len(cells), np.nan)
        wrong = []
        for row, cell in enumerate(cells):
            word = cell.strip()
            if self.decimal == ",":
                word = "?" if "." in word else word.replace(",", ".")
            if NUMBER.fullmatch(word):
                values[row] = float(word)
            elif word and word.lower() not in NAN:
                wrong.append(row)
        return values, wrong

    def coded(self, names: Sequence[str]) -> tuple[Coded, Misfit | None]:
        """Cells exactly as they are written; empty ones and NaN are missing."""
        columns = self.records.columns([self._index[name] for name in names])
        found: dict[str, int] = {}
        for cells in columns:
            for cell in dict.fromkeys(cells):
                missing = not cell or cell.isspace() or cell.strip().lower() in NAN
                found.setdefault(cell, -1 if missing else len(found))
        distinct = [cell for cell, code in found.items() if code >= 0]
        codes = {cell: code for code, cell in enumerate(distinct)}
        table = [[codes.get(cell, -1) for cell in cells] for cells in columns]
        shape = (len(columns), len(self.records))
        return Coded(np.array(table, np.int64).reshape(shape).T, tuple(distinct)), None

    def place(self, names: Sequence[str], index: Index) -> str:
        return f"{self.row_place(index[0])}, column {quoted(names[index[1]])}"

    def row_place(self, row: int) -> str:
        return f"{self.path}, line {self.records.lines[row]}"


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
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        expects = "one character, not a quote or a line end"
        raise Failure(BadSourceOption(span, "csv", "separator", expects, quoted(separator)))
    if decimal not in (".", ",") or decimal == separator:
        expects = '"." or ","' if decimal not in (".", ",") else "another sign than the separator"
        raise Failure(BadSourceOption(span, "csv", "decimal", expects, quoted(decimal)))
    content = read_file(path, span, limit=limit, factor=MEMORY_FACTOR)
    text = decode(content, encoding, path, span)
    records = read_records(text, path, span, header=header, separator=separator, decimal=decimal)
    if not len(records):
        place = shown_path(path)
        raise Failure(NoRows(span, f"{place} has a header, but" if records.width else place))
    return CsvTable(path, span, records, decimal)
