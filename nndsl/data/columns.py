"""Columns: arrays whose rows lie on the disk, and are read when they are asked for; also columns made of others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from nndsl.data.table import Array

TOGETHER = 1 << 20
"""Elements that are looked at together where all of a column is gone through."""


class Column(ABC):
    """`[rows, …]`, as an array: `len(column)`, `column[2:5]`, `column[np.array([7, 3])]`; what these give is one."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Elements in all."""
        return int(np.prod(self.shape, dtype=object))

    @abstractmethod
    def take(self, rows: Array, out: Array) -> None:
        """Copy these rows (whole numbers from 0, in any order) to `out`, `[len(rows), …]` of the column's type."""

    def __getitem__(self, rows: slice | Array) -> Array:
        wanted = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else np.asarray(rows)
        out = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        self.take(wanted, out)
        return out


class Chosen(Column):
    """Some rows of a column, in an order of their own."""

    def __init__(self, column: Column, rows: Array):
        self.column, self.rows = column, rows
        self.shape, self.dtype = (len(rows), *column.shape[1:]), column.dtype

    def take(self, rows: Array, out: Array) -> None:
        self.column.take(self.rows[rows], out)


class Joined(Column):
    """Columns one after another."""

    def __init__(self, columns: Sequence[Column]):
        self.columns = columns
        self.ends = np.array(list(accumulate(map(len, columns))))
        self.shape, self.dtype = (int(self.ends[-1]), *columns[0].shape[1:]), columns[0].dtype

    def take(self, rows: Array, out: Array) -> None:
        which = np.searchsorted(self.ends, rows, side="right")
        for i in np.unique(which).tolist():
            places = np.flatnonzero(which == i)
            out[places] = self.columns[i][rows[places] - (self.ends[i] - len(self.columns[i]))]


class Looked(Column):
    """What a lookup table holds for a column of codes; -1 leads to its last element."""

    def __init__(self, codes: Column, table: Array):
        self.codes, self.table = codes, table
        self.shape, self.dtype = codes.shape, table.dtype

    def take(self, rows: Array, out: Array) -> None:
        np.take(self.table, self.codes[rows], out=out, mode="wrap")


def chunks_of(values: Array | Column, rows: Array) -> Iterator[tuple[Array, Array]]:
    """These rows in arrays of about `TOGETHER` elements: their numbers, and what stands there."""
    step = max(1, TOGETHER * len(values) // max(values.size, 1))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        yield some, values[some]
