"""A part of the data: the tables of one list of sources, joined by rows, and what each name takes from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from math import prod

import numpy as np

from nndsl.data.binding import Bound, bind
from nndsl.data.classes import Kind, class_indices
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
    """Joined tables. Row numbers run over all of them; values are read when they are first asked for."""

    bound: dict[str, list[Bound]]
    _values: dict[str, list[Values]] = field(default_factory=dict)

    @property
    def _ends(self) -> list[int]:
        return list(accumulate(one.table.rows(one.names[0]) for one in next(iter(self.bound.values()))))

    @property
    def rows(self) -> int:
        return self._ends[-1]

    def local(self, rows: Array) -> list[Array]:
        """Ascending row numbers as those of each table."""
        ends = self._ends
        cuts = np.searchsorted(rows, ends)
        starts = [0, *ends[:-1]]
        return [part - start for part, start in zip(np.split(rows, cuts[:-1]), starts, strict=True)]

    def row_place(self, row: int) -> str:
        """Where a row stands in its file."""
        ends = self._ends
        i = int(np.searchsorted(ends, row, side="right"))
        return next(iter(self.bound.values()))[i].table.row_place(row - ([0, *ends])[i])

    def read(self, names: Iterable[str]) -> None:
        """Read the values of these names; a `Failure` holds what is wrong with any of them."""
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

    def array(self, name: str, rows: Array, classes: Classes | None) -> Array:
        """The values of ascending rows as a session takes them."""
        parts = []
        for values, local in zip(self.values(name), self.local(rows), strict=True):
            if isinstance(values.data, Coded):
                assert classes is not None
                parts.append(class_indices(values, classes, local))
            else:
                parts.append(values.data[local])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def strata(self, name: str, rows: Array) -> tuple[Array, list[Kind]]:
        """The stratum of each of these rows, and what the strata are called, in sorted order."""
        kinds: list[list[Kind]] = []
        for values, local in zip(self.values(name), self.local(rows), strict=True):
            if isinstance(values.data, Coded):
                kinds.append([values.data.distinct[code] for code in values.data.codes[local].tolist()])
            else:
                kinds.append(values.data[local].astype(np.int64).tolist())
        flat = [kind for part in kinds for kind in part]
        whole = {kind: whole_number(kind) for kind in dict.fromkeys(flat)}
        if all(number is not None and fits_i64(number) for number in whole.values()):
            names: list[Kind] = sorted({number for number in whole.values() if number is not None})
            index = {kind: names.index(number) for kind, number in whole.items() if number is not None}
        else:
            names = sorted({str(kind) for kind in flat})
            index = {kind: names.index(str(kind)) for kind in whole}
        return np.array([index[kind] for kind in flat], np.int64), names


def open_part(
    calls: Sequence[SourceCall], declared: Sequence[Declared], section: DataSection, limit: int, report: Diagnostics
) -> Part:
    """Open a list of sources and bind everything declared; what is wrong is reported."""
    try:
        opened = open_sources(tuple(calls), limit)
    except Failure as failure:
        report.extend(failure.diagnostics)
        return Part({})
    bound = bind(opened, declared, section.bindings, report)
    needed = sum(map(_memory, chain.from_iterable(bound.values())))
    if needed > limit:
        report.report(DataTooLarge(calls[0].span, "what is read from here", shown_bytes(needed), shown_bytes(limit)))
    return Part(bound)


def _memory(bound: Bound) -> int:
    """Bytes that the values take while they are made from what the table holds."""
    elements = prod(bound.found_shape) * bound.table.rows(bound.names[0])
    return elements * (bound.table.itemsize(bound.names[0]) + (8 if bound.declared.dtype == "i64" else 4))
