"""How a `SourceCall` is opened: its files found, each read as its kind of source, things called as the program says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nndsl.data.csv import open_csv
from nndsl.data.csv_pieces import CsvFile, takes_more
from nndsl.data.files import UNLIMITED
from nndsl.data.idx import open_idx
from nndsl.data.images import open_images
from nndsl.data.npy import open_npy
from nndsl.data.npz import open_npz
from nndsl.data.parquet import open_arrow, open_parquet
from nndsl.data.paths import matching, matching_arrays, refuse_twice
from nndsl.data.table import Table
from nndsl.data.wording import listed, quoted
from nndsl.diagnostics import Diagnostics, Failure
from nndsl.errors.data import BadRename, BadSourceOption, UnknownSource, UnknownSourceOption
from nndsl.errors.suggest import closest
from nndsl.model.sections import SourceCall
from nndsl.model.sources import SOURCES

OPENERS: Mapping[str, Callable[..., Table]] = {
    "csv": open_csv,
    "npz": open_npz,
    "npy": open_npy,
    "idx": open_idx,
    "parquet": open_parquet,
    "arrow": open_arrow,
    "images": open_images,
}
"""`open(files, span, limit, **options)`. What `files` are depends on what a file of that kind of source holds:
a table: its path; an array: the path of each by name; a row: the paths of all rows."""


@dataclass(frozen=True)
class Opened:
    """A table, and what the program may call the things in it: pairs of the visible name and the file's own."""

    table: Table
    visible: tuple[tuple[str, str], ...]
    as_declared: bool = False
    """Whether its arrays stand under the names that are declared, so that the program binds other files only."""


def open_sources(calls: Sequence[SourceCall], limit: int, streamed_above: int | None = None) -> list[Opened]:
    """Open every file of a list of sources; a `Failure` holds all that is wrong with them.

    With `streamed_above` a text that would take more bytes of memory is opened to be read in pieces, and other tables
    may be of any size, since they can be.
    """
    found = Diagnostics()
    opened = []
    for call in calls:
        try:
            _check_options(call)
            for files in _tables(call):
                large = call.kind == "csv" and takes_more(str(files), call.span, streamed_above)
                opener: Callable[..., Table] = CsvFile if large else OPENERS[call.kind]
                most = limit if streamed_above is None or call.kind == "csv" else UNLIMITED
                table = opener(files, call.span, most, **call.options)
                opened.append(visible(table, call.renames))
        except Failure as failure:
            found.extend(failure.diagnostics)
    found.raise_errors()
    _refuse_repeated(calls)
    return opened


def _tables(call: SourceCall) -> Sequence[str | list[str] | dict[str, str]]:
    """What each table of a source is read from."""
    match SOURCES[call.kind].a_file:
        case "table":
            return matching(call.paths, call.span)
        case "array":
            return matching_arrays(call.files, call.span)
        case "row":
            return [matching(call.paths, call.span)]


def _refuse_repeated(calls: Sequence[SourceCall]) -> None:
    """A `Failure` where two sources of a list read the same file for the same things."""
    seen: dict[Any, list[str]] = {}
    for call in calls if len(calls) > 1 else ():
        if call.paths:
            files = seen.setdefault((call.kind, tuple(sorted(call.renames.items()))), [])
            files += matching(call.paths, call.span)
            refuse_twice(files, call.span)


def _check_options(call: SourceCall) -> None:
    """A `Failure` for a kind of source or options that there are not, or an option of another type."""
    if call.kind not in SOURCES:
        known = listed([f"`{name}`" for name in SOURCES])
        raise Failure(UnknownSource(call.span, call.kind, known, closest(call.kind, SOURCES)))
    found = Diagnostics()
    options = SOURCES[call.kind].options
    for name, value in call.options.items():
        if name not in options:
            known = listed([f"`{option}`" for option in options]) if options else "none"
            found.report(UnknownSourceOption(call.span, call.kind, name, known, closest(name, options)))
        elif not options[name].accepts(value):
            shown = str(value).lower() if isinstance(value, bool) else quoted(value)
            found.report(BadSourceOption(call.span, call.kind, name, options[name].expects, shown))
    found.raise_errors()


def visible(table: Table, renames: Mapping[str, str]) -> Opened:
    """A table with some of its names replaced. A rename takes the old name away: nothing has two names."""
    found = Diagnostics()
    by_old: dict[str, str] = {}
    for new, old in renames.items():
        if old not in table.names:
            near = closest(old, table.names)
            reason = f"there is no such {table.what}"
            suggestion = quoted(near) if near else None
            found.report(BadRename(table.span, table.path, quoted(old), new, reason, suggestion))
        elif new in table.names and new not in renames.values():
            found.report(BadRename(table.span, table.path, quoted(old), new, f"another {table.what} has that name"))
        elif old in by_old:
            found.report(BadRename(table.span, table.path, quoted(old), new, f"it is already called `{by_old[old]}`"))
        else:
            by_old[old] = new
    found.raise_errors()
    return Opened(table, tuple((by_old.get(name, name), name) for name in table.names))
