"""Functions of elements, and reductions over an example's axes.

Reductions never touch the batch axis: without `axis` they take all axes of an example, so that [batch, 3, 4] gives
[batch]; a value without a batch axis (a parameter) is reduced as it is.
"""

from __future__ import annotations

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.node import Primitive, gradient_rule
from nndsl.library.arguments import Axis, Positive, Tensor
from nndsl.library.operands import align, number, numbers, own_axes, own_axis, truth
from nndsl.library.registry import composite

NUMPY = "https://numpy.org/doc/stable/reference/routines.math.html"
KERAS = "https://keras.io/api/ops/numpy/"

# ---------------------------------------------------------------- of each element


@composite("function", "abs", example="x: f32[4] => abs(x)", follows=NUMPY)
def absolute(x: Tensor) -> Tensor:
    """|x|; its gradient at 0 is 0."""
    return ops.abs(number(x))


@composite("function", "exp", example="x: f32[4] => exp(x)", follows=NUMPY)
def exp(x: Tensor) -> Tensor:
    """e to the power of x"""
    return ops.exp(number(x))


@composite("function", "expm1", example="x: f32[4] => expm1(x)", follows=NUMPY)
def expm1(x: Tensor) -> Tensor:
    """exp(x) - 1, exact for small x"""
    return ops.expm1(number(x))


@composite("function", "log", example="x: f32[4] => log(abs(x))", follows=NUMPY)
def log(x: Tensor) -> Tensor:
    """The natural logarithm; -infinity at 0, NaN below"""
    return ops.log(number(x))


@composite("function", "log1p", example="x: f32[4] => log1p(abs(x))", follows=NUMPY)
def log1p(x: Tensor) -> Tensor:
    """log(1 + x), exact for small x"""
    return ops.log1p(number(x))


@composite("function", "sqrt", example="x: f32[4] => sqrt(abs(x))", follows=NUMPY)
def sqrt(x: Tensor) -> Tensor:
    """√x; its gradient at 0 is infinite"""
    return ops.sqrt(number(x))


@composite("function", "square", example="x: f32[4] => square(x)", follows=NUMPY)
def square(x: Tensor) -> Tensor:
    """x²"""
    return number(x) ** 2


@composite("function", "sin", example="x: f32[4] => sin(x)", follows=NUMPY)
def sin(x: Tensor) -> Tensor:
    """The sine of x in radians"""
    return ops.sin(number(x))


@composite("function", "cos", example="x: f32[4] => cos(x)", follows=NUMPY)
def cos(x: Tensor) -> Tensor:
    """The cosine of x in radians"""
    return ops.cos(number(x))


@composite("function", "erf", example="x: f32[4] => erf(x)", follows="https://keras.io/api/ops/core/")
def erf(x: Tensor) -> Tensor:
    """The error function, 2/√π ∫ exp(-t²) dt from 0 to x"""
    return ops.erf(number(x))


@composite("function", "floor", example="x: f32[4] => floor(x)", differentiable=False, follows=NUMPY)
def floor(x: Tensor) -> Tensor:
    """The greatest whole number that is not above x. Its gradient is zero."""
    return ops.floor(number(x))


@composite("function", "round", example="x: f32[4] => round(x)", differentiable=False, follows=NUMPY)
def round_(x: Tensor) -> Tensor:
    """The nearest whole number, of two the even one. Its gradient is zero."""
    return ops.round(number(x))


@composite("function", "clip", example="x: f32[4] => clip(x, -1, 1)", follows=NUMPY)
def clip(x: Tensor, x_min: float, x_max: float) -> Tensor:
    """min(max(x, x_min), x_max)"""
    x = number(x)
    return ops.minimum(ops.maximum(x, x.builder.constant(x_min, x.dtype)), x.builder.constant(x_max, x.dtype))


