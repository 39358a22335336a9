"""Which rows are for training, validation and testing: a pure function of how many rows there are, the shares, the
strata and the seed, on every platform.

    counts     how many rows each split gets: a share is rounded half up, so 15 % of 1797 rows are 270
    draw       which rows: the first of a permutation; with strata the first of each stratum's rows in it

Within a permutation (or, without shuffling, within the file) training comes first, then validation, then test. Every
split keeps its rows in the file's order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor

import numpy as np

from nndsl.data.shuffling import row_numbers, shuffled
from nndsl.data.table import Array
from nndsl.data.wording import counted, listed
from nndsl.diagnostics import Failure
from nndsl.errors.values import EmptySplit, SharesTooLarge
from nndsl.model.sections import Share
from nndsl.source import Span

SPLITS = ("train", "validation", "test")


def split_counts(rows: int, shares: Mapping[str, Share], span: Span, *, rest: bool = True) -> dict[str, int]:
    """Rows of each split. What the shares leave is for `train`, unless it has a share (or `rest` is false)."""
    counts = {split: _count(shares[split], rows) for split in SPLITS if split in shares}
    total = sum(counts.values())
    if total > rows:
        last = shares[next(reversed(counts))]
        detail = listed([f"{counted(count, 'row')} for `{split}`" for split, count in counts.items()])
        raise Failure(SharesTooLarge(last.span, counted(total, "row"), counted(rows, "row"), detail))
    if rest and "train" not in counts:
        counts = {"train": rows - total, **counts}
    for split, count in counts.items():
        if count == 0:
            share = shares.get(split)
            place = share.span if share else span
            reason = f"there are {rows}" if rows != 1 else "there is 1"
            if share and share.fraction is not None:
                reason = f"{_percent(share.fraction)} of {counted(rows, 'row')} round to none"
            elif not share:
                others = [other for other, taken in counts.items() if taken]
                if others:
                    place = shares[others[-1]].span
                    take = "takes" if len(others) == 1 else "take"
                    reason = f"{listed([f'`{other}`' for other in others])} {take} all {rows}"
            raise Failure(EmptySplit(place, split, reason))
    return counts


def _count(share: Share, rows: int) -> int:
    if share.fraction is None:
        return share.count or 0
    return floor(Fraction(repr(share.fraction)) * rows + Fraction(1, 2))  # of the decimal fraction that was written


def _percent(fraction: float) -> str:
    return f"{Fraction(repr(fraction)) * 100}%" if fraction == round(fraction, 2) else str(fraction)


def draw_splits(
    rows: int, counts: Mapping[str, int], strata: Array | None = None, *, shuffle: bool = True, seed: int = 0
) -> dict[str, Array]:
    """The rows of each split, ascending. `strata` numbers the stratum of each row, from 0 (one stratum if None).

    A split takes from each stratum in proportion to it, up to whole rows; its total is its count exactly. As long as
    enough other rows are there, every stratum keeps one for training.
    """
    order = shuffled(seed, "split", 0, rows) if shuffle else row_numbers(rows)
    sizes = [rows]
    if strata is not None:
        sizes = np.bincount(strata, minlength=1).tolist()
        order = order[np.argsort(strata[order], kind="stable")]
    shares = share_strata(sizes, counts)
    parts: dict[str, list[Array]] = {split: [] for split in counts}
    first = 0
    for stratum, size in enumerate(sizes):
        start = first
        for split in SPLITS:
            if split in counts:
                parts[split].append(order[start : start + shares[split][stratum]])
                start += shares[split][stratum]
        first += size
    return {split: np.sort(part[0] if len(part) == 1 else np.concatenate(part)) for split, part in parts.items()}


def share_strata(sizes: Sequence[int], counts: Mapping[str, int]) -> dict[str, list[int]]:
    """How many rows of each stratum (there are `sizes`) go to each split, by largest remainders."""
    free = list(sizes)
    shares: dict[str, list[int]] = {}
    for split in ("test", "validation", "train"):
        if split not in counts:
            continue
        kept = split != "train" and sum(free) - len(free) >= counts[split]
        limits = [size - 1 if kept and size else size for size in free]
        shares[split] = _largest_remainders(sizes, counts[split], limits)
        free = [left - taken for left, taken in zip(free, shares[split], strict=True)]
    return shares


def _largest_remainders(sizes: Sequence[int], count: int, limits: Sequence[int]) -> list[int]:
    """Parts of `count` in proportion to `sizes`, none above its limit (Hamilton's method, in whole numbers).

    Where two remainders are equal, the earlier stratum goes first.
    """
    total = sum(sizes)
    parts = [min(count * size // total, limit) for size, limit in zip(sizes, limits, strict=True)]
    missing = count - sum(parts)
    order = sorted(range(len(sizes)), key=lambda i: (-(count * sizes[i] % total), i))
    while missing:
        for i in order:
            if missing and parts[i] < limits[i]:
                parts[i] += 1
                missing -= 1
    return parts
