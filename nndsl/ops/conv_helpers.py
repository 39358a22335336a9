"""Convolution in plain NumPy, pasted into generated modules: it needs nothing but `np` and its own functions.

x [batch, *spatial, channels], W [*kernel, channels / groups, filters]. Strides, padding and dilation are one number,
or one for each spatial axis, of padding (before, after). What the windows see is a view of x; it becomes a matrix a
few examples or lines at a time, small enough for the processor's cache, and BLAS multiplies it.
"""

# mypy: disable-error-code="no-any-return"
# (to mypy, arithmetic on arrays is `Any`)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Ints = Sequence[int]
Pairs = Sequence[tuple[int, int]]
Each = int | Ints
EachPair = int | Pairs


def conv(
    x: Array,
    W: Array,
    strides: Each = 1,
    padding: EachPair = 0,
    dilation: Each = 1,
    groups: int = 1,
    out: Array | None = None,
) -> Array:
    """x [batch, *spatial, channels], W [*kernel, channels / groups, filters] -> [batch, *out, filters]."""
    *kernel, channels, filters = W.shape
    if out is None:
        out = np.empty((len(x), *window_counts(x, kernel, strides, padding, dilation), filters), x.dtype)
    if channels == 1 and groups > 1:
        seen = windows(padded(x, padding), kernel, strides, dilation, groups)
        group, axes, taps, multiple = depthwise_axes(len(kernel))
        W, y = W.reshape(*kernel, groups, -1), out.reshape(*out.shape[:-1], groups, -1)
        np.einsum(seen[..., 0], [group, *axes, *taps], W, [*taps, group, multiple], [*axes, group, multiple], out=y)
        return out
    W = grouped(W, groups)
    for part, columns in window_columns(x, out, kernel, strides, padding, dilation, groups):
        np.matmul(columns, W, out=grouped(part, groups))
    return out


