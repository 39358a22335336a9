"""Losses of numbers: of a prediction and a target, one value for each example, the average over the example's own axes.

Shapes are equal, except that a last axis of 1 on either side is squeezed: [batch, 1] meets [batch], and nothing is
ever broadcast to [batch, batch].
"""

from __future__ import annotations

from math import log

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.node import gradient_rule
from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import Misuse, Positive, Rate, Tensor
from nndsl.library.functions import mean, norm, sum_
from nndsl.library.operands import numbers, own_shape
from nndsl.library.registry import composite

REGRESSION = "https://keras.io/api/losses/regression_losses/"
PROBABILISTIC = "https://keras.io/api/losses/probabilistic_losses/"

EPSILON = 1e-7
"""Keras's: keeps logarithms away from 0."""


def paired(name: str, prediction: Value, target: Value) -> tuple[Value, Value]:
    """Both as numbers of one shape; `name` is the loss or metric that compares them."""
    prediction, target = numbers(prediction, target)
    if prediction.shape == target.shape or () in (prediction.shape, target.shape):
        return prediction, target
    if prediction.shape == (*target.shape, 1):
        return ops.reshape(prediction, shape=target.shape), target
    if target.shape == (*prediction.shape, 1):
        return prediction, ops.reshape(target, shape=prediction.shape)
    raise Misuse(
        f"`{name}` compares {show_shape(prediction.shape)} with {show_shape(target.shape)}",
        label="prediction and target must have the same shape",
        help=f"the model's last layer should give {show_shape(target.shape)}" if target.batched else None,
    )


@composite(
    "loss",
    "mse",
    example="y_hat: f32[3], y: f32[3] => mse(y_hat, y)",
    aliases=("mean_squared_error",),
    follows=REGRESSION,
)
def mse(prediction: Tensor, target: Tensor) -> Tensor:
    """mean((prediction - target)²): [batch, ...], [batch, ...] -> [batch]"""
    prediction, target = paired("mse", prediction, target)
    return mean((prediction - target).named("error") ** 2)


@composite(
    "loss",
    "mae",
    example="y_hat: f32[3], y: f32[3] => mae(y_hat, y)",
    aliases=("mean_absolute_error",),
    follows=REGRESSION,
)
def mae(prediction: Tensor, target: Tensor) -> Tensor:
    """mean(|prediction - target|): [batch, ...], [batch, ...] -> [batch]"""
    prediction, target = paired("mae", prediction, target)
    return mean(ops.abs((prediction - target).named("error")))


@composite(
    "loss",
    "mape",
    example="y_hat: f32[3], y: f32[3] => mape(y_hat, y)",
    aliases=("mean_absolute_percentage_error",),
    follows=REGRESSION,
)
def mape(prediction: Tensor, target: Tensor) -> Tensor:
    """100 mean(|prediction - target| / max(|target|, 1e-7)): [batch, ...], [batch, ...] -> [batch]"""
    prediction, target = paired("mape", prediction, target)
    size = ops.maximum(ops.abs(target), target.builder.constant(EPSILON, target.dtype))
    return mean(ops.abs((prediction - target) / size)) * 100


@composite(
    "loss",
    "msle",
    example="y_hat: f32[3], y: f32[3] => msle(y_hat, y)",
    aliases=("mean_squared_logarithmic_error",),
    follows=REGRESSION,
)
def msle(prediction: Tensor, target: Tensor) -> Tensor:
    """mean((log(1 + prediction) - log(1 + target))²): [batch, ...], [batch, ...] -> [batch]

    What is below 1e-7 counts as 1e-7.
    """
    prediction, target = paired("msle", prediction, target)
    least = prediction.builder.constant(EPSILON, prediction.dtype)
    error = ops.log1p(ops.maximum(prediction, least)) - ops.log1p(ops.maximum(target, least))
    return mean(error.named("error") ** 2)


