"""Opening data files: regular files only, of a size that fits, and every refusal with a message."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from nndsl.data.wording import printable, shown_bytes, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import DataFileMissing, DataTooLarge, NotRegularFile, UnreadableFile
from nndsl.errors.suggest import closest
from nndsl.source import Span

MAX_MEMORY = 4 * 10**9
"""Bytes that data may take unless a caller says otherwise."""

UNLIMITED = 1 << 62
"""The limit of what is not taken into memory at once."""

KINDS_OF_FILE = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


@contextmanager
def open_file(path: str, span: Span | None) -> Iterator[tuple[BinaryIO, int]]:
    """A data file opened for reading, and its size in bytes; an error while it is read is a `Failure` too."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            what = KINDS_OF_FILE.get(stat.S_IFMT(status.st_mode), "something else")
            raise Failure(NotRegularFile(span, shown_path(path), what))
        with open(path, "rb") as file:
            yield file, status.st_size
    except (OSError, ValueError) as error:
        raise Failure(refusal(path, span, error)) from None


def refuse_above(limit: int, needed: int, what: str, span: Span | None) -> None:
    if needed > limit:
        raise Failure(DataTooLarge(span, what, shown_bytes(needed), shown_bytes(limit)))


def refusal(path: str, span: Span | None, error: OSError | ValueError) -> DataFileMissing | UnreadableFile:
    """What the system's refusal of a path means."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR):
        return DataFileMissing(span, shown_path(path), _neighbour(path))
    reasons = {
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.ENAMETOOLONG: "the name is too long",
        errno.ELOOP: "its links lead in a circle",
        errno.EIO: "the disk reports an error",
    }
    reason = "the path holds characters that no file name may" if number is None else f"system error {number}"
    return UnreadableFile(span, shown_path(path), reasons.get(number or 0, reason))


def _neighbour(path: str) -> str | None:
    """The file in the same folder whose name is nearest."""
    folder, name = os.path.split(path)
    try:
        near = closest(name, os.listdir(folder or "."))
    except OSError:
        return None
    return printable(os.path.join(os.path.dirname(shown_path(path)), near)) if near else None
