"""Optimizers: a parameter's next value from its gradient, as graph operations, element by element.

`b.slot` gives what is remembered between steps, `b.step` the number t of the step, from 1; `lr` is the step's learning
rate. Definitions, defaults and the places of epsilon are Keras's. `weight_decay` is decoupled from the gradient:
p is first multiplied by 1 - lr · weight_decay.
"""

from __future__ import annotations

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import NonNegative, Positive, Rate, Schedule, Tensor
from nndsl.library.building import UpdateBuilder
from nndsl.library.registry import composite

KERAS = "https://keras.io/api/optimizers/"


def _decayed(p: Value, lr: Schedule, weight_decay: float) -> Value:
    return p - p * (weight_decay * lr) if weight_decay else p


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
) -> Tensor:
    """p - lr g; with momentum m = momentum m - lr g, p + m, and with `nesterov` p + momentum m - lr g."""
    p = _decayed(p, lr, weight_decay)
    if not momentum:
        return p - lr * g
    m = b.slot("sgd_m") * momentum - lr * g
    b.set("sgd_m", m)
    return p + (m * momentum - lr * g) if nesterov else p + m


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
) -> Tensor:
    """p - lr √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε), m and v being running means of g and g² (Kingma and Ba, 2015).

    With `amsgrad`, v is the greatest so far.
    """
    return _adam("adam", b, _decayed(p, lr, weight_decay), g, lr, beta_1, beta_2, epsilon, amsgrad)


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
) -> Tensor:
    """`adam` of p (1 - lr · weight_decay) (Loshchilov and Hutter, 2019)."""
    return _adam("adamw", b, _decayed(p, lr, weight_decay), g, lr, beta_1, beta_2, epsilon, amsgrad)


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
    correction = ops.sqrt(1 - beta_2**b.step) / (1 - beta_1**b.step)
    alpha = lr * ops.cast(correction, dtype="f32")
    m, v = b.slot(f"{name}_m"), b.slot(f"{name}_v")
    m = m + (g - m) * (1 - beta_1)
    v = v + (g**2 - v) * (1 - beta_2)
    b.set(f"{name}_m", m)
    b.set(f"{name}_v", v)
    if amsgrad:
        v = ops.maximum(b.slot(f"{name}_v_max"), v)
        b.set(f"{name}_v_max", v)
    return p - alpha.named("alpha") * m / (ops.sqrt(v) + epsilon)


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
) -> Tensor:
    """p - lr g / √(v + ε), v being a running mean of g² (Hinton, 2012).

    `centered` subtracts the square of the running mean of g from v; with momentum the steps themselves add up,
    m = momentum m + step, p - m.
    """
    p = _decayed(p, lr, weight_decay)
    v = b.slot("rmsprop_v") * rho + g**2 * (1 - rho)
    b.set("rmsprop_v", v)
    if centered:
        mean = b.slot("rmsprop_mean") * rho + g * (1 - rho)
        b.set("rmsprop_mean", mean)
        v = v - mean**2
    step = lr * g / ops.sqrt(v + epsilon)
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
) -> Tensor:
    """p - lr g / √(s + ε), s being the sum of all g² so far (Duchi, Hazan and Singer, 2011)."""
    p = _decayed(p, lr, weight_decay)
    s = b.slot("adagrad_sum", initial_accumulator_value) + g**2
    b.set("adagrad_sum", s)
    return p - lr * g / ops.sqrt(s + epsilon)
