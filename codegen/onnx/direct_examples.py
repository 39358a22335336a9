"""The gradient of a kernel with examples side by side, as the pass in `blocks` puts it in place of a dense one.

conv_kernel_examples    x, g -> W      g in blocks of B channels; W [h, w, channels, filters], as parameters are

    x [batch, channels / B, h, w, B]      zeros around    ->    [channels / B, batch / B, h, w, B channels, B examples]
    g [batch, filters / B, h, w, B]                       ->    [filters / B, batch / B, h, w, B examples, B filters]

which are the images and the kernel of a convolution over blocks of examples. A row of its images is a row of x with B
channels for each pixel, and one pixel further is B numbers further; so its result has a place for each of W's taps and
of B channels. Of fewer channels than B x is channels last, and all the rest the same. The convolution makes no columns
as that of `direct_kernels` does, but wants batches that fill their blocks.

Milliseconds on two cores of a Xeon, batch 64, kernels of 3 x 3 (10⁹ multiplications and additions a second), and what
is copied before and behind:

| channels, filters, size | 16, 16, 32 | 32, 32, 32 | 32, 64, 16 | 64, 64, 16 | 64, 128, 8 | 128, 128, 8 |
|---|---|---|---|---|---|---|
| examples as channels | 2.9 (105) | 8.2 (147) | 3.1 (193) | 6.3 (193) | 2.4 (251) | 4.9 (244) |
| … copied | 0.6 | 1.1 | 0.7 | 0.9 | 0.6 | 1.0 |
| examples side by side | 1.6 (187) | 4.2 (285) | 1.8 (331) | 3.5 (340) | 1.7 (350) | 3.3 (360) |
| … copied | 1.0 | 2.3 | 0.8 | 1.5 | 0.4 | 0.9 |

Of 3 channels of 64 x 64 to 32 filters, 7 x 7 by steps of two, batch 32: 4.9 ms as columns, 2.1 so.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from nndsl.codegen.onnx.direct import DOMAIN, known, last_type, reshaped, surrounded
from nndsl.codegen.onnx.gathered import gathered
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.types import TensorType
from nndsl.ops.convolution import conv_kernel_type

AT_ONCE = 4
"""Blocks of filters that the convolution computes together."""

MOST_AT_ONCE = 768 * 1024
"""Bytes of g's pixels that it may read again and again, for each six of its results: they should stay in a core's
cache. [64, 32, 32, 32] to 32 filters takes 7.2 ms with 2 MB, 4.3 with 1 MB, 4.2 with 512 KB."""

MOST_COPIED = 1.5
"""How many times as large as x its copy may be, by what lacks of the last block of examples and by lines that two parts
see: with batches of 11, 16 channels of 128 x 128 and 16 filters, 2.1 times, a network takes 1.25 of the time."""


def has_examples(node: Node, block: int, rows: int) -> bool:
    """Whether a `conv_kernel` of images in blocks is computed so, in batches of so many rows.

    Not where there is more to copy than that saves: a pixel meets less than two taps, or x's copy is large.
    """
    h, w, *_ = known(node.shape)
    high, wide = known(node.inputs[1].shape[1:3])
    down, _ = strides = node.attributes["strides"]
    dense = set(node.attributes["dilation"]) == {1} and h * w > 2 * prod(strides)
    parts = _parts(node, high, wide, block)
    if not (dense and rows and parts):
        return False
    copied = parts * _seen(high // parts, down, h) / _seen(high, down, h)
    return copied * block * -(-rows // block) <= MOST_COPIED * rows


def _parts(node: Node, high: int, wide: int, block: int) -> int:
    """Into how many parts of as many lines g is cut, for some of its pixels to stay in the cache; 0 if single lines are
    too many bytes for that."""
    filters = node.shape[-1]
    assert isinstance(filters, int)
    line = 4 * wide * block * min(filters, AT_ONCE * block)
    return next((n for n in range(1, high + 1) if high % n == 0 and high // n * line <= MOST_AT_ONCE), 0)


def _seen(windows: int, stride: int, taps: int) -> int:
    """How many places so many windows see."""
    return (windows - 1) * stride + taps


def _type(x: TensorType, g: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return conv_kernel_type(last_type(x) if x.rank == 5 else x, last_type(g), **attributes)


def _onnx(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """dW[i, j, c, f] = sum over n, h, w of x[n, s h + i, s w + j, c] g[n, h, w, f].

    What lacks of the last block of examples is for x zeros, which there are at least in its last row, for g the last
    filters of its last pixel, finite or not. A part is to the convolution what a block of examples is: one more block
    of channels.
    """
    h, w, channels, filters = known(node.shape)
    batch, (high, wide, block) = node.inputs[0].shape[0], known(node.inputs[1].shape[2:])
    each_pixel = min(channels, block)
    blocks, others, full = channels // each_pixel, filters // block, (batch + block - 1) // block
    down, across = node.attributes["strides"]
    parts = _parts(node, high, wide, block)
    each, seen = high // parts, _seen(high // parts, down, h)

    x, tall, broad = _surrounded(e, node, x)
    rows = np.add.outer(each * down * np.arange(parts), np.arange(seen)).ravel()
    rows = np.add.outer(tall * np.arange(blocks), rows)[:, None]
    lines = reshaped(e, x, -1, broad * each_pixel)
    x = gathered(e, lines, batch * blocks * tall, rows, 1, full * block, blocks * tall)
    (x,) = e.nodes("ReorderInput", (x,), 1, domain=DOMAIN)
    x = reshaped(e, x, blocks, -1, seen, broad * each_pixel)

    places = high * wide
    pixels = np.add.outer(np.arange(places), others * places * np.arange(block)).ravel()
    pixels = np.add.outer(places * np.arange(others), pixels)[:, None]
    lines = reshaped(e, g, -1, block)
    g = gathered(e, lines, batch * others * places, pixels, 1, full, block * others * places)
    g = reshaped(e, g, filters, -1, each, wide)

    dilations = down, across * each_pixel
    (W,) = e.nodes("Conv", (x, g), 1, domain=DOMAIN, kernel_shape=(each, wide), dilations=dilations)
    found = broad - (wide - 1) * across
    W = reshaped(e, W, blocks, others, h, found * each_pixel, block)
    if found > w:
        W = e.node("Slice", W, e.shape((0,)), e.shape((w * each_pixel,)), e.shape((3,)))
    W = e.node("Transpose", reshaped(e, W, blocks, others, h * w, each_pixel, block), perm=(2, 0, 3, 1, 4))
    return reshaped(e, W, *known(node.shape))


def _surrounded(e: OnnxEmitter, node: Node, x: str) -> tuple[str, int, int]:
    """The images with zeros around, at least below, and how many rows and columns they have then."""
    (top, bottom), (left, right) = node.attributes["padding"]
    bottom = max(bottom, 1)
    shape = known(node.inputs[0].shape[1:])
    if node.inputs[0].type.rank == 5:
        x = surrounded(e, x, shape, (top, left, bottom, right))
    else:
        x = e.node("Pad", x, e.shape((0, top, left, 0, 0, bottom, right, 0)), "", e.shape(range(4)))
    rows, columns = shape[-3:-1]
    return x, top + rows + bottom, left + columns + right


CONV_KERNEL = Primitive("conv_kernel_examples", ("x", "g"), _type, "", _onnx, None, ())
