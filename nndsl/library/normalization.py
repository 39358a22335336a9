"""Normalising layers: batch, layer, group and RMS normalisation with their gains and shifts, and vectors of length 1.

All but `unit_norm` are (x - mean) / √(variance + epsilon), times `gamma`, plus `beta`; they differ in what the mean and
the variance are taken over.
"""

from __future__ import annotations

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.node import gradient_rule
from nndsl.graph.sizes import product, show_shape
from nndsl.library.arguments import Axis, Initial, Initializer, Misuse, Positive, Rate, Size, Tensor
from nndsl.library.building import LayerBuilder
from nndsl.library.operands import known_size, number, own_axes, vector
from nndsl.library.registry import composite

ZEROS = Initial("zeros", {})
ONES = Initial("ones", {})

KERAS = "https://keras.io/api/layers/normalization_layers/"


@composite("layer", "batch_norm", example="x: f32[4] => batch_norm(x)", follows=f"{KERAS}batch_normalization/")
def batch_norm(
    b: LayerBuilder,
    x: Tensor,
    *,
    momentum: Rate = 0.99,
    epsilon: Positive = 1e-3,
    center: bool = True,
    scale: bool = True,
    init: Initializer = ONES,
    bias_init: Initializer = ZEROS,
    trainable: bool = True,
) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta, each element of the last axis by its own: [..., d] -> [..., d].

    While training, mean and variance (the biased one) are those of the batch, over all axes but the last, and
    `moving_mean` and `moving_variance` go a share of 1 - momentum towards them; otherwise, and with
    `trainable = false`, these two take their place. `gamma`, `beta` and both statistics are [d]; `scale = false` leaves
    out gamma, `center = false` beta.
    """
    x = vector(number(x))
    d = known_size("batch_norm", x, -1, ": each of its elements has a mean")
    if not x.batched:
        raise Misuse(
            f"`batch_norm` is given {show_shape(x.shape)}, which is the same for every example",
            label="has no batch to normalise over",
        )
    moving_mean = b.statistic("moving_mean", (d,), ZEROS)
    moving_variance = b.statistic("moving_variance", (d,), ONES)
    gamma = b.parameter("gamma", (d,), init, trainable=trainable) if scale else x.builder.constant(1, x.dtype)
    beta = b.parameter("beta", (d,), bias_init, trainable=trainable) if center else x.builder.constant(0, x.dtype)
    if not (b.training and trainable):
        factor = (gamma / ops.sqrt(moving_variance + epsilon)).named("scale")
        return x * factor + (beta - moving_mean * factor).named("shift")

    axes = tuple(range(x.rank - 1))
    mean = ops.reduce_mean(x, axes=axes, keepdims=False).named("mean")
    centered = (x - mean).named("centered")
    variance = ops.reduce_mean(centered**2, axes=axes, keepdims=False).named("variance")
    b.update("moving_mean", moving_mean * momentum + mean * (1 - momentum))
    b.update("moving_variance", moving_variance * momentum + variance * (1 - momentum))
    std = ops.sqrt(variance + epsilon).named("std")
    normalized = (centered / std).named("normalized")
    return ops.override(normalized * gamma + beta, x, gamma, beta, normalized, std, rule="batch_norm", axes=axes)


@gradient_rule("batch_norm")
def batch_norm_gradient(
    g: Value,
    y: Value,
    x: Value,
    gamma: Value,
    beta: Value,
    normalized: Value,
    std: Value,
    *,
    axes: tuple[int, ...],
) -> tuple[Value | None, ...]:
    """Ioffe and Szegedy's closed form (2015, section 3): it reads g and `normalized` alone, where the derived rule goes
    through the mean, the deviations and the variance one by one."""
    count = g.builder.size(product(x.shape[axis] for axis in axes), g.dtype)
    d_gamma = ops.reduce_sum(g * normalized, axes=axes, keepdims=False)
    d_beta = ops.reduce_sum(g, axes=axes, keepdims=False)
    d_x = (g - d_beta / count - normalized * (d_gamma / count)) * (gamma / std)
    return d_x, d_gamma, d_beta, None, None


@composite("layer", "layer_norm", example="x: f32[3, 4] => layer_norm(x)", follows=f"{KERAS}layer_normalization/")
def layer_norm(
    b: LayerBuilder,
    x: Tensor,
    *,
    axis: Axis = (-1,),
    epsilon: Positive = 1e-3,
    center: bool = True,
    scale: bool = True,
    init: Initializer = ONES,
    bias_init: Initializer = ZEROS,
    trainable: bool = True,
) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta, of each example over the axes alone. The shape stays.

    `gamma` and `beta` have the sizes of the axes: [d] for the last one.
    """
    x = vector(number(x))
    axes = own_axes("layer_norm", x, axis)
    shape = _sizes("layer_norm", x, axes)
    gamma = b.parameter("gamma", shape, init, trainable=trainable) if scale else None
    beta = b.parameter("beta", shape, bias_init, trainable=trainable) if center else None
    return _gain(standardize(x, axes, epsilon), _along(gamma, x, axes), _along(beta, x, axes))


