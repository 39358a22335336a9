"""Losses of classes, of yes and no, and of probabilities: like those of numbers, one value for each example.

Cross entropies take scores, and are computed from them without ever taking the logarithm of a rounded probability.
"""

from __future__ import annotations

from typing import Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.node import gradient_rule
from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import ClassWeights, Misuse, Rate, Tensor
from nndsl.library.functions import clip, mean
from nndsl.library.losses import EPSILON, PROBABILISTIC, paired
from nndsl.library.operands import indicator, number, own_axes, own_shape
from nndsl.library.registry import composite

HINGE = "https://keras.io/api/losses/hinge_losses/"


def one_hot(classes: Value, count: int) -> Value:
    """1 at the class's place, else 0: i64[...] -> f32[..., count]"""
    places = classes.builder.constant(list(range(count)), "i64")
    return indicator(ops.equal(_column(classes), places)).named("one_hot")


def _column(x: Value) -> Value:
    return ops.reshape(x, shape=(*x.shape, 1))


@composite(
    "loss",
    "cross_entropy",
    example="z: f32[3], y: class[3] => cross_entropy(z, y, label_smoothing = 0.1)",
    link="softmax",
    follows=PROBABILISTIC,
)
def cross_entropy(
    prediction: Tensor,
    target: Tensor,
    *,
    label_smoothing: Rate = 0.0,
    class_weight: ClassWeights = None,
    ignore: int | None = None,
    from_: Literal["scores", "probabilities"] = "scores",
) -> Tensor:
    """-log softmax(z)[class]: scores z [batch, ..., n], classes [batch, ...] -> [batch]

    A target may be a distribution too, [batch, ..., n]: then it is -Σ target log softmax(z). Positions are averaged.

    - `label_smoothing` s: the class gets 1 - s + s / n, every other one s / n.
    - `class_weight`: multiplies the value of a position by its class's weight.
    - `ignore`: positions of that class count 0 and are not averaged over.
    - `from = probabilities`: z holds probabilities; they are scaled to add up to 1 and kept from 1e-7 of 0 and 1.
    """
    z = number(prediction)
    classes = target.dtype == "i64"
    target, n = of_classes("cross_entropy", z, target)
    axis = z.rank - 1

    counted = None
    if ignore is not None:
        if not classes:
            raise Misuse("`cross_entropy` ignores a class, but its target is a distribution", argument="ignore")
        counted = ops.not_equal(target, target.builder.constant(ignore, "i64"))
        target = ops.where(counted, target, target.builder.constant(0, "i64"))

    if from_ == "scores":
        log_p = ops.log_softmax(z, axis=axis).named("log_probability")
    else:
        log_p = ops.log(clip(z / ops.reduce_sum(z, axes=(axis,), keepdims=True), EPSILON, 1 - EPSILON))

    if classes and not label_smoothing:
        value = -ops.reshape(ops.take_along(log_p, _column(target), axis=axis), shape=target.shape)
        if from_ == "scores":
            value = ops.override(value, z, target, log_p, rule="cross_entropy")
    else:
        truth = distribution(target, n)
        smooth = truth * (1 - label_smoothing) + label_smoothing / n if label_smoothing else truth
        value = -ops.reduce_sum(smooth * log_p, axes=(axis,), keepdims=False)

    value = weighed(value, target, class_weight)
    return mean(value) if counted is None else _mean_of(counted, value)


@gradient_rule("cross_entropy")
def cross_entropy_gradient(g: Value, y: Value, z: Value, classes: Value, log_p: Value) -> tuple[Value, None, None]:
    """softmax(z) - one_hot(class): no zeros are scattered into place, as deriving the choice of an element would."""
    probability = ops.exp(log_p).named("probability")
    n = z.shape[-1]
    assert isinstance(n, int)
    return _column(g) * (probability - one_hot(classes, n)), None, None


def _mean_of(counted: Value, value: Value) -> Value:
    """The mean over an example's positions that count, 0 where none does."""
    value = ops.where(counted, value, value.builder.constant(0, value.dtype))
    axes = own_axes("cross_entropy", value, None)
    if not axes:
        return value
    count = ops.reduce_sum(indicator(counted), axes=axes, keepdims=False)
    return ops.reduce_sum(value, axes=axes, keepdims=False) / ops.maximum(count, count.builder.constant(1, count.dtype))


