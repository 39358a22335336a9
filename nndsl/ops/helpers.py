"""Plain NumPy functions that templates call and generated modules paste: they need nothing but `np` and each other.

Those over numbers take float32 or float64 arrays and keep the element type.
"""

# mypy: disable-error-code="no-any-return"
# (to mypy, arithmetic on arrays is `Any`)

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def as_array(name: str, values: Array, dtype: type, shape: tuple[int, ...]) -> Array:
    """The values as an array of this type. Refuses another shape: beside [n], NumPy would stretch [n, 1] to [n, n]."""
    array = np.asarray(values)
    if array.dtype != dtype:
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            raise TypeError(f"{name} has values of type {array.dtype}, not {np.dtype(dtype)}")
        array = array.astype(dtype)
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {list(array.shape)}, not {list(shape)}")
    return array


def check_work(work: dict[str, Array], name: str, shape: tuple[int, ...]) -> None:
    """Refuse a workspace for batches of another size, told by one of its arrays."""
    if work[name].shape != shape:
        found = list(work[name].shape)
        raise ValueError(f"work is for batches of another size: its {name} has the shape {found}, not {list(shape)}")


def count_rows(examples: dict[str, Array], names: tuple[str, ...]) -> int:
    """How many rows the examples have, which must be the ones of these names and of one length."""
    if sorted(examples) != sorted(names):
        raise TypeError(f"examples are {sorted(names)}, not {sorted(examples)}")
    counts = {name: len(values) for name, values in examples.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise ValueError(f"examples must have as many rows each, and some: {counts}")
    return counts[names[0]]


def check_classes(name: str, classes: Array, count: int) -> None:
    """Refuse classes that are none of 0 to count - 1: a negative one would be counted from the end."""
    wrong = (np.asarray(classes) < 0) | (np.asarray(classes) >= count)
    if wrong.any():
        raise ValueError(f"{name} has the class {np.asarray(classes)[wrong][0]}, but classes are 0 to {count - 1}")


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), for any x."""
    with np.errstate(over="ignore"):  # far below 0, exp(-x) is infinite and the quotient 0, as it should be
        return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), written so that exp never overflows."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def erf(x: Array) -> Array:
    """The error function, 2/√π times the integral of exp(-t²) from 0 to x, to rounding.

    For z = |x|, 1 - erf(z) is exp(-z h(z)) with a smooth h: a polynomial, fitted up to where erf(z) rounds to 1.
    """
    if x.dtype == np.float32:
        end = 4
        coefficients = [
            *(-9.25631126e-06, 1.17641661e-04, -6.32838165e-04, 1.66702970e-03, -1.60398141e-04),
            *(-1.91530629e-02, 1.02777830e-01, 6.36619382e-01, 1.12837917e00),
        ]
    else:
        end = 6
        coefficients = [
            *(-9.5418518611184350e-14, 4.3986849751894648e-12, -9.3050313882216116e-11, 1.2025338695393270e-09),
            *(-1.0638572829450685e-08, 6.8196573208804724e-08, -3.2521795302911695e-07, 1.1526533150235894e-06),
            *(-2.8937149278113072e-06, 4.1281365651412045e-06, 2.2638451772366459e-06, -2.8937406861314053e-05),
            *(6.4078193195995232e-05, 2.6040946275312246e-05, -5.9017156759949812e-04, 1.6962153858692535e-03),
            *(-2.0919583256776030e-04, -1.9128446920845355e-02, 1.0277260329868382e-01, 6.3661977236762324e-01),
            1.1283791670955123e00,
        ]
    z = np.minimum(np.abs(x), end)
    h = 0 * z
    for coefficient in coefficients:
        h *= z
        h += coefficient
    return np.copysign(np.expm1(-z * h), x)


def softmax(x: Array, axis: int) -> Array:
    """exp(x) / sum(exp(x)) along the axis; subtracting the largest element changes nothing but keeps exp in range."""
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)
    return y


def log_softmax(x: Array, axis: int) -> Array:
    """log(softmax(x)) along the axis, without the logarithm of a number that was rounded to 0."""
    y = x - x.max(axis=axis, keepdims=True)
    y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return y


def pad(x: Array, axis: int, before: int, after: int) -> Array:
    """x with zeros before and after it along the axis."""
    shape = list(x.shape)
    shape[axis] += before + after
    y = np.zeros(shape, x.dtype)
    np.moveaxis(y, axis, 0)[before : before + x.shape[axis]] = np.moveaxis(x, axis, 0)
    return y


def scatter_add(updates: Array, indices: Array, axis: int, size: int) -> Array:
    """The gradient of `x.take(indices, axis)`: each update is added where its element of x came from."""
    before, after = updates.shape[:axis], updates.shape[axis + indices.ndim :]
    sums = added(updates.reshape(np.prod(before, dtype=int), indices.size, -1), indices.reshape(-1, 1), size)
    return sums.reshape(*before, size, *after)


def put_along(updates: Array, indices: Array, axis: int, size: int) -> Array:
    """The gradient of `np.take_along_axis(x, indices, axis)`: each update is added where its element came from."""
    before, after = updates.shape[:axis], updates.shape[axis + 1 :]
    flat = (np.prod(before, dtype=int), updates.shape[axis], np.prod(after, dtype=int))
    return added(updates.reshape(flat), indices.reshape(flat), size).reshape(*before, size, *after)


def added(updates: Array, indices: Array, size: int) -> Array:
    """Zeros [m, size, n] with each of the updates [m, k, n] added at its index along the middle axis."""
    m, _, n = updates.shape
    places = (np.arange(m)[:, None, None] * size + indices) * n + np.arange(n)
    sums = np.zeros(m * size * n, updates.dtype)
    np.add.at(sums, places.reshape(-1), updates.reshape(-1))  # many times faster with one axis than with several
    return sums.reshape(m, size, n)


def random_uniform(seed: int, step: int, row: int, shape: tuple[int, ...], site: int) -> Array:
    """Numbers in [0, 1), float32: a pure function of seed, step, row, site and element.

    The first axis of `shape` counts the rows of a batch, numbered from `row` on; `site` (32 bits) is another number at
    each place that draws. Unsigned integers wrap around: seed, step and row become two numbers a, b for each row,
    site and element two numbers c, d for each element, and (a + c)(b + d)(a + d), its high bits folded onto its low
    ones after the first product, has 24 good bits on top.
    """
    a, b = row_keys(step_key(seed, step), row, shape[0])
    c, d = element_keys(np.prod(shape[1:], dtype=int), site)
    bits = (a + c) * (b + d)
    bits += bits >> 16
    bits *= a + d
    bits >>= 8
    return (bits.astype(np.float32) * np.float32(2**-24)).reshape(shape)


def step_key(seed: int, step: int) -> int:
    """A 64-bit number for seed and step, hashed."""
    key = (int(seed) * 0x9E3779B97F4A7C15 + int(step) * 0xD1342543DE82EF95) % 2**64
    return (key + (key >> 32)) * 0xDA942042E4DD58B5 % 2**64


def row_keys(key: int | Array, row: int, count: int) -> tuple[Array, Array]:
    """Two odd numbers for each row, for `random_uniform`: the step's key, hashed with the row's number, [count, 1]."""
    rows = np.arange(count, dtype=np.uint32)[:, None] + np.uint32((key + int(row)) % 2**32)
    rows *= 0x9E3779B1
    a = (rows + (rows >> 16)) * 0x85EBCA6A + 1
    return a, (a + (a >> 16)) * 0xC2B2AE3E + np.uint32((key >> 32) * 2 % 2**32 + 1)


def element_keys(count: int, site: int) -> tuple[Array, Array]:
    """Two even numbers for each element, for `random_uniform`: its number, hashed with the site's."""
    elements = np.arange(count, dtype=np.uint32) * 0x9E3779B1 + np.uint32(site)
    elements = (elements + (elements >> 16)) * 0x7FEB352D
    c = (elements + (elements >> 15)) * 0x0D8AE35A
    return c, (c + (c >> 16)) * 0x2C1B3C6E + np.uint32(site * 2 % 2**32)


