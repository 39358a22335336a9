"""Exact medians of any number of values in a fixed amount of memory, by counting digits.

A float32 is turned into an unsigned number of the same order. The first pass over the values counts how often each
value of its leading digit occurs, which tells the median's; the next counts the second digit of those values that share
the first, and so on (a radix select; D. E. Knuth, "The Art of Computer Programming" 3, 5.2.5). With an even number of
values two of them are looked for, and the median is their mean.
"""

from __future__ import annotations

import numpy as np

from nndsl.data.table import Array

BITS = 32
"""Of a float32."""

COUNTERS = 1 << 20
"""How many counters there may be: fewer of them for each element mean shorter digits, and more passes."""


class Median:
    """The median of each element of `shape`, over all axes before it, of the values that are not NaN."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape
        self.elements = int(np.prod(shape, dtype=int))
        room = COUNTERS // (2 * max(self.elements, 1))
        self.digit = min(max(room, 2).bit_length() - 1, 16)
        """Bits of a digit."""
        self.left = BITS
        """Bits that are not known yet."""
        self.found = np.zeros((2, self.elements), np.uint64)
        """What is known of the lower and the upper middle value: their leading bits."""
        self.rank: Array | None = None
        """How many of the values that share these bits are less than them."""
        self.empty = np.zeros(self.elements, bool)
        self._count()

    def _count(self) -> None:
        self.step = min(self.digit, self.left)
        self.counts = np.zeros((2, self.elements, 1 << self.step), np.int64)

    def add(self, values: Array) -> None:
        rows = np.asarray(values, np.float32).reshape(-1, self.elements) + np.float32(0)  # -0 is 0
        keys = _ordered(rows)
        digits = ((keys >> (self.left - self.step)) & ((1 << self.step) - 1)).astype(np.int64)
        places = digits + (np.arange(self.elements) << self.step)
        here = ~np.isnan(rows)
        if self.left == BITS:
            self._add(0, places[here])
            self.counts[1] = self.counts[0]
            return
        leading = keys.astype(np.uint64) >> np.uint64(self.left)
        for i, found in enumerate(self.found):
            self._add(i, places[here & (leading == found)])

    def _add(self, i: int, places: Array) -> None:
        size = self.elements << self.step
        self.counts[i] += np.bincount(places, minlength=size).reshape(self.elements, -1)

    def needs_more(self) -> bool:
        up_to = self.counts.cumsum(axis=-1)
        if self.rank is None:
            total = up_to[0, :, -1]
            self.empty = total == 0
            self.rank = np.stack([np.maximum(total - 1, 0) // 2, total // 2])
        digit = np.minimum((up_to <= self.rank[..., None]).sum(axis=-1), (1 << self.step) - 1)
        before = np.take_along_axis(up_to - self.counts, digit[..., None], axis=-1)[..., 0]
        self.rank = self.rank - before
        self.found = self.found << np.uint64(self.step) | digit.astype(np.uint64)
        self.left -= self.step
        if self.left:
            self._count()
        return self.left > 0

    def result(self) -> Array:
        """In float64; NaN where there is no value."""
        low, high = _values(self.found.astype(np.uint32)).astype(np.float64)
        return np.where(self.empty, np.nan, (low + high) / 2).reshape(self.shape)


SIGN = np.uint32(1 << 31)


def _ordered(values: Array) -> Array:
    """float32 as unsigned numbers of the same order: a negative one has all bits turned, another the sign's bit."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def _values(keys: Array) -> Array:
    """What `_ordered` made these of."""
    return np.where(keys & SIGN, keys & ~SIGN, ~keys).view(np.float32)
