"""Convolution and pooling in plain NumPy, pasted into generated modules: they need nothing but `np` and each other.

x [batch, *spatial, channels] with one, two or three spatial axes; a window has one tap for each place of its kernel.
`padding` is (before, after) for each axis.
"""

# mypy: disable-error-code="no-any-return"
# (to mypy, arithmetic on arrays is `Any`)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def conv(x: Array, W: Array, strides: Ints, padding: Pairs, dilation: Ints, groups: int) -> Array:
    """x [batch, *spatial, channels], W [*kernel, channels / groups, filters] -> [batch, *out, filters]."""
    x = padded(x, padding)
    *kernel, channels, filters = W.shape
    W = W.reshape(*kernel, channels, groups, filters // groups)
    out = window_counts(x.shape[1:-1], kernel, strides, dilation)
    y = np.zeros((len(x), *out, groups, filters // groups), x.dtype)
    for tap, places in taps(kernel, out, strides, dilation):
        seen = x[places].reshape(len(x), *out, groups, channels)
        y += np.einsum("...gc,cgf->...gf", seen, W[tap])
    return y.reshape(len(x), *out, filters)


def conv_input(g: Array, W: Array, shape: Ints, strides: Ints, padding: Pairs, dilation: Ints, groups: int) -> Array:
    """The gradient of `conv` by its x, which has the spatial sizes `shape`."""
    *kernel, channels, filters = W.shape
    W = W.reshape(*kernel, channels, groups, filters // groups)
    batch, *out, _ = g.shape
    g = g.reshape(batch, *out, groups, filters // groups)
    sizes = [before + size + after for size, (before, after) in zip(shape, padding, strict=True)]
    x = np.zeros((batch, *sizes, groups * channels), g.dtype)
    for tap, places in taps(kernel, out, strides, dilation):
        x[places] += np.einsum("...gf,cgf->...gc", g, W[tap]).reshape(batch, *out, -1)
    return x[inside(shape, padding)]


def conv_kernel(x: Array, g: Array, kernel: Ints, strides: Ints, padding: Pairs, dilation: Ints, groups: int) -> Array:
    """The gradient of `conv` by its W, whose windows have the sizes `kernel`."""
    x = padded(x, padding)
    *out, filters = g.shape[1:]
    channels = x.shape[-1] // groups
    g = g.reshape(-1, groups, filters // groups)
    W = np.empty((*kernel, channels, filters), x.dtype)
    for tap, places in taps(kernel, out, strides, dilation):
        seen = x[places].reshape(-1, groups, channels)
        W[tap] = np.einsum("ngc,ngf->cgf", seen, g).reshape(channels, filters)
    return W


def max_pool(x: Array, size: Ints, strides: Ints, padding: Pairs) -> Array:
    """The largest element of each window; what is padded counts as -inf."""
    x = padded(x, padding, -np.inf)
    out = window_counts(x.shape[1:-1], size, strides, (1,) * len(size))
    y = np.full((len(x), *out, x.shape[-1]), -np.inf, x.dtype)
    for _, places in taps(size, out, strides, (1,) * len(size)):
        np.maximum(y, x[places], out=y)
    return y


def max_pool_gradient(x: Array, y: Array, g: Array, size: Ints, strides: Ints, padding: Pairs) -> Array:
    """The gradient of y = `max_pool`(x): the first maximum of a window takes all of it, and windows add up."""
    shape = x.shape[1:-1]
    x = padded(x, padding, -np.inf)
    gradient = np.zeros_like(x)
    left = np.ones(y.shape, bool)
    for _, places in taps(size, y.shape[1:-1], strides, (1,) * len(size)):
        first = left & (x[places] == y)
        left &= ~first
        gradient[places] += first * g
    return gradient[inside(shape, padding)]


def avg_pool(x: Array, size: Ints, strides: Ints, padding: Pairs) -> Array:
    """The mean of each window's elements; what is padded does not count."""
    counts = window_elements(x.shape[1:-1], size, strides, padding)
    x = padded(x, padding)
    y = np.zeros((len(x), *counts.shape[:-1], x.shape[-1]), x.dtype)
    for _, places in taps(size, y.shape[1:-1], strides, (1,) * len(size)):
        y += x[places]
    return y / counts.astype(x.dtype)


def avg_pool_gradient(g: Array, shape: Ints, size: Ints, strides: Ints, padding: Pairs) -> Array:
    """The gradient of `avg_pool` by its x, which has the spatial sizes `shape`."""
    g = g / window_elements(shape, size, strides, padding).astype(g.dtype)
    sizes = [before + size + after for size, (before, after) in zip(shape, padding, strict=True)]
    x = np.zeros((len(g), *sizes, g.shape[-1]), g.dtype)
    for _, places in taps(size, g.shape[1:-1], strides, (1,) * len(size)):
        x[places] += g
    return x[inside(shape, padding)]


def padded(x: Array, padding: Pairs, filling: float = 0) -> Array:
    """x with `filling` around its spatial axes."""
    if not np.any(padding):
        return x
    sizes = [before + size + after for size, (before, after) in zip(x.shape[1:-1], padding, strict=True)]
    y = np.full((len(x), *sizes, x.shape[-1]), filling, x.dtype)
    y[inside(x.shape[1:-1], padding)] = x
    return y


def inside(shape: Ints, padding: Pairs) -> tuple[slice, ...]:
    """The index of what is not padding."""
    return (slice(None), *(slice(before, before + size) for size, (before, _) in zip(shape, padding, strict=True)))


def window_counts(shape: Ints, kernel: Ints, strides: Ints, dilation: Ints) -> Ints:
    """How many windows fit along each axis."""
    return tuple((n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(shape, kernel, strides, dilation, strict=True))


def window_elements(shape: Ints, size: Ints, strides: Ints, padding: Pairs) -> Array:
    """How many elements of each window are not padding, [*out, 1]."""
    counts = np.ones(1)
    for n, k, s, (before, after) in zip(
        reversed(shape), reversed(size), reversed(strides), reversed(padding), strict=True
    ):
        starts = np.arange(-before, n + after - k + 1, s)
        counts = np.multiply.outer(np.minimum(starts + k, n) - np.maximum(starts, 0), counts)
    return counts


def taps(kernel: Ints, out: Ints, strides: Ints, dilation: Ints) -> Iterator[tuple[Ints, tuple[slice, ...]]]:
    """Each place in a window, in order, and the index of the element that each window has there."""
    for tap in np.ndindex(*kernel):
        starts = [i * d for i, d in zip(tap, dilation, strict=True)]
        steps = [slice(i, i + (n - 1) * s + 1, s) for i, n, s in zip(starts, out, strides, strict=True)]
        yield tap, (slice(None), *steps)
