"""Activations: functions of one tensor, by element (`softmax`, `log_softmax`, `sparsemax` and `glu`: along an axis).

Shapes stay as they are: [..., d] -> [..., d]. Definitions and defaults are Keras's.
"""

from __future__ import annotations

from math import sqrt

from nndsl import ops
from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import Misuse, NonNegative, Positive, Tensor
from nndsl.library.operands import indicator, number, own_axis
from nndsl.library.registry import composite

KERAS = "https://keras.io/api/layers/activations/"

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
"""The fixed point of mean 0 and variance 1 (Klambauer et al., Self-Normalizing Neural Networks, 2017)."""


@composite("activation", "linear", example="x: f32[4] => linear(x)", follows=KERAS)
def linear(x: Tensor) -> Tensor:
    """x, unchanged."""
    return number(x)


@composite("activation", "relu", example="x: f32[4] => relu(x)", follows=KERAS)
def relu(x: Tensor) -> Tensor:
    """max(x, 0)"""
    return ops.relu(number(x))


@composite("activation", "relu6", example="x: f32[4] => relu6(4 * x)", follows=KERAS)
def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6)"""
    y = relu(x)
    return ops.minimum(y, _like(y, 6))


@composite("activation", "leaky_relu", example="x: f32[4] => leaky_relu(x, 0.1)", follows=KERAS)
def leaky_relu(x: Tensor, negative_slope: NonNegative = 0.2) -> Tensor:
    """x where x > 0, else negative_slope · x"""
    x = number(x)
    slope = ops.where(x > 0, _like(x, 1), _like(x, negative_slope)).named("slope")
    return x * slope


@composite("activation", "elu", example="x: f32[4] => elu(x)", follows=KERAS)
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (exp(x) - 1)"""
    x = number(x)
    negative = ops.minimum(x, _like(x, 0))  # the branch that is not taken must not overflow either
    return relu(x) + _times(alpha, ops.expm1(negative))


@composite("activation", "selu", example="x: f32[4] => selu(x)", follows=KERAS)
def selu(x: Tensor) -> Tensor:
    """1.0507 · elu(x, alpha = 1.6733): keeps mean 0 and variance 1 from layer to layer."""
    return elu(x, SELU_ALPHA) * SELU_SCALE


@composite("activation", "celu", example="x: f32[4] => celu(x, 2.0)", follows=KERAS)
def celu(x: Tensor, alpha: Positive = 1.0) -> Tensor:
    """x where x > 0, else alpha (exp(x / alpha) - 1)"""
    x = number(x)
    negative = ops.minimum(x, _like(x, 0))
    return relu(x) + _times(alpha, ops.expm1(negative if alpha == 1 else negative / alpha))


@composite("activation", "sigmoid", example="x: f32[4] => sigmoid(x)", follows=KERAS)
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))"""
    return ops.sigmoid(number(x))


@composite("activation", "hard_sigmoid", example="x: f32[4] => hard_sigmoid(x)", follows=KERAS)
def hard_sigmoid(x: Tensor) -> Tensor:
    """relu6(x + 3) / 6"""
    return relu6(number(x) + 3) / 6


@composite("activation", "log_sigmoid", example="x: f32[4] => log_sigmoid(x)", follows=KERAS)
def log_sigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)) = -softplus(-x), without overflow"""
    return -ops.softplus(-number(x))


@composite("activation", "tanh", example="x: f32[4] => tanh(x)", follows=KERAS)
def tanh(x: Tensor) -> Tensor:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))"""
    return ops.tanh(number(x))


@composite("activation", "hard_tanh", example="x: f32[4] => hard_tanh(x)", follows=KERAS)
def hard_tanh(x: Tensor) -> Tensor:
    """min(max(x, -1), 1)"""
    x = number(x)
    return ops.minimum(ops.maximum(x, _like(x, -1)), _like(x, 1))


@composite("activation", "tanh_shrink", example="x: f32[4] => tanh_shrink(x)", follows=KERAS)
def tanh_shrink(x: Tensor) -> Tensor:
    """x - tanh(x)"""
    return number(x) - tanh(x)


@composite("activation", "softplus", example="x: f32[4] => softplus(x)", follows=KERAS)
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)), without overflow"""
    return ops.softplus(number(x))


@composite("activation", "softsign", example="x: f32[4] => softsign(x)", follows=KERAS)
def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|)"""
    x = number(x)
    return x / (ops.abs(x) + 1)


@composite("activation", "squareplus", example="x: f32[4] => squareplus(x)", follows=KERAS)
def squareplus(x: Tensor, b_: Positive = 4) -> Tensor:
    """(x + √(x² + b)) / 2"""
    x = number(x)
    root = ops.sqrt(x**2 + b_)
    return ops.where(x >= 0, x + root, b_ / (ops.abs(x) + root)) / 2  # below 0, x + root would cancel


@composite("activation", "soft_shrink", example="x: f32[4] => soft_shrink(x)", follows=KERAS)
def soft_shrink(x: Tensor, threshold: NonNegative = 0.5) -> Tensor:
    """x - threshold above threshold, x + threshold below -threshold, 0 between them"""
    x = number(x)
    return x - ops.minimum(ops.maximum(x, _like(x, -threshold)), _like(x, threshold))


@composite("activation", "hard_shrink", example="x: f32[4] => hard_shrink(x)", follows=KERAS)
def hard_shrink(x: Tensor, threshold: NonNegative = 0.5) -> Tensor:
    """x where |x| > threshold, else 0"""
    x = number(x)
    return ops.where(ops.abs(x) > threshold, x, _like(x, 0))


@composite("activation", "threshold", example="x: f32[4] => threshold(x, 0.5, 0.1)", follows=KERAS)
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x where x > threshold, else default_value"""
    x = number(x)
    return ops.where(x > threshold, x, _like(x, default_value))


