"""Which files a source's paths and patterns stand for: `part-*.csv`, `digits/*/*.png`, `photos/**/*.jpg`.

`*` is any characters of one name and `?` one of them; `**` as a whole name is any number of folders. A name that is
there as it is written is never a pattern. What a pattern matches is sorted name by name in the order of code points, so
that rows have the same order on every platform. Hidden files (`.name`) match only what begins with a dot itself, and
`**` does not follow links.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase

from nndsl.data.files import refusal
from nndsl.data.wording import and_more, counted, listed, quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.sources import FilesDisagree, FileTwice, NoMatch, TooManyFiles
from nndsl.errors.suggest import closest
from nndsl.source import Span

MOST_FILES = 1_000_000
"""Names that a pattern may lead through."""


def matching(paths: Sequence[str], span: Span | None) -> list[str]:
    """The files of these paths and patterns: in the order given, those of a pattern sorted.

    Raises `Failure` where nothing matches, or where one file comes up twice. Paths that are no patterns are not looked
    at: whoever opens them says what is wrong with them.
    """
    files = [file for path in paths for file in (_Pattern(path, span).files() if is_pattern(path) else (path,))]
    refuse_twice(files, span)
    return files


def matching_arrays(files: Mapping[str, Sequence[str]], span: Span | None) -> list[dict[str, str]]:
    """The files of each array, joined one by one: what is the first table's, the second's, …"""
    found = {name: matching(paths, span) for name, paths in files.items()}
    first = next(iter(found))
    for name, others in found.items():
        if len(others) != len(found[first]):
            counts = counted(len(found[first]), "file"), counted(len(others), "file")
            raise Failure(FilesDisagree(span, first, counts[0], name, counts[1]))
    return [dict(zip(found, table, strict=True)) for table in zip(*found.values(), strict=True)]


def is_pattern(path: str) -> bool:
    """Whether a path has `*` or `?` and is not there as it is written."""
    return ("*" in path or "?" in path) and not os.path.lexists(path)


def refuse_twice(files: Sequence[str], span: Span | None) -> None:
    """A `Failure` if two of these paths are the same; links are files of their own, as whoever made them meant."""
    seen: set[str] = set()
    twice = []
    for file in files if len(files) > 1 else ():
        path = os.path.abspath(file)
        if path in seen:
            twice.append(file)
        seen.add(path)
    if twice:
        raise Failure(FileTwice(span, shown_path(twice[0]), and_more(len(twice) - 1, "file")))


class _Pattern:
    """A path some of whose names are patterns, matched folder by folder."""

    def __init__(self, path: str, span: Span | None):
        self.path = path
        self.span = span
        self.visited = 0

    def files(self) -> list[str]:
        root, names = self._split()
        found = [root]
        for i, name in enumerate(names):
            last = i == len(names) - 1
            before = found
            found = [path for folder in before for path in self._step(folder, name, last)]
            if not found:
                raise Failure(NoMatch(self.span, shown_path(self.path), self._hint(before, name)))
        return sorted(found, key=lambda path: path.split(os.sep))

    def _split(self) -> tuple[str, list[str]]:
        """The folder where the first pattern begins, and the names from there on."""
        names: list[str] = []
        root = self.path
        while is_pattern(root):
            root, name = os.path.split(root)
            names.insert(0, name)
        return root, [*names, "*"] if names[-1] == "**" else names

    def _step(self, folder: str, name: str, last: bool) -> Iterator[str]:
        """What a name leads to from a folder; the last name leads to files, and behind `**` only to these."""
        if name == "**":
            yield from self._below(folder)
        elif not is_pattern(path := os.path.join(folder, name)):
            if os.path.lexists(path):
                yield path
        else:
            files_only = last and "**" in self.path.split(os.sep)
            for entry in self._entries(folder):
                if _matches(entry.name, name) and (not entry.is_dir() if files_only else last or entry.is_dir()):
                    yield os.path.join(folder, entry.name)

    def _below(self, folder: str) -> Iterator[str]:
        """A folder and all those below it, hidden ones and links apart."""
        waiting = [folder]
        while waiting:
            yield (folder := waiting.pop())
            for entry in self._entries(folder):
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    waiting.append(os.path.join(folder, entry.name))

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder or ".") as entries:
                for entry in entries:
                    self.visited += 1
                    if self.visited > MOST_FILES:
                        raise Failure(TooManyFiles(self.span, shown_path(self.path), MOST_FILES))
                    yield entry
        except (FileNotFoundError, NotADirectoryError):
            return  # nothing matches, and the message says so
        except (OSError, ValueError) as error:
            raise Failure(refusal(folder, self.span, error)) from None

    def _hint(self, folders: Sequence[str], name: str) -> str:
        """What the last folders that were found hold instead."""
        folders = sorted(folders)[:20]
        first = shown_path(folders[0] or ".")
        if not os.path.isdir(folders[0] or "."):
            return f"there is no folder {first}"
        for folder in folders:
            with suppress(OSError):
                names = [other for other in sorted(os.listdir(folder or ".")) if not other.startswith(".")]
                if near := closest(name, names):
                    return f"did you mean {quoted(near)} for {quoted(name)}?"
                if names:
                    return f"{shown_path(folder or '.')} holds {listed(list(map(quoted, names)), most=4)}"
        return f"{first} is empty"


def _matches(name: str, pattern: str) -> bool:
    hidden = name.startswith(".") and not pattern.startswith(".")
    return not hidden and fnmatchcase(name, pattern.replace("[", "[[]"))
