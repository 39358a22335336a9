"""Adam and its relatives: optimizers that divide a running mean of the gradient by a measure of its size."""

from __future__ import annotations

from math import sqrt

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import NonNegative, Positive, Rate, Schedule, Tensor
from nndsl.library.building import UpdateBuilder
from nndsl.library.optimizers import KERAS, decayed, decayed_sum, share, weights
from nndsl.library.registry import composite


@composite("optimizer", "adam", example="adam(lr = 1e-3)", follows=KERAS + "adam/")
def adam(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    beta_1: Rate = 0.9,
    beta_2: Rate = 0.999,
    epsilon: Positive = 1e-7,
    amsgrad: bool = False,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε), m and v being running means of g and g² (Kingma and Ba, 2015).

    With `amsgrad`, v is the greatest so far.
    """
    p = decayed(b, p, lr, weight_decay, decay_bias)
    return _adam("adam", b, p, g, lr, beta_1, beta_2, epsilon, amsgrad)


@composite("optimizer", "adamw", example="adamw(lr = 1e-3, weight_decay = 0.01)", follows=KERAS + "adamw/")
def adamw(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    weight_decay: NonNegative = 0.004,
    beta_1: Rate = 0.9,
    beta_2: Rate = 0.999,
    epsilon: Positive = 1e-7,
    amsgrad: bool = False,
    decay_bias: bool = True,
) -> Tensor:
    """`adam` of p (1 - lr · weight_decay) (Loshchilov and Hutter, 2019)."""
    p = decayed(b, p, lr, weight_decay, decay_bias)
    return _adam("adamw", b, p, g, lr, beta_1, beta_2, epsilon, amsgrad)


def _adam(
    name: str,
    b: UpdateBuilder,
    p: Value,
    g: Value,
    lr: Schedule,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    amsgrad: bool,
) -> Value:
    m, v = _moments(name, b, g, beta_1, beta_2)
    if amsgrad:
        v = ops.maximum(b.slot(f"{name}_v_max"), v)
        b.set(f"{name}_v_max", v)
    correction = ops.sqrt(weights(b, beta_2)) / weights(b, beta_1)
    alpha = lr * ops.cast(correction, dtype="f32")
    return p - alpha.named("alpha") * m / (ops.sqrt(v) + epsilon / sqrt(share(beta_2)))


def _moments(name: str, b: UpdateBuilder, g: Value, beta_1: float, beta_2: float) -> tuple[Value, Value]:
    """The decayed sums of g and g²."""
    return decayed_sum(b, f"{name}_m", g, beta_1), decayed_sum(b, f"{name}_v", g**2, beta_2)


@composite("optimizer", "adamax", example="adamax(lr = 1e-3)", follows=KERAS + "adamax/")
def adamax(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    beta_1: Rate = 0.9,
    beta_2: Rate = 0.999,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr / (1 - β₁ᵗ) · m / (u + ε), m being a running mean of g and u = max(β₂ u, |g|) (Kingma and Ba, 2015)."""
    p = decayed(b, p, lr, weight_decay, decay_bias)
    m = decayed_sum(b, "adamax_m", g, beta_1)
    u = ops.maximum(b.slot("adamax_u") * beta_2, ops.abs(g))
    b.set("adamax_u", u)
    alpha = lr * ops.cast(1 / weights(b, beta_1), dtype="f32")
    return p - alpha.named("alpha") * m / (u + epsilon)


@composite("optimizer", "nadam", example="nadam(lr = 1e-3)", follows=KERAS + "nadam/")
def nadam(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    beta_1: Rate = 0.9,
    beta_2: Rate = 0.999,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """`adam` with Nesterov's momentum: p - lr m̂ / (√(v / (1 - β₂ᵗ)) + ε) (Dozat, 2016).

    m̂ = uₜ₊₁ m / (1 - u₁…uₜ₊₁) + (1 - uₜ) g / (1 - u₁…uₜ), where uₜ = β₁ (1 - 0.96ᵗ / 2) is the momentum of step t.
    """
    p = decayed(b, p, lr, weight_decay, decay_bias)
    now = (beta_1 * (1 - 0.5 * 0.96**b.step)).named("momentum")
    following = (beta_1 * (1 - 0.5 * 0.96 ** (b.step + 1))).named("next_momentum")
    product = _product_of_momenta(b.step, beta_1).named("momenta")
    m, v = _moments("nadam", b, g, beta_1, beta_2)
    of_m = ops.cast(share(beta_1) * following / (1 - product * following), dtype="f32").named("of_m")
    of_g = ops.cast((1 - now) / (1 - product), dtype="f32").named("of_g")
    of_v = ops.cast(weights(b, beta_2), dtype="f32").named("of_v")
    return p - lr * (of_m * m + of_g * g) / (ops.sqrt(v / of_v) + epsilon)


def _product_of_momenta(t: Value, beta_1: float) -> Value:
    """u₁…uₜ, without a state that multiplies them up: log Π (1 - 0.96ⁱ / 2) is a sum of geometric series over i.

    -log(1 - x) = Σₖ xᵏ / k, whose terms fall below double precision before k = 50 since x < 0.48.
    """
    powers = range(1, 50)
    weights = t.builder.constant([0.48**k / (k * (1 - 0.96**k)) for k in powers], t.dtype).named("series")
    series = weights * (1 - 0.96 ** (t.builder.constant(list(powers), t.dtype) * t))
    return beta_1**t * ops.exp(-ops.reduce_sum(series, axes=(0,), keepdims=False))


@composite("optimizer", "lamb", example="lamb(lr = 1e-3)", follows=KERAS + "lamb/")
def lamb(
    b: UpdateBuilder,
    p: Tensor,
    g: Tensor,
    lr: Schedule = 1e-3,
    *,
    beta_1: Rate = 0.9,
    beta_2: Rate = 0.999,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative = 0.0,
    decay_bias: bool = True,
) -> Tensor:
    """p - lr |p| / |d| · d, d = m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε) being `adam`'s step (You et al., 2020).

    The norms are those of the whole parameter; where one of them is 0, their ratio counts as 1.
    """
    p = decayed(b, p, lr, weight_decay, decay_bias)
    m, v = _moments("lamb", b, g, beta_1, beta_2)
    of_m, of_v = (ops.cast(weights(b, beta), dtype="f32") for beta in (beta_1, beta_2))
    d = (m / of_m / (ops.sqrt(v / of_v) + epsilon)).named("direction")
    length, size = b.norm(d).named("length"), b.norm(p).named("norm")
    one = size.builder.constant(1, size.dtype)
    ratio = ops.where(size * length > 0, size / ops.where(length > 0, length, one), one)
    return p - lr * ratio.named("ratio") * d
