"""Losses of overlap: how far what is predicted and what is true, as areas, are from covering each other."""

from __future__ import annotations

from nndsl.graph.builder import Value
from nndsl.library.arguments import NonNegative, Tensor
from nndsl.library.functions import sum_
from nndsl.library.losses import EPSILON, paired
from nndsl.library.registry import composite

SEGMENTATION = "https://keras.io/api/losses/probabilistic_losses/"


@composite("loss", "dice", example="z: f32[4], y: binary[4] => dice(sigmoid(z), y)", follows=SEGMENTATION)
def dice(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - 2 Σ p y / (Σ p + Σ y + 1e-7) over an example: probabilities [batch, ...], 0/1 [batch, ...] -> [batch]

    Keras's with `axis` set to an example's axes (without it, Keras sums over the batch too).
    """
    p, y = paired("dice", prediction, target)
    return 1 - sum_(p * y) * 2 / (sum_(p) + sum_(y) + EPSILON)


@composite(
    "loss", "tversky", example="z: f32[4], y: binary[4] => tversky(sigmoid(z), y, beta = 0.7)", follows=SEGMENTATION
)
def tversky(prediction: Tensor, target: Tensor, alpha: NonNegative = 0.5, beta: NonNegative = 0.5) -> Tensor:
    """1 - Σ p y / (Σ p y + alpha Σ p (1 - y) + beta Σ (1 - p) y + 1e-7) over an example.

    Probabilities [batch, ...], 0/1 [batch, ...] -> [batch]. `alpha` weighs false positives, `beta` false negatives, as
    Salehi et al. (2017) define it and Keras documents it; the code of Keras 3.15 has the two exchanged.
    """
    p, y = paired("tversky", prediction, target)
    both = sum_(p * y).named("overlap")
    return 1 - both / (both + _weighed(alpha, p * (1 - y)) + _weighed(beta, (1 - p) * y) + EPSILON)


def _weighed(weight: float, missed: Value) -> Value:
    return sum_(missed) * weight
