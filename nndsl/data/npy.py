"""`npy(x = "x.npy")`: NumPy's files of one array each. Pickled objects are never read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from nndsl.data.array_files import ArrayFiles
from nndsl.data.array_pieces import Header
from nndsl.data.table import Array
from nndsl.diagnostics import Failure
from nndsl.errors.data import DamagedArray, PickledArray
from nndsl.source import Span

ADVICE = "`numpy.save(path, array)` writes such a file"


class NpyTable(ArrayFiles):
    """Arrays as `numpy.save` writes them."""

    def read_header(self, file: BinaryIO, size: int, place: str) -> Header:
        try:
            header = read_header(file)
        except (ValueError, EOFError):
            raise self.damaged(place) from None
        if header.dtype.hasobject:
            raise Failure(PickledArray(self.span, place))
        if min(header.shape, default=0) < 0 or header.nbytes != size - file.tell():
            raise self.damaged(place, "its length is not what its header says")
        return header

    def read_array(self, file: BinaryIO, header: Header, place: str) -> Array:
        try:
            return npy.read_array(file, allow_pickle=False)
        except (ValueError, EOFError):  # it has changed since its header was read
            raise self.damaged(place) from None

    def damaged(self, place: str, reason: str = "") -> Failure:
        return Failure(DamagedArray(self.span, place, reason or "it is no .npy file, or damaged", ADVICE))


def read_header(file: Any) -> Header:
    """Shape and type from the head of a `.npy` file; `ValueError` where that is none."""
    version = npy.read_magic(file)
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    if version == (1, 0):
        shape, by_columns, dtype = npy.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, by_columns, dtype = npy.read_array_header_2_0(file)
    else:
        raise ValueError(version)  # 3.0 is for names of record fields, which no input has
    return Header(shape, dtype, by_columns)


def open_npy(files: Mapping[str, str], span: Span | None, limit: int) -> NpyTable:
    """A table of arrays, each in the file that is given with its name."""
    return NpyTable("npy", files, span, limit)