@composite(
    "layer",
    "group_norm",
    example="x: f32[3, 4] => group_norm(x, 2)",
    follows=f"{KERAS}group_normalization/",
)
def group_norm(
    b: LayerBuilder,
    x: Tensor,
    groups: Size = 32,
    *,
    epsilon: Positive = 1e-3,
    center: bool = True,
    scale: bool = True,
    init: Initializer = ONES,
    bias_init: Initializer = ZEROS,
    trainable: bool = True,
) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta, of each example over groups of the last axis. The shape stays.

    The last axis, of size d, is cut into `groups` of d / groups; mean and variance are over one group and all other
    axes of the example. `gamma` and `beta` are [d].
    """
    x = vector(number(x))
    d = known_size("group_norm", x, -1, ", which is cut into groups")
    if d % groups:
        divisors = [g for g in range(1, d + 1) if d % g == 0]
        nearest = min(divisors, key=lambda g: abs(g - groups))
        raise Misuse(
            f"`group_norm` cuts the last axis of {show_shape(x.shape)} into {groups} groups",
            label=f"{d} channels do not divide into {groups}",
            argument="groups",
            help=f"the number of groups must divide {d}: {nearest} would",
        )
    gamma = b.parameter("gamma", (d,), init, trainable=trainable) if scale else None
    beta = b.parameter("beta", (d,), bias_init, trainable=trainable) if center else None
    grouped = ops.reshape(x, shape=(*x.shape[:-1], groups, d // groups))
    axes = tuple(axis for axis in range(1 if x.batched else 0, grouped.rank) if axis != x.rank - 1)
    return _gain(ops.reshape(standardize(grouped, axes, epsilon), shape=x.shape), gamma, beta)


@composite("layer", "rms_norm", example="x: f32[3, 4] => rms_norm(x)", follows=f"{KERAS}rms_normalization/")
def rms_norm(
    b: LayerBuilder,
    x: Tensor,
    *,
    axis: Axis = (-1,),
    epsilon: Positive = 1e-6,
    init: Initializer = ONES,
    trainable: bool = True,
) -> Tensor:
    """gamma x / √(mean(x²) + epsilon), the mean of each example over the axes. The shape stays.

    `gamma` has the sizes of the axes: [d] for the last one (Zhang and Sennrich, 2019).
    """
    x = vector(number(x))
    axes = own_axes("rms_norm", x, axis)
    gamma = b.parameter("gamma", _sizes("rms_norm", x, axes), init, trainable=trainable)
    rms = ops.sqrt(ops.reduce_mean(x**2, axes=axes, keepdims=True) + epsilon).named("rms")
    normalized = ops.override((x / rms).named("normalized"), x, rms, rule="rms_norm", axes=axes)
    return _gain(normalized, _along(gamma, x, axes), None)


@composite("layer", "unit_norm", example="x: f32[3, 4] => unit_norm(x)", follows=f"{KERAS}unit_normalization/")
def unit_norm(x: Tensor, *, axis: Axis = (-1,)) -> Tensor:
    """x / max(√Σx², 1e-12), the sum of each example over the axes: of Euclidean length 1. The shape stays."""
    x = vector(number(x))
    axes = own_axes("unit_norm", x, axis)
    squares = ops.reduce_sum(x**2, axes=axes, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, x.builder.constant(1e-24, x.dtype))).named("length")


# ---------------------------------------------------------------- what they share


def standardize(x: Value, axes: tuple[int, ...], epsilon: float) -> Value:
    """(x - mean) / √(variance + epsilon) over graph axes."""
    centered = (x - ops.reduce_mean(x, axes=axes, keepdims=True).named("mean")).named("centered")
    variance = ops.reduce_mean(centered**2, axes=axes, keepdims=True).named("variance")
    std = ops.sqrt(variance + epsilon).named("std")
    return ops.override((centered / std).named("normalized"), x, std, rule="standardize", axes=axes)


@gradient_rule("standardize")
def standardize_gradient(g: Value, y: Value, x: Value, std: Value, *, axes: tuple[int, ...]) -> tuple[Value, None]:
    """(g - mean(g) - y mean(g y)) / std: the derived rule goes through the mean, the deviations and the variance one
    by one."""
    along = ops.reduce_mean(g * y, axes=axes, keepdims=True)
    return (g - ops.reduce_mean(g, axes=axes, keepdims=True) - y * along) / std, None


@gradient_rule("rms_norm")
def rms_norm_gradient(g: Value, y: Value, x: Value, rms: Value, *, axes: tuple[int, ...]) -> tuple[Value, None]:
    """(g - y mean(g y)) / rms: the derived rule takes more passes over the data."""
    return (g - y * ops.reduce_mean(g * y, axes=axes, keepdims=True)) / rms, None


def _gain(normalized: Value, gamma: Value | None, beta: Value | None) -> Value:
    """gamma · normalized + beta, what there is of them."""
    y = normalized if gamma is None else normalized * gamma
    return y if beta is None else y + beta


def _sizes(name: str, x: Value, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of graph axes, which parameters are going to have."""
    return tuple(known_size(name, x, axis, ", which sets the size of its gamma") for axis in axes)


def _along(parameter: Value | None, x: Value, axes: tuple[int, ...]) -> Value | None:
    """A parameter of the sizes of these axes of x, lined up with them."""
    if parameter is None or axes == tuple(range(x.rank - len(axes), x.rank)):
        return parameter
    return ops.reshape(parameter, shape=tuple(dim if axis in axes else 1 for axis, dim in enumerate(x.shape)))