def conv_kernel(
    x: Array, g: Array, kernel: Ints, strides: Each = 1, padding: EachPair = 0, dilation: Each = 1, groups: int = 1
) -> Array:
    """The gradient of `conv` by its W, whose windows have the sizes `kernel`."""
    channels, filters = x.shape[-1] // groups, g.shape[-1]
    if channels == 1 and groups > 1:
        seen = windows(padded(x, padding), kernel, strides, dilation, groups)
        group, axes, taps, multiple = depthwise_axes(len(kernel))
        g = g.reshape(*g.shape[:-1], groups, -1)
        W = np.einsum(seen[..., 0], [group, *axes, *taps], g, [*axes, group, multiple], [*taps, group, multiple])
        return W.reshape(*kernel, 1, filters)
    W = np.zeros((groups, np.prod(kernel) * channels, filters // groups), x.dtype)
    for part, columns in window_columns(x, g, kernel, strides, padding, dilation, groups):
        W += np.matmul(columns.transpose(0, 2, 1), grouped(part, groups))
    return W.transpose(1, 0, 2).reshape(*kernel, channels, filters)


def conv_input(
    g: Array,
    W: Array,
    shape: Ints,
    strides: Each = 1,
    padding: EachPair = 0,
    dilation: Each = 1,
    groups: int = 1,
    out: Array | None = None,
) -> Array:
    """The gradient of `conv` by its x, which has the spatial sizes `shape`.

    With strides of 1 it is also a convolution: of g, padded the other way round, with W mirrored. That copies what
    windows see of g, the general way adds to what they see of x, tap by tap so that whole lines are added, which takes
    about twice as long for each number.
    """
    *kernel, channels, filters = W.shape
    pads = pairs(padding, len(kernel))
    extents = [(k - 1) * d for k, d in zip(kernel, each(dilation, len(kernel)), strict=True)]
    around = [(extent - before, extent - after) for extent, (before, after) in zip(extents, pads, strict=True)]
    copied, summed = filters * np.prod(shape), groups * channels * np.prod(g.shape[1:-1])
    if np.max(strides) == 1 and np.min(around) >= 0 and copied <= 2 * summed:
        W = np.flip(W, tuple(range(len(kernel)))).reshape(*kernel, channels, groups, filters // groups)
        W = np.swapaxes(W, -3, -1).reshape(*kernel, filters // groups, groups * channels)
        return conv(g, W, strides, around, dilation, groups, out)
    if out is None:
        out = np.empty((len(g), *shape, groups * channels), g.dtype)
    sizes = [before + n + after for n, (before, after) in zip(shape, pads, strict=True)]
    for some in examples(out.shape):
        x = np.zeros((len(g[some]), *sizes, groups * channels), g.dtype)
        seen = windows(x, kernel, strides, dilation, groups)
        for rows, lines in blocks(seen.shape[1:], seen.size):
            part = grouped(g[some][rows, lines], groups)
            for tap in np.ndindex(*kernel):
                target = seen[(slice(None), rows, lines, ..., *tap, slice(None))]
                target += np.matmul(part, grouped(W[tap], groups).transpose(0, 2, 1)).reshape(target.shape)
        out[some] = x[inside(shape, pads)]
    return out


def window_columns(
    x: Array, y: Array, kernel: Ints, strides: Each, padding: EachPair, dilation: Each, groups: int
) -> Iterator[tuple[Array, Array]]:
    """Parts of y, which has a place for each window, and what these windows see: matrices [groups, places, numbers].

    Of one channel it is copied tap by tap, so that whole lines are.
    """
    numbers = np.prod(kernel) * x.shape[-1] // groups
    for some in examples(x.shape):
        seen = windows(padded(x[some], padding), kernel, strides, dilation, groups)
        for rows, lines in blocks(seen.shape[1:], seen.size):
            part = seen[:, rows, lines]
            if x.shape[-1] == 1:
                taps = np.moveaxis(part[0, ..., 0], range(-len(kernel), 0), range(len(kernel)))
                columns = taps.reshape(numbers, -1).T[np.newaxis]
            else:
                columns = part.reshape(groups, -1, numbers)
            yield y[some][rows, lines], columns


def window_counts(x: Array, kernel: Ints, strides: Each, padding: EachPair, dilation: Each) -> Ints:
    """How many windows there are along each spatial axis."""
    count = len(kernel)
    axes = zip(x.shape[1:-1], kernel, each(strides, count), pairs(padding, count), each(dilation, count), strict=True)
    return [(before + n + after - (k - 1) * d - 1) // s + 1 for n, k, s, (before, after), d in axes]


def padded(x: Array, padding: EachPair, filling: float = 0) -> Array:
    """x with `filling` around its spatial axes."""
    if not np.any(padding):
        return x
    shape = x.shape[1:-1]
    pads = pairs(padding, len(shape))
    sizes = [before + n + after for n, (before, after) in zip(shape, pads, strict=True)]
    y = np.empty((len(x), *sizes, x.shape[-1]), x.dtype)
    for axis, (n, (before, _)) in enumerate(zip(shape, pads, strict=True), start=1):
        lines = y.swapaxes(0, axis)
        lines[:before] = lines[before + n :] = filling
    y[inside(shape, pads)] = x
    return y


def inside(shape: Ints, pads: Pairs) -> tuple[slice, ...]:
    """The index of what is not padding."""
    return (slice(None), *(slice(before, before + n) for n, (before, _) in zip(shape, pads, strict=True)))


def windows(x: Array, kernel: Ints, strides: Each, dilation: Each, groups: int) -> Array:
    """What each window sees of each group's channels: a view [groups, batch, *out, *kernel, channels / groups] of x."""
    batch, *sizes, channels = x.shape
    row, *steps, step = x.strides
    strides, dilation = each(strides, len(kernel)), each(dilation, len(kernel))
    out = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(sizes, kernel, strides, dilation, strict=True)]
    between = [n * s for n, s in zip(steps, strides, strict=True)]
    within = [n * d for n, d in zip(steps, dilation, strict=True)]
    channels //= groups
    return np.lib.stride_tricks.as_strided(
        x, (groups, batch, *out, *kernel, channels), (step * channels, row, *between, *within, step)
    )


def each(value: Each, count: int) -> Ints:
    """One number for each of so many axes."""
    return [value] * count if isinstance(value, int) else value


def pairs(value: EachPair, count: int) -> Pairs:
    """(before, after) for each of so many axes."""
    return [(value, value)] * count if isinstance(value, int) else value


def grouped(x: Array, groups: int) -> Array:
    """All axes but the last made one, and the last divided: [..., channels] -> [groups, rows, channels / groups]."""
    return x.reshape(-1, groups, x.shape[-1] // groups).transpose(1, 0, 2)


def blocks(shape: Ints, numbers: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a shape [batch, lines, …] for all of which so many numbers are needed: some 2¹⁹, two MiB, for each.

    A part is a few examples, or a few lines of one.
    """
    batch, lines = shape[:2]
    count = max(1, 2**19 * batch * lines // max(1, numbers))
    several, lines_each = max(1, count // max(1, lines)), min(count, lines)
    for row in range(0, batch, several):
        for line in range(0, lines, lines_each):
            yield slice(row, row + several), slice(line, line + lines_each)


def examples(shape: Ints) -> Iterator[slice]:
    """Parts of a batch of some 2¹⁹ numbers, two MiB: temporary arrays of that size cost no new pages of memory."""
    several = max(1, 2**19 // max(1, np.prod(shape[1:], dtype=int)))
    for row in range(0, shape[0], several):
        yield slice(row, row + several)


def depthwise_axes(count: int) -> tuple[int, range, range, int]:
    """Numbers for `np.einsum`: the channels, batch and places, taps, and results of each channel.

    Where each channel is a group, matrices of a group would be too thin for BLAS to pay.
    """
    return 2 * count + 1, range(count + 1), range(count + 1, 2 * count + 1), 2 * count + 2
