"""Pooling in plain NumPy, pasted into generated modules: x [batch, *spatial, channels], windows as convolution has."""

# mypy: disable-error-code="no-any-return"
# (to mypy, arithmetic on arrays is `Any`)

from __future__ import annotations

import numpy as np

from nndsl.ops.conv_helpers import Array, Each, EachPair, Ints, blocks, each, inside, padded, pairs, windows


def max_pool(x: Array, size: Ints, strides: Each = 1, padding: EachPair = 0) -> Array:
    """The largest element of each window; what is padded counts as -inf."""
    first, *others = tap_views(padded(x, padding, -np.inf), size, strides)
    y = first.copy()
    for seen in others:
        np.maximum(y, seen, out=y)
    return y


def max_pool_gradient(x: Array, y: Array, g: Array, size: Ints, strides: Each = 1, padding: EachPair = 0) -> Array:
    """The gradient of y = `max_pool`(x): the first maximum of a window takes all of g; windows add up."""
    shape = x.shape[1:-1]
    x = padded(x, padding, -np.inf)
    gradient = np.zeros_like(x)
    views = list(zip(tap_views(x, size, strides), tap_views(gradient, size, strides), strict=True))
    for rows, lines in blocks(y.shape, x.size):
        left = np.ones(y[rows, lines].shape, bool)
        for seen, target in views:
            first = seen[rows, lines] == y[rows, lines]
            first &= left
            left ^= first
            target[rows, lines] += first * g[rows, lines]
    return gradient[inside(shape, pairs(padding, len(size)))]


def avg_pool(x: Array, size: Ints, strides: Each = 1, padding: EachPair = 0) -> Array:
    """The mean of each window's elements; what is padded does not count."""
    first, *others = tap_views(padded(x, padding), size, strides)
    y = first.copy()
    for seen in others:
        y += seen
    y /= window_elements(x.shape[1:-1], size, strides, padding).astype(x.dtype)
    return y


def avg_pool_gradient(g: Array, shape: Ints, size: Ints, strides: Each = 1, padding: EachPair = 0) -> Array:
    """The gradient of `avg_pool` by its x, which has the spatial sizes `shape`."""
    g = g / window_elements(shape, size, strides, padding).astype(g.dtype)
    pads = pairs(padding, len(size))
    sizes = [before + n + after for n, (before, after) in zip(shape, pads, strict=True)]
    gradient = np.zeros((len(g), *sizes, g.shape[-1]), g.dtype)
    for target in tap_views(gradient, size, strides):
        target += g
    return gradient[inside(shape, pads)]


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
