"""Optimizers: a parameter's next value from its gradient, as graph operations, element by element.

`b.slot` gives what is remembered between steps, `b.step` the number t of the step, from 1; `lr` is the step's learning
rate. Definitions, defaults and the places of epsilon are Keras's. `weight_decay` is decoupled from the gradient:
p is first multiplied by 1 - lr · weight_decay, biases, gammas and betas too unless `decay_bias = false`.

A running mean is remembered as a decayed sum, m = β m + g, which is 1 / (1 - β) times as large as β m + (1 - β) g;
scalars that are there anyway make up for it. An update of a large matrix takes as long as it has passes over memory:
adam has ten so, not twelve.
"""

from __future__ import annotations

from decimal import Decimal
from math import sqrt

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import NonNegative, Positive, Rate, Schedule, Tensor
from nndsl.library.building import UpdateBuilder
from nndsl.library.functions import clip
from nndsl.library.registry import composite

KERAS = "https://keras.io/api/optimizers/"


def decayed(b: UpdateBuilder, p: Value, lr: Schedule, weight_decay: float, decay_bias: bool) -> Value:
    """p (1 - lr · weight_decay), or p itself where it is spared."""
    if not weight_decay or (b.bias and not decay_bias):
        return p
    return p - p * (p.builder.constant(weight_decay, p.dtype) * lr).named("decay")


def decayed_sum(b: UpdateBuilder, slot: str, x: Value, beta: float) -> Value:
    """The sum of all x so far, each multiplied by beta for each step since."""
    total = b.slot(slot) * beta + x
    b.set(slot, total)
    return total


def weights(b: UpdateBuilder, beta: float) -> Value:
    """What a decayed sum's terms are multiplied with, added up: 1 + β + … + βᵗ⁻¹. Divided by it, it is the mean."""
    return (1 - beta**b.step) / share(beta)


def share(beta: float) -> float:
    """1 - β, by which a decayed sum is the running mean that begins with 0; 0.001 and not 0.0010000000000000009."""
    return float(1 - Decimal(repr(beta)))


@composite("optimizer", "sgd", example="sgd(lr = 0.1, momentum = 0.9)", follows=KERAS + "sgd/")
def sgd(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 0.01,
    momentum: Rate = 0.0,
    *,
    nesterov: bool = False,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr g; with momentum m = momentum m - lr g, p + m, and with `nesterov` p + momentum m - lr g."""
    p = decayed(b, p, lr, weight_decay, decay_bias)
    if not momentum:
        return p - lr * g
    m = b.slot("sgd_m") * momentum - lr * g
    b.set("sgd_m", m)
    return p + (m * momentum - lr * g) if nesterov else p + m


@composite("optimizer", "rmsprop", example="rmsprop(lr = 1e-3, momentum = 0.9)", follows=KERAS + "rmsprop/")
def rmsprop(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    momentum: Rate = 0.0,
    *,
    rho: Rate = 0.9,
    epsilon: Positive = 1e-7,
    centered: bool = False,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr g / √(v + ε), v being a running mean of g² (Hinton, 2012).

    `centered` subtracts the square of the running mean of g from v; with momentum the steps themselves add up,
    m = momentum m + step, p - m.
    """
    p = decayed(b, p, lr, weight_decay, decay_bias)
    v = decayed_sum(b, "rmsprop_v", g**2, rho)
    if centered:
        v = v - decayed_sum(b, "rmsprop_mean", g, rho) ** 2 * share(rho)
    step = lr * (1 / sqrt(share(rho))) * g / ops.sqrt(v + epsilon / share(rho))
    if momentum:
        step = b.slot("rmsprop_m") * momentum + step
        b.set("rmsprop_m", step)
    return p - step


@composite("optimizer", "adagrad", example="adagrad(lr = 0.1)", follows=KERAS + "adagrad/")
def adagrad(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    initial_accumulator_value: NonNegative = 0.1,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr g / √(s + ε), s being the sum of all g² so far (Duchi, Hazan and Singer, 2011)."""
    p = decayed(b, p, lr, weight_decay, decay_bias)
    s = b.slot("adagrad_sum", initial_accumulator_value) + g**2
    b.set("adagrad_sum", s)
    return p - lr * g / ops.sqrt(s + epsilon)


@composite("optimizer", "adadelta", example="adadelta(lr = 1.0)", follows=KERAS + "adadelta/")
def adadelta(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    rho: Rate = 0.95,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr d, d = g √(s + ε) / √(v + ε), v and s being running means of g² and of d² (Zeiler, 2012)."""
    p = decayed(b, p, lr, weight_decay, decay_bias)
    v, s = decayed_sum(b, "adadelta_v", g**2, rho), b.slot("adadelta_s")
    epsilon /= share(rho)
    d = (g * ops.sqrt(s + epsilon) / ops.sqrt(v + epsilon)).named("direction")
    decayed_sum(b, "adadelta_s", d**2, rho)
    return p - lr * d


@composite("optimizer", "ftrl", example="ftrl(lr = 0.1, l1 = 1e-3)", follows=KERAS + "ftrl/")
def ftrl(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    learning_rate_power: float = -0.5,
    initial_accumulator_value: NonNegative = 0.1,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    l2_shrinkage: NonNegative = 0.0,
    beta: NonNegative = 0.0,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """(clip(z, -l1, l1) - z) / (n^-r / lr + 2 l2 + beta / lr): "follow the regularized leader" (McMahan et al., 2013).

    n is the sum of all g², r the `learning_rate_power`; z adds up g + 2 l2_shrinkage p minus the rise of n^-r / lr
    times p. The learning rate must not be 0, where a schedule begins with its warmup.
    """
    p = decayed(b, p, lr, weight_decay, decay_bias)
    n = b.slot("ftrl_n", initial_accumulator_value)
    following = n + g**2
    before, after = n**-learning_rate_power, (following**-learning_rate_power).named("root")
    shrinking = g + p * (2 * l2_shrinkage) if l2_shrinkage else g
    z = b.slot("ftrl_z") + shrinking - (after - before) / lr * p
    b.set("ftrl_n", following)
    b.set("ftrl_z", z)
    kept = clip(z, -l1, l1) - z if l1 else -z
    curvature = (after + beta) / lr if beta else after / lr
    return kept / (curvature + 2 * l2 if l2 else curvature)


@composite("optimizer", "lion", example="lion(lr = 1e-4)", follows=KERAS + "lion/")
def lion(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    beta_1: Rate = 0.9,
    beta_2: Rate = 0.99,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr sign(β₁ m + (1 - β₁) g), m being a running mean of g with β₂ (Chen et al., 2023)."""
    p = decayed(b, p, lr, weight_decay, decay_bias)
    m = b.slot("lion_m")
    decayed_sum(b, "lion_m", g, beta_2)
    return p - lr * ops.sign(m * (share(beta_2) * beta_1 / share(beta_1)) + g)
