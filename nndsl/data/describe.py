"""What the data hold, before anything is trained on them: for each input and target where it comes from, how many of
its values are missing, their range, mean and spread, or how often each class occurs.

One pass over the examples in chunks, whatever their number. Means and variances are merged as Chan, Golub and LeVeque
do it ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), in float64.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from math import prod
from typing import Any, Protocol

import numpy as np

from nndsl.data.binding import Bound
from nndsl.data.dataset import Dataset, Splits
from nndsl.data.description import ClassCount, Described, Description, Quantity
from nndsl.data.program_data import Data
from nndsl.data.table import Array, Table
from nndsl.data.wording import shown_path, shown_type
from nndsl.model.network import Declared, Facts

CHUNK = 1 << 25
"""Bytes of examples that are looked at together, about."""

LONGEST_TYPE = 24
MOST_FILES = 16


def describe(data: Data, splits: Splits) -> Description:
    """The description of a program's data: `splits` are those of `data`."""
    sets = splits_of(splits)
    bounds = {
        each.name: [one for part in data.parts.values() for one in part.bound[each.name]] for each in data.declared
    }
    counters = {each.name: _counter(each, bounds[each.name][0], splits.facts) for each in data.declared}
    for split, examples in sets.items():
        for chunk in chunks(examples):
            for name, counter in counters.items():
                counter.add(split, chunk[name])
    described = tuple(_described(each, bounds[each.name], counters[each.name], data) for each in data.declared)
    files = tuple(dict.fromkeys(chain.from_iterable(one.files for one in described)))
    rows = sum(part.rows for part in data.parts.values())
    return Description(files, rows, _dropped(data), {name: one.rows for name, one in sets.items()}, described)


def splits_of(splits: Splits) -> dict[str, Dataset]:
    """The splits that there are, by name."""
    sets = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    return {name: examples for name, examples in sets.items() if examples is not None}


