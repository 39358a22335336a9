"""A `data` section at work: sources opened and bound, missing rows left out, splits drawn, classes found.

    Data(section, declared)   opens the sources and checks what is known without their values
        .facts                what the checker needs: free sizes, classes, rows of the splits
        .splits()             the examples themselves

Everything that is wrong is a `Failure` with all the messages of its stage, and nothing is loaded then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from nndsl.data.binding import leaked_targets
from nndsl.data.cache import Cache
from nndsl.data.classes import find_classes, refuse_unfixed
from nndsl.data.columns import TOGETHER, Column
from nndsl.data.dataset import Dataset, Splits
from nndsl.data.files import MAX_MEMORY
from nndsl.data.leaks import repeated_rows
from nndsl.data.parts import Part, open_part
from nndsl.data.shuffling import row_numbers
from nndsl.data.solving import solve_sizes
from nndsl.data.splits import SPLITS, draw_splits, split_counts
from nndsl.data.table import Array
from nndsl.data.wording import and_more, counted, quoted, shown, shown_type
from nndsl.diagnostics import Diagnostic, Diagnostics, Failure
from nndsl.errors.values import (
    ConstantTarget,
    EmptySplit,
    NoTrainingRows,
    NotStratifiable,
    RowsDropped,
    SingleRowStratum,
    UnusedSource,
)
from nndsl.model.network import Classes, Declared, Facts
from nndsl.model.sections import DataSection, Share
from nndsl.source import Span


class Data:
    """A `data` section with its sources open; `limit` is how many bytes may be taken.

    With a cache, sources that would take more than it is there for are not taken into memory: they are read from the
    disk while they are needed, and without a limit. `parts` are taken in place of the section's sources, where a Python
    program gives them.
    """

    def __init__(
        self,
        section: DataSection,
        declared: Sequence[Declared],
        *,
        limit: int = MAX_MEMORY,
        cache: Cache | None = None,
        parts: Mapping[str, Part] | None = None,
    ):
        self.section = section
        self.declared = tuple(declared)
        self.shares = {name: share for name, share in section.splits.items() if isinstance(share, Share)}
        separate = {name: calls for name, calls in section.splits.items() if not isinstance(calls, Share)}
        # Shares are of `source`, or of `train`'s own source where there is no other.
        self.pool = "source" if section.source else "train"
        if not section.source and "train" not in separate:
            raise Failure(NoTrainingRows(section.span))
        if section.source and "train" in separate and not self.shares:
            raise Failure(UnusedSource(section.spans.get("source", section.span)))
        calls = {"source": section.source, **separate} if section.source else separate
        found = Diagnostics()
        if parts is None:
            parts = {name: open_part(calls[name], declared, section, limit, found, cache) for name in calls}
        self.parts = dict(parts)
        self._refuse_strata(found)
        found.raise_errors()

    def _refuse_strata(self, found: Diagnostics) -> None:
        for each in self.declared:
            if each.name == self.section.stratify and (each.shape or each.kind == "f32"):
                span = self.section.spans.get("stratify", self.section.span)
                found.report(NotStratifiable(span, each.name, shown_type(each)))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Free sizes, equal in all parts."""
        found = Diagnostics()
        names = [each.name for each in self.declared]
        bound = {name: [bound for part in self.parts.values() for bound in part.bound[name]] for name in names}
        sizes = solve_sizes(bound, found)
        found.raise_errors()
        return sizes

    @cached_property
    def facts(self) -> Facts:
        """Free sizes, each class's kinds in the training rows, and how many rows each split has."""
        found = Diagnostics()
        classes: dict[str, Classes] = {}
        sizes = self.sizes
        kinds = [each for each in self.declared if each.kind == "class"]
        part, rows = self.rows["train"]
        self._read([each.name for each in kinds])
        for each in kinds:
            try:
                training = zip(part.values(each.name), part.local(rows), strict=True)
                classes[each.name] = find_classes(each, list(training))
            except Failure as failure:
                found.extend(failure.diagnostics)
        found.raise_errors()
        counts = {name: len(rows) for name, (_, rows) in self.rows.items()}
        return Facts(sizes, classes, counts, self._found_columns(part))

    def _found_columns(self, part: Part) -> dict[str, tuple[str, ...]]:
        """The columns that patterns found in the training rows, in their order; those of sources that call them
        otherwise are not known elsewhere."""
        calls = [self.section.source, *self.section.splits.values()]
        if any(call.renames for several in calls if not isinstance(several, Share) for call in several or ()):
            return {}
        return {
            name: part.bound[name][0].names
            for name, selection in self.section.bindings.items()
            if name in part.bound and part.bound[name][0].stacked and selection.patterns != part.bound[name][0].names
        }

    @cached_property
    def rows(self) -> dict[str, tuple[Part, Array]]:
        """The part and the rows of each split."""
        kept = {name: self.kept(part) for name, part in self.parts.items()}
        split: dict[str, tuple[Part, Array]] = {}
        for name in SPLITS:
            if name in self.parts:
                split[name] = (self.parts[name], kept[name])
        pool, rows = self.parts[self.pool], kept[self.pool]
        if self.shares or self.pool == "source":
            counts = split_counts(
                len(rows), self.shares, self.section.span, rest="train" not in split or self.pool == "train"
            )
            strata = self._strata(pool, rows)
            drawn = draw_splits(len(rows), counts, strata, shuffle=self.section.shuffle, seed=self.section.split_seed)
            split |= {
                name: (pool, chosen if len(rows) == pool.rows else rows[chosen]) for name, chosen in drawn.items()
            }
        return {name: split[name] for name in SPLITS if name in split}

    def kept(self, part: Part) -> Array:
        """The rows that `missing` leaves."""
        if self.section.missing != "drop":
            return row_numbers(part.rows)
        names = [each.name for each in self.declared]
        part.read(names)
        kept: Array = row_numbers(part.rows)[~np.logical_or.reduce([part.missing(name) for name in names])]
        if not len(kept):
            span = self.section.spans.get("missing", self.section.span)
            raise Failure(EmptySplit(span, "train", "every row has a missing value"))
        return kept

    def _strata(self, part: Part, rows: Array) -> Array | None:
        name = self.section.stratify
        if name is None or not self.shares:
            return None
        if self.section.missing != "drop":
            part.read([name])
            part.refuse_missing([name], self.section.missing)
        for each in self.declared:
            if each.name == name and each.kind == "class":
                for values, local in zip(part.values(name), part.local(rows), strict=True):
                    refuse_unfixed(each, values, local)
        strata, kinds = part.strata(name, rows)
        single = np.flatnonzero(np.bincount(strata) == 1)
        if len(single):
            row = int(rows[np.flatnonzero(strata == single[0])[0]])
            span = self.section.spans.get("stratify", self.section.span)
            more = and_more(len(single) - 1, "kind")
            raise Failure(SingleRowStratum(span, name, shown(kinds[single[0]]), part.row_place(row), more))
        return strata

    def _read(self, names: Iterable[str]) -> None:
        """Read these names in all parts, and refuse what is missing unless it is dropped or kept."""
        names = list(names)
        found = Diagnostics()
        for part in self.parts.values():
            try:
                part.read(names)
                if self.section.missing != "drop":
                    part.refuse_missing(names, self.section.missing)
            except Failure as failure:
                found.extend(failure.diagnostics)
        found.raise_errors()

    def splits(self, facts: Facts | None = None) -> Splits:
        """The examples of each split, every value checked; `facts` are those of the data unless they are given."""
        facts = facts or self.facts
        self._read(each.name for each in self.declared)
        found = Diagnostics()
        sets: dict[str, Dataset] = {}
        for name, (part, rows) in self.rows.items():
            try:
                sets[name] = dataset(part, rows, self.declared, facts)
            except Failure as failure:
                found.extend(failure.diagnostics)
        found.raise_errors()
        warnings = (
            *self._warnings(),
            *_constant_targets(sets["train"], self.declared, facts),
            *repeated_rows(sets, self.declared, self._split_spans(), self.row_place),
        )
        return Splits(facts, sets["train"], sets.get("validation"), sets.get("test"), warnings)

    @property
    def columns(self) -> dict[str, list[str]]:
        """What the data call the elements of the inputs and targets that are made of columns."""
        first = {name: parts[0] for name, parts in self.parts[self.pool].bound.items()}
        return {
            name: [f"column {quoted(column)}" for column in part.names]
            for name, part in first.items()
            if part.table.what == "column" and not part.table.shape(part.names[0])
        }

    def _split_spans(self) -> dict[str, Span]:
        """Where the program says what each split is."""
        found = {}
        for name in self.rows:
            given = self.section.splits.get(name, self.section.source)
            found[name] = given.span if isinstance(given, Share) else given[0].span if given else self.section.span
        return found

    def row_place(self, split: str, number: int) -> str:
        """Where a row of a split stands, by its number in its source."""
        return self.rows[split][0].row_place(number)

    def _warnings(self) -> Iterable[Diagnostic]:
        for part in self.parts.values():
            if self.section.missing == "drop":
                dropped = np.ones(part.rows, bool)
                dropped[self.kept(part)] = False
                if dropped.any():
                    span = self.section.spans.get("missing", self.section.span)
                    total = counted(part.rows, "row")
                    yield RowsDropped(span, str(dropped.sum()), total, part.row_place(int(dropped.argmax())))
        yield from leaked_targets(self.parts[self.pool].bound, self.section.bindings)


