"""`idx(image = "train-images.gz", label = "train-labels.gz")`: MNIST's format, plain or compressed with gzip.

A file is two zero bytes, the elements' type, the number of axes, each axis's size as a big-endian 32-bit number, then
the elements, the last axis fastest (http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, cast

import numpy as np

from nndsl.data.array_files import ArrayFiles
from nndsl.data.array_pieces import Header
from nndsl.data.table import Array
from nndsl.diagnostics import Failure
from nndsl.errors.data import DamagedArray
from nndsl.source import Span

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""NumPy's types by the third byte of a file."""

GZIP = b"\x1f\x8b"
ADVICE = "such a file begins with two zero bytes, a type (8 for bytes) and the number of axes; it may be gzipped"


class IdxTable(ArrayFiles):
    """Arrays as MNIST comes in."""

    def read_header(self, file: BinaryIO, size: int, place: str) -> Header:
        packed = file.read(2) == GZIP
        file.seek(0)
        with self._unpacked(file, place) as content:
            start = content.read(4)
            if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES:
                raise self.damaged(place, "it is not in the idx format")
            axes = content.read(4 * start[3])
            if len(axes) < 4 * start[3]:
                raise self.damaged(place, "it ends too early")
        shape = tuple(int.from_bytes(axes[i : i + 4], "big") for i in range(0, len(axes), 4))
        header = Header(shape, np.dtype(TYPES[start[2]]))
        if not packed and len(start) + len(axes) + header.nbytes != size:
            raise self.damaged(place, "its length is not what its header says")
        return header

    def read_array(self, file: BinaryIO, header: Header, place: str) -> Array:
        with self._unpacked(file, place) as content:
            content.read(4 + 4 * len(header.shape))
            elements = content.read(header.nbytes)
            if len(elements) < header.nbytes or content.read(1):  # no more is unpacked than the header says
                raise self.damaged(place, "its length is not what its header says")
        array = np.frombuffer(elements, header.dtype).reshape(header.shape)
        return array.astype(header.dtype.newbyteorder("="), copy=False)

    @contextmanager
    def content(self, file: BinaryIO, place: str) -> Iterator[tuple[BinaryIO, int]]:
        with self._unpacked(file, place) as content:
            axes = content.read(4)[3]
            yield content, 4 + 4 * axes

    @contextmanager
    def _unpacked(self, file: BinaryIO, place: str) -> Iterator[BinaryIO]:
        """The file's bytes, unpacked if it is compressed."""
        packed = file.read(2) == GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(BinaryIO, unpacked)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise self.damaged(place) from None

    def damaged(self, place: str, reason: str = "") -> Failure:
        return Failure(DamagedArray(self.span, place, reason or "it is compressed with gzip, and damaged", ADVICE))


def open_idx(files: Mapping[str, str], span: Span | None, limit: int) -> IdxTable:
    """A table of arrays, each in the file that is given with its name."""
    return IdxTable("idx", files, span, limit)