@composite("function", "where", example="x: f32[4], y: f32[4] => where(x > y, x, 0)", follows=KERAS)
def where(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """a where the condition isn't 0, else b, element by element"""
    chosen, a, b = align("where", truth(condition), *numbers(a, b))
    return ops.where(chosen, a, b)


@composite("function", "stop_gradient", example="x: f32[4] => stop_gradient(x)", differentiable=False)
def stop_gradient(x: Tensor) -> Tensor:
    """x, through which no gradient flows back"""
    return ops.stop_gradient(x)


# ---------------------------------------------------------------- of an example's axes


def _reduce(name: str, primitive: Primitive, x: Value, axis: Axis, keepdims: bool) -> Value:
    x = number(x)
    axes = own_axes(name, x, axis)
    return primitive(x, axes=axes, keepdims=keepdims) if axes else x


@composite("function", "sum", example="x: f32[3, 4] => sum(x, axis = -1)", follows=KERAS)
def sum_(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over an example's axes: [batch, 3, 4] -> [batch], with `axis = -1` [batch, 3]."""
    return _reduce("sum", ops.reduce_sum, x, axis, keepdims)


@composite("function", "mean", example="x: f32[3, 4] => mean(x, axis = [0, 1])", follows=KERAS)
def mean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over an example's axes: [batch, 3, 4] -> [batch], with `axis = -1` [batch, 3]."""
    return _reduce("mean", ops.reduce_mean, x, axis, keepdims)


@composite("function", "max", example="x: f32[3, 4] => max(x, axis = 0)", follows=KERAS)
def max_(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The greatest element over an example's axes: [batch, 3, 4] -> [batch], with `axis = -1` [batch, 3]."""
    return _reduce("max", ops.reduce_max, x, axis, keepdims)


@composite("function", "min", example="x: f32[3, 4] => min(x, keepdims = true)", follows=KERAS)
def min_(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The least element over an example's axes: [batch, 3, 4] -> [batch], with `axis = -1` [batch, 3]."""
    return _reduce("min", ops.reduce_min, x, axis, keepdims)


@composite("function", "var", example="x: f32[3, 4] => var(x, axis = 1)", follows=KERAS)
def var(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean of (x - mean(x))² over an example's axes: [batch, 3, 4] -> [batch], with `axis = -1` [batch, 3]."""
    x = number(x)
    return mean((x - mean(x, axis, keepdims=True)) ** 2, axis, keepdims)


@composite("function", "std", example="x: f32[3, 4] => std(x, axis = 1)", follows=KERAS)
def std(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """√var(x) over an example's axes: [batch, 3, 4] -> [batch], with `axis = -1` [batch, 3]."""
    return ops.sqrt(var(x, axis, keepdims))


@composite("function", "norm", example="x: f32[3, 4] => norm(x, axis = -1)", follows="https://keras.io/api/ops/linalg/")
def norm(x: Tensor, ord: Positive = 2, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """(Σ |x|^ord)^(1/ord) over an example's axes: Euclid's for 2, the sum of |x| for 1. Gradient 0 where x is all 0."""
    x = number(x)
    if ord == 1:
        return sum_(ops.abs(x), axis, keepdims)
    if ord == 2:
        length = ops.sqrt(sum_(x**2, axis, keepdims=True))
        length = ops.override(length, x, rule="norm")
    else:
        length = sum_(ops.abs(x) ** ord, axis, keepdims=True) ** (1 / ord)
    return length if keepdims else _drop(length, own_axes("norm", x, axis))


@gradient_rule("norm")
def norm_gradient(g: Value, y: Value, x: Value) -> Value:
    """x / |x|; the derived rule gives NaN where x is all 0."""
    return g * x / ops.where(y > 0, y, y.builder.constant(1, y.dtype))


def _drop(x: Value, axes: tuple[int, ...]) -> Value:
    """Without these axes, which are of size 1."""
    return ops.reshape(x, shape=tuple(dim for axis, dim in enumerate(x.shape) if axis not in axes))


@composite("function", "argmax", example="x: f32[4] => argmax(x)", differentiable=False, follows=KERAS)
def argmax(x: Tensor, axis: int = -1) -> Tensor:
    """The index of the greatest element along the axis, of equals the first: [..., d] -> i64[...]."""
    return ops.argmax(number(x), axis=own_axis("argmax", x, axis))


@composite("function", "argmin", example="x: f32[4] => argmin(x)", differentiable=False, follows=KERAS)
def argmin(x: Tensor, axis: int = -1) -> Tensor:
    """The index of the least element along the axis, of equals the first: [..., d] -> i64[...]."""
    return ops.argmin(number(x), axis=own_axis("argmin", x, axis))


@composite("function", "cumsum", example="x: f32[4] => cumsum(x)", follows=KERAS)
def cumsum(x: Tensor, axis: int = -1, reverse: bool = False) -> Tensor:
    """Running sums along the axis; `reverse` runs from the end. The shape stays."""
    return ops.cumsum(number(x), axis=own_axis("cumsum", x, axis), reverse=reverse)
