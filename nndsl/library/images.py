"""Layers that repeat, put around, cut off or reorder what an example has, without computing anything new."""

from __future__ import annotations

from typing import Literal

import numpy as np

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import Extents2, Margins2, Misuse, Size, Sizes, Tensor
from nndsl.library.arithmetic import project
from nndsl.library.operands import lead, own_axis, own_shape, vector
from nndsl.library.registry import composite
from nndsl.library.windows import spatial

KERAS = "https://keras.io/api/layers/reshaping_layers/"


@composite(
    "layer",
    "up_sampling2d",
    example="x: f32[2, 3, 2] => up_sampling2d(x, [2, 3])",
    follows=f"{KERAS}up_sampling2d/",
)
def up_sampling2d(
    x: Tensor, size: Extents2 = (2, 2), *, interpolation: Literal["nearest", "bilinear"] = "nearest"
) -> Tensor:
    """Images enlarged by whole factors: [batch, h, w, channels] -> [batch, h · size, w · size, channels].

    `nearest` repeats each pixel, `bilinear` goes in straight lines from the centre of one to the centre of the next.
    """
    x = spatial("up_sampling2d", x, 2)
    if interpolation == "bilinear":
        for axis, factor in enumerate(size, 1):
            x = _interpolated(x, axis, factor)
        return x
    batch, h, w, c = x.shape
    pixels = ops.reshape(x, shape=(batch, h, 1, w, 1, c))
    repeated = ops.broadcast_to(pixels, shape=(batch, h, size[0], w, size[1], c))
    return ops.reshape(repeated, shape=(batch, h * size[0], w * size[1], c))


def _interpolated(x: Value, axis: int, factor: int) -> Value:
    """x with `factor` times as many elements along an axis: a product with the matrix of their weights."""
    n = x.shape[axis]
    if not isinstance(n, int):
        raise Misuse(
            f"`up_sampling2d` needs to know the sizes of {show_shape(x.shape)} to interpolate",
            label=f"`{n}` is known only when the data are",
            help="give that axis a number where the input is declared, or take `interpolation = nearest`",
        )
    places = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
    weights = np.maximum(0, 1 - np.abs(places - np.arange(n)[:, None]))
    last = x.rank - 1
    order = (*(a for a in range(x.rank) if a != axis), axis)
    turned = project(ops.transpose(x, axes=order), x.builder.constant(weights, x.dtype))
    return ops.transpose(turned, axes=(*range(axis), last, *range(axis, last)))


@composite(
    "layer",
    "zero_padding2d",
    example="x: f32[2, 3, 2] => zero_padding2d(x, [[0, 1], 2])",
    follows=f"{KERAS}zero_padding2d/",
)
def zero_padding2d(x: Tensor, padding: Margins2 = ((1, 1), (1, 1))) -> Tensor:
    """Zeros put around images: [batch, h, w, channels] -> [batch, top + h + bottom, left + w + right, channels].

    `padding` is a number for all sides, [rows, columns], or [[top, bottom], [left, right]].
    """
    x = spatial("zero_padding2d", x, 2)
    for axis, (before, after) in enumerate(padding, 1):
        if before or after:
            x = ops.pad(x, axis=axis, before=before, after=after)
    return x


@composite(
    "layer",
    "cropping2d",
    example="x: f32[4, 5, 2] => cropping2d(x, [[0, 1], 2])",
    follows=f"{KERAS}cropping2d/",
)
def cropping2d(x: Tensor, cropping: Margins2 = ((0, 0), (0, 0))) -> Tensor:
    """Edges of images cut off: [batch, h, w, channels] -> [batch, h - top - bottom, w - left - right, channels].

    `cropping` is a number for all sides, [rows, columns], or [[top, bottom], [left, right]].
    """
    y = x = spatial("cropping2d", x, 2)
    for axis, (before, after) in enumerate(cropping, 1):
        n = x.shape[axis]
        if isinstance(n, int) and before + after >= n:
            raise Misuse(
                f"`cropping2d` leaves nothing of {show_shape(x.shape)}",
                label=f"cuts {before} and {after} off an axis of {n}",
                argument="cropping",
            )
        if before or after:
            y = ops.slice(y, axis=axis, start=before, stop=n - after, step=1)
    return y


@composite(
    "layer",
    "permute",
    example="x: f32[2, 3, 4] => permute(x, [2, 0, 1])",
    follows=f"{KERAS}permute/",
)
def permute(x: Tensor, dims: Sizes) -> Tensor:
    """An example's axes in another order: `permute([1, 2, 0])` makes [batch, h, w, c] of [batch, c, h, w].

    Axes are counted from 0, without the batch; Keras's `Permute` counts them from 1.
    """
    rank = len(own_shape(x))
    if sorted(dims) == list(range(1, rank + 1)):
        raise Misuse(
            f"`permute` is given the axes {list(dims)} for {show_shape(x.shape)}",
            label=f"axes are counted from 0 here, and must be 0 to {rank - 1}",
            argument="dims",
            help=f"write `permute({[d - 1 for d in dims]})`",
        )
    axes = tuple(own_axis("permute", x, d) for d in dims)
    if sorted(axes) != list(range(lead(x), x.rank)):
        raise Misuse(
            f"`permute` is given the axes {list(dims)} for {show_shape(x.shape)}",
            label=f"must be 0 to {rank - 1}, each once",
            argument="dims",
        )
    return ops.transpose(x, axes=(*range(lead(x)), *axes))


@composite(
    "layer",
    "repeat_vector",
    example="x: f32[4] => repeat_vector(x, 3)",
    follows=f"{KERAS}repeat_vector/",
)
def repeat_vector(x: Tensor, n: Size) -> Tensor:
    """Each example's vector n times: [batch, d] -> [batch, n, d]. A single number per example counts as [1]."""
    x = vector(x)
    own = own_shape(x)
    if len(own) != 1:
        raise Misuse(
            f"`repeat_vector` is given {show_shape(x.shape)}",
            label="works on vectors, [batch, d]",
            help="`flatten` makes a vector of an example",
        )
    before = x.shape[: lead(x)]
    row = ops.reshape(x, shape=(*before, 1, own[0]))
    return ops.broadcast_to(row, shape=(*before, n, own[0]))
