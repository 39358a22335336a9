"""Random orders of tens of millions of rows: `permutation` of `nndsl.ops.helpers`, number for number.

It takes 12 bytes a row in place of 23, and a third of the time or less.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from nndsl.data.table import Array
from nndsl.ops.helpers import site_number

TOGETHER = 1 << 20
"""Rows of one epoch that keys are made for at a time."""

FEW = 1 << 14
"""Orders of fewer rows are drawn for several epochs at a time, which is so many rows in all: NumPy's calls would take
longer than what they compute, and an epoch of a small network is a millisecond."""

MOST_EPOCHS = 64

KEY = 48
"""Bits of the number that a row is sorted by."""


def row_type(rows: int) -> np.dtype[np.signedinteger]:
    """The smaller of int32 and int64 that numbers so many rows."""
    return np.dtype(np.int32 if rows < 2**31 else np.int64)


def row_numbers(rows: int) -> Array:
    """0 to rows - 1."""
    return np.arange(rows, dtype=row_type(rows))


def shuffled(seed: int, name: str, epoch: int, rows: int) -> Array:
    """The numbers 0 to rows - 1 in random order: a pure function of seed, name and epoch. Not to be written to.

    They are sorted by random keys, where these are equal by themselves. Key and number share 64 bits, so that sorting
    takes no further memory; if that leaves no room for all of a key, the few numbers whose shortened keys are equal are
    sorted once more, by the whole ones.
    """
    together = min(FEW // max(rows, 1), MOST_EPOCHS)
    if together > 1:
        return np.asarray(_orders(seed, name, epoch // together, together, rows)[epoch % together])
    places = places_for(rows)
    cut = max(0, KEY + places - 64)
    number = np.uint64(2**places - 1)
    packed = np.empty(rows, np.uint64)
    for start in range(0, rows, TOGETHER):
        numbers = np.arange(start, min(start + TOGETHER, rows), dtype=np.uint64)
        (keys,) = _keys(seed, name, [epoch], numbers)
        keys >>= cut
        keys <<= places
        np.bitwise_or(keys, numbers, packed[start : start + TOGETHER])
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
        (keys,) = _keys(seed, name, [epoch], numbers)
        order[places_of_equal] = numbers[np.lexsort((numbers, keys))]
    return order


@lru_cache(maxsize=1)
def _orders(seed: int, name: str, block: int, together: int, rows: int) -> Array:
    """The orders of few rows in the epochs of a block, `together` of them."""
    places = places_for(rows)
    numbers = np.arange(rows, dtype=np.uint64)
    packed = _keys(seed, name, range(block * together, (block + 1) * together), numbers)
    packed <<= places
    packed |= numbers
    packed.sort(axis=1)
    packed &= 2**places - 1
    orders = packed.astype(row_type(rows))
    orders.flags.writeable = False
    return orders


def places_for(rows: int) -> int:
    """Bits that the number of a row takes."""
    return max(rows - 1, 1).bit_length()


def _keys(seed: int, name: str, epochs: Sequence[int], rows: Array) -> Array:
    """The numbers in (0, 1) that `helpers.uniform` gives these rows in each of the epochs, times 2^48 and without what
    all share: [epochs, rows]."""
    site = site_number(name)
    draws = [[_draw_key(seed, epoch, draw) for epoch in epochs] for draw in (0, 1)]
    a, b = np.moveaxis(np.array(draws, np.uint32), 2, 0)[..., None]
    elements = rows.astype(np.uint32) * 0x9E3779B1 + np.uint32(site)
    elements = (elements + (elements >> 16)) * 0x7FEB352D
    c = (elements + (elements >> 15)) * 0x0D8AE35A
    d = (c + (c >> 16)) * 0x2C1B3C6E + np.uint32(site * 2 % 2**32)
    bits = (a + c) * (b + d)
    bits += bits >> 16
    bits *= a + d
    bits >>= 8
    keys, low = bits.astype(np.uint64)
    keys <<= 24
    keys |= low
    return np.asarray(keys)


def _draw_key(seed: int, epoch: int, draw: int) -> tuple[int, int]:
    """The numbers a and b of `helpers.row_keys` for one row: here the high, or the low bits of all numbers of an epoch.
    In Python's integers, which take a tenth of the time for a single one."""
    key = (seed * 0x9E3779B97F4A7C15 + epoch * 0xD1342543DE82EF95) % 2**64
    key = (key + (key >> 32)) * 0xDA942042E4DD58B5 % 2**64
    row = (key + draw) * 0x9E3779B1 % 2**32
    a = ((row + (row >> 16)) * 0x85EBCA6A + 1) % 2**32
    return a, ((a + (a >> 16)) * 0xC2B2AE3E + (key >> 32) * 2 + 1) % 2**32
