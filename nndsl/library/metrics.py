"""Metrics: numbers of a whole epoch, finished from sums that add up over its batches.

Every loss is a metric too, under the same name (see `as_metric`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from math import log
from typing import Any, Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import BATCH, show_shape, symbol
from nndsl.library.arguments import Misuse, Rate, Size, Tensor
from nndsl.library.classification import binary_cross_entropy, cross_entropy
from nndsl.library.functions import mean
from nndsl.library.losses import cosine, mse, paired
from nndsl.library.operands import indicator, number, own_shape
from nndsl.library.registry import Accumulated, Composite, composite

ACCURACY = "https://keras.io/api/metrics/accuracy_metrics/"
REGRESSION = "https://keras.io/api/metrics/regression_metrics/"
PROBABILISTIC = "https://keras.io/api/metrics/probabilistic_metrics/"
SCIPY = "https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.pearsonr.html"

From = Literal["scores", "probabilities"]


def average(values: Value, finish: Callable[[Value], Value] = lambda value: value) -> Accumulated:
    """The mean over the epoch's examples of one value each ([batch]), and what is made of it."""
    if not values.batched:
        raise Misuse(
            f"a metric averages over examples, but {show_shape(values.shape)} has no batch axis",
            help="a value that is the same for all examples needs no metric function",
        )
    sums = {"total": ops.reduce_sum(values, axes=(0,), keepdims=False), "count": values.builder.size(BATCH)}
    return Accumulated(sums, lambda s: finish(s["total"] / s["count"]))


# ---------------------------------------------------------------- of classes


@composite(
    "metric", "accuracy", example="z: f32[3], y: class[3] => accuracy(z, y)", differentiable=False, follows=ACCURACY
)
def accuracy(prediction: Tensor, target: Tensor) -> Accumulated:
    """The share of right answers: the class of the greatest score is the target.

    Scores or probabilities [batch, ..., n] (or classes [batch, ...]) and classes [batch, ...] or a distribution
    [batch, ..., n].
    """
    answer, truth = _answers("accuracy", prediction, target)
    return average(mean(indicator(ops.equal(answer, truth))))


@composite(
    "metric",
    "top_k_accuracy",
    example="z: f32[5], y: class[5] => top_k_accuracy(z, y, k = 2)",
    differentiable=False,
    follows=ACCURACY,
)
def top_k_accuracy(prediction: Tensor, target: Tensor, k: Size = 5) -> Accumulated:
    """The share of examples whose class is among the k of the greatest scores; of equal scores all are.

    Scores [batch, ..., n] and classes [batch, ...] or a distribution [batch, ..., n].
    """
    z = number(prediction)
    _, truth = _answers("top_k_accuracy", z, target)
    place = ops.reshape(truth, shape=(*truth.shape, 1))
    own = ops.take_along(z, place, axis=z.rank - 1)
    better = ops.reduce_sum(indicator(z > own), axes=(z.rank - 1,), keepdims=False)
    return average(mean(indicator(better < k)))


def _answers(name: str, prediction: Value, target: Value) -> tuple[Value, Value]:
    """The class that was predicted and the true one, both i64[batch, ...]."""
    scores = prediction.dtype != "i64"
    if scores and own_shape(prediction) and prediction.shape[-1] != 1:
        answer = ops.argmax(prediction, axis=prediction.rank - 1)
        if target.dtype != "i64" and target.shape == prediction.shape:
            return answer, ops.argmax(target, axis=target.rank - 1)
    elif scores:
        raise Misuse(
            f"`{name}` compares {show_shape(prediction.shape)} with {show_shape(target.shape)}",
            label="needs a score for each class, along the last axis",
            help="for one score, of yes or no, there is `binary_accuracy`",
        )
    else:
        answer = prediction
    truth = target if target.dtype == "i64" else ops.cast(target, dtype="i64")
    if truth.shape == (*answer.shape, 1):
        truth = ops.reshape(truth, shape=answer.shape)
    if truth.shape != answer.shape:
        raise Misuse(
            f"`{name}` compares {show_shape(prediction.shape)} with classes {show_shape(target.shape)}",
            label=f"expects scores {show_shape((*target.shape, symbol('classes')))}"
            if scores
            else "expects equal shapes",
        )
    return answer, truth


