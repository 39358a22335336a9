"""Initializers: plain NumPy functions of seed, parameter name and shape, which generated modules paste as they stand.

Each gives a float32 array that depends on nothing else. `fans` are Keras's: a kernel [..., in, out] counts its leading
axes as a receptive field.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import Initial, Misuse, Positive
from nndsl.library.registry import composite
from nndsl.ops.helpers import normal, normal_quantile, uniform

KERAS = "https://keras.io/api/layers/initializers/"

Float32 = NDArray[np.float32]


def zeros(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """0 everywhere."""
    return np.zeros(shape, np.float32)


def ones(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """1 everywhere."""
    return np.ones(shape, np.float32)


def constant(seed: int, name: str, shape: tuple[int, ...], value: float = 0.0) -> Float32:
    """`value` everywhere."""
    return np.full(shape, value, np.float32)


def uniform_between(
    seed: int, name: str, shape: tuple[int, ...], minval: float = -0.05, maxval: float = 0.05
) -> Float32:
    """Uniform between minval and maxval."""
    return (minval + (maxval - minval) * uniform(seed, name, shape)).astype(np.float32)


def normal_around(seed: int, name: str, shape: tuple[int, ...], mean: float = 0.0, stddev: Positive = 0.05) -> Float32:
    """Normal with this mean and standard deviation."""
    return (mean + stddev * normal(seed, name, shape)).astype(np.float32)


def truncated_normal(
    seed: int, name: str, shape: tuple[int, ...], mean: float = 0.0, stddev: Positive = 0.05
) -> Float32:
    """Normal, but nothing further than two standard deviations from the mean."""
    below = 0.022750131948179195  # the probability of less than -2
    p = below + (1 - 2 * below) * uniform(seed, name, shape)
    return (mean + stddev * normal_quantile(p)).astype(np.float32)


def variance_scaling(
    seed: int,
    name: str,
    shape: tuple[int, ...],
    scale: Positive = 1.0,
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal",
) -> Float32:
    """Mean 0 and variance scale / fan, so that signals keep their size from layer to layer."""
    fan_in, fan_out = fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    stddev = float(np.sqrt(scale / max(1.0, fan)))
    if distribution == "uniform":
        limit = float(np.sqrt(3)) * stddev
        return uniform_between(seed, name, shape, -limit, limit)
    if distribution == "untruncated_normal":
        return normal_around(seed, name, shape, 0.0, stddev)
    return truncated_normal(seed, name, shape, 0.0, stddev / 0.87962566103423978)  # truncation makes it that narrower


def glorot_uniform(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """Uniform between ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    limit = float(np.sqrt(6 / sum(fans(shape))))
    return uniform_between(seed, name, shape, -limit, limit)


def glorot_normal(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""
    stddev = float(np.sqrt(2 / sum(fans(shape))))
    return truncated_normal(seed, name, shape, 0.0, stddev / 0.87962566103423978)  # truncation makes it that narrower


def he_uniform(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """Uniform between ±√(6 / fan_in) (He et al., 2015): for `relu`."""
    limit = float(np.sqrt(6 / fans(shape)[0]))
    return uniform_between(seed, name, shape, -limit, limit)


def he_normal(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """Truncated normal of variance 2 / fan_in (He et al., 2015): for `relu`."""
    stddev = float(np.sqrt(2 / fans(shape)[0]))
    return truncated_normal(seed, name, shape, 0.0, stddev / 0.87962566103423978)  # truncation makes it that narrower


def lecun_uniform(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """Uniform between ±√(3 / fan_in) (LeCun et al., 1998): for `selu`."""
    limit = float(np.sqrt(3 / fans(shape)[0]))
    return uniform_between(seed, name, shape, -limit, limit)


def lecun_normal(seed: int, name: str, shape: tuple[int, ...]) -> Float32:
    """Truncated normal of variance 1 / fan_in (LeCun et al., 1998): for `selu`."""
    stddev = float(np.sqrt(1 / fans(shape)[0]))
    return truncated_normal(seed, name, shape, 0.0, stddev / 0.87962566103423978)  # truncation makes it that narrower


def orthogonal(seed: int, name: str, shape: tuple[int, ...], gain: float = 1.0) -> Float32:
    """gain times a random matrix with orthonormal columns, or rows where there are fewer of them (Saxe et al., 2014).

    A kernel [..., in, out] counts as a matrix [... · in, out].
    """
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    q, r = np.linalg.qr(normal(seed, name, (max(rows, columns), min(rows, columns))).astype(np.float64))
    q *= np.sign(np.diag(r))  # so that every rotation is equally likely
    return (gain * (q if rows >= columns else q.T).reshape(shape)).astype(np.float32)


def identity(seed: int, name: str, shape: tuple[int, ...], gain: float = 1.0) -> Float32:
    """gain where row and column of a matrix are equal, else 0."""
    rows, columns = shape
    return (gain * np.eye(rows, columns)).astype(np.float32)


def require_fit(initial: Initial, parameter: str, shape: tuple[int, ...]) -> None:
    """Refuse an initializer that cannot fill a parameter of this shape."""
    if initial.name == "identity" and len(shape) != 2:
        raise Misuse(f"`identity` fills matrices, and `{parameter}` is {show_shape(shape)}")
    if initial.name == "orthogonal" and len(shape) < 2:
        raise Misuse(f"`orthogonal` fills matrices and kernels, and `{parameter}` is {show_shape(shape)}")


def fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """How many inputs an output sees, and how many outputs an input reaches."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = float(np.prod(shape[:-2]))
    return shape[-2] * field, shape[-1] * field


for _name, _function in {
    "zeros": zeros,
    "ones": ones,
    "constant": constant,
    "uniform": uniform_between,
    "normal": normal_around,
    "truncated_normal": truncated_normal,
    "variance_scaling": variance_scaling,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
    "identity": identity,
}.items():  # not as decorators: a pasted function is its source alone
    composite(
        "initializer",
        _name,
        example=f"x: f32[4] => dense(x, 3, init = {_name})",
        differentiable=False,
        follows=KERAS,
    )(_function)
