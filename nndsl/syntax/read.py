"""A program's file as a `Source`, or the reason why it is none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nndsl.diagnostics import Failure
from nndsl.errors.syntax import NotText, SourceTooLong, UnreadableFile
from nndsl.source import Source
from nndsl.syntax.limits import normalise

LARGEST = 1 << 20


def read_source(path: str | os.PathLike[str], name: str | None = None) -> Source:
    """The text of a program's file, shown as `name` (the path as it was written, unless another is given).

    Raises `Failure` if it cannot be read, is not a regular file, not UTF-8, or longer than 1 MiB.
    """
    shown = str(path) if name is None else name
    try:
        # A pipe or a device could block for ever when opened or never end when read.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
                raise Failure(UnreadableFile(None, shown, f"it is {what}"))
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Failure(UnreadableFile(None, shown, reason(error, path))) from None
    except ValueError:
        raise Failure(UnreadableFile(None, shown, "no file can have this name")) from None
    return decode(data, shown)


def decode(data: bytes, name: str) -> Source:
    """The source that bytes are; raises `Failure` if they are too many or no text in UTF-8."""
    if len(data) > LARGEST:
        raise Failure(SourceTooLong(None, name))
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise Failure(NotText(None, name, f"line {line} holds a zero byte"))
    try:
        return Source(name, normalise(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Failure(NotText(None, name, f"line {line} holds the byte 0x{data[error.start]:02X}")) from None


def reason(error: OSError, path: str | os.PathLike[str]) -> str:
    if isinstance(error, FileNotFoundError):
        folder = Path(path).parent
        return "there is no such file" if folder.is_dir() else f"there is no folder `{folder}`"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, PermissionError):
        return "its permissions forbid it"
    return (error.strerror or "the system refuses").lower()
