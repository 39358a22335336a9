"""Pools: the greatest or the mean element of each window over the spatial axes, each channel by itself.

Windows are those of `nndsl.library.windows`; with `same`, what is put around counts as nothing: it is never the
greatest, and a mean is that of the elements that are there.
"""

from __future__ import annotations

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.node import Primitive
from nndsl.library.arguments import Extents1, Extents2, Extents3, Tensor
from nndsl.library.registry import composite
from nndsl.library.windows import Padding, spatial, window_padding

KERAS = "https://keras.io/api/layers/pooling_layers/"


def _pool(
    pool: Primitive,
    name: str,
    x: Value,
    size: tuple[int, ...],
    strides: tuple[int, ...] | None,
    padding: Padding,
) -> Value:
    x = spatial(name, x, len(size))
    strides = strides or size
    pairs = window_padding(name, x, size, strides, padding, argument="pool_size")
    return pool(x, size=size, strides=strides, padding=pairs)


# ---------------------------------------------------------------- the greatest


@composite(
    "layer", "max_pool1d", example="x: f32[7, 2] => max_pool1d(x, 3, strides = 2)", follows=f"{KERAS}max_pooling1d/"
)
def max_pool1d(
    x: Tensor, pool_size: Extents1 = (2,), *, strides: Extents1 | None = None, padding: Padding = "valid"
) -> Tensor:
    """The greatest element of each window: [batch, n, channels] -> [batch, n', channels].

    `strides` default to the pool's size. `valid`: n' = (n - pool_size) // strides + 1; `same`: n' = ceil(n / strides).
    The gradient goes to the greatest element, of equals the first.
    """
    return _pool(ops.max_pool, "max_pool1d", x, pool_size, strides, padding)


@composite(
    "layer",
    "max_pool2d",
    example="x: f32[5, 4, 2] => max_pool2d(x, [3, 2], strides = 2, padding = same)",
    follows=f"{KERAS}max_pooling2d/",
)
def max_pool2d(
    x: Tensor, pool_size: Extents2 = (2, 2), *, strides: Extents2 | None = None, padding: Padding = "valid"
) -> Tensor:
    """The greatest element of each window: [batch, h, w, channels] -> [batch, h', w', channels].

    `strides` default to the pool's size. Along each axis, `valid` gives (n - pool_size) // strides + 1, `same` gives
    ceil(n / strides). The gradient goes to the greatest element, of equals the first.
    """
    return _pool(ops.max_pool, "max_pool2d", x, pool_size, strides, padding)


@composite("layer", "max_pool3d", example="x: f32[3, 4, 2, 2] => max_pool3d(x, 2)", follows=f"{KERAS}max_pooling3d/")
def max_pool3d(
    x: Tensor, pool_size: Extents3 = (2, 2, 2), *, strides: Extents3 | None = None, padding: Padding = "valid"
) -> Tensor:
    """The greatest element of each window: [batch, d, h, w, channels] -> [batch, d', h', w', channels].

    `strides` default to the pool's size. Along each axis, `valid` gives (n - pool_size) // strides + 1, `same` gives
    ceil(n / strides). The gradient goes to the greatest element, of equals the first.
    """
    return _pool(ops.max_pool, "max_pool3d", x, pool_size, strides, padding)


# ---------------------------------------------------------------- the mean


@composite(
    "layer",
    "avg_pool1d",
    example="x: f32[7, 2] => avg_pool1d(x, 3, strides = 2)",
    follows=f"{KERAS}average_pooling1d/",
)
def avg_pool1d(
    x: Tensor, pool_size: Extents1 = (2,), *, strides: Extents1 | None = None, padding: Padding = "valid"
) -> Tensor:
    """The mean of each window: [batch, n, channels] -> [batch, n', channels].

    `strides` default to the pool's size. `valid`: n' = (n - pool_size) // strides + 1; `same`: n' = ceil(n / strides),
    where windows over the edge take the mean of what they have.
    """
    return _pool(ops.avg_pool, "avg_pool1d", x, pool_size, strides, padding)


@composite(
    "layer",
    "avg_pool2d",
    example="x: f32[5, 4, 2] => avg_pool2d(x, [3, 2], strides = 2, padding = same)",
    follows=f"{KERAS}average_pooling2d/",
)
def avg_pool2d(
    x: Tensor, pool_size: Extents2 = (2, 2), *, strides: Extents2 | None = None, padding: Padding = "valid"
) -> Tensor:
    """The mean of each window: [batch, h, w, channels] -> [batch, h', w', channels].

    `strides` default to the pool's size. Along each axis, `valid` gives (n - pool_size) // strides + 1, `same` gives
    ceil(n / strides), where windows over the edge take the mean of what they have.
    """
    return _pool(ops.avg_pool, "avg_pool2d", x, pool_size, strides, padding)


