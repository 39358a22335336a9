"""Arrays that each lie in a file of their own, as `idx` and `npy` read them: `idx(image = "a.gz", label = "b.gz")`."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from nndsl.data.array_pieces import Header, ReadRows, pieces_of, row_reader
from nndsl.data.arrays import ArrayTable
from nndsl.data.files import open_file, refusal
from nndsl.data.table import Array, Index, InFile, Table
from nndsl.data.wording import printable, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import NoRows
from nndsl.source import Span


class ArrayFiles(ArrayTable):
    """A file for each array. Headers are read first and held against the limit, arrays when they are asked for."""

    def __init__(self, kind: str, files: Mapping[str, str], span: Span | None, limit: int):
        self.files = files
        self.names = tuple(files)
        self.path = f"{kind}({', '.join(map(printable, files))})"
        self.origins = tuple(files.values())
        self.reading = f"{kind} of {', '.join(files)}"
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
            header.refuse_above(self.limit, place, self.span)
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

    def pieces(self, rows: int) -> Iterator[Table]:
        """Pieces of the arrays that were asked about; of all if none was."""
        return pieces_of(self, max(map(self.rows, tuple(self._headers) or self.names)), rows, self._reader)

    @contextmanager
    def _reader(self, name: str) -> Iterator[ReadRows]:
        header, path = self._header(name), self.files[name]
        with open_file(path, self.span) as (file, _), self.content(file, shown_path(path)) as (content, offset):
            yield row_reader(content, offset, header, partial(self._refusal, path))

    @contextmanager
    def content(self, file: BinaryIO, place: str) -> Iterator[tuple[BinaryIO, int]]:
        """The bytes of an open file, unpacked, and where in them the elements begin."""
        self.read_header(file, os.fstat(file.fileno()).st_size, place)
        yield file, file.tell()

    def _refusal(self, path: str, error: Exception | None) -> Failure:
        if isinstance(error, OSError) and error.errno is not None:
            return Failure(refusal(path, self.span, error))
        return self.damaged(shown_path(path), "its length is not what its header says" if error is None else "")

    @abstractmethod
    def damaged(self, place: str, reason: str) -> Failure:
        """The message for a file that is not what its header says, or cannot be unpacked (if there is no reason)."""

    def in_file(self, name: str) -> InFile | None:
        header, path = self._header(name), self.files[name]
        with open_file(path, self.span) as (file, _), self.content(file, shown_path(path)) as (content, offset):
            plain = content is file and not header.by_columns
            return InFile(path, offset, header.dtype) if plain else None

    def place(self, names: Sequence[str], index: Index) -> str:
        row, place, *rest = index
        return f"{shown_path(self.files[names[place]])}[{', '.join(map(str, (row, *rest)))}]"
