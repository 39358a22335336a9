"""Pooling in plain NumPy, pasted into generated modules: x [batch, *spatial, channels], windows as convolution has."""

# mypy: disable-error-code="no-any-return"
# (to mypy, arithmetic on arrays is `Any`)

from __future__ import annotations

import numpy as np

from nndsl.ops.conv_helpers import Array, Each, EachPair, Ints, each, examples, inside, padded, pairs, windows


def max_pool(x: Array, size: Ints, strides: Each = 1, padding: EachPair = 0, out: Array | None = None) -> Array:
    """The largest element of each window; what is padded counts as -inf.

    Along one axis after the other: lines are compared as wholes, and fewer elements are left for the next axis.
    """
    y = padded(x, padding, -np.inf)
    for axis, (count, step) in enumerate(zip(size, each(strides, len(size)), strict=True), start=1):
        end = y.shape[axis] - count + 1
        first, *others = (y[(slice(None),) * axis + (slice(i, end + i, step),)] for i in range(count))
        y = np.maximum(first, others[0] if others else first, out=out if axis == len(size) else None)
        for seen in others[1:]:
            np.maximum(y, seen, out=y)
    return y


def max_pool_gradient(
    x: Array, y: Array, g: Array, size: Ints, strides: Each = 1, padding: EachPair = 0, out: Array | None = None
) -> Array:
    """The gradient of y = `max_pool`(x): the first maximum of a window takes all of g; windows add up."""
    shape, count = x.shape[1:-1], len(size)
    if out is None:
        out = np.empty_like(x)
    tiles = tuple(each(strides, count)) == tuple(size) and not np.any(padding) and not np.any(np.mod(shape, size))
    for rows in examples(x.shape):
        part = padded(x[rows], padding, -np.inf)
        gradient = out[rows] if tiles else np.zeros_like(part)
        left = np.ones(y[rows].shape, bool)
        for seen, target in zip(tap_views(part, size, strides), tap_views(gradient, size, strides), strict=True):
            first = seen == y[rows]
            first &= left
            left ^= first
            if tiles:  # each element is in one window
                np.multiply(first, g[rows], out=target)
            else:
                target += first * g[rows]
        if not tiles:
            out[rows] = gradient[inside(shape, pairs(padding, count))]
    return out


def avg_pool(x: Array, size: Ints, strides: Each = 1, padding: EachPair = 0, out: Array | None = None) -> Array:
    """The mean of each window's elements; what is padded does not count."""
    first, *others = tap_views(padded(x, padding), size, strides)
    y = np.add(first, 0, out=out)
    for seen in others:
        y += seen
    y /= window_elements(x.shape[1:-1], size, strides, padding).astype(x.dtype)
    return y


def avg_pool_gradient(
    g: Array, shape: Ints, size: Ints, strides: Each = 1, padding: EachPair = 0, out: Array | None = None
) -> Array:
    """The gradient of `avg_pool` by its x, which has the spatial sizes `shape`."""
    g = g / window_elements(shape, size, strides, padding).astype(g.dtype)
    pads = pairs(padding, len(size))
    sizes = [before + n + after for n, (before, after) in zip(shape, pads, strict=True)]
    gradient = np.zeros((len(g), *sizes, g.shape[-1]), g.dtype)
    for target in tap_views(gradient, size, strides):
        target += g
    return np.add(gradient[inside(shape, pads)], 0, out=out)


def tap_views(x: Array, size: Ints, strides: Each) -> list[Array]:
    """For each place in a window, in order, what all windows see there: views [batch, *out, channels] of x."""
    seen = windows(x, size, strides, dilation=1, groups=1)[0]
    return [seen[(..., *place, slice(None))] for place in np.ndindex(*size)]


def window_elements(shape: Ints, size: Ints, strides: Each, padding: EachPair) -> Array:
    """How many elements of each window are not padding, [*out, 1]."""
    counts = np.ones(())
    axes = zip(shape, size, each(strides, len(size)), pairs(padding, len(size)), strict=True)
    for n, k, s, (before, after) in axes:
        starts = np.arange(-before, n + after - k + 1, s)
        counts = np.multiply.outer(counts, np.minimum(starts + k, n) - np.maximum(starts, 0))
    return counts[..., None]
