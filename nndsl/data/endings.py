"""Data files given to a trained model: what they are by the endings of their names, and read like the program's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeGuard

from nndsl.data.csv_pieces import CsvFile
from nndsl.data.files import open_file
from nndsl.data.paths import matching
from nndsl.data.sources import OPENERS, Opened, visible
from nndsl.data.table import Table
from nndsl.data.wording import listed, quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.errors.data import UnknownEnding
from nndsl.errors.sources import NoMatch, OneArray
from nndsl.model.network import Declared
from nndsl.model.sections import SourceCall
from nndsl.model.sources import ENDINGS, SOURCES, kind_of

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

IMAGES = tuple(ending for ending, kind in ENDINGS.items() if kind == "images")


def are_paths(data: Any) -> TypeGuard[Paths]:
    """Whether data are given as a path, or as a list of paths."""
    several = isinstance(data, list | tuple) and bool(data)
    return all(isinstance(path, str | os.PathLike) for path in (data if several else (data,)))


def files_of(paths: Paths) -> list[str]:
    """The files of paths, patterns and folders of images, in order; a `Failure` where one comes up twice."""
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    return matching([file for path in given for file in _files(os.fspath(path))], None)


def open_like(
    paths: Paths,
    sources: Sequence[SourceCall],
    declared: Sequence[Declared],
    limit: int,
    *,
    kind: str | None = None,
    in_pieces: bool = False,
) -> list[Opened]:
    """Files, patterns and folders of images, with the options of the first of these sources that is of their kind.

    A file of one array (`.npy`, idx) stands for the only name that is declared. Sources' renames are those of their own
    files; only what all images have in common, `image` and `folder`, may have been renamed for good. All files are of
    `kind`, if one is given. `in_pieces` tables will be read by their `pieces`, so a text may be of any size.
    """
    opened = []
    for of, files in groupby(files_of(paths), lambda file: kind or _known_kind(file)):
        opened += _opened(of, list(files), sources, declared, limit, in_pieces)
    return opened


def _known_kind(file: str) -> str:
    if (kind := kind_of(file)) is None:
        with open_file(file, None):
            pass  # that there is no such file is said first
        ending = os.path.splitext(file)[1].lower()
        raise Failure(UnknownEnding(None, shown_path(file), quoted(ending), listed(list(ENDINGS), most=30)))
    return kind


def open_arrays(files: Mapping[str, str], limit: int, kind: str | None = None) -> list[Opened]:
    """Files of one array each (`.npy`, idx), by the names of the inputs that they hold."""
    kinds = {name: kind or kind_of(file) or "" for name, file in files.items()}
    for name, file in files.items():
        if kinds[name] not in SOURCES or SOURCES[kinds[name]].a_file != "array":
            raise Failure(BadOption(None, f"{name}={shown_path(file)}", "a file of one array is .npy or .idx"))
    if len(set(kinds.values())) > 1:
        raise Failure(BadOption(None, "NAME=FILE", "all files must be of one kind, .npy or .idx"))
    return [_as_declared(next(iter(kinds.values())), files, limit)]


def _opened(
    kind: str,
    files: list[str],
    sources: Sequence[SourceCall],
    declared: Sequence[Declared],
    limit: int,
    in_pieces: bool,
) -> list[Opened]:
    like = next((call for call in sources if call.kind == kind), None)
    options = like.options if like else {}
    a_file = SOURCES[kind].a_file
    if a_file == "row":
        return [visible(OPENERS[kind](files, None, limit, **options), like.renames if like else {})]
    if a_file == "array":
        if len(declared) != 1:
            raise Failure(OneArray(None, shown_path(files[0]), listed([f"`{each.name}`" for each in declared])))
        return [_as_declared(kind, {declared[0].name: file}, limit) for file in files]
    opener: Callable[..., Table] = CsvFile if in_pieces and kind == "csv" else OPENERS[kind]
    return [visible(opener(file, None, limit, **options), {}) for file in files]


def _as_declared(kind: str, files: Mapping[str, str], limit: int) -> Opened:
    """Arrays by the names of what they are for."""
    return replace(visible(OPENERS[kind](files, None, limit), {}), as_declared=True)


def _files(path: str) -> list[str]:
    """A folder stands for the images in it and below it."""
    if not os.path.isdir(path):
        return [path]
    images = [file for file in matching([os.path.join(path, "**")], None) if kind_of(file) == "images"]
    if not images:
        hint = f"a folder stands for its images: {', '.join(IMAGES)}"
        raise Failure(NoMatch(None, f"{shown_path(path)} as a folder of images", hint))
    return images
