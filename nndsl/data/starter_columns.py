"""What the columns of a table are good for in a first program: numbers, words, row numbers, or nothing at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nndsl.data.table import Array, Coded, Table
from nndsl.data.wording import quoted

NUMERIC = ("numbers", "whole numbers", "true and false")

ROW_NUMBERS = re.compile(r"|(?i:unnamed.*|index|row|id|.*_id)|.*[a-z]I[dD]", re.ASCII)
"""Names of columns that number the rows, if their values count up one by one; pandas leaves its index unnamed."""

DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


class Columns:
    """The columns of a table, each looked at once."""

    def __init__(self, table: Table):
        self.table = table
        self.repeated = {name for name in table.names if table.names.count(name) > 1}
        self.single = [
            name for name in table.names if table.element_type(name) in ("text", *NUMERIC) and not table.shape(name)
        ]
        """The columns of one number or word a row."""
        self._numbers: dict[str, Array | None] = {}
        self._coded: dict[str, Coded] = {}
        table.expect(self.single, ())

    def numbers(self, name: str) -> Array | None:
        """A column of numbers, as floats `[rows, …]`, with NaN where one is missing; None for words."""
        if name not in self._numbers:
            self._numbers[name] = self._read(name)
        return self._numbers[name]

    def _read(self, name: str) -> Array | None:
        if self.table.typed and self.table.element_type(name) == "text":
            return None
        numbers, misfit = self.table.numbers([name])
        return None if misfit else np.asarray(numbers.reshape(len(numbers), -1), float)

    def coded(self, name: str) -> Coded:
        """A column of words, as kinds."""
        if name not in self._coded:
            self._coded[name] = self.table.coded([name])[0]
        return self._coded[name]

    def words(self, name: str) -> list[str]:
        """The different words of a column, in the order in which they come."""
        return [str(word) for word in self.coded(name).distinct]

    def missing(self, name: str) -> Array:
        """The rows in which a column has no value."""
        numbers = self.numbers(name)
        if numbers is not None:
            return np.asarray(np.isnan(numbers).any(axis=1))
        return np.asarray(self.coded(name).codes.reshape(-1) < 0)

    def kept(self, names: Sequence[str]) -> Array:
        """The rows in which none of these columns has a gap."""
        return np.asarray(~np.logical_or.reduce([self.missing(name) for name in names]))

    @cached_property
    def empty(self) -> list[str]:
        """The columns without any value, such as what a separator at the end of every line makes."""
        return [name for name in self.single if self.missing(name).all()]

    @cached_property
    def vectors(self) -> list[str]:
        """The columns of several numbers a row."""
        table = self.table
        return [name for name in table.names if table.element_type(name) in NUMERIC and len(table.shape(name)) == 1]

    @cached_property
    def words_only(self) -> list[str]:
        return [name for name in self.single if self.numbers(name) is None]

    @property
    def named_by_numbers(self) -> bool:
        """Whether every column of numbers is called like a number: then the names are a row, it seems."""
        names = [name for name in self.single if self.numbers(name) is not None and name not in self.empty]
        return bool(names) and all(_is_number(name) for name in names)

    def numbers_rows(self, name: str) -> bool:
        """Whether a column is a row number, by its name and its values."""
        numbers = self.numbers(name)
        if numbers is None or len(numbers) < 2 or not ROW_NUMBERS.fullmatch(name):
            return False
        return bool((np.diff(numbers.reshape(len(numbers), -1)[:, 0]) == 1).all())

    def decimal_comma(self, name: str) -> str | None:
        """A cell with a decimal comma, if a column of words holds nothing but such and whole numbers."""
        words = self.words(name)
        if not all(DECIMAL_COMMA.fullmatch(word) or WHOLE.fullmatch(word) for word in words):
            return None
        return next((word for word in words if "," in word), None)

    def only_value(self, name: str, rows: Array) -> str | None:
        """The value that a column has in all of these rows, as it is shown; None if it has several."""
        numbers = self.numbers(name)
        if numbers is not None:
            distinct = np.unique(numbers.reshape(-1)[rows])
            return f"{distinct[0]:g}" if len(distinct) == 1 else None
        coded = self.coded(name)
        codes = np.unique(coded.codes.reshape(-1)[rows])
        return quoted(str(coded.distinct[codes[0]])) if len(codes) == 1 else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