@composite("activation", "gelu", example="x: f32[4] => gelu(x)", follows=KERAS)
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """x Φ(x) with Φ the normal distribution; `approximate`: x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2"""
    x = number(x)
    if approximate:
        return x * 0.5 * (ops.tanh((x + x**3 * 0.044715) * 0.7978845608028654) + 1)
    return x * 0.5 * (ops.erf(x / sqrt(2)) + 1)


@composite("activation", "silu", example="x: f32[4] => silu(x)", aliases=("swish",), follows=KERAS)
def silu(x: Tensor) -> Tensor:
    """x · sigmoid(x)"""
    x = number(x)
    return x * ops.sigmoid(x)


@composite("activation", "hard_silu", example="x: f32[4] => hard_silu(x)", follows=KERAS)
def hard_silu(x: Tensor) -> Tensor:
    """x · hard_sigmoid(x)"""
    return number(x) * hard_sigmoid(x)


@composite("activation", "mish", example="x: f32[4] => mish(x)", follows=KERAS)
def mish(x: Tensor) -> Tensor:
    """x · tanh(softplus(x))"""
    x = number(x)
    return x * ops.tanh(ops.softplus(x))


@composite("activation", "exponential", example="x: f32[4] => exponential(x)", follows=KERAS)
def exponential(x: Tensor) -> Tensor:
    """exp(x)"""
    return ops.exp(number(x))


@composite(
    "activation",
    "heaviside",
    example="x: f32[4] => heaviside(x)",
    differentiable=False,
    follows="https://numpy.org/doc/stable/reference/generated/numpy.heaviside.html",
)
def heaviside(x: Tensor) -> Tensor:
    """1 where x >= 0, else 0: the perceptron's step. Its gradient is zero everywhere."""
    return indicator(number(x) >= 0)


@composite(
    "activation",
    "sign",
    example="x: f32[4] => sign(x)",
    differentiable=False,
    follows="https://numpy.org/doc/stable/reference/generated/numpy.sign.html",
)
def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1: the sign of x. Its gradient is zero everywhere."""
    return ops.sign(number(x))


@composite("activation", "softmax", example="x: f32[4] => softmax(x)", follows=KERAS)
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along the axis: positive numbers that add up to 1"""
    return ops.softmax(number(x), axis=own_axis("softmax", x, axis))


@composite(
    "activation",
    "sparsemax",
    example="x: f32[4] => sparsemax(x)",
    follows="https://arxiv.org/abs/1602.02068",
)
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """max(x - τ, 0) along the axis, with the τ for which they add up to 1: probabilities, many of them exactly 0

    (Martins and Astudillo, 2016). Takes memory and time that grow with the square of the axis's size.
    """
    x = number(x)
    along = own_axis("sparsemax", x, axis)
    shape = x.shape
    top = ops.reduce_max(x, axes=(along,), keepdims=True)
    z = x - ops.stop_gradient(top)  # moving all of x changes nothing, and keeps the sums exact
    own = ops.reshape(z, shape=(*shape[: along + 1], 1, *shape[along + 1 :]))
    others = ops.reshape(z, shape=(*shape[:along], 1, *shape[along:]))
    # An element is in if the greater ones, lowered to it, would take away less than the whole 1.
    above = ops.reduce_sum(ops.relu(others - own), axes=(along + 1,), keepdims=False)
    support = indicator(above < 1).named("support")
    count = ops.reduce_sum(support, axes=(along,), keepdims=True)
    tau = (ops.reduce_sum(z * support, axes=(along,), keepdims=True) - 1) / count
    return (z - tau) * support


@composite("activation", "log_softmax", example="x: f32[4] => log_softmax(x)", follows=KERAS)
def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """x - log(sum(exp(x))) along the axis: the logarithm of `softmax`, without overflow"""
    return ops.log_softmax(number(x), axis=own_axis("log_softmax", x, axis))


@composite("activation", "glu", example="x: f32[4] => glu(x)", follows=KERAS)
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """a · sigmoid(c) for the halves a, c of x along the axis: [..., 2 d] -> [..., d]"""
    x = number(x)
    along = own_axis("glu", x, axis)
    size = x.shape[along]
    if not isinstance(size, int) or size % 2:
        raise Misuse(
            f"`glu` halves an axis of {show_shape(x.shape)}", label=f"an axis of {size} has no two equal halves"
        )
    value = ops.slice(x, axis=along, start=0, stop=size // 2, step=1)
    gate = ops.slice(x, axis=along, start=size // 2, stop=size, step=1)
    return value * ops.sigmoid(gate)


def _like(x: Tensor, value: float) -> Tensor:
    """A constant beside x."""
    return x.builder.constant(value, x.dtype)


def _times(factor: float, x: Tensor) -> Tensor:
    return x if factor == 1 else x * factor
