"""Convolutions: kernels that slide over the spatial axes of series, images and volumes.

They are cross-correlations, as everywhere in deep learning: the kernel is not turned round. Channels come last. How far
windows go is in `nndsl.library.windows`.
"""

from __future__ import annotations

from typing import Any, Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import Dim, show_shape
from nndsl.library.arguments import (
    Activation,
    Amounts2,
    Extents1,
    Extents2,
    Extents3,
    Initial,
    Initializer,
    Misuse,
    NonNegative,
    Size,
    Tensor,
)
from nndsl.library.building import LayerBuilder
from nndsl.library.operands import own_shape
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
    trainable: bool = True,
) -> Tensor:
    """activation(conv(x, W) + b): [batch, n, in] -> [batch, out, filters]; W [k, in / groups, filters], b [filters].

    y[i, f] = Σ x[i strides + j dilation, c] W[j, c, f]. `valid`: out = (n - (k - 1) dilation - 1) // strides + 1;
    `same`: out = ceil(n / strides), zeros around, the odd one behind; `causal`: as many, all zeros in front, so that
    y[i] depends on nothing after x[i]. With `groups`, channels and filters fall into as many groups that do not mix.
    """
    y = _convolve(b, "conv1d", x, filters, kernel_size, strides, padding, dilation, groups, init, l1, l2, trainable)
    return _finish(b, y, activation, bias, bias_init, trainable)


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
    trainable: bool = True,
) -> Tensor:
    """activation(conv(x, W) + b): [batch, h, w, in] -> [batch, h', w', filters]; W [kh, kw, in / groups, filters].

    Along each axis, `valid` gives (n - (k - 1) dilation - 1) // strides + 1, `same` gives ceil(n / strides), with zeros
    around, the odd one behind. With `groups`, channels and filters fall into as many groups that do not mix.
    b [filters].
    """
    y = _convolve(b, "conv2d", x, filters, kernel_size, strides, padding, dilation, groups, init, l1, l2, trainable)
    return _finish(b, y, activation, bias, bias_init, trainable)


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
    trainable: bool = True,
) -> Tensor:
    """activation(conv(x, W) + b): [batch, d, h, w, in] -> [batch, d', h', w', filters].

    W [kd, kh, kw, in / groups, filters], b [filters]. Along each axis, `valid` gives
    (n - (k - 1) dilation - 1) // strides + 1, `same` gives ceil(n / strides), with zeros around, the odd one behind.
    """
    y = _convolve(b, "conv3d", x, filters, kernel_size, strides, padding, dilation, groups, init, l1, l2, trainable)
    return _finish(b, y, activation, bias, bias_init, trainable)


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
    W = b.parameter("W", (*kernel, count // groups, filters), init, trainable=trainable, l1=l1, l2=l2)
    return ops.conv(x, W, strides=strides, padding=pairs, dilation=dilation, groups=groups)


def _finish(b: LayerBuilder, y: Value, activation: Any, bias: bool, bias_init: Initial, trainable: bool) -> Value:
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
    W = b.parameter("W", shape, init, trainable=trainable, l1=l1, l2=l2)
    y = _by_channel(x, W, strides, pairs, dilation)
    return _finish(b, y, activation, bias, bias_init, trainable)


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
    trainable: bool = True,
) -> Tensor:
    """Each channel convolved by itself, then all mixed at each place: [batch, h, w, in] -> [batch, h', w', filters].

    depthwise_W [kh, kw, in, depth_multiplier], then pointwise_W [1, 1, in · depth_multiplier, filters], b [filters].
    `init`, `l1` and `l2` are for both kernels. Sizes are those of `conv2d`.
    """
    x = spatial("separable_conv2d", x, 2)
    count = channels("separable_conv2d", x)
    pairs = window_padding(
        "separable_conv2d", x, kernel_size, strides, padding, argument="kernel_size", dilation=dilation
    )
    settings: dict[str, Any] = {"trainable": trainable, "l1": l1, "l2": l2}
    depthwise = b.parameter("depthwise_W", (*kernel_size, count, depth_multiplier), init, **settings)
    pointwise = b.parameter("pointwise_W", (1, 1, count * depth_multiplier, filters), init, **settings)
    y = _by_channel(x, depthwise, strides, pairs, dilation)
    y = ops.conv(y, pointwise, strides=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1)
    return _finish(b, y, activation, bias, bias_init, trainable)


def _by_channel(x: Value, W: Value, strides: tuple[int, ...], padding: Pairs, dilation: tuple[int, ...]) -> Value:
    """Each channel of x with its own kernels of W [kh, kw, in, multiplier]: a convolution with a group a channel."""
    *kernel, count, multiplier = (int(size) for size in W.shape)  # type: ignore[arg-type]
    grouped = ops.reshape(W, shape=(*kernel, 1, count * multiplier))
    return ops.conv(x, grouped, strides=strides, padding=padding, dilation=dilation, groups=count)


# ---------------------------------------------------------------- transposed


@composite(
    "layer",
    "conv2d_transpose",
    example="x: f32[2, 3, 2] => conv2d_transpose(x, 3, 3, strides = 2, padding = same)",
    follows=f"{KERAS}convolution2d_transpose/",
)
def conv2d_transpose(
    b: LayerBuilder,
    x: Tensor,
    filters: Size,
    kernel_size: Extents2,
    activation: Activation = None,
    *,
    strides: Extents2 = (1, 1),
    padding: Padding = "valid",
    output_padding: Amounts2 | None = None,
    dilation: Extents2 = (1, 1),
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    trainable: bool = True,
) -> Tensor:
    """The way back through a `conv2d` (its gradient): [batch, h, w, in] -> [batch, h', w', filters].

    W [kh, kw, filters, in], b [filters]. With k the kernel's reach, (kernel_size - 1) dilation + 1: `valid` gives
    (n - 1) strides + max(k, strides), `same` gives n strides. `output_padding` (less than the strides) says how much
    is added to the smallest size instead: (n - 1) strides + k for `valid`, (n - 1) strides + k % 2 for `same`.
    """
    x = spatial("conv2d_transpose", x, 2)
    count = channels("conv2d_transpose", x)
    if output_padding is not None and any(p >= s for p, s in zip(output_padding, strides, strict=True)):
        raise Misuse(
            f"`conv2d_transpose` with strides of {show_shape(strides)} is asked to add {show_shape(output_padding)}",
            label="must be less than the strides",
            argument="output_padding",
            help="it chooses among the sizes that a `conv2d` with these strides brings to the same size",
        )
    extra = output_padding or (None, None)
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True))
    sizes: list[Dim] = []
    pairs: list[tuple[int, int]] = []
    for n, k, s, more in zip(own_shape(x)[:-1], reach, strides, extra, strict=True):
        size, pair = _transposed(n, k, s, padding, more)
        sizes.append(size)
        pairs.append(pair)
    if any(isinstance(size, int) and size < 1 for size in sizes):
        raise Misuse(
            f"nothing is left of {show_shape(x.shape)} after `conv2d_transpose`: [{sizes[0]}, {sizes[1]}]",
            label="`same` cuts all of it away",
            argument="padding",
            help="leave out `output_padding` to get n · strides, or take `padding = valid`",
        )
    W = b.parameter("W", (*kernel_size, filters, count), init, trainable=trainable, l1=l1, l2=l2)
    y = ops.conv_input(x, W, shape=tuple(sizes), strides=strides, padding=tuple(pairs), dilation=dilation, groups=1)
    return _finish(b, y, activation, bias, bias_init, trainable)


def _transposed(n: Dim, k: int, s: int, padding: Padding, extra: int | None) -> tuple[Dim, tuple[int, int]]:
    """The size that n elements come from, and the padding of the convolution that makes n of it, as Keras has them.

    Keras thinks of it as a convolution of the spread elements, (n - 1) s + 1 of them, with `front` and `behind` zeros.
    """
    if padding == "valid":
        front = k - 1
        behind = k - 1 + (max(k, s) - k if extra is None else extra)
    else:
        total = s + k - 2 if extra is None else k + k % 2 - 2 + extra
        front = min(total // 2 + total % 2, k - 1)
        behind = total - front
    return (n - 1) * s + 1 + front + behind - (k - 1), (k - 1 - front, max(k - 1 - behind, 0))
