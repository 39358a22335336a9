"""Columns in files: small ones are taken into memory as long as there is room, rows of the others are read one by one.

Measured on files of several gigabytes (page cache warm, 32 random rows at a time): reading takes 40 µs for rows of 30
numbers and 67 µs for those of 784; the same rows of a mapped file take 260 to 320 µs, since nearly each lies on a page
that is not mapped yet, and Linux maps up to 2 MB around it; of an array in memory 2 and 9 µs.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from nndsl.data.columns import Column
from nndsl.data.table import Array
from nndsl.data.wording import shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.storing import DataChanged

ROOM = 128 * 10**6
"""Bytes of columns that are taken into memory, all together: labels mostly."""

DENSE = 2
"""Ascending rows are read with all between them if these are not more than so many times their number."""


class Room:
    """Memory that columns share."""

    def __init__(self, size: int = ROOM):
        self.left = size

    def take(self, size: int) -> bool:
        """Whether there is room for so many bytes, which are taken then."""
        fits = size <= self.left
        self.left -= size if fits else 0
        return fits


class Stored(Column):
    """An array in a file from `offset` on, its elements `stored` in any type of number and given as `dtype`.

    Raises `Failure` (NN445) where the file has become shorter.
    """

    def __init__(
        self,
        path: str,
        shape: tuple[int, ...],
        stored: np.dtype[Any],
        dtype: np.dtype[Any],
        room: Room,
        offset: int = 0,
    ):
        self.path, self.shape, self.stored, self.dtype, self.offset = path, shape, stored, dtype, offset
        self.row_bytes = int(np.prod(shape[1:], dtype=object)) * stored.itemsize
        self.file = open(path, "rb", buffering=0)  # noqa: SIM115 (it is closed when the column goes)
        self.values: Array | None = None
        if room.take(self.size * dtype.itemsize):
            self.values = self._between(0, len(self))

    def take(self, rows: Array, out: Array) -> None:
        if self.values is not None:
            np.take(self.values, rows, axis=0, out=out, mode="clip")
        elif _are_dense(rows):
            first = int(rows[0])
            np.take(self._between(first, int(rows[-1]) + 1), rows - first, axis=0, out=out, mode="clip")
        else:
            starts = (rows.astype(np.int64) * self.row_bytes + self.offset).tolist()
            out[...] = self._array(b"".join([self._read(start, self.row_bytes) for start in starts]))

    def __getitem__(self, rows: slice | Array) -> Array:
        if not isinstance(rows, slice):
            return super().__getitem__(rows)
        start, stop, step = rows.indices(len(self))
        if self.values is not None or step != 1:
            return super().__getitem__(rows)
        return self._between(start, max(start, stop))

    def _between(self, start: int, stop: int) -> Array:
        length = (stop - start) * self.row_bytes
        found = self._array(self._read(start * self.row_bytes + self.offset, length))
        return found.astype(self.dtype)

    def _array(self, content: bytes) -> Array:
        rows = len(content) // self.row_bytes if self.row_bytes else len(self)
        return np.ndarray((rows, *self.shape[1:]), self.stored, content)

    def _read(self, start: int, length: int) -> bytes:
        content = read_at(self.file, start, length)
        if len(content) < length:
            raise Failure(DataChanged(None, shown_path(self.path)))
        return content


def _are_dense(rows: Array) -> bool:
    if len(rows) < 2 or int(rows[-1]) - int(rows[0]) >= DENSE * len(rows):
        return False
    return bool((rows[1:] >= rows[:-1]).all())


MOST = 1 << 30
"""Bytes that are asked for at once: Linux gives no more than 2 GiB."""


def read_at(file: Any, start: int, length: int) -> bytes:
    """Bytes of an open file from a place on, fewer at its end."""
    if length <= MOST and hasattr(os, "pread"):
        return os.pread(file.fileno(), length, start)
    file.seek(start)
    parts = []
    while length and (part := file.read(min(length, MOST))):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
