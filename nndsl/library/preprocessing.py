"""Preprocessing: what puts raw numbers into shape, by statistics that are fitted to the training split."""

from __future__ import annotations

from typing import Literal

from nndsl import ops
from nndsl.library.arguments import Initial, Tensor
from nndsl.library.building import LayerBuilder
from nndsl.library.operands import known_size, number, vector
from nndsl.library.registry import composite

ZEROS = Initial("zeros", {})
ONES = Initial("ones", {})

SKLEARN = "https://scikit-learn.org/stable/modules/generated/"


@composite(
    "layer",
    "rescale",
    example="x: f32[4] => rescale(x, 1 / 255)",
    follows="https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/",
)
def rescale(x: Tensor, scale: float, offset: float = 0.0) -> Tensor:
    """x · scale + offset. The shape stays."""
    y = number(x) * scale
    return y + offset if offset else y


@composite(
    "layer",
    "normalize",
    example="x: f32[4] => normalize(x)",
    follows="https://keras.io/api/layers/preprocessing_layers/numerical/normalization/",
)
def normalize(b: LayerBuilder, x: Tensor) -> Tensor:
    """(x - mean) / max(√variance, 1e-7), each element of the last axis by its own statistics. The shape stays.

    The mean and the variance are those of the training split, found before the first step. Where the variance is 0,
    x - mean, as scikit-learn's `StandardScaler` (Keras divides by 1e-7 there). A single number per example counts as
    [1].
    """
    x = vector(number(x))
    d = known_size("normalize", x, -1, ": each of its elements has a mean")
    mean = b.fitted("mean", (d,), ZEROS, fit="mean", values=x)
    variance = b.fitted("variance", (d,), ONES, fit="variance", values=x)
    one, least = (variance.builder.constant(value, variance.dtype) for value in (1, 1e-7))
    return (x - mean) / ops.where(variance > 0, ops.maximum(ops.sqrt(variance), least), one)


@composite(
    "layer",
    "min_max",
    example="x: f32[4] => min_max(x)",
    follows=f"{SKLEARN}sklearn.preprocessing.MinMaxScaler.html",
)
def min_max(b: LayerBuilder, x: Tensor) -> Tensor:
    """(x - min) / (max - min), each element of the last axis by its own statistics: 0 to 1. The shape stays.

    The least and the greatest value are those of the training split, found before the first step; other data may lie
    outside of 0 to 1. Where both are equal, x - min. A single number per example counts as [1].
    """
    x = vector(number(x))
    d = known_size("min_max", x, -1, ": each of its elements has a least value")
    least = b.fitted("min", (d,), ZEROS, fit="min", values=x)
    greatest = b.fitted("max", (d,), ONES, fit="max", values=x)
    span = greatest - least
    return (x - least) / ops.where(span > 0, span, span.builder.constant(1, span.dtype))


@composite(
    "layer",
    "impute",
    example="x: f32[4] => impute(x)",
    follows=f"{SKLEARN}sklearn.impute.SimpleImputer.html",
)
def impute(b: LayerBuilder, x: Tensor, fill: Literal["median", "mean"] | float = "median") -> Tensor:
    """x, but `fill` where it is missing (NaN), each element of the last axis by its own. The shape stays.

    `median` and `mean` are those of the values that the training split has, found before the first step; a number is
    the same for all gaps. `missing = keep` in the `data` section lets rows with missing values in. A single number per
    example counts as [1].
    """
    x = vector(number(x))
    missing = ops.not_equal(x, x)  # only NaN differs from itself
    if isinstance(fill, float):
        return ops.where(missing, x.builder.constant(fill, x.dtype), x)
    d = known_size("impute", x, -1, f": each of its elements has a {fill}")
    statistic = {"median": "median", "mean": "present_mean"}[fill]
    return ops.where(missing, b.fitted(fill, (d,), ZEROS, fit=statistic, values=x), x)