@composite(
    "metric",
    "binary_accuracy",
    example="z: f32[3], y: binary[3] => binary_accuracy(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=ACCURACY,
)
def binary_accuracy(
    prediction: Tensor,
    target: Tensor,
    *,
    threshold: Rate = 0.5,
    from_: From = "scores",
) -> Accumulated:
    """The share of right answers of yes and no: yes where the probability is above `threshold` (the score above 0).

    [batch, ...] and [batch, ...]
    """
    z, y = paired("binary_accuracy", prediction, target)
    return average(mean(indicator(ops.equal(indicator(is_above(z, threshold, from_)), y))))


def is_above(z: Value, threshold: float, from_: From) -> Value:
    """Whether a probability, or that of a score, is above the threshold; at the threshold it is not."""
    cut = threshold if from_ == "probabilities" else log(threshold / (1 - threshold)) if threshold else float("-inf")
    return z > cut


@composite(
    "metric",
    "log_loss",
    example="z: f32[3], y: binary[3] => log_loss(z, y)",
    link="sigmoid",
    follows=PROBABILISTIC,
)
def log_loss(prediction: Tensor, target: Tensor, *, from_: From = "scores") -> Accumulated:
    """-log of the probability of what is true, on average: scikit-learn's name for cross entropy.

    `binary_cross_entropy` of yes and no, [batch, ...] and [batch, ...]; `cross_entropy` of classes, [batch, ..., n] and
    [batch, ...].
    """
    entropy = cross_entropy if target.dtype == "i64" else binary_cross_entropy
    return average(entropy(prediction, target, from_=from_))


# ---------------------------------------------------------------- of numbers


@composite(
    "metric",
    "rmse",
    example="y_hat: f32[3], y: f32[3] => rmse(y_hat, y)",
    aliases=("root_mean_squared_error",),
    follows=REGRESSION,
)
def rmse(prediction: Tensor, target: Tensor) -> Accumulated:
    """√ of the epoch's `mse`: [batch, ...] and [batch, ...]"""
    return average(mse(prediction, target), ops.sqrt)


@composite(
    "metric",
    "median_absolute_error",
    example="y_hat: f32[3], y: f32[3] => median_absolute_error(y_hat, y)",
    differentiable=False,
    follows="https://scikit-learn.org/stable/modules/generated/sklearn.metrics.median_absolute_error.html",
)
def median_absolute_error(prediction: Tensor, target: Tensor) -> Accumulated:
    """The median over the rows of |target - prediction|, averaged over an example's elements.

    [batch, ...] and [batch, ...]. It keeps the errors of all rows, since no sums give a median, and is measured in
    evaluation only: reported as `val_median_absolute_error`, not over the training rows.
    """
    p, y = paired("median_absolute_error", prediction, target)
    return Accumulated({}, lambda s: mean(_median(s["error"])), kept={"error": ops.abs(y - p)})


def _median(values: Value) -> Value:
    """The median along the first axis, which is not empty: of an even number, the mean of the two in the middle."""
    count = values.builder.size(values.shape[0], "f64")
    ordered = ops.sort(values, axis=0)
    below, above = (ops.cast(ops.floor(place / 2), dtype="i64") for place in (count - 1, count))
    return (ops.gather(ordered, below, axis=0) + ops.gather(ordered, above, axis=0)) / 2


@composite(
    "metric",
    "sum",
    example="x: f32[3] => sum(x)",
    differentiable=False,
    follows="https://keras.io/api/metrics/reduction_metrics/#sum-class",
)
def total(x: Tensor) -> Accumulated:
    """The sum over the epoch's rows, and over each row's elements: [batch, ...].

    It is the metric where a `metric` statement is this one call; inside of larger expressions `sum` is the function,
    which sums over one example's axes.
    """
    x = number(x)
    if not x.batched:
        raise Misuse(
            f"a metric adds up over examples, but {show_shape(x.shape)} has no batch axis",
            help="a value that is the same for all examples needs no metric function",
        )
    axes = tuple(range(x.rank))
    return Accumulated({"total": ops.reduce_sum(x, axes=axes, keepdims=False)}, lambda s: s["total"])


