"""What the cells of a CSV file are: numbers, or kinds. Each block of records is read in the quickest way that is sure.

    pyarrow      takes a cell as Python's `float` does, or stops: signs of plus, blanks around missing cells, words
    NumPy        takes a cell as Python's `float` does, or stops: blanks in missing cells, words
    cell by cell knows what is wrong

All three round to the nearest float64.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np

from nndsl.data.csv_records import Block
from nndsl.data.table import Array
from nndsl.extras import is_installed

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf|infinity)", re.IGNORECASE)
NAN = ("nan", "+nan", "-nan")
MISSING = ("", *("".join(letters) for letters in product(("", "+", "-"), "nN", "aA", "nN")))
"""Missing cells without blanks around."""

MUCH = 1 << 22
"""Characters that take NumPy longer than it takes to import pyarrow."""

Wrong = tuple[int, int, str]
"""The row and the place among the columns of a cell that is no number, and its text."""


def read_numbers(block: Block, wanted: Sequence[int], out: Array) -> list[Wrong]:
    """The numbers of some columns into `out`, `[rows, columns]`, NaN where one is missing; and what is none."""
    quick = _by_pyarrow(block, wanted, out) or _by_numpy(block, wanted, out)
    return [] if quick else _by_cell(block, wanted, out)


def read_kinds(block: Block, wanted: Sequence[int], codes: Array, found: Sequence[dict[str, int]]) -> None:
    """The cells of some columns exactly as they are written into `codes`, `[rows, columns]`; -1 if missing.

    A column's codes number the distinct cells of all blocks in the order in which they were found: `found` has them for
    each column (which may share them).
    """
    columns = _kinds_by_pyarrow(block, wanted)
    if columns is None:
        columns = [_distinct(cells) for cells in block.columns(wanted)]
    for place, (kinds, indices) in enumerate(columns):
        known = found[place]
        table = [-1 if is_missing(kind) else known.setdefault(kind, len(known)) for kind in kinds]
        codes[:, place] = np.array(table, np.int64)[indices]


def is_missing(cell: str) -> bool:
    return not cell or cell.isspace() or cell.strip().lower() in NAN


def _distinct(cells: list[str]) -> tuple[Sequence[str], Array]:
    kinds = {cell: code for code, cell in enumerate(dict.fromkeys(cells))}
    return list(kinds), np.fromiter(map(kinds.__getitem__, cells), np.int64, len(cells))


# ---------------------------------------------------------------- pyarrow


def _pyarrow(characters: int) -> Any:
    """pyarrow's reader, if it is there; it is imported for so many characters only if they are worth that."""
    if characters < MUCH and "pyarrow.csv" not in sys.modules:
        return None
    return import_module("pyarrow.csv") if is_installed("pyarrow") else None


def _arrow_columns(block: Block, wanted: Sequence[int], kind: str) -> list[Any] | None:
    """Some columns as pyarrow reads them, of its type `kind`; None where it does not, or is not there."""
    layout = block.records.layout
    if block.text is None or not layout.separator.isascii():
        return None
    csv = _pyarrow(len(block.records.text or ""))
    if csv is None:
        return None
    arrow = import_module("pyarrow")
    names = list(map(str, range(layout.width)))
    wanted_names = [names[i] for i in wanted]
    numbers = kind == "float64"
    try:
        table = csv.read_csv(
            arrow.py_buffer(block.text.encode()),
            read_options=csv.ReadOptions(column_names=names),
            parse_options=csv.ParseOptions(
                delimiter=layout.separator, quote_char=False, double_quote=False, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types={name: arrow.type_for_alias(kind) for name in wanted_names},
                include_columns=wanted_names,
                null_values=MISSING if numbers else [],
                strings_can_be_null=False,
                decimal_point=layout.decimal,
            ),
        )
    except (arrow.ArrowException, UnicodeEncodeError):  # of half a surrogate pair
        return None
    return list(table.columns) if table.num_rows == block.rows else None


def _by_pyarrow(block: Block, wanted: Sequence[int], out: Array) -> bool:
    columns = _arrow_columns(block, wanted, "float64")
    if columns is None:
        return False
    missing = 0
    for place, column in enumerate(columns):
        out[:, place] = column.to_numpy()
        missing += column.null_count
    # It takes more than ours for NaN: `nan(1)`.
    return missing == int(np.isnan(out).sum())


def _kinds_by_pyarrow(block: Block, wanted: Sequence[int]) -> list[tuple[Sequence[str], Array]] | None:
    columns = _arrow_columns(block, wanted, "string")
    if columns is None:
        return None
    coded = [column.combine_chunks().dictionary_encode() for column in columns]
    return [(column.dictionary.to_pylist(), column.indices.to_numpy()) for column in coded]


# ---------------------------------------------------------------- without it


def _by_numpy(block: Block, wanted: Sequence[int], out: Array) -> bool:
    layout = block.records.layout
    if block.text is None or (layout.decimal == "," and "." in block.text):
        return False
    lines = block.split
    if layout.decimal == ",":
        lines = [line.replace(",", ".") for line in lines]
    return _loaded(lines, layout.separator, wanted, out) or (
        layout.separator not in "nan" and _loaded(_filled(lines, layout.separator), layout.separator, wanted, out)
    )


def _loaded(lines: list[str], separator: str, wanted: Sequence[int], out: Array) -> bool:
    try:
        values = np.loadtxt(lines, delimiter=separator, comments=None, usecols=wanted, ndmin=2)
    except (ValueError, TypeError):  # a separator that NumPy does not take is a TypeError
        return False
    if len(values) != len(out):  # it passes over blank lines, which are cells of ours
        return False
    out[:] = values
    return True


def _filled(lines: list[str], separator: str) -> list[str]:
    """The lines with NaN in their empty cells, which NumPy stops at."""
    text = "\n".join([f"{separator}{line}{separator}" for line in lines])
    for _ in range(2):  # of three empty cells in a row the second is found the second time
        text = text.replace(separator * 2, f"{separator}nan{separator}")
    return [line[1:-1] for line in text.split("\n")]


def _by_cell(block: Block, wanted: Sequence[int], out: Array) -> list[Wrong]:
    wrong: list[Wrong] = []
    for place, cells in enumerate(block.columns(wanted)):
        out[:, place], rows = _column(cells, block.records.layout.decimal)
        wrong += [(row, place, cells[row]) for row in rows]
    return wrong


def _column(cells: list[str], decimal: str) -> tuple[Array, list[int]]:
    """A column's numbers, NaN where one is missing or wrong, and the rows of the wrong ones."""
    text = "".join(cells)
    if decimal == "." and text.isascii() and "_" not in text:  # which Python would take for digits
        try:
            return np.array([float(cell) if cell and not cell.isspace() else np.nan for cell in cells]), []
        except ValueError:
            pass
    values = np.full(len(cells), np.nan)
    wrong = []
    for row, cell in enumerate(cells):
        word = cell.strip()
        if decimal == ",":
            word = "?" if "." in word else word.replace(",", ".")
        if NUMBER.fullmatch(word):
            values[row] = float(word)
        elif word and word.lower() not in NAN:
            wrong.append(row)
    return values, wrong
