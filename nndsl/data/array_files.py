"""Arrays that each lie in a file of their own, as `idx` and `npy` read them: `idx(image = "a.gz", label = "b.gz")`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

import numpy as np

from nndsl.data.arrays import ArrayTable
from nndsl.data.files import open_file, refuse_above
from nndsl.data.table import Array, Index
from nndsl.data.wording import printable, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import NoRows
from nndsl.source import Span


@dataclass(frozen=True)
class Header:
    """What an array's first bytes say of it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    @property
    def needed(self) -> int:
        """Memory to count with: empty axes and elements as one, since they too cost something to handle."""
        return prod(max(size, 1) for size in self.shape) * max(self.dtype.itemsize, 1)


class ArrayFiles(ArrayTable):
    """A file for each array. Headers are read first and held against the limit, arrays when they are asked for."""

    def __init__(self, kind: str, files: Mapping[str, str], span: Span | None, limit: int):
        self.files = files
        self.names = tuple(files)
        self.path = f"{kind}({', '.join(map(printable, files))})"
        self.span = span
        self.limit = limit
        self._headers: dict[str, Header] = {}

    @abstractmethod
    def read_header(self, file: BinaryIO, size: int, place: str) -> Header:
        """What the file, `size` bytes long, says of its array; a `Failure` where it is none that can be read."""

    @abstractmethod
    def read_array(self, file: BinaryIO, header: Header, place: str) -> Array:
        """The array of a file whose header was found good."""

    def _header(self, name: str) -> Header:
        if name not in self._headers:
            place = shown_path(self.files[name])
            with open_file(self.files[name], self.span) as (file, size):
                header = self.read_header(file, size, place)
            if not header.shape or not header.shape[0]:
                raise Failure(NoRows(self.span, place))
            refuse_above(self.limit, header.needed, place, self.span)
            self._headers[name] = header
        return self._headers[name]

    def whole_shape(self, name: str) -> tuple[int, ...]:
        return self._header(name).shape

    def dtype(self, name: str) -> np.dtype[Any]:
        return self._header(name).dtype

    def array(self, name: str) -> Array:
        header = self._header(name)
        with open_file(self.files[name], self.span) as (file, _):
            return self.read_array(file, header, shown_path(self.files[name]))

    def place(self, names: Sequence[str], index: Index) -> str:
        row, place, *rest = index
        return f"{shown_path(self.files[names[place]])}[{', '.join(map(str, (row, *rest)))}]"