@composite(
    "metric", "r2", example="y_hat: f32[3], y: f32[3] => r2(y_hat, y)", aliases=("r2_score",), follows=REGRESSION
)
def r2(prediction: Tensor, target: Tensor) -> Accumulated:
    """1 - Σ(target - prediction)² / Σ(target - mean(target))² over the epoch, averaged over an example's elements.

    1 is perfect, 0 as good as the mean. An element whose target never varies counts 0. [batch, ...] and [batch, ...]
    """
    p, y = paired("r2", prediction, target)
    y64 = ops.cast(y, dtype="f64")  # the sum of squares, far from 0, would lose the variance in single precision
    sums = {
        "residual": ops.reduce_sum((y - p) ** 2, axes=(0,), keepdims=False),
        "total": ops.reduce_sum(y64, axes=(0,), keepdims=False),
        "squares": ops.reduce_sum(y64**2, axes=(0,), keepdims=False),
        "count": y.builder.size(BATCH),
    }

    def finish(s: Any) -> Value:
        spread = s["squares"] - s["total"] ** 2 / s["count"]
        varies = spread > 0
        one = spread.builder.constant(1, spread.dtype)
        score = ops.where(varies, 1 - s["residual"] / ops.where(varies, spread, one), one - 1)
        return mean(score)

    return Accumulated(sums, finish)


@composite("metric", "pearson", example="y_hat: f32[3], y: f32[3] => pearson(y_hat, y)", follows=SCIPY)
def pearson(prediction: Tensor, target: Tensor) -> Accumulated:
    """The correlation of prediction and target over the epoch's rows, averaged over an example's elements.

    Σ (p - mean(p)) (y - mean(y)) / √(Σ (p - mean(p))² Σ (y - mean(y))²): -1 to 1, and 0 where one of them never varies.
    SciPy's `pearsonr`; Keras's `PearsonCorrelation` correlates the elements of each row instead.
    """
    p, y = (ops.cast(x, dtype="f64") for x in paired("pearson", prediction, target))  # as in `r2`
    products = {"sum_p": p, "sum_y": y, "sum_pp": p**2, "sum_yy": y**2, "sum_py": p * y}
    sums = {name: ops.reduce_sum(value, axes=(0,), keepdims=False) for name, value in products.items()}

    def finish(s: Mapping[str, Value]) -> Value:
        def spread(one: str, other: str) -> Value:
            return s[f"sum_{one}{other}"] - s[f"sum_{one}"] * s[f"sum_{other}"] / s["count"]

        product = (spread("p", "p") * spread("y", "y")).named("spreads")
        varies = product > 0
        one = product.builder.constant(1, product.dtype)
        joint = spread("p", "y").named("spread")
        return mean(ops.where(varies, joint / ops.sqrt(ops.where(varies, product, one)), one - 1))

    return Accumulated({**sums, "count": p.builder.size(BATCH)}, finish)


@composite(
    "metric",
    "cosine_similarity",
    example="y_hat: f32[3], y: f32[3] => cosine_similarity(y_hat, y)",
    follows=REGRESSION,
)
def cosine_similarity(prediction: Tensor, target: Tensor) -> Accumulated:
    """The mean cosine of the angle between prediction and target along the last axis: 1 where they agree.

    [batch, ..., n] and [batch, ..., n]
    """
    return average(cosine("cosine_similarity", prediction, target))


def as_metric(loss: Composite) -> Composite:
    """A loss's mean over the epoch's examples, under the same name and with the same arguments."""

    @wraps(loss.function)
    def metric(*operands: Any, **arguments: Any) -> Accumulated:
        return average(loss.function(*operands, **arguments))

    return replace(loss, kind="metric", function=metric)
