"""What is said of a program's data: where each input and target is from, what is missing, its range or classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np


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