@composite(
    "layer", "avg_pool3d", example="x: f32[3, 4, 2, 2] => avg_pool3d(x, 2)", follows=f"{KERAS}average_pooling3d/"
)
def avg_pool3d(
    x: Tensor, pool_size: Extents3 = (2, 2, 2), *, strides: Extents3 | None = None, padding: Padding = "valid"
) -> Tensor:
    """The mean of each window: [batch, d, h, w, channels] -> [batch, d', h', w', channels].

    `strides` default to the pool's size. Along each axis, `valid` gives (n - pool_size) // strides + 1, `same` gives
    ceil(n / strides), where windows over the edge take the mean of what they have.
    """
    return _pool(ops.avg_pool, "avg_pool3d", x, pool_size, strides, padding)


# ---------------------------------------------------------------- of whole examples


def _whole(reduce: Primitive, name: str, x: Value, rank: int, keepdims: bool) -> Value:
    x = spatial(name, x, rank)
    return reduce(x, axes=tuple(range(1, rank + 1)), keepdims=keepdims)


@composite(
    "layer",
    "global_max_pool1d",
    example="x: f32[5, 2] => global_max_pool1d(x)",
    follows=f"{KERAS}global_max_pooling1d/",
)
def global_max_pool1d(x: Tensor, *, keepdims: bool = False) -> Tensor:
    """The greatest element of each channel: [batch, n, channels] -> [batch, channels].

    `keepdims` keeps the axis, with size 1. Greatest elements that are equal share the gradient.
    """
    return _whole(ops.reduce_max, "global_max_pool1d", x, 1, keepdims)


@composite(
    "layer",
    "global_max_pool2d",
    example="x: f32[3, 4, 2] => global_max_pool2d(x)",
    follows=f"{KERAS}global_max_pooling2d/",
)
def global_max_pool2d(x: Tensor, *, keepdims: bool = False) -> Tensor:
    """The greatest element of each channel: [batch, h, w, channels] -> [batch, channels].

    `keepdims` keeps the axes, with size 1. Greatest elements that are equal share the gradient.
    """
    return _whole(ops.reduce_max, "global_max_pool2d", x, 2, keepdims)


@composite(
    "layer",
    "global_max_pool3d",
    example="x: f32[2, 3, 2, 2] => global_max_pool3d(x)",
    follows=f"{KERAS}global_max_pooling3d/",
)
def global_max_pool3d(x: Tensor, *, keepdims: bool = False) -> Tensor:
    """The greatest element of each channel: [batch, d, h, w, channels] -> [batch, channels].

    `keepdims` keeps the axes, with size 1. Greatest elements that are equal share the gradient.
    """
    return _whole(ops.reduce_max, "global_max_pool3d", x, 3, keepdims)


@composite(
    "layer",
    "global_avg_pool1d",
    example="x: f32[5, 2] => global_avg_pool1d(x)",
    follows=f"{KERAS}global_average_pooling1d/",
)
def global_avg_pool1d(x: Tensor, *, keepdims: bool = False) -> Tensor:
    """The mean of each channel: [batch, n, channels] -> [batch, channels]. `keepdims` keeps the axis, with size 1."""
    return _whole(ops.reduce_mean, "global_avg_pool1d", x, 1, keepdims)


@composite(
    "layer",
    "global_avg_pool2d",
    example="x: f32[3, 4, 2] => global_avg_pool2d(x)",
    follows=f"{KERAS}global_average_pooling2d/",
)
def global_avg_pool2d(x: Tensor, *, keepdims: bool = False) -> Tensor:
    """The mean of each channel: [batch, h, w, channels] -> [batch, channels].

    `keepdims` keeps the axes, with size 1.
    """
    return _whole(ops.reduce_mean, "global_avg_pool2d", x, 2, keepdims)


@composite(
    "layer",
    "global_avg_pool3d",
    example="x: f32[2, 3, 2, 2] => global_avg_pool3d(x)",
    follows=f"{KERAS}global_average_pooling3d/",
)
def global_avg_pool3d(x: Tensor, *, keepdims: bool = False) -> Tensor:
    """The mean of each channel: [batch, d, h, w, channels] -> [batch, channels].

    `keepdims` keeps the axes, with size 1.
    """
    return _whole(ops.reduce_mean, "global_avg_pool3d", x, 3, keepdims)
