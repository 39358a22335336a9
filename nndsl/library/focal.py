"""Focal losses: cross entropies that count an example less, the surer its right answer is (Lin et al., 2017)."""

from __future__ import annotations

from typing import Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import ClassWeights, NonNegative, Rate, Tensor
from nndsl.library.classification import distribution, of_classes, weighed, weighed_yes_or_no
from nndsl.library.functions import clip, mean
from nndsl.library.losses import EPSILON, PROBABILISTIC, paired
from nndsl.library.operands import number
from nndsl.library.registry import composite


@composite(
    "loss",
    "focal",
    example="z: f32[3], y: class[3] => focal(z, y, gamma = 1.5)",
    link="softmax",
    follows=PROBABILISTIC,
)
def focal(
    prediction: Tensor,
    target: Tensor,
    *,
    alpha: NonNegative = 0.25,
    gamma: NonNegative = 2.0,
    label_smoothing: Rate = 0.0,
    class_weight: ClassWeights = None,
    from_: Literal["scores", "probabilities"] = "scores",
) -> Tensor:
    """-Σ alpha (1 - p)^gamma y log(p), p = softmax(z): scores z [batch, ..., n], classes [batch, ...] -> [batch]

    A target may be a distribution y too, [batch, ..., n]. Positions are averaged.

    - `alpha`: multiplies everything; `gamma`: how much less a sure answer counts (0: not at all).
    - `label_smoothing` s: y becomes y (1 - s) + s / n.
    - `class_weight`: multiplies the value of a position by its class's weight.
    - `from = probabilities`: z holds probabilities; they are scaled to add up to 1 and kept from 1e-7 of 0 and 1.
    """
    z = number(prediction)
    target, n = of_classes("focal", z, target)
    y, last = distribution(target, n), z.rank - 1
    if label_smoothing:
        y = y * (1 - label_smoothing) + label_smoothing / n
    if from_ == "scores":
        log_p = ops.log_softmax(z, axis=last).named("log_probability")
        p = ops.exp(log_p).named("probability")
    else:
        p = clip(z / ops.reduce_sum(z, axes=(last,), keepdims=True), EPSILON, 1 - EPSILON)
        log_p = ops.log(p)
    value = _focus((1 - p).named("miss"), gamma) * y * log_p
    return mean(weighed(ops.reduce_sum(value, axes=(last,), keepdims=False), target, class_weight)) * -alpha


@composite(
    "loss",
    "binary_focal",
    example="z: f32[3], y: binary[3] => binary_focal(z, y)",
    link="sigmoid",
    follows=PROBABILISTIC,
)
def binary_focal(
    prediction: Tensor,
    target: Tensor,
    *,
    gamma: NonNegative = 2.0,
    alpha: Rate | None = None,
    label_smoothing: Rate = 0.0,
    class_weight: ClassWeights = None,
    from_: Literal["scores", "probabilities"] = "scores",
) -> Tensor:
    """mean(m^gamma · binary_cross_entropy), m = |y - σ(z)| for y in 0, 1: [batch, ...], [batch, ...] -> [batch]

    - `gamma`: how much less a sure answer counts (0: not at all).
    - `alpha`: weighs yes by alpha and no by 1 - alpha (Keras's `apply_class_balancing`); none: both by 1.
    - `label_smoothing` s: y becomes y (1 - s) + s / 2.
    - `class_weight`: the weights of 0 and of 1.
    - `from = probabilities`: z holds probabilities; they are kept from 1e-7 of 0 and 1.
    """
    z, truth = paired("binary_focal", prediction, target)
    y = truth
    if label_smoothing:
        y = y * (1 - label_smoothing) + label_smoothing / 2
    if from_ == "scores":
        yes, no = ops.sigmoid(z).named("probability"), ops.sigmoid(-z)
        entropy = ops.override(ops.softplus(z) - y * z, z, y, rule="binary_cross_entropy")
    else:
        yes, no = z, 1 - z
        entropy = -(y * ops.log(clip(yes, EPSILON, 1 - EPSILON)) + (1 - y) * ops.log(clip(no, EPSILON, 1 - EPSILON)))
    value = _focus((y * no + (1 - y) * yes).named("miss"), gamma) * entropy.named("entropy")
    if alpha is not None:
        value = value * (y * alpha + (1 - y) * (1 - alpha))
    return mean(weighed_yes_or_no(value, truth, class_weight))


def _focus(missing: Value, gamma: float) -> Value:
    """missing^gamma; what is below 1e-7 counts as 1e-7, where the slope of a power below 1 would be infinite."""
    return (ops.maximum(missing, missing.builder.constant(EPSILON, missing.dtype)) ** gamma).named("focus")
