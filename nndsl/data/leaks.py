"""A warning where rows of one split repeat the inputs of another: what is measured there is what was shown before.

Every row's inputs become a number of 64 bits, so a split of a million rows takes 8 MB while it is compared. Where the
values are so few that rows coincide by themselves, as in the table of a Boolean function, that says nothing of the
splits, and there is no warning: coincidences are compared with those that the single columns would bring about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from math import exp, prod

import numpy as np

from nndsl.data.dataset import Dataset
from nndsl.data.table import Array
from nndsl.data.wording import counted
from nndsl.diagnostics import Diagnostic
from nndsl.errors.examples import RepeatedRows
from nndsl.model.network import Declared
from nndsl.source import Span

TOGETHER = 1 << 21
"""Elements that become keys together."""

SAMPLE = 2048
"""Rows that tell how often a column's values coincide."""

BY_CHANCE = 3
"""So many times the expected coincidences are taken for chance: columns that depend on each other have more of them."""

Place = Callable[[str, int], str]
"""Where a row of a split stands: its split, and its number in its source."""


def repeated_rows(
    splits: Mapping[str, Dataset], declared: Sequence[Declared], spans: Mapping[str, Span], place: Place
) -> Iterator[Diagnostic]:
    """For each two of these splits (in the order train, validation, test) a warning if rows are in both."""
    inputs = [each.name for each in declared if each.role == "input"]
    targets = [each.name for each in declared if each.role == "target"]
    if len(splits) < 2 or not _elements(splits["train"], inputs):
        return
    keys = {name: row_keys(split, inputs) for name, split in splits.items()}
    for first, second in combinations(splits, 2):
        originals, repeated = _in_both(keys[first], keys[second])
        if not len(repeated) or len(repeated) <= BY_CHANCE * _expected(splits[first], len(keys[second]), inputs):
            continue
        same = _same(splits[first], originals, splits[second], repeated, targets)
        which = int(repeated[same.argmax()])
        yield RepeatedRows(
            spans[second],
            f"{len(repeated)} of the {counted(len(keys[second]), 'row')} of `{second}`",
            f"{'is' if len(repeated) == 1 else 'are'} in `{first}`",
            _same_words(int(same.sum()), len(repeated)) if targets else "the same inputs",
            place(second, int(splits[second].numbers[which])),
            place(first, int(splits[first].numbers[originals[same.argmax()]])),
        )


def row_keys(split: Dataset, names: Sequence[str]) -> Array:
    """A number for each row, `[rows]`, that is the same for rows with the same values of these names."""
    keys = np.empty(split.rows, np.int64)
    start = 0
    for chunk in split.chunks(max(1, TOGETHER // _elements(split, names))):
        keys[start : start + chunk.rows] = _chunk_keys(chunk, names)
        start += chunk.rows
    return keys


def _chunk_keys(chunk: Dataset, names: Sequence[str]) -> Array:
    values = (np.ascontiguousarray(chunk.arrays[name]).reshape(chunk.rows, -1) for name in names)
    # -0.0 + 0 is 0.0
    parts = [np.add(array, array.dtype.type(0)).view(np.uint8) for array in values if array.size]
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    rows = joined.view(f"V{joined.shape[1]}").ravel().tolist()
    return np.fromiter(map(hash, rows), np.int64, chunk.rows)


def _in_both(first: Array, second: Array) -> tuple[Array, Array]:
    """The rows of the second whose keys are in the first, and for each of them the first row there with its key."""
    small, large = sorted((first, second), key=len)
    table = np.sort(small)
    found = np.empty(len(large), bool)
    for start in range(0, len(large), TOGETHER):
        part = large[start : start + TOGETHER]
        found[start : start + TOGETHER] = table[np.searchsorted(table, part).clip(max=len(table) - 1)] == part
    among_large, among_small = np.flatnonzero(found), np.flatnonzero(np.isin(small, large[found]))
    here, there = (among_large, among_small) if large is first else (among_small, among_large)
    keys, earliest = np.unique(first[here], return_index=True)
    return here[earliest[np.searchsorted(keys, second[there])]], there


def _elements(split: Dataset, names: Sequence[str]) -> int:
    return sum(prod(split.arrays[name].shape[1:]) for name in names)


def _same(first: Dataset, rows: Array, second: Dataset, others: Array, names: Sequence[str]) -> Array:
    """Whether these rows agree in these names with the others."""
    same = np.ones(len(rows), bool)
    for name in names:
        pair = first.arrays[name][rows], second.arrays[name][others]
        equal = (pair[0] == pair[1]) | ((pair[0] != pair[0]) & (pair[1] != pair[1]))
        same &= equal.reshape(len(rows), -1).all(axis=1)
    return same


def _expected(first: Dataset, rows: int, names: Sequence[str]) -> float:
    """Of so many rows of another split, how many would find their inputs in the first, were all columns independent.

    Two rows coincide with the product of the probabilities that each column does.
    """
    picked = np.unique(np.linspace(0, first.rows - 1, min(SAMPLE, first.rows)).astype(np.int64))
    chance = 1.0
    for name in names:
        for column in first.arrays[name][picked].reshape(len(picked), -1).T:
            counts = np.unique(column, return_counts=True)[1].astype(np.float64)
            chance *= float((counts * (counts - 1)).sum()) / max(len(picked) * (len(picked) - 1), 1)
            if not chance:
                return 0.0
    return rows * (1 - exp(-first.rows * chance))


def _same_words(same: int, repeated: int) -> str:
    """What is the same, where `same` of the repeated rows have the same targets too."""
    if same == repeated:
        return "the same inputs and targets"
    return f"the same inputs, and in {same} the same targets" if same else "the same inputs, but other targets"
