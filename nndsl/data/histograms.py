"""How values are spread over their range, and examples over classes, in each split: what a picture of them shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nndsl.data.dataset import Splits
from nndsl.data.describe import chunks, splits_of
from nndsl.data.description import Described, Description, Quantity
from nndsl.data.table import Array

FEWEST_BINS, MOST_BINS = 10, 30
"""A histogram has as many bins as the square root of its values, within these."""

MOST_COLUMNS = 32
"""Of an input with more columns than that, all are counted together."""

MOST_NUMBERS, MOST_CLASSES = 40, 20
"""Whole numbers over such a range have a bin each; of more classes only the most frequent have bars."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of numbers in each split, between `edges` (one more than counts); `whole` numbers have a bin each."""

    title: str
    edges: Array
    counts: Mapping[str, Array]
    whole: bool

    def add(self, split: str, values: Array) -> None:
        """Count values within the edges, to the last digit that these are told with."""
        within = np.clip(values, self.edges[0], self.edges[-1])
        self.counts[split][:] += np.histogram(within, self.edges)[0]


@dataclass(frozen=True, eq=False)
class Bars:
    """Counts of classes in each split: of more than a few, of the most frequent. `totals` are the values of each split,
    `classes` is how many classes there are."""

    title: str
    names: tuple[str | int, ...]
    counts: Mapping[str, Array]
    totals: Mapping[str, int]
    classes: int


def histograms(splits: Splits, description: Description) -> list[Histogram | Bars]:
    """What is to be drawn of each input and target, in their order; a second pass over the examples.

    What has no values has no histogram.
    """
    sets = splits_of(splits)
    drawn: list[Histogram | Bars] = []
    counting: list[tuple[str, slice, Histogram]] = []
    for one in description.described:
        if one.classes:
            drawn.append(_bars(one, list(sets)))
            continue
        for title, places, quantity in _panels(one):
            if quantity.count:
                whole, edges = _edges(quantity)
                counts = {split: np.zeros(len(edges) - 1, np.int64) for split in sets}
                drawn.append(histogram := Histogram(title, edges, counts, whole))
                counting.append((one.name, places, histogram))
    if counting:
        for split, examples in sets.items():
            for chunk in chunks(examples):
                for name, places, histogram in counting:
                    values = chunk[name].reshape(len(chunk[name]), -1)[:, places]
                    histogram.add(split, values[~np.isnan(values)])
    return drawn


def _panels(described: Described) -> list[tuple[str, slice, Quantity]]:
    """A panel for each column of a few, or one for all elements: its title, and which elements of a row it counts."""
    several = described.quantities
    if len(several) == 1 or len(several) > MOST_COLUMNS:
        more = f" ({len(several)} columns)" if len(several) > 1 else ""
        return [(described.name + more, slice(None), described.total)]
    return [(f"{described.name}: {one.name}", slice(i, i + 1), one) for i, one in enumerate(several)]


def _edges(quantity: Quantity) -> tuple[bool, Array]:
    assert quantity.min is not None
    assert quantity.max is not None
    least, greatest = float(quantity.min), float(quantity.max)
    if quantity.whole and greatest - least < MOST_NUMBERS:
        return True, np.arange(least - 0.5, greatest + 1)
    bins = min(max(round(quantity.count**0.5), FEWEST_BINS), MOST_BINS)
    edges = np.linspace(least, greatest, bins + 1)
    if len(np.unique(edges)) < len(edges):  # one value, or two neighbours among floats
        edges = np.array([least - 0.5, greatest + 0.5])
    return False, edges


def _bars(described: Described, splits: Sequence[str]) -> Bars:
    shown = described.classes
    if len(shown) > MOST_CLASSES:
        shown = tuple(sorted(shown, key=lambda one: -one.count)[:MOST_CLASSES])
    totals = {split: sum(one.counts.get(split, 0) for one in described.classes) for split in splits}
    counts = {split: np.array([one.counts.get(split, 0) for one in shown]) for split in splits}
    return Bars(described.name, tuple(one.name for one in shown), counts, totals, len(described.classes))