@composite("loss", "huber", example="y_hat: f32[3], y: f32[3] => huber(y_hat, y, delta = 0.5)", follows=REGRESSION)
def huber(prediction: Tensor, target: Tensor, delta: Positive = 1.0) -> Tensor:
    """The mean of e² / 2 where |e| <= delta, else delta |e| - delta² / 2, with e = prediction - target.

    [batch, ...], [batch, ...] -> [batch]
    """
    prediction, target = paired("huber", prediction, target)
    e = (prediction - target).named("error")
    limit = e.builder.constant(delta, e.dtype)
    size = ops.abs(e)
    value = ops.where(size <= limit, e**2 * 0.5, size * delta - 0.5 * delta**2)
    return mean(ops.override(value, e, limit, rule="huber"))


@gradient_rule("huber")
def huber_gradient(g: Value, y: Value, e: Value, delta: Value) -> tuple[Value, None]:
    """The error, clipped: one line where the derived rule selects between two branches."""
    return g * ops.minimum(ops.maximum(e, -delta), delta), None


@composite(
    "loss",
    "log_cosh",
    example="y_hat: f32[3], y: f32[3] => log_cosh(y_hat, y)",
    aliases=("logcosh",),
    follows=REGRESSION,
)
def log_cosh(prediction: Tensor, target: Tensor) -> Tensor:
    """mean(log(cosh(prediction - target))): [batch, ...], [batch, ...] -> [batch]"""
    prediction, target = paired("log_cosh", prediction, target)
    e = (prediction - target).named("error")
    value = e + ops.softplus(e * -2) - log(2)  # cosh itself would overflow
    return mean(ops.override(value, e, rule="log_cosh"))


@gradient_rule("log_cosh")
def log_cosh_gradient(g: Value, y: Value, e: Value) -> Value:
    """tanh(e), which the derived 1 - 2 sigmoid(-2 e) is up to rounding."""
    return g * ops.tanh(e)


@composite("loss", "poisson", example="y_hat: f32[3], y: f32[3] => poisson(exp(y_hat), abs(y))", follows=PROBABILISTIC)
def poisson(prediction: Tensor, target: Tensor) -> Tensor:
    """mean(prediction - target log(prediction + 1e-7)): [batch, ...], [batch, ...] -> [batch]

    The prediction is a rate, above 0.
    """
    prediction, target = paired("poisson", prediction, target)
    return mean(prediction - target * ops.log(prediction + EPSILON))


@composite(
    "loss",
    "cosine_similarity",
    example="y_hat: f32[3], y: f32[3] => cosine_similarity(y_hat, y)",
    follows=REGRESSION,
)
def cosine_similarity(prediction: Tensor, target: Tensor) -> Tensor:
    """-cos of the angle between prediction and target along the last axis: -1 where they agree, 0 beside a zero vector.

    Averaged over an example's other axes: [batch, ..., n], [batch, ..., n] -> [batch]. As a metric it is +cos.
    """
    return -cosine("cosine_similarity", prediction, target)


def cosine(name: str, prediction: Value, target: Value) -> Value:
    """The cosine along the last axis, averaged over an example's other axes; lengths below 1e-7 count as 1e-7."""
    p, y = paired(name, prediction, target)
    if not own_shape(p):
        raise Misuse(
            f"`{name}` compares {show_shape(p.shape)} with {show_shape(y.shape)}",
            label="needs vectors, along the last axis",
        )
    return mean(sum_(_direction(p) * _direction(y), axis=(-1,)))


def _direction(x: Value) -> Value:
    length = norm(x, axis=(-1,), keepdims=True)
    return x / ops.maximum(length, x.builder.constant(EPSILON, x.dtype))


@composite(
    "loss",
    "quantile",
    example="y_hat: f32[3], y: f32[3] => quantile(y_hat, y, q = 0.9)",
    follows="Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978)",
)
def quantile(prediction: Tensor, target: Tensor, q: Rate = 0.5) -> Tensor:
    """mean(max(q e, (q - 1) e)), e = target - prediction, which is least at the q-quantile of the target.

    [batch, ...], [batch, ...] -> [batch]
    """
    prediction, target = paired("quantile", prediction, target)
    e = (target - prediction).named("error")
    return mean(ops.maximum(e * q, e * (q - 1)))
