"""What the data hold, before anything is trained on them: for each input and target where it comes from, how many of
its values are missing, their range, mean and spread, or how often each class occurs.

One pass over the examples in chunks, whatever their number. Means and variances are merged as Chan, Golub and LeVeque
do it ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any, Literal, Protocol

import numpy as np

from nndsl.data.binding import Bound
from nndsl.data.dataset import Dataset, Splits
from nndsl.data.program_data import Data
from nndsl.data.table import Array
from nndsl.data.wording import shown_type
from nndsl.model.network import Declared, Facts

CHUNK = 1 << 25
"""Bytes of examples that are looked at together, about."""


@dataclass(frozen=True)
class Quantity:
    """Numbers: those of one column, or all elements of an array.

    `std` is the standard deviation as NumPy has it (of the population, as `normalize` takes it). `min`, `max`, `mean`
    and `std` are None where there is no value; `whole` says that all are whole numbers.
    """

    name: str
    count: int
    missing: int
    min: float | int | None
    max: float | int | None
    mean: float | None
    std: float | None
    whole: bool = False


@dataclass(frozen=True)
class ClassCount:
    """One class, and how often each split has it."""

    name: str | int
    counts: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Described:
    """An input or target: `names` are its columns or its array in `files`; `shape` is one example's.

    Numbers have `quantities`: one a column, or a single one over all elements of an array. Classes and a binary that is
    one value have `classes`. `missing` counts elements in all rows that were read, also in those that were dropped.
    """

    name: str
    role: Literal["input", "target"]
    type: str
    shape: tuple[int, ...]
    files: tuple[str, ...]
    what: str
    names: tuple[str, ...]
    missing: int
    quantities: tuple[Quantity, ...] = ()
    classes: tuple[ClassCount, ...] = ()

    @property
    def count(self) -> int:
        """The values that are there, in the rows of the splits."""
        return sum(one.count for one in self.quantities) + sum(one.count for one in self.classes)

    @property
    def total(self) -> Quantity:
        """All columns together."""
        if len(self.quantities) == 1:
            return self.quantities[0]
        present = [one for one in self.quantities if one.count]
        count, missing = self.count, sum(one.missing for one in self.quantities)
        if not present:
            return Quantity(self.name, 0, missing, None, None, None, None)
        shares = np.array([one.count for one in present]) / count
        means, deviations = (np.array([getattr(one, key) for one in present]) for key in ("mean", "std"))
        mean = float(shares @ means)
        std = float(np.sqrt(shares @ (deviations**2 + (means - mean) ** 2)))
        least, greatest = min(one.min for one in present), max(one.max for one in present)  # type: ignore[type-var]
        return Quantity(self.name, count, missing, least, greatest, mean, std, all(one.whole for one in present))


@dataclass(frozen=True)
class Description:
    """What a program's `data` section gives: the rows of each split, and every input and target."""

    files: tuple[str, ...]
    rows: int
    """In all sources."""
    dropped: int
    """Of these, for a missing value (`missing = drop`)."""
    splits: Mapping[str, int]
    described: tuple[Described, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values: `rows`, `dropped`, `splits`, and `inputs` and `targets` by name."""
        named = {role: {one.name: _as_json(one) for one in self.described if one.role == role} for role in ROLES}
        plain = {"files": list(self.files), "rows": self.rows, "dropped": self.dropped, "splits": dict(self.splits)}
        return {**plain, "inputs": named["input"], "targets": named["target"]}


ROLES = ("input", "target")


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
        shown_type(declared),
        first.found_shape if declared.shape else (),
        tuple(dict.fromkeys(bound.table.path for bound in bounds)),
        first.table.what,
        first.names,
        sum(missing),
        counter.quantities(first.names, missing),
        counter.classes(),
    )


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
        names = classes.names or tuple(range(classes.count))
        return _Classes((*names, *(("other",) if classes.unknown == "other" else ())))
    if declared.kind == "binary" and places == 1:
        return _Classes((0, 1))
    return _Moments(places)


class _Classes:
    """How often each class occurs in each split."""

    def __init__(self, names: tuple[str | int, ...]):
        self.names = names
        self.counts: dict[str, Array] = {}

    def add(self, split: str, values: Array) -> None:
        counts = np.bincount(values.ravel().astype(np.int64), minlength=len(self.names))
        self.counts[split] = self.counts.get(split, 0) + counts

    def quantities(self, names: Sequence[str], missing: Sequence[int]) -> tuple[Quantity, ...]:
        return ()

    def classes(self) -> tuple[ClassCount, ...]:
        by_split = {split: counts.tolist() for split, counts in self.counts.items()}
        return tuple(
            ClassCount(name, {split: counts[i] for split, counts in by_split.items()})
            for i, name in enumerate(self.names)
        )


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


# ---------------------------------------------------------------- plain values


def _as_json(described: Described) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "type": described.type,
        "shape": list(described.shape),
        "files": list(described.files),
        f"{described.what}s": list(described.names),
        "count": described.count,
        "missing": described.missing,
    }
    if described.classes:
        plain["classes"] = [
            {"class": one.name, "count": one.count, "share": one.count / max(described.count, 1), **one.counts}
            for one in described.classes
        ]
    else:
        plain |= _numbers(described.total)
        if len(described.quantities) > 1:
            plain["each"] = {
                one.name: {"count": one.count, "missing": one.missing, **_numbers(one)} for one in described.quantities
            }
    return plain


def _numbers(quantity: Quantity) -> dict[str, Any]:
    return {key: getattr(quantity, key) for key in ("min", "max", "mean", "std")}
