"""Plain NumPy functions that templates call and generated modules paste: they need nothing but `np` and each other.

They take float32 or float64 arrays and keep the element type.
"""

from __future__ import annotations

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), for any x."""
    with np.errstate(over="ignore"):  # far below 0, exp(-x) is infinite and the quotient 0, as it should be
        return 1 / (1 + np.exp(-x))


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)), written so that exp never overflows."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def erf(x: np.ndarray) -> np.ndarray:
    """The error function 2/√π ∫₀ˣ exp(-t²) dt, by the rational approximations of W. J. Cody (Math. Comp. 23, 1969)."""
    z = np.abs(x)
    s = np.minimum(z, 0.5) ** 2
    p = np.polyval(
        [
            1.85777706184603153e-1,
            3.16112374387056560,
            1.13864154151050156e2,
            3.77485237685302021e2,
            3.20937758913846947e3,
        ],
        s,
    )
    q = np.polyval([1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3], s)
    near = np.minimum(z, 0.5) * p / q
    m = np.clip(z, 0.46875, 4.0)
    p = np.polyval(
        [
            2.15311535474403846e-8,
            5.64188496988670089e-1,
            8.88314979438837594,
            6.61191906371416295e1,
            2.98635138197400131e2,
            8.81952221241769090e2,
            1.71204761263407058e3,
            2.05107837782607147e3,
            1.23033935479799725e3,
        ],
        m,
    )
    q = np.polyval(
        [
            1.0,
            1.57449261107098347e1,
            1.17693950891312499e2,
            5.37181101862009858e2,
            1.62138957456669019e3,
            3.29079923573345963e3,
            4.36261909014324716e3,
            3.43936767414372164e3,
            1.23033935480374942e3,
        ],
        m,
    )
    middle = 1 - np.exp(-m * m) * p / q
    t = np.clip(z, 4.0, 6.0)
    r = 1 / (t * t)
    p = np.polyval(
        [
            1.63153871373020978e-2,
            3.05326634961232344e-1,
            3.60344899949804439e-1,
            1.25781726111229246e-1,
            1.60837851487422766e-2,
            6.58749161529837803e-4,
        ],
        r,
    )
    q = np.polyval(
        [
            1.0,
            2.56852019228982242,
            1.87295284992346725,
            5.27905102951428412e-1,
            6.05183413124413191e-2,
            2.33520497626869185e-3,
        ],
        r,
    )
    far = 1 - np.exp(-t * t) / t * (1 / np.sqrt(np.pi) - r * p / q)
    return np.copysign(np.where(z <= 0.46875, near, np.where(z <= 4, middle, far)), x).astype(x.dtype)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    """exp(x) / sum(exp(x)) along the axis; subtracting the largest element changes nothing but keeps exp in range."""
    y = np.exp(x - np.max(x, axis=axis, keepdims=True))
    y /= np.sum(y, axis=axis, keepdims=True)
    return y


def log_softmax(x: np.ndarray, axis: int) -> np.ndarray:
    """log(softmax(x)) along the axis, without the logarithm of a number that was rounded to 0."""
    x = x - np.max(x, axis=axis, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


def pad(x: np.ndarray, axis: int, before: int, after: int) -> np.ndarray:
    """x with zeros before and after it along the axis."""
    shape = list(x.shape)
    shape[axis] += before + after
    y = np.zeros(shape, x.dtype)
    np.moveaxis(y, axis, 0)[before : before + x.shape[axis]] = np.moveaxis(x, axis, 0)
    return y


def scatter_add(updates: np.ndarray, indices: np.ndarray, axis: int, size: int) -> np.ndarray:
    """The gradient of `np.take(x, indices, axis)`: each update is added where its element of x came from."""
    before, after = updates.shape[:axis], updates.shape[axis + indices.ndim :]
    y = np.zeros((*before, size, *after), updates.dtype)
    updates = updates.reshape(*before, indices.size, *after)
    np.add.at(np.moveaxis(y, axis, 0), indices.reshape(-1), np.moveaxis(updates, axis, 0))
    return y


def put_along(updates: np.ndarray, indices: np.ndarray, axis: int, size: int) -> np.ndarray:
    """The gradient of `np.take_along_axis(x, indices, axis)`: each update is added where its element came from."""
    shape = list(updates.shape)
    shape[axis] = size
    y = np.zeros(shape, updates.dtype)
    if updates.shape[axis] == 1:  # no two updates meet
        np.put_along_axis(y, indices, updates, axis)
    else:
        places = list(np.ogrid[tuple(map(slice, updates.shape))])
        places[axis] = indices
        np.add.at(y, tuple(places), updates)
    return y


def random_uniform(seed: int, step: int, row: int, shape: tuple, site: int) -> np.ndarray:
    """Numbers in [0, 1) of `shape` (axis 0: the rows of the batch, numbered from `row`), float32, multiples of 2^-24.

    A counter-based hash: pure function of seed, step, row, place (`site`, another number at each use) and element.
    """
    key = (int(seed) * 0x9E3779B97F4A7C15 + int(step) * 0xD1342543DE82EF95) % 2**64
    key = (key + (key >> 32)) * 0xDA942042E4DD58B5 % 2**64
    rows = np.arange(shape[0], dtype=np.uint32) + np.uint32(int(row) % 2**32)
    rows = mix_bits(rows + np.uint32(key % 2**32))
    elements = np.arange(np.prod(shape[1:], dtype=int), dtype=np.uint32)
    elements = mix_bits(mix_bits(elements) + np.uint32(site))
    multipliers = rows * np.uint32(2) + np.uint32((key >> 31) % 2**32 | 1)
    bits = rows[:, None] + elements
    bits *= multipliers[:, None]
    bits += bits >> np.uint32(16)
    bits *= np.uint32(0x7FEB352D)
    bits += bits >> np.uint32(15)
    bits *= np.uint32(0x846CA68B)
    bits >>= np.uint32(8)
    return (bits * np.float32(2**-24)).astype(np.float32).reshape(shape)


def mix_bits(x: np.ndarray) -> np.ndarray:
    """A hash of each unsigned 32-bit integer: two rounds of folding the high bits onto the low and multiplying."""
    x = x + np.uint32(0x9E3779B9)
    for multiplier in (0x7FEB352D, 0x846CA68B):
        x = (x + (x >> np.uint32(16))) * np.uint32(multiplier)
    return x + (x >> np.uint32(16))


def site_of(name: str) -> int:
    """A 32-bit number for a name, the same on every machine (FNV-1a of its UTF-8)."""
    number = 0x811C9DC5
    for byte in name.encode():
        number = (number ^ byte) * 0x01000193 % 2**32
    return number


def uniform(seed: int, name: str, shape: tuple, epoch: int = 0) -> np.ndarray:
    """Numbers in the open interval (0, 1), float64: a pure function of seed, name and epoch."""
    count = int(np.prod(shape, dtype=int))
    high = random_uniform(seed, epoch, 0, (count,), site_of(name)).astype(np.float64)
    low = random_uniform(seed, epoch, 0, (count,), site_of(name + "#low")).astype(np.float64)
    return (high + (low + 2**-25) * 2**-24).reshape(shape)


def normal(seed: int, name: str, shape: tuple, epoch: int = 0) -> np.ndarray:
    """Numbers of the standard normal distribution, float64: its inverse applied to `uniform`."""
    return normal_quantile(uniform(seed, name, shape, epoch))


def permutation(seed: int, name: str, epoch: int, count: int) -> np.ndarray:
    """The numbers 0 to count - 1 in random order (int64): a pure function of seed, name and epoch."""
    return np.argsort(uniform(seed, name, (count,), epoch), kind="stable")


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """The number that a standard normal variable stays below with probability p (M. J. Wichura, AS 241, 1988)."""
    q = p - 0.5
    r = 0.180625 - np.minimum(np.abs(q), 0.425) ** 2
    a = [
        2509.0809287301226727,
        33430.575583588128105,
        67265.770927008700853,
        45921.953931549871457,
        13731.693765509461125,
        1971.5909503065514427,
        133.14166789178437745,
        3.387132872796366608,
    ]
    b = [
        5226.495278852854561,
        28729.085735721942674,
        39307.89580009271061,
        21213.794301586595867,
        5394.1960214247511077,
        687.1870074920579083,
        42.313330701600911252,
        1.0,
    ]
    central = q * np.polyval(a, r) / np.polyval(b, r)
    r = np.sqrt(-np.log(np.minimum(p, 1 - p)))
    c = [
        7.7454501427834140764e-4,
        0.0227238449892691845833,
        0.24178072517745061177,
        1.27045825245236838258,
        3.64784832476320460504,
        5.7694972214606914055,
        4.6303378461565452959,
        1.42343711074968357734,
    ]
    d = [
        1.05075007164441684324e-9,
        5.475938084995344946e-4,
        0.0151986665636164571966,
        0.14810397642748007459,
        0.68976733498510000455,
        1.6763848301838038494,
        2.05319162663775882187,
        1.0,
    ]
    middle = np.polyval(c, r - 1.6) / np.polyval(d, r - 1.6)
    e = [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        0.0012426609473880784386,
        0.026532189526576123093,
        0.29656057182850489123,
        1.7848265399172913358,
        5.4637849111641143699,
        6.6579046435011037772,
    ]
    f = [
        2.04426310338993978564e-15,
        1.4215117583164458887e-7,
        1.8463183175100546818e-5,
        7.868691311456132591e-4,
        0.0148753612908506148525,
        0.13692988092273580531,
        0.59983220655588793769,
        1.0,
    ]
    far = np.polyval(e, r - 5) / np.polyval(f, r - 5)
    return np.where(np.abs(q) <= 0.425, central, np.copysign(np.where(r <= 5, middle, far), q))
