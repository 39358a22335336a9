"""Files that may be compressed with gzip: unpacked as they are read, and never further than memory allows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from nndsl.data.files import open_file, refuse_above
from nndsl.data.wording import shown_bytes, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import DamagedGzip, DataTooLarge
from nndsl.source import Span

GZIP = b"\x1f\x8b"
"""How such a file begins; its name may be anything."""


@contextmanager
def unpacked(file: BinaryIO, path: str, span: Span | None) -> Iterator[tuple[BinaryIO, bool]]:
    """What the file holds, and whether it is compressed; a `Failure` where it is and cannot be unpacked."""
    packed = file.read(2) == GZIP
    file.seek(0)
    if not packed:
        yield file, False
        return
    try:
        with gzip.GzipFile(fileobj=file) as content:
            yield cast(BinaryIO, content), True
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        reason = "it ends too early" if isinstance(error, EOFError) else "it is damaged"
        raise Failure(DamagedGzip(span, shown_path(path), reason)) from None


def read_unpacked(path: str, span: Span | None, *, limit: int, factor: int) -> bytes:
    """All that a file holds, which takes `factor` times its size in memory, at most `limit` bytes."""
    with open_file(path, span) as (file, size), unpacked(file, path, span) as (content, packed):
        refuse_above(limit, size * factor, shown_path(path), span)
        found = content.read(limit // factor + 1)  # a file may grow, and some say 0
        if len(found) * factor > limit:
            needed = ("more than " if packed else "") + shown_bytes(len(found) * factor)
            raise Failure(DataTooLarge(span, shown_path(path), needed, shown_bytes(limit)))
        return found
