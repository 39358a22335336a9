"""Data larger than memory: what a file holds, checked and written once as columns beside the program.

    .nndsl-cache/big-1f0c9a7b52d4/   an entry: the columns of one table
        entry.json                   the files it was made from, how they were read, and what its columns are
        0, 1, 1.missing, …           the columns' elements, one after another

An entry belongs to what the files hold (their SHA-256) and how they are read. So that large files are not hashed each
time, an entry also knows their sizes and times: it is taken unasked as long as these are the same. It appears whole,
under a temporary name until all is on the disk; a damaged one is made again. Entries that a new one replaces are
removed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from nndsl.data.binding import Bound
from nndsl.data.files import open_file
from nndsl.data.kinds import Values
from nndsl.data.stored import Room
from nndsl.data.storing import files_of, in_place, store, stored_values
from nndsl.data.table import Table
from nndsl.data.wording import listed, shown_bytes, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.storing import CacheTooLarge, CacheUnwritable, DataChanged
from nndsl.files import write_whole
from nndsl.source import Span

try:
    import fcntl
except ImportError:  # not on Windows, where two programs that make one entry do so one after the other by chance only
    fcntl = None  # type: ignore[assignment]

FOLDER = ".nndsl-cache"
ENTRY = "entry.json"
VERSION = 1
"""Of what entries look like; others are left alone."""

STREAMED_ABOVE = 10**9
"""Bytes: what would take more memory than this is read from the disk as it is needed."""

PIECE = 1 << 25
"""Bytes of a table that are in memory together while its columns are written."""

Stamp = dict[str, Any]
"""A data file as an entry knows it: path, size, time of its last change, hash."""

log = logging.getLogger("nndsl.data")
"""Tells what takes long and stays on the disk; `logging` shows it on standard error unless it is set up otherwise."""


@dataclass(frozen=True)
class Cache:
    """The entries beside a program. What takes more than `above` bytes of memory goes through them."""

    folder: Path
    program: str = ""
    """The program's name: an entry that was made for it is replaced when it reads a file in another way."""
    above: int = STREAMED_ABOVE
    piece: int = PIECE
    room: Room = field(default_factory=Room)

    def values(self, bounds: Mapping[str, Bound]) -> dict[str, Values]:
        """What these names take from one table, as columns on the disk; every value is checked.

        The entry is made if there is none yet.
        """
        table = next(iter(bounds.values())).table
        reading = _reading(bounds)
        stamps = [_stamp(path, table.span) for path in table.origins]
        entry = self._find(stamps, reading, table.span)
        if entry is None:
            with self._alone(table.span):
                entry = self._find(stamps, reading, table.span)  # another process may have been at it
                entry = entry or self._make(bounds, stamps, reading)
        folder, stored = entry
        return stored_values(bounds, folder, stored, self.room)

    # ---------------------------------------------------------------- finding

    def _entries(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        for path in sorted(self.folder.glob(f"*/{ENTRY}")):
            with suppress(OSError, ValueError):
                entry = json.loads(path.read_text(encoding="utf-8"))
                if (
                    isinstance(entry, dict)
                    and entry.get("version") == VERSION
                    and entry.pop("check", "") == _digest(entry)
                ):
                    yield path.parent, entry

    def _find(self, stamps: Sequence[Stamp], reading: Any, span: Span | None) -> tuple[Path, Any] | None:
        """The entry of files that look like those it was made from, or hold the same; its stored columns."""
        for folder, entry in self._entries():
            if entry["reading"] != reading or len(entry["files"]) != len(stamps):
                continue
            pairs = list(zip(stamps, entry["files"], strict=True))
            if any(stamp["size"] != known["size"] for stamp, known in pairs) or not _is_whole(folder, entry):
                continue
            if all(stamp.items() <= known.items() for stamp, known in pairs):
                return folder, entry["stored"]
            if all(_hash(stamp["path"], span) == known["hash"] for stamp, known in pairs):
                known = [{**stamp, "hash": known["hash"]} for stamp, known in pairs]
                with suppress(OSError):  # then they are hashed again next time
                    _write({**entry, "files": known}, folder)
                return folder, entry["stored"]
        return None

    # ---------------------------------------------------------------- making

    @contextmanager
    def _alone(self, span: Span | None) -> Iterator[None]:
        """One process at a time makes entries; the next one finds them."""
        with self._writing(span):
            self.folder.mkdir(exist_ok=True)
            if not (self.folder / ".gitignore").exists():
                (self.folder / ".gitignore").write_text("*\n")
            lock = open(self.folder / "lock", "w")  # noqa: SIM115 (only what is written here is told as such)
        with lock:
            if fcntl:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _writing(self, span: Span | None) -> Iterator[None]:
        """What the system refuses, in words."""
        try:
            yield
        except OSError as error:
            reasons = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk is full"}
            reason = reasons.get(error.errno or 0, (error.strerror or str(error)).lower())
            raise Failure(CacheUnwritable(span, shown_path(str(self.folder)), reason)) from None

    def _make(self, bounds: Mapping[str, Bound], stamps: Sequence[Stamp], reading: Any) -> tuple[Path, Any]:
        table = next(iter(bounds.values())).table
        self._refuse_too_large(table, bounds)
        paths = listed([shown_path(path) for path in table.origins], most=3)
        total = shown_bytes(sum(stamp["size"] for stamp in stamps))
        log.warning("reading %s (%s) once, into %s", paths, total, shown_path(str(self.folder)))
        with self._writing(table.span):
            for left in self.folder.glob("making-*"):  # by a process that was killed, since no other is at it
                shutil.rmtree(left, ignore_errors=True)
            made = self.folder / f"making-{os.getpid()}"
            made.mkdir()
            try:
                files = [{**stamp, "hash": _hash(stamp["path"], table.span)} for stamp in stamps]
                stored = store(bounds, made, self.piece)
                for stamp in stamps:
                    if _stamp(stamp["path"], table.span) != stamp:
                        raise Failure(DataChanged(table.span, shown_path(stamp["path"])))
                entry = {"version": VERSION, "program": self.program, "files": files, "reading": reading}
                entry["stored"] = stored
                _write(entry, made)
                folder = self.folder / f"{_stem(table)}-{_digest([[one['hash'] for one in files], reading])}"
                _remove(folder)
                made.rename(folder)
            except BaseException:
                shutil.rmtree(made, ignore_errors=True)
                raise
        self._remove_replaced(folder, entry)
        size, until = shown_bytes(sum(files_of(stored).values())), _changes(stamps)
        log.warning("made %s (%s) from %s; it is reused until %s", shown_path(str(folder)), size, paths, until)
        return folder, stored

    def _refuse_too_large(self, table: Table, bounds: Mapping[str, Bound]) -> None:
        """A compressed file may state any size; how many values a text holds shows only when it is read."""
        if not table.typed:
            return
        needed = sum(
            prod(bound.found_shape) * bound.table.rows(bound.names[0]) * (8 if bound.declared.kind == "i64" else 4)
            for bound in bounds.values()
            if in_place(bound) is None
        )
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            place = shown_path(str(self.folder))
            raise Failure(CacheTooLarge(table.span, table.path, shown_bytes(needed), place, shown_bytes(free)))

    def _remove_replaced(self, made: Path, entry: Mapping[str, Any]) -> None:
        """Remove entries of what these files once held, and those that this program needs no longer."""
        for folder, other in list(self._entries()):
            paths = [[file["path"] for file in one["files"]] for one in (entry, other)]
            hashes = [[file["hash"] for file in one["files"]] for one in (entry, other)]
            replaced = hashes[0] != hashes[1] or entry["program"] == other["program"]
            if folder != made and paths[0] == paths[1] and replaced:
                _remove(folder)


def _reading(bounds: Mapping[str, Bound]) -> Any:
    """How values are made of what the files hold, as JSON gives it back."""
    names = {
        name: [bound.declared.kind, list(bound.names), bound.stacked, list(bound.found_shape)]
        for name, bound in bounds.items()
    }
    return [next(iter(bounds.values())).table.reading, names]


def _stamp(path: str, span: Span | None) -> Stamp:
    with open_file(path, span) as (file, size):
        return {"path": os.path.abspath(path), "size": size, "time": os.fstat(file.fileno()).st_mtime_ns}


def _hash(path: str, span: Span | None) -> str:
    found = hashlib.sha256()
    with open_file(path, span) as (file, _):
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def _write(entry: Mapping[str, Any], folder: Path) -> None:
    """With a check, so that what was changed by accident is not believed."""
    write_whole(folder / ENTRY, json.dumps({**entry, "check": _digest(entry)}))


def _stem(table: Table) -> str:
    """A name that tells a person what the entry is of."""
    stem = os.path.basename(table.origins[0]).split(".")[0][:40]
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in stem) or "data"


def _changes(stamps: Sequence[Stamp]) -> str:
    return "the file changes" if len(stamps) == 1 else "one of the files changes"


def _is_whole(folder: Path, entry: Mapping[str, Any]) -> bool:
    """Whether all files of an entry are there, as long as they were written."""
    try:
        return all((folder / name).stat().st_size == size for name, size in files_of(entry["stored"]).items())
    except (OSError, KeyError, TypeError):
        return False


def _remove(folder: Path) -> None:
    """Remove an entry, first what makes it one. Whoever has its columns open keeps them."""
    with suppress(OSError):
        (folder / ENTRY).unlink(missing_ok=True)
        shutil.rmtree(folder)
