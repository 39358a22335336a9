"""A part of the data: the tables of one list of sources, joined by rows, and what each name takes from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain

import numpy as np

from nndsl.data.binding import Bound, bind
from nndsl.data.cache import Cache
from nndsl.data.classes import Kind, class_table
from nndsl.data.columns import Chosen, Column, Joined, Looked
from nndsl.data.kinds import Values, fits_i64, read, whole_number
from nndsl.data.sources import open_sources
from nndsl.data.table import Array, Coded
from nndsl.data.wording import and_more, shown_bytes
from nndsl.diagnostics import Diagnostics, Failure
from nndsl.errors.data import DataTooLarge
from nndsl.errors.values import MissingValue
from nndsl.model.network import Classes, Declared
from nndsl.model.sections import DataSection, SourceCall


@dataclass(frozen=True)
class Part:
    """Joined tables. Row numbers run over all of them; values are read when they are first asked for.

    With a cache they are not taken into memory: they are columns there.
    """

    bound: dict[str, list[Bound]]
    cache: Cache | None = None
    _values: dict[str, list[Values]] = field(default_factory=dict)

    @property
    def _ends(self) -> list[int]:
        first = next(iter(self.bound))
        if self.cache:
            return list(accumulate(values.rows for values in self.values(first)))
        return list(accumulate(one.table.rows(one.names[0]) for one in self.bound[first]))

    @property
    def rows(self) -> int:
        return self._ends[-1]

    def local(self, rows: Array) -> list[Array]:
        """Ascending row numbers as those of each table."""
        ends = self._ends
        if len(ends) == 1:
            return [rows]
        cuts = np.searchsorted(rows, ends)
        starts = [0, *ends[:-1]]
        return [part - start for part, start in zip(np.split(rows, cuts[:-1]), starts, strict=True)]

    def row_place(self, row: int) -> str:
        """Where a row stands in its file."""
        ends = self._ends
        i = int(np.searchsorted(ends, row, side="right"))
        return next(iter(self.bound.values()))[i].table.row_place(row - ([0, *ends])[i])

    def read(self, names: Iterable[str]) -> None:
        """Read the values of these names; a `Failure` holds what is wrong with any of them.

        What goes through a cache is read all together, since that takes one pass over the files.
        """
        if self.cache:
            if not self._values:
                self._values.update(_stored(self.bound, self.cache))
            return
        found = Diagnostics()
        for name in names:
            if name not in self._values:
                try:
                    self._values[name] = [read(one) for one in self.bound[name]]
                except Failure as failure:
                    found.extend(failure.diagnostics)
        found.raise_errors()

    def values(self, name: str) -> list[Values]:
        self.read([name])
        return self._values[name]

    def missing(self, name: str) -> Array:
        """For each row whether an element of this name is missing."""
        tables = self.values(name)
        return np.concatenate([one.missing.rows if one.missing else np.zeros(one.rows, bool) for one in tables])

    def refuse_missing(self, names: Iterable[str], policy: str) -> None:
        """Raise a `Failure` for missing values, one message a name.

        The policy is the program's, or `answer` for rows to predict. `keep` lets NaN stand in `f32` only.
        """
        found = Diagnostics()
        for name in names:
            for values in self.values(name):
                declared = values.bound.declared
                if values.missing is None or (policy == "keep" and declared.kind == "f32"):
                    continue
                hint = "`missing = drop` in `data` leaves such rows out"
                if policy == "keep":
                    hint = f"`missing = keep` is for f32, which `impute` can fill, and not for {declared.kind}"
                elif policy == "answer":
                    hint = "a row is predicted from all of its values"
                elif declared.kind == "f32":
                    hint += ", `missing = keep` leaves them to `impute`"
                place = values.place(values.missing.first)
                more = and_more(values.missing.count - 1, "value")
                found.report(MissingValue(values.bound.span, place, more, name, hint))
                break
        found.raise_errors()

    def array(self, name: str, rows: Array, classes: Classes | None) -> Array | Column:
        """The values of ascending rows as a session takes them."""
        parts: list[Array | Column] = []
        for values, local in zip(self.values(name), self.local(rows), strict=True):
            data, table = values.data, None
            if isinstance(data, Coded):
                assert classes is not None
                data, table = data.codes, class_table(values, classes, local)
            if isinstance(data, Column):
                parts.append(data if table is None else Looked(data, table))
            else:
                parts.append(data[local] if table is None else table[data[local]])
        columns = [part for part in parts if isinstance(part, Column)]
        if not columns:
            arrays = [part for part in parts if isinstance(part, np.ndarray)]
            return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        whole = columns[0] if len(columns) == 1 else Joined(columns)
        return whole if len(rows) == len(whole) else Chosen(whole, rows)

    def strata(self, name: str, rows: Array) -> tuple[Array, list[Kind]]:
        """The stratum of each of these rows, and what the strata are called, in sorted order."""
        found = [_kinds(values, local) for values, local in zip(self.values(name), self.local(rows), strict=True)]
        present = {kind: whole_number(kind) for _, kinds in found for kind in kinds}
        if all(number is not None and fits_i64(number) for number in present.values()):
            names: list[Kind] = sorted({number for number in present.values() if number is not None})
            index = {number: i for i, number in enumerate(names)}
            place = {kind: index[number] for kind, number in present.items() if number is not None}
        else:
            names = sorted({str(kind) for kind in present})
            index = {text: i for i, text in enumerate(names)}
            place = {kind: index[str(kind)] for kind in present}
        tables = [np.array([place[kind] for kind in kinds], np.int32)[codes] for codes, kinds in found]
        return np.concatenate(tables), names


def _kinds(values: Values, rows: Array) -> tuple[Array, list[Kind]]:
    """These rows as indices into the kinds that occur in them."""
    if isinstance(values.data, Coded):
        codes, names = values.data.codes[rows], values.data.distinct
    else:
        numbers, codes = np.unique(values.data[rows].astype(np.int64), return_inverse=True)
        names = tuple(numbers.tolist())
    used = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    place = np.zeros(len(names), np.int32)
    place[used] = np.arange(len(used))
    return place[codes], [names[code] for code in used.tolist()]


def open_part(
    calls: Sequence[SourceCall],
    declared: Sequence[Declared],
    section: DataSection,
    limit: int,
    report: Diagnostics,
    cache: Cache | None = None,
) -> Part:
    """Open a list of sources and bind everything declared; what is wrong is reported.

    What would take more memory than the cache is there for goes through it.
    """
    try:
        opened = open_sources(tuple(calls), limit, cache.above if cache else None)
    except Failure as failure:
        report.extend(failure.diagnostics)
        return Part({})
    bound = bind(opened, declared, section.bindings, report)
    every = list(chain.from_iterable(bound.values()))
    needed = _memory(every)
    if cache and needed > cache.above and all(one.table.origins for one in every):
        return Part(bound, cache)
    if needed > limit:
        report.report(DataTooLarge(calls[0].span, "what is read from here", shown_bytes(needed), shown_bytes(limit)))
    return Part(bound)


def _memory(bounds: Sequence[Bound]) -> int:
    """Bytes that values take while they are made from what their tables hold."""
    return sum(one.table.memory(one.names, 8 if one.declared.dtype == "i64" else 4) for one in bounds)


def _stored(bound: Mapping[str, Sequence[Bound]], cache: Cache) -> dict[str, list[Values]]:
    """The values of all names as columns; one pass over each table that has not been stored yet."""
    found = Diagnostics()
    values: dict[str, list[Values]] = {name: [] for name in bound}
    for parts in zip(*bound.values(), strict=True):
        by_table: dict[int, dict[str, Bound]] = {}
        for name, one in zip(bound, parts, strict=True):
            by_table.setdefault(id(one.table), {})[name] = one
        try:
            for together in by_table.values():
                for name, column in cache.values(together).items():
                    values[name].append(column)
        except Failure as failure:
            found.extend(failure.diagnostics)
    found.raise_errors()
    return values
