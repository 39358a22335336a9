"""The data sources by name, and how a `SourceCall` is opened: options checked, things called as the program says."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nndsl.data.csv import open_csv
from nndsl.data.idx import open_idx
from nndsl.data.npy import open_npy
from nndsl.data.npz import open_npz
from nndsl.data.table import Table
from nndsl.data.wording import listed, quoted, shown_path
from nndsl.diagnostics import Diagnostics, Failure
from nndsl.errors.data import BadRename, BadSourceOption, UnknownEnding, UnknownSource, UnknownSourceOption
from nndsl.errors.suggest import closest
from nndsl.model.sections import ONE_ARRAY_A_FILE, SourceCall

SOURCES: dict[str, Callable[..., Table]] = {"csv": open_csv, "npz": open_npz, "npy": open_npy, "idx": open_idx}
"""`open(path, span, limit, **options)`: the keyword arguments are the source's options, their annotations the types.
Those of `ONE_ARRAY_A_FILE` are given the file of each array instead of a path."""

ENDINGS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".npz": "npz"}
"""The kind of a file that is given without saying it."""

TYPES: dict[str, tuple[type, ...]] = {"bool": (bool,), "str": (str,), "str | None": (str,)}
EXPECTS = {"bool": "true or false", "str": "a string", "str | None": "a string"}


@dataclass(frozen=True)
class Opened:
    """A table, and what the program may call the things in it: pairs of the visible name and the file's own."""

    table: Table
    visible: tuple[tuple[str, str], ...]


def open_sources(calls: tuple[SourceCall, ...], limit: int) -> list[Opened]:
    """Open every file of a list of sources; a `Failure` holds all that is wrong with them."""
    found = Diagnostics()
    opened = []
    for call in calls:
        try:
            _check_options(call)
            for where in [call.files] if call.kind in ONE_ARRAY_A_FILE else call.paths:
                table = SOURCES[call.kind](where, call.span, limit, **call.options)
                opened.append(Opened(table, _visible(table, call)))
        except Failure as failure:
            found.extend(failure.diagnostics)
    found.raise_errors()
    return opened


def open_like(path: str, sources: Sequence[SourceCall], limit: int) -> Opened:
    """A file by its ending, with the options of the first of these sources that is of its kind."""
    ending = os.path.splitext(path)[1].lower()
    kind = ENDINGS.get(ending)
    if kind is None:
        raise Failure(UnknownEnding(None, shown_path(path), quoted(ending), listed(list(ENDINGS))))
    options = next((call.options for call in sources if call.kind == kind), {})
    table = SOURCES[kind](path, None, limit, **options)
    return Opened(table, tuple((name, name) for name in table.names))


def _check_options(call: SourceCall) -> None:
    if call.kind not in SOURCES:
        known = listed([f"`{name}`" for name in SOURCES])
        raise Failure(UnknownSource(call.span, call.kind, known, closest(call.kind, SOURCES)))
    found = Diagnostics()
    options = {
        name: str(parameter.annotation)
        for name, parameter in inspect.signature(SOURCES[call.kind]).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    for name, value in call.options.items():
        if name not in options:
            known = listed([f"`{option}`" for option in options]) if options else "none"
            found.report(UnknownSourceOption(call.span, call.kind, name, known, closest(name, options)))
        elif not isinstance(value, TYPES[options[name]]):
            shown = str(value).lower() if isinstance(value, bool) else quoted(value)
            found.report(BadSourceOption(call.span, call.kind, name, EXPECTS[options[name]], shown))
    found.raise_errors()


def _visible(table: Table, call: SourceCall) -> tuple[tuple[str, str], ...]:
    """A rename takes the old name away: nothing has two names."""
    found = Diagnostics()
    by_old: dict[str, str] = {}
    for new, old in call.renames.items():
        if old not in table.names:
            near = closest(old, table.names)
            reason = f"there is no such {table.what}"
            suggestion = quoted(near) if near else None
            found.report(BadRename(call.span, table.path, quoted(old), new, reason, suggestion))
        elif new in table.names and new not in call.renames.values():
            found.report(BadRename(call.span, table.path, quoted(old), new, f"another {table.what} has that name"))
        elif old in by_old:
            found.report(BadRename(call.span, table.path, quoted(old), new, f"it is already called `{by_old[old]}`"))
        else:
            by_old[old] = new
    found.raise_errors()
    return tuple((by_old.get(name, name), name) for name in table.names)