def weighed(value: Value, target: Value, weights: ClassWeights) -> Value:
    """Each position's value times its class's weight; of a distribution, times the weights' mean under it."""
    if weights is None:
        return value
    if target.dtype == "i64":
        return value * ops.gather(weights, target, axis=0)
    truth = number(target)
    return value * ops.reduce_sum(truth * weights, axes=(truth.rank - 1,), keepdims=False)


def weighed_yes_or_no(value: Value, target: Value, weights: ClassWeights) -> Value:
    """Each value times the first weight where the target is 0, times the second where it is 1."""
    if weights is None:
        return value
    no = ops.slice(weights, axis=0, start=0, stop=1, step=1)
    yes = ops.slice(weights, axis=0, start=1, stop=2, step=1)
    return value * (no + target * (yes - no))


def of_classes(name: str, z: Value, target: Value) -> tuple[Value, int]:
    """The target as the scores' classes [batch, ...] or distribution [batch, ..., n], and the number of classes n.

    Refuses shapes that do not belong together; `name` is the loss or metric that compares them.
    """
    classes = target.dtype == "i64"
    if classes and target.rank == z.rank and target.shape[-1:] == (1,):
        target = ops.reshape(target, shape=target.shape[:-1])
    n = z.shape[-1] if own_shape(z) else 1
    kind = "classes" if classes else "a distribution"
    if not isinstance(n, int) or n < 2:
        binary = f"there are two classes or more; for one score, of yes or no, there is `{BINARY.get(name)}`"
        raise Misuse(
            f"`{name}` compares scores {show_shape(z.shape)} with {kind} {show_shape(target.shape)}",
            label="needs a score for each class, along the last axis",
            help=binary if n == 1 and name in BINARY else None,
        )
    expected = (*target.shape, n) if classes else target.shape
    if z.shape != expected:
        raise Misuse(
            f"`{name}` compares scores {show_shape(z.shape)} with {kind} {show_shape(target.shape)}",
            label=f"expects {'scores' if classes else 'a distribution'} "
            + show_shape(expected if classes else z.shape),
            help="flatten before the last layer" if classes and z.rank > target.rank + 1 else None,
        )
    return target, n


BINARY = {"cross_entropy": "binary_cross_entropy", "focal": "binary_focal", "categorical_hinge": "hinge"}
"""Losses of classes, each with that of yes and no."""


def distribution(target: Value, n: int) -> Value:
    """The target of `of_classes` as a distribution over n classes: [batch, ..., n]"""
    return one_hot(target, n) if target.dtype == "i64" else number(target)


@composite(
    "loss",
    "binary_cross_entropy",
    example="z: f32[3], y: binary[3] => binary_cross_entropy(z, y)",
    link="sigmoid",
    follows=PROBABILISTIC,
)
def binary_cross_entropy(
    prediction: Tensor,
    target: Tensor,
    *,
    label_smoothing: Rate = 0.0,
    class_weight: ClassWeights = None,
    from_: Literal["scores", "probabilities"] = "scores",
) -> Tensor:
    """mean(-y log σ(z) - (1 - y) log(1 - σ(z))), computed as softplus(z) - y z: [batch, ...], [batch, ...] -> [batch]

    - `label_smoothing` s: y becomes y (1 - s) + s / 2.
    - `class_weight`: the weights of 0 and of 1.
    - `from = probabilities`: z holds probabilities; they are kept from 1e-7 of 0 and 1.
    """
    z, y = paired("binary_cross_entropy", prediction, target)
    smooth = y * (1 - label_smoothing) + label_smoothing / 2 if label_smoothing else y
    if from_ == "scores":
        value = ops.override(ops.softplus(z) - smooth * z, z, smooth, rule="binary_cross_entropy")
    else:
        p, q = clip(z, EPSILON, 1 - EPSILON), clip(1 - z, EPSILON, 1 - EPSILON)  # 1 - p would round 1e-7
        value = -(smooth * ops.log(p) + (1 - smooth) * ops.log(q))
    return mean(weighed_yes_or_no(value, y, class_weight))


@gradient_rule("binary_cross_entropy")
def binary_cross_entropy_gradient(g: Value, y: Value, z: Value, target: Value) -> tuple[Value, Value]:
    """sigmoid(z) - y, as one difference."""
    return g * (ops.sigmoid(z).named("probability") - target), -(g * z)


