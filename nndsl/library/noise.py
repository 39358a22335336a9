"""Noise: layers that disturb what goes through them while training, and let it pass unchanged otherwise."""

from __future__ import annotations

from math import pi, sqrt

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import NonNegative, Rate, Tensor
from nndsl.library.building import LayerBuilder
from nndsl.library.operands import indicator, number
from nndsl.library.registry import composite
from nndsl.library.windows import spatial

KERAS = "https://keras.io/api/layers/regularization_layers/"

SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805
"""What `selu` goes to far below 0."""


def normal(b: LayerBuilder, x: Value) -> Value:
    """Numbers of the standard normal distribution in the shape of x, from two uniform ones each (Box and Muller)."""
    radius = ops.sqrt(ops.log(1.0 - b.uniform(x.shape)) * -2.0)
    return radius * ops.cos(b.uniform(x.shape) * (2 * pi))


@composite(
    "layer",
    "gaussian_noise",
    example="x: f32[4] => gaussian_noise(x, 0.1)",
    follows=f"{KERAS}gaussian_noise/",
)
def gaussian_noise(b: LayerBuilder, x: Tensor, stddev: NonNegative) -> Tensor:
    """While training, x plus normal noise of mean 0 and this standard deviation; otherwise x. The shape stays."""
    x = number(x)
    if not b.training or stddev == 0:
        return x
    return x + (normal(b, x) * stddev).named("noise")


@composite(
    "layer",
    "gaussian_dropout",
    example="x: f32[4] => gaussian_dropout(x, 0.5)",
    follows=f"{KERAS}gaussian_dropout/",
)
def gaussian_dropout(b: LayerBuilder, x: Tensor, rate: Rate) -> Tensor:
    """While training, x times normal noise of mean 1 and variance rate / (1 - rate), `dropout`'s; otherwise x.

    The shape stays.
    """
    x = number(x)
    if not b.training or rate == 0:
        return x
    return x * (normal(b, x) * sqrt(rate / (1 - rate)) + 1.0).named("noise")


@composite(
    "layer",
    "alpha_dropout",
    example="x: f32[4] => alpha_dropout(x, 0.5)",
    follows=f"{KERAS}alpha_dropout/",
)
def alpha_dropout(b: LayerBuilder, x: Tensor, rate: Rate) -> Tensor:
    """While training, each element becomes -1.758, the floor of `selu`, with probability `rate`; otherwise x.

    Then a · x + c, which gives what has mean 0 and variance 1 these again: made for layers with `selu`. The shape
    stays.
    """
    x = number(x)
    if not b.training or rate == 0:
        return x
    a = 1 / sqrt((1 - rate) * (1 + rate * SELU_FLOOR**2))
    kept = b.uniform(x.shape) >= rate
    dropped = ops.where(kept, x, x.builder.constant(SELU_FLOOR, x.dtype))
    return dropped * a - a * SELU_FLOOR * rate


@composite(
    "layer",
    "spatial_dropout2d",
    example="x: f32[3, 2, 4] => spatial_dropout2d(x, 0.5)",
    follows=f"{KERAS}spatial_dropout2d/",
)
def spatial_dropout2d(b: LayerBuilder, x: Tensor, rate: Rate) -> Tensor:
    """`dropout` of whole channels of an image, not of single elements: [batch, h, w, channels]. The shape stays."""
    x = spatial("spatial_dropout2d", x, 2)
    if not b.training or rate == 0:
        return x
    kept = indicator(b.uniform((x.shape[0], 1, 1, x.shape[-1])) >= rate)
    return x * (kept * (1 / (1 - rate))).named("mask")
