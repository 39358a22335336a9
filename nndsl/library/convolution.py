"""Convolutions: kernels that slide over the spatial axes of series, images and volumes.

They are cross-correlations, as everywhere in deep learning: the kernel is not turned round. Channels come last. How far
windows go is in `nndsl.library.windows`.
"""

from __future__ import annotations

from typing import Any, Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import (
    Activation,
    Constraint,
    Extents1,
    Extents2,
    Extents3,
    Initial,
    Initializer,
    Misuse,
    NonNegative,
    Rule,
    Size,
    Tensor,
)
from nndsl.library.building import LayerBuilder
from nndsl.library.registry import composite
from nndsl.library.windows import Padding, Pairs, channels, spatial, window_padding

GLOROT_UNIFORM = Initial("glorot_uniform", {})
ZEROS = Initial("zeros", {})

KERAS = "https://keras.io/api/layers/convolution_layers/"


@composite(
    "layer",
    "conv1d",
    example="x: f32[6, 2] => conv1d(x, 3, 2, tanh, padding = causal, dilation = 2)",
    follows=f"{KERAS}convolution1d/",
)
def conv1d(
    b: LayerBuilder,
    x: Tensor,
    filters: Size,
    kernel_size: Extents1,
    activation: Activation = None,
    *,
    strides: Extents1 = (1,),
    padding: Literal["valid", "same", "causal"] = "valid",
    dilation: Extents1 = (1,),
    groups: Size = 1,
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """activation(conv(x, W) + b): [batch, n, in] -> [batch, out, filters]; W [k, in / groups, filters], b [filters].

    y[i, f] = Σ x[i strides + j dilation, c] W[j, c, f]. `valid`: out = (n - (k - 1) dilation - 1) // strides + 1;
    `same`: out = ceil(n / strides), zeros around, the odd one behind; `causal`: as many, all zeros in front, so that
    y[i] depends on nothing after x[i]. With `groups`, channels and filters fall into as many groups that do not mix.
    """
    y = _convolve(
        b, "conv1d", x, filters, kernel_size, strides, padding, dilation, groups, init, l1, l2, constraint, trainable
    )
    return finish(b, y, activation, bias, bias_init, trainable)


@composite(
    "layer",
    "conv2d",
    example="x: f32[5, 4, 2] => conv2d(x, 3, 3, relu, strides = 2, padding = same)",
    follows=f"{KERAS}convolution2d/",
)
def conv2d(
    b: LayerBuilder,
    x: Tensor,
    filters: Size,
    kernel_size: Extents2,
    activation: Activation = None,
    *,
    strides: Extents2 = (1, 1),
    padding: Padding = "valid",
    dilation: Extents2 = (1, 1),
    groups: Size = 1,
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """activation(conv(x, W) + b): [batch, h, w, in] -> [batch, h', w', filters]; W [kh, kw, in / groups, filters].

    Along each axis, `valid` gives (n - (k - 1) dilation - 1) // strides + 1, `same` gives ceil(n / strides), with zeros
    around, the odd one behind. With `groups`, channels and filters fall into as many groups that do not mix.
    b [filters].
    """
    y = _convolve(
        b, "conv2d", x, filters, kernel_size, strides, padding, dilation, groups, init, l1, l2, constraint, trainable
    )
    return finish(b, y, activation, bias, bias_init, trainable)


@composite(
    "layer",
    "conv3d",
    example="x: f32[3, 4, 3, 1] => conv3d(x, 2, [2, 3, 2])",
    follows=f"{KERAS}convolution3d/",
)
def conv3d(
    b: LayerBuilder,
    x: Tensor,
    filters: Size,
    kernel_size: Extents3,
    activation: Activation = None,
    *,
    strides: Extents3 = (1, 1, 1),
    padding: Padding = "valid",
    dilation: Extents3 = (1, 1, 1),
    groups: Size = 1,
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """activation(conv(x, W) + b): [batch, d, h, w, in] -> [batch, d', h', w', filters].

    W [kd, kh, kw, in / groups, filters], b [filters]. Along each axis, `valid` gives
    (n - (k - 1) dilation - 1) // strides + 1, `same` gives ceil(n / strides), with zeros around, the odd one behind.
    """
    y = _convolve(
        b, "conv3d", x, filters, kernel_size, strides, padding, dilation, groups, init, l1, l2, constraint, trainable
    )
    return finish(b, y, activation, bias, bias_init, trainable)


def _convolve(
    b: LayerBuilder,
    name: str,
    x: Value,
    filters: int,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    padding: Literal["valid", "same", "causal"],
    dilation: tuple[int, ...],
    groups: int,
    init: Initial,
    l1: float,
    l2: float,
    constraint: Rule | None,
    trainable: bool,
) -> Value:
    """The sums of products, with the layer's parameter W."""
    x = spatial(name, x, len(kernel))
    count = channels(name, x)
    if count % groups or filters % groups:
        raise Misuse(
            f"`{name}` splits {count} channels and {filters} filters into {groups} groups",
            label=f"must divide both, {count} and {filters}",
            argument="groups",
            help="with as many groups as channels, each channel has filters of its own: see `depthwise_conv2d`",
        )
    pairs = window_padding(name, x, kernel, strides, padding, argument="kernel_size", dilation=dilation)
    shape = (*kernel, count // groups, filters)
    W = b.parameter("W", shape, init, trainable=trainable, l1=l1, l2=l2, constraint=constraint)
    return ops.conv(x, W, strides=strides, padding=pairs, dilation=dilation, groups=groups)


def finish(b: LayerBuilder, y: Value, activation: Any, bias: bool, bias_init: Initial, trainable: bool) -> Value:
    """activation(y + b), with one b for each filter."""
    if bias:
        y = y + b.parameter("b", (y.shape[-1],), bias_init, trainable=trainable)
    return activation(y) if activation else y


# ---------------------------------------------------------------- of each channel


@composite(
    "layer",
    "depthwise_conv2d",
    example="x: f32[4, 5, 2] => depthwise_conv2d(x, 3, depth_multiplier = 2)",
    follows=f"{KERAS}depthwise_convolution2d/",
)
def depthwise_conv2d(
    b: LayerBuilder,
    x: Tensor,
    kernel_size: Extents2,
    activation: Activation = None,
    *,
    strides: Extents2 = (1, 1),
    padding: Padding = "valid",
    depth_multiplier: Size = 1,
    dilation: Extents2 = (1, 1),
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """Each channel convolved with kernels of its own: [batch, h, w, in] -> [batch, h', w', in · depth_multiplier].

    W [kh, kw, in, depth_multiplier], b [in · depth_multiplier]; what channel c becomes stands together, from
    c · depth_multiplier on. Sizes are those of `conv2d`.
    """
    x = spatial("depthwise_conv2d", x, 2)
    shape = (*kernel_size, channels("depthwise_conv2d", x), depth_multiplier)
    pairs = window_padding(
        "depthwise_conv2d", x, kernel_size, strides, padding, argument="kernel_size", dilation=dilation
    )
    W = b.parameter("W", shape, init, trainable=trainable, l1=l1, l2=l2, constraint=constraint)
    y = _by_channel(x, W, strides, pairs, dilation)
    return finish(b, y, activation, bias, bias_init, trainable)


@composite(
    "layer",
    "separable_conv2d",
    example="x: f32[4, 5, 2] => separable_conv2d(x, 3, 3, padding = same)",
    follows=f"{KERAS}separable_convolution2d/",
)
def separable_conv2d(
    b: LayerBuilder,
    x: Tensor,
    filters: Size,
    kernel_size: Extents2,
    activation: Activation = None,
    *,
    strides: Extents2 = (1, 1),
    padding: Padding = "valid",
    depth_multiplier: Size = 1,
    dilation: Extents2 = (1, 1),
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """Each channel convolved by itself, then all mixed at each place: [batch, h, w, in] -> [batch, h', w', filters].

    depthwise_W [kh, kw, in, depth_multiplier], then pointwise_W [1, 1, in · depth_multiplier, filters], b [filters].
    `init`, `l1`, `l2` and `constraint` are for both kernels. Sizes are those of `conv2d`.
    """
    x = spatial("separable_conv2d", x, 2)
    count = channels("separable_conv2d", x)
    pairs = window_padding(
        "separable_conv2d", x, kernel_size, strides, padding, argument="kernel_size", dilation=dilation
    )
    settings: dict[str, Any] = {"trainable": trainable, "l1": l1, "l2": l2, "constraint": constraint}
    depthwise = b.parameter("depthwise_W", (*kernel_size, count, depth_multiplier), init, **settings)
    pointwise = b.parameter("pointwise_W", (1, 1, count * depth_multiplier, filters), init, **settings)
    y = _by_channel(x, depthwise, strides, pairs, dilation)
    y = ops.conv(y, pointwise, strides=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1)
    return finish(b, y, activation, bias, bias_init, trainable)


def _by_channel(x: Value, W: Value, strides: tuple[int, ...], padding: Pairs, dilation: tuple[int, ...]) -> Value:
    """Each channel of x with its own kernels of W [kh, kw, in, multiplier]: a convolution with a group a channel."""
    *kernel, count, multiplier = (int(size) for size in W.shape)  # type: ignore[arg-type]
    grouped = ops.reshape(W, shape=(*kernel, 1, count * multiplier))
    return ops.conv(x, grouped, strides=strides, padding=padding, dilation=dilation, groups=count)