@composite("loss", "hinge", example="z: f32[3], y: binary[3] => hinge(z, y)", follows=HINGE)
def hinge(prediction: Tensor, target: Tensor, *, class_weight: ClassWeights = None) -> Tensor:
    """mean(max(0, 1 - z s)), s = 1 where the target is above 0, else -1 (so 0/1 and -1/1 both do).

    [batch, ...], [batch, ...] -> [batch]. `class_weight` are the weights of no and of yes.
    """
    shortfall, yes = _shortfall("hinge", prediction, target)
    return mean(weighed_yes_or_no(shortfall, yes, class_weight))


@composite("loss", "squared_hinge", example="z: f32[3], y: binary[3] => squared_hinge(z, y)", follows=HINGE)
def squared_hinge(prediction: Tensor, target: Tensor, *, class_weight: ClassWeights = None) -> Tensor:
    """mean(max(0, 1 - z s)²), s = 1 where the target is above 0, else -1: [batch, ...], [batch, ...] -> [batch]

    `class_weight` are the weights of no and of yes.
    """
    shortfall, yes = _shortfall("squared_hinge", prediction, target)
    return mean(weighed_yes_or_no(shortfall**2, yes, class_weight))


def _shortfall(name: str, prediction: Value, target: Value) -> tuple[Value, Value]:
    """By how much each score misses a margin of 1 on its side, and 1 where that side is yes, else 0."""
    z, y = paired(name, prediction, target)
    side = ops.where(y > 0, y.builder.constant(1, y.dtype), y.builder.constant(-1, y.dtype)).named("side")
    return ops.relu(1 - z * side), indicator(y > 0)


@composite("loss", "categorical_hinge", example="z: f32[4], y: class[4] => categorical_hinge(z, y)", follows=HINGE)
def categorical_hinge(prediction: Tensor, target: Tensor, *, class_weight: ClassWeights = None) -> Tensor:
    """max(0, 1 + max((1 - y) z) - Σ y z), y being the one-hot target: how far the class is from leading by 1.

    Scores [batch, ..., n] and classes [batch, ...] or one-hot [batch, ..., n] -> [batch]; positions are averaged.
    `class_weight` multiplies the value of a position by its class's weight.
    """
    z = number(prediction)
    target, n = of_classes("categorical_hinge", z, target)
    y, last = distribution(target, n), (z.rank - 1,)
    own = ops.reduce_sum(y * z, axes=last, keepdims=False)
    best_other = ops.reduce_max((1 - y) * z, axes=last, keepdims=False)
    return mean(weighed(ops.relu(best_other - own + 1), target, class_weight))


@composite(
    "loss",
    "perceptron",
    example="z: f32[3], y: binary[3] => perceptron(z, y)",
    follows="Rosenblatt, The Perceptron, Psychological Review 65 (1958)",
)
def perceptron(prediction: Tensor, target: Tensor) -> Tensor:
    """mean(max(0, -z (2 y - 1))) for scores z and y in 0, 1: [batch, ...], [batch, ...] -> [batch]

    Its gradient in z is heaviside(z) - y everywhere, at z = 0 too, so that a step of `sgd` is Rosenblatt's rule
    w += lr (y - heaviside(z)) x, also from zero weights.
    """
    z, y = paired("perceptron", prediction, target)
    value = ops.relu(-z * (y * 2 - 1))
    return mean(ops.override(value, z, y, rule="perceptron"))


@gradient_rule("perceptron")
def perceptron_gradient(g: Value, y: Value, z: Value, target: Value) -> tuple[Value, None]:
    """Rosenblatt's rule: the derived gradient is 0 at z = 0, where it would never start from zero weights."""
    return g * (indicator(z >= 0) - target), None


@composite(
    "loss",
    "kl_divergence",
    example="z: f32[3], y: f32[3] => kl_divergence(softmax(z), softmax(y))",
    follows=PROBABILISTIC,
)
def kl_divergence(prediction: Tensor, target: Tensor) -> Tensor:
    """Σ target log(target / prediction) over the last axis, probabilities below 1e-7 counting as 1e-7.

    Averaged over an example's other axes: [batch, ..., n], [batch, ..., n] -> [batch].
    """
    p, t = paired("kl_divergence", prediction, target)
    if not own_shape(p):
        raise Misuse(
            f"`kl_divergence` compares {show_shape(p.shape)} with {show_shape(t.shape)}",
            label="needs a probability for each class, along the last axis",
        )
    t, p = clip(t, EPSILON, 1), clip(p, EPSILON, 1)
    return mean(ops.reduce_sum(t * ops.log(t / p), axes=(p.rank - 1,), keepdims=False))