def dataset(part: Part, rows: Array, declared: Sequence[Declared], facts: Facts) -> Dataset:
    """These rows (ascending) of a part as arrays; classes are those of `facts`, or of their declaration."""
    found = Diagnostics()
    arrays: dict[str, Array | Column] = {}
    for each in declared:
        try:
            arrays[each.name] = part.array(each.name, rows, facts.classes.get(each.name, each.classes))
        except Failure as failure:
            found.extend(failure.diagnostics)
    found.raise_errors()
    return Dataset(arrays, rows)


def _constant_targets(train: Dataset, declared: Sequence[Declared], facts: Facts) -> Iterable[Diagnostic]:
    for each in declared:
        values = train.arrays[each.name]
        if each.role == "target" and train.rows > 1 and values.size and _is_constant(values):
            yield ConstantTarget(each.span, each.name, _constant(values, facts.classes.get(each.name)))


def _is_constant(values: Array | Column) -> bool:
    first = values[:1]
    rows = max(1, TOGETHER * len(values) // values.size)
    return all((values[start : start + rows] == first).all() for start in range(0, len(values), rows))


def _constant(values: Array | Column, classes: Classes | None) -> str:
    if values.ndim > 1:
        return "the same"
    number = values[:1].item()
    return shown(classes.names[number]) if classes and classes.names else str(number)
