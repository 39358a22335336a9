"""`npz("a.npz")`: the arrays of a NumPy archive. Headers are checked before any array is read; objects never are."""

from __future__ import annotations

import errno
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy

from nndsl.data.array_pieces import Header, ReadRows, pieces_of, row_reader
from nndsl.data.arrays import ArrayTable
from nndsl.data.files import MAX_MEMORY, open_file, refusal, refuse_above
from nndsl.data.npy import read_header
from nndsl.data.table import Array, Table
from nndsl.data.wording import quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import DamagedArchive, NoRows, PickledArray
from nndsl.source import Span

DAMAGED = {
    zipfile.BadZipFile: "it is not an .npz archive, or damaged",
    NotImplementedError: "it is compressed in a way that cannot be read",
    RuntimeError: "it is encrypted",
    zlib.error: "it is damaged",
    EOFError: "it is damaged",
    ValueError: "it is damaged",
    KeyError: "it is damaged",
}
"""What the standard library and NumPy raise for archives that are cut, encrypted or forged, and what we say."""


class NpzTable(ArrayTable):
    """An archive whose arrays are read when they are asked for."""

    def __init__(self, path: str, span: Span | None, limit: int):
        self.file = path
        self.path = shown_path(path)
        self.span = span
        self.limit = limit
        self.origins, self.reading = (path,), "npz"
        with self._archive(self.path) as archive:
            self.names = tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))
        self._headers: dict[str, Header] = {}

    @contextmanager
    def _archive(self, place: str) -> Iterator[zipfile.ZipFile]:
        with open_file(self.file, self.span) as (file, _):
            try:
                with zipfile.ZipFile(file) as archive:
                    yield archive
            except (*DAMAGED, OSError) as error:
                raise self._refusal(place, error) from None

    def _refusal(self, place: str, error: Exception | None) -> Failure:
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, None):
            return Failure(refusal(self.file, self.span, error))
        reason = next((reason for kind, reason in DAMAGED.items() if isinstance(error, kind)), "it is damaged")
        return Failure(DamagedArchive(self.span, place, reason))

    def _place(self, name: str) -> str:
        return f"{self.path}, array {quoted(name)}"

    def _header(self, name: str) -> Header:
        """Shape and type of an array that may be read."""
        if name not in self._headers:
            place = self._place(name)
            with self._archive(place) as archive, archive.open(f"{name}.npy") as member:
                header = read_header(member)
                stored = archive.getinfo(f"{name}.npy").file_size - member.tell()
            if header.dtype.hasobject:
                raise Failure(PickledArray(self.span, place))
            header.refuse_above(self.limit, place, self.span)
            if min(header.shape, default=0) < 0 or header.nbytes != stored:
                raise Failure(DamagedArchive(self.span, place, "its length is not what its header says"))
            if not header.shape or not header.shape[0]:
                raise Failure(NoRows(self.span, place))
            self._headers[name] = header
        return self._headers[name]

    def whole_shape(self, name: str) -> tuple[int, ...]:
        return self._header(name).shape

    def dtype(self, name: str) -> np.dtype[Any]:
        return self._header(name).dtype

    def array(self, name: str) -> Array:
        self._header(name)
        with self._archive(self._place(name)) as archive, archive.open(f"{name}.npy") as member:
            return npy.read_array(member, allow_pickle=False)

    def pieces(self, rows: int) -> Iterator[Table]:
        """Pieces of the arrays that were asked about; of all if none was."""
        return pieces_of(self, max(map(self.rows, tuple(self._headers) or self.names)), rows, self._reader)

    @contextmanager
    def _reader(self, name: str) -> Iterator[ReadRows]:
        header, place = self._header(name), self._place(name)
        if header.by_columns:  # which would be unpacked once for every piece
            refuse_above(MAX_MEMORY, header.needed, f"{place}, which lies column by column,", self.span)
            whole = self.array(name)
            yield lambda start, stop: np.ascontiguousarray(whole[start:stop])
            return
        with self._archive(place) as archive, archive.open(f"{name}.npy") as member:
            read_header(member)
            yield row_reader(cast(BinaryIO, member), member.tell(), header, partial(self._refusal, place))


def open_npz(path: str, span: Span | None, limit: int) -> NpzTable:
    """Open an archive and list its arrays."""
    return NpzTable(path, span, limit)
