"""Random orders of tens of millions of rows: `permutation` of `nndsl.ops.helpers`, number for number.

It takes 12 bytes a row in place of 23, and a third of the time or less.
"""

from __future__ import annotations

import numpy as np

from nndsl.data.table import Array
from nndsl.ops.helpers import row_keys, site_number

TOGETHER = 1 << 20

KEY = 48
"""Bits of the number that a row is sorted by."""


def row_type(rows: int) -> np.dtype[np.signedinteger]:
    """The smaller of int32 and int64 that numbers so many rows."""
    return np.dtype(np.int32 if rows < 2**31 else np.int64)


def row_numbers(rows: int) -> Array:
    """0 to rows - 1."""
    return np.arange(rows, dtype=row_type(rows))


def shuffled(seed: int, name: str, epoch: int, rows: int) -> Array:
    """The numbers 0 to rows - 1 in random order: a pure function of seed, name and epoch.

    They are sorted by random keys, where these are equal by themselves. Key and number share 64 bits, so that sorting
    takes no further memory; if that leaves no room for all of a key, the few numbers whose shortened keys are equal are
    sorted once more, by the whole ones.
    """
    places = places_for(rows)
    cut = max(0, KEY + places - 64)
    number = np.uint64(2**places - 1)
    packed = np.empty(rows, np.uint64)
    for start in range(0, rows, TOGETHER):
        numbers = np.arange(start, min(start + TOGETHER, rows), dtype=np.uint64)
        keys = _keys(seed, name, epoch, numbers) >> np.uint64(cut)
        packed[start : start + TOGETHER] = keys << np.uint64(places) | numbers
    packed.sort()
    order = np.empty(rows, row_type(rows))
    equal: list[Array] = []
    for start in range(0, rows, TOGETHER):
        part = packed[start : start + TOGETHER + 1]
        order[start : start + TOGETHER] = part[:TOGETHER] & number
        if cut:
            shortened = part >> np.uint64(places)
            equal.append(start + np.flatnonzero(shortened[1:] == shortened[:-1]))
    if cut:
        firsts = np.concatenate(equal)
        places_of_equal = np.union1d(firsts, firsts + 1)
        numbers = order[places_of_equal].astype(np.uint64)
        order[places_of_equal] = numbers[np.lexsort((numbers, _keys(seed, name, epoch, numbers)))]
    return order


def places_for(rows: int) -> int:
    """Bits that the number of a row takes."""
    return max(rows - 1, 1).bit_length()


def _keys(seed: int, name: str, epoch: int, rows: Array) -> Array:
    """The number in (0, 1) that `helpers.uniform` gives each of these rows, times 2^48 and without what all share."""
    site = site_number(name)
    a, b = row_keys(seed, epoch, 0, 2)
    elements = rows.astype(np.uint32) * 0x9E3779B1 + np.uint32(site)
    elements = (elements + (elements >> 16)) * 0x7FEB352D
    c = (elements + (elements >> 15)) * 0x0D8AE35A
    d = (c + (c >> 16)) * 0x2C1B3C6E + np.uint32(site * 2 % 2**32)
    bits = (a + c) * (b + d)
    bits += bits >> 16
    bits *= a + d
    bits >>= 8
    high, low = bits.astype(np.uint64)
    return np.asarray(high << np.uint64(24) | low)