def site_number(name: str) -> int:
    """A 32-bit number for a name, the same on every machine (FNV-1a of its UTF-8)."""
    number = 0x811C9DC5
    for byte in name.encode():
        number = (number ^ byte) * 0x01000193 % 2**32
    return number


def uniform(seed: int, name: str, shape: tuple[int, ...], epoch: int = 0) -> Array:
    """Numbers in the open interval (0, 1), float64 of 48 bits: a pure function of seed, name and epoch."""
    high, low = random_uniform(seed, epoch, 0, (2, *shape), site_number(name)).astype(np.float64)
    return high + (low + 2**-25) * 2**-24


def normal(seed: int, name: str, shape: tuple[int, ...], epoch: int = 0) -> Array:
    """Numbers of the standard normal distribution, float64: a pure function of seed, name and epoch."""
    return normal_quantile(uniform(seed, name, shape, epoch))


def permutation(seed: int, name: str, epoch: int, count: int) -> Array:
    """The numbers 0 to count - 1 in random order (int64): a pure function of seed, name and epoch."""
    return np.argsort(uniform(seed, name, (count,), epoch), kind="stable")


def normal_quantile(p: Array) -> Array:
    """What a standard normal variable stays below with probability p, to rounding (M. J. Wichura, AS 241, 1988)."""
    q = p - 0.5
    near = 0.180625 - np.minimum(np.abs(q), 0.425) ** 2
    tail = np.sqrt(-np.log(np.minimum(p, 1 - p)))
    central = (
        *(2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457),
        *(13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
        *(5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867),
        *(5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
    )
    middle = (
        *(7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258),
        *(3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
        *(1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459),
        *(0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
    )
    far = (
        *(2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093),
        *(0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
        *(2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4),
        *(0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
    )
    values = [
        np.polyval(k[:8], r) / np.polyval(k[8:], r) for k, r in ((central, near), (middle, tail - 1.6), (far, tail - 5))
    ]
    return np.where(np.abs(q) <= 0.425, q * values[0], np.copysign(np.where(tail <= 5, values[1], values[2]), q))
