"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

Content = bytes | str | Sequence[bytes | memoryview]
"""What a file holds: bytes, text (as UTF-8), or bytes in pieces."""


def write_whole(path: Path, content: Content) -> None:
    """Replace the file at `path` by one with this content, atomically.

    The content goes to a temporary file in the same folder, is flushed to disk and renamed: at no moment is there a
    part of a file under the name. A link is followed. Raises `OSError` as the system gives it, with the temporary file
    removed; also where `path` is a folder, a device or a pipe, which must not be replaced.
    """
    write_all({path: content})


def write_all(files: Mapping[Path, Content]) -> None:
    """Write several files as `write_whole` does: all contents are on the disk before the first gets its name.

    So a full disk leaves everything as it was. The files get their names in the order given, and one that is there by
    the last name goes before the first is replaced: whoever finds the last one can rely on all. Should a renaming
    itself fail, the new files among those before it are removed again.
    """
    staged: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for path, content in files.items():
            target = _replaceable(path)
            staged.append((_stage(target, content), target))
        if len(staged) > 1:
            staged[-1][1].unlink(missing_ok=True)
        for temporary, target in staged:
            new = not target.exists()
            os.replace(temporary, target)
            if new:
                made.append(target)
    except BaseException:
        for path in (*(temporary for temporary, _ in staged), *made):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of the one at `path` when the block has ended well; as `write_whole`."""
    target = _replaceable(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:64]}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _replaceable(path: Path) -> Path:
    """Where a file of that path really lies; raises `OSError` where something lies there that is no file."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "it is a device or a pipe", str(path))
    return path.resolve()


def _stage(target: Path, content: Content) -> Path:
    """The content on the disk, in a temporary file beside its target."""
    data = content.encode() if isinstance(content, str) else content
    pieces = (data,) if isinstance(data, bytes) else data
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:64]}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Path(temporary)


@contextmanager
def folder_for(path: Path, *, new: bool = False) -> Iterator[Path]:
    """Make a folder and those above it; if the block fails, those that were made and are still empty go again.

    With `new` there must be none of that name yet (`FileExistsError`).
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=not new)
    try:
        yield path
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _umask() -> int:
    """The process's umask; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
