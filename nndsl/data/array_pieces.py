"""Arrays in files, a piece of rows at a time: how they are read, and the tables of such pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

import numpy as np

from nndsl.data.arrays import ArrayTable
from nndsl.data.files import MAX_MEMORY, refuse_above
from nndsl.data.table import Array, Index
from nndsl.diagnostics import Failure
from nndsl.source import Span


@dataclass(frozen=True)
class Header:
    """What an array's first bytes say of it; with `by_columns` its first axis is the one that runs fastest."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_columns: bool = False

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    @property
    def needed(self) -> int:
        """Memory to count with: empty axes and elements as one, since they too cost something to handle."""
        return prod(max(size, 1) for size in self.shape) * max(self.dtype.itemsize, 1)

    def refuse_above(self, limit: int, place: str, span: Span | None) -> None:
        """A `Failure` for an array that takes more memory; one of nothing but empty rows may not be endless either."""
        refuse_above(limit if self.nbytes else min(limit, MAX_MEMORY), self.needed, place, span)


ReadRows = Callable[[int, int], Array]
"""The rows from one number up to another."""

Refuse = Callable[[Exception | None], Failure]
"""The message for what went wrong while a file was read; None where it ends too early or too late."""


class ArrayPiece(ArrayTable):
    """Consecutive rows of the arrays of another table; an array is read when it is asked for."""

    def __init__(self, whole: ArrayTable, start: int, stop: int, read: Callable[[str, int, int], Array]):
        self.whole, self.start, self.stop, self.read = whole, start, stop, read
        self.path, self.span, self.names = whole.path, whole.span, whole.names

    def whole_shape(self, name: str) -> tuple[int, ...]:
        rows, *shape = self.whole.whole_shape(name)
        return (max(min(self.stop, rows) - self.start, 0), *shape)

    def dtype(self, name: str) -> np.dtype[Any]:
        return self.whole.dtype(name)

    def array(self, name: str) -> Array:
        return self.read(name, self.start, self.start + self.rows(name))

    def place(self, names: Sequence[str], index: Index) -> str:
        return self.whole.place(names, (index[0] + self.start, *index[1:]))

    def row_place(self, row: int) -> str:
        return self.whole.row_place(row + self.start)


def pieces_of(
    table: ArrayTable, total: int, rows: int, reader: Callable[[str], AbstractContextManager[ReadRows]]
) -> Iterator[ArrayPiece]:
    """A table of arrays with `total` rows in pieces. Each file is opened once, when its array is first asked for."""
    with ExitStack() as files:
        readers: dict[str, ReadRows] = {}

        def read(name: str, start: int, stop: int) -> Array:
            if name not in readers:
                readers[name] = files.enter_context(reader(name))
            return readers[name](start, stop)

        for start in range(0, total, rows):
            yield ArrayPiece(table, start, min(start + rows, total), read)


def row_reader(content: BinaryIO, offset: int, header: Header, refuse: Refuse) -> ReadRows:
    """Reads rows of the array that begins at `offset` of a file, which may be compressed: it is read once, forwards."""
    size = header.dtype.itemsize
    across = prod(header.shape[1:])

    def bytes_at(start: int, length: int) -> bytes:
        try:
            content.seek(start)
            found = content.read(length)
            ended = start + length < offset + header.nbytes or not content.read(1)
        except Exception as error:  # compressed files raise what their libraries do; `refuse` knows what it means
            raise refuse(error) from None
        if len(found) < length or not ended:
            raise refuse(None)
        return found

    def read(start: int, stop: int) -> Array:
        if header.by_columns:
            total = header.shape[0]
            starts = [offset + (i * total + start) * size for i in range(across)]
            found = b"".join(bytes_at(one, (stop - start) * size) for one in starts)
            values: Array = np.ndarray((*reversed(header.shape[1:]), stop - start), header.dtype, found).T
        else:
            found = bytes_at(offset + start * across * size, (stop - start) * across * size)
            values = np.ndarray((stop - start, *header.shape[1:]), header.dtype, found)
        return np.ascontiguousarray(values, header.dtype.newbyteorder("="))

    return read