def chunks(examples: Dataset) -> Iterator[Mapping[str, Array]]:
    """The examples in chunks of a moderate size, as arrays by name."""
    row = sum(prod(values.shape[1:]) * values.dtype.itemsize for values in examples.arrays.values())
    for chunk in examples.chunks(max(1, CHUNK // max(row, 1))):
        yield {name: np.asarray(values) for name, values in chunk.arrays.items()}


def _described(declared: Declared, bounds: Sequence[Bound], counter: _Counter, data: Data) -> Described:
    first = bounds[0]
    places = len(first.names) if first.stacked else 1
    missing = [0] * places if data.section.missing == "error" else _missing(data, declared.name, places)
    return Described(
        declared.name,
        declared.role,
        _type(declared),
        first.found_shape if declared.shape else (),
        tuple(dict.fromkeys(file for bound in bounds for file in _files(bound.table))),
        first.table.what,
        first.names,
        sum(missing),
        counter.quantities(first.names, missing),
        counter.classes(),
    )


def _files(table: Table) -> Sequence[str]:
    """The files of a table; of many (pictures) the folder that they lie in."""
    if len(table.origins) > MOST_FILES:
        folder = shown_path(os.path.commonpath([os.path.abspath(file) for file in table.origins]))
        return (f"{folder} ({len(table.origins)} files)",)
    return [shown_path(file) for file in table.origins] or [table.path]


def _type(declared: Declared) -> str:
    """The type as the program writes it, but for long lists of classes: these have a table of their own."""
    text = shown_type(declared)
    if declared.classes and len(text) > LONGEST_TYPE:
        return shown_type(replace(declared, classes=replace(declared.classes, names=None)))
    return text


def _dropped(data: Data) -> int:
    """Rows that a missing value has cost."""
    return sum(part.rows - len(data.kept(part)) for part in data.parts.values())


def _missing(data: Data, name: str, places: int) -> list[int]:
    """How many elements are missing in all that was read: one number a column, or one over all elements."""
    counts = np.zeros(places, np.int64)
    for part in data.parts.values():
        for values in part.values(name):
            if values.missing is not None:
                counts += values.missing.counts if places > 1 else values.missing.count
    return [int(count) for count in counts]


# ---------------------------------------------------------------- counting


class _Counter(Protocol):
    """Takes the values of one input or target, chunk by chunk."""

    def add(self, split: str, values: Array) -> None: ...

    def quantities(self, names: Sequence[str], missing: Sequence[int]) -> tuple[Quantity, ...]: ...

    def classes(self) -> tuple[ClassCount, ...]: ...


def _counter(declared: Declared, bound: Bound, facts: Facts) -> _Counter:
    classes = facts.classes.get(declared.name, declared.classes)
    places = len(bound.names) if bound.stacked else 1
    if declared.kind == "class" and classes is not None:
        return _Classes(classes.names or tuple(range(classes.count)), other=classes.unknown == "other")
    if declared.kind == "binary" and places == 1:
        return _Classes((0, 1))
    return _Moments(places)


class _Classes:
    """How often each class occurs in each split; `other` is one more class, if any value is of none of them."""

    def __init__(self, names: tuple[str | int, ...], other: bool = False):
        self.names = (*names, "other") if other else names
        self.other = other
        self.counts: dict[str, Array] = {}

    def add(self, split: str, values: Array) -> None:
        counts = np.bincount(values.ravel().astype(np.int64), minlength=len(self.names))
        self.counts[split] = self.counts.get(split, 0) + counts

    def quantities(self, names: Sequence[str], missing: Sequence[int]) -> tuple[Quantity, ...]:
        return ()

    def classes(self) -> tuple[ClassCount, ...]:
        by_split = {split: counts.tolist() for split, counts in self.counts.items()}
        found = tuple(
            ClassCount(name, {split: counts[i] for split, counts in by_split.items()})
            for i, name in enumerate(self.names)
        )
        return found if not self.other or found[-1].count else found[:-1]


class _Moments:
    """Count, range, mean and variance of the values that are not NaN: of each of `places` columns, or of all elements.

    The variance is the sum of squared deviations over the count; chunks are merged, so it stays exact far from 0.
    """

    def __init__(self, places: int):
        self.places = places
        self.count = np.zeros(places, np.int64)
        self.mean, self.squares = np.zeros(places), np.zeros(places)
        self.least: Array | None = None
        self.greatest: Array | None = None
        self.whole = np.ones(places, bool)

    def add(self, split: str, values: Array) -> None:
        values = values.reshape(-1, self.places)
        there = ~np.isnan(values)
        count = there.sum(axis=0)
        known = np.maximum(count, 1)
        mean = np.where(there, values, 0).sum(axis=0, dtype=np.float64) / known
        squares = np.square(np.where(there, values - mean, 0)).sum(axis=0)
        total = np.maximum(self.count + count, 1)
        delta = mean - self.mean
        self.squares += squares + np.square(delta) * (self.count * count / total)
        self.mean += delta * (count / total)
        self.count += count
        self.whole &= (~there | (values == np.rint(values))).all(axis=0)
        self._widen(values)

    def _widen(self, values: Array) -> None:
        """The range, in the values' own type, so that it is exact."""
        if not len(values):
            return
        least, greatest = np.fmin.reduce(values), np.fmax.reduce(values)
        self.least = least if self.least is None else np.fmin(self.least, least)
        self.greatest = greatest if self.greatest is None else np.fmax(self.greatest, greatest)

    def quantities(self, names: Sequence[str], missing: Sequence[int]) -> tuple[Quantity, ...]:
        std = np.sqrt(self.squares / np.maximum(self.count, 1))
        return tuple(self._quantity(i, name, missing[i], float(std[i])) for i, name in enumerate(names))

    def _quantity(self, i: int, name: str, missing: int, std: float) -> Quantity:
        count = int(self.count[i])
        if not count or self.least is None or self.greatest is None:
            return Quantity(name, 0, missing, None, None, None, None)
        least, greatest = _plain(self.least[i]), _plain(self.greatest[i])
        return Quantity(name, count, missing, least, greatest, float(self.mean[i]), std, bool(self.whole[i]))

    def classes(self) -> tuple[ClassCount, ...]:
        return ()


def _plain(value: Any) -> float | int:
    """A number of an array as Python's: a float32 as it is written shortest, 0.1 and not 0.10000000149011612."""
    return int(value) if value.dtype.kind in "iu" else float(str(value))
