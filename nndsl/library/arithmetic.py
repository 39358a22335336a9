"""What the language's operators mean on tensors: arithmetic, comparisons that give 0/1 numbers, logic, `@`.

Operands broadcast over an example's axes as NumPy's do; a class is its index. Unary minus is registered as `neg`.
"""

from __future__ import annotations

from collections.abc import Callable

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import product, show_shape
from nndsl.library.arguments import Misuse, Tensor
from nndsl.library.operands import align, indicator, lead, number, numbers, own_shape, truth, widen
from nndsl.library.registry import composite

NUMPY = "https://numpy.org/doc/stable/reference/ufuncs.html"


@composite("operator", "+", example="x: f32[4], y: f32[3, 4] => x + y", follows=NUMPY)
def add(a: Tensor, b: Tensor, /) -> Tensor:
    """a + b, element by element."""
    a, b = align("+", *numbers(a, b))
    return a + b


@composite("operator", "-", example="x: f32[4], y: f32[3, 4] => x - y", follows=NUMPY)
def subtract(a: Tensor, b: Tensor, /) -> Tensor:
    """a - b, element by element."""
    a, b = align("-", *numbers(a, b))
    return a - b


@composite("operator", "*", example="x: f32[4], y: f32[3, 4] => x * y", follows=NUMPY)
def multiply(a: Tensor, b: Tensor, /) -> Tensor:
    """a * b, element by element."""
    a, b = align("*", *numbers(a, b))
    return a * b


@composite("operator", "/", example="x: f32[4], y: f32[3, 4] => x / y", follows=NUMPY)
def divide(a: Tensor, b: Tensor, /) -> Tensor:
    """a / b, element by element; x / 0 is infinite, 0 / 0 is NaN."""
    a, b = align("/", *numbers(a, b))
    return a / b


@composite("operator", "//", example="x: f32[4] => x // 2", differentiable=False, follows=NUMPY)
def floor_divide(a: Tensor, b: Tensor, /) -> Tensor:
    """The whole number q with a = q b + a % b, as in Python. Its gradient is zero."""
    a, b = align("//", *numbers(a, b))
    # floor(a / b) would be off by one where the quotient rounds up to a whole number: 1 // 0.1 is 9, not 10.
    return ops.round((a - ops.mod(a, b)) / b)


@composite("operator", "%", example="x: f32[4] => x % 2", follows=NUMPY)
def remainder(a: Tensor, b: Tensor, /) -> Tensor:
    """a - floor(a / b) b, with the sign of b, as in Python; exact for whole numbers."""
    a, b = align("%", *numbers(a, b))
    return ops.mod(a, b)


@composite("operator", "^", example="x: f32[4] => x ^ 2", follows=NUMPY)
def power(a: Tensor, b: Tensor, /) -> Tensor:
    """a to the power of b; NaN for a negative a and a b that isn't whole."""
    a, b = align("^", *numbers(a, b))
    return a**b


@composite("operator", "neg", example="x: f32[4] => -x", follows=NUMPY)
def negative(x: Tensor, /) -> Tensor:
    """-x"""
    return -number(x)


def _compare(sign: str, compare: Callable[[Value, Value], Value], a: Value, b: Value) -> Value:
    """0/1 numbers; two operands of whole numbers are compared as such."""
    a, b = align(sign, *((a, b) if a.dtype == b.dtype else numbers(a, b)))
    return indicator(compare(a, b))


@composite("operator", "==", example="x: class[3], y: class[3] => x == y", differentiable=False, follows=NUMPY)
def equal(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where a = b, else 0."""
    return _compare("==", ops.equal, a, b)


@composite("operator", "!=", example="x: class[3], y: class[3] => x != y", differentiable=False, follows=NUMPY)
def not_equal(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where a and b differ, else 0."""
    return _compare("!=", ops.not_equal, a, b)


@composite("operator", "<", example="x: f32[4], y: f32[4] => x < y", differentiable=False, follows=NUMPY)
def less(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where a < b, else 0."""
    return _compare("<", ops.less, a, b)


@composite("operator", "<=", example="x: f32[4], y: f32[4] => x <= y", differentiable=False, follows=NUMPY)
def less_equal(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where a <= b, else 0."""
    return _compare("<=", ops.less_equal, a, b)


@composite("operator", ">", example="x: f32[4], y: f32[4] => x > y", differentiable=False, follows=NUMPY)
def greater(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where a > b, else 0."""
    return _compare(">", ops.greater, a, b)


@composite("operator", ">=", example="x: f32[4], y: f32[4] => x >= y", differentiable=False, follows=NUMPY)
def greater_equal(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where a >= b, else 0."""
    return _compare(">=", ops.greater_equal, a, b)


@composite("operator", "and", example="x: binary[4], y: f32[4] => x and y > 0", differentiable=False, follows=NUMPY)
def logical_and(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where neither is 0, else 0."""
    return indicator(ops.logical_and(*align("and", truth(a), truth(b))))


@composite("operator", "or", example="x: binary[4], y: f32[4] => x or y > 0", differentiable=False, follows=NUMPY)
def logical_or(a: Tensor, b: Tensor, /) -> Tensor:
    """1 where one isn't 0, else 0."""
    return indicator(ops.logical_or(*align("or", truth(a), truth(b))))


@composite("operator", "not", example="x: binary[4] => not x", differentiable=False, follows=NUMPY)
def logical_not(x: Tensor, /) -> Tensor:
    """1 where x is 0, else 0."""
    return indicator(ops.logical_not(truth(x)))


@composite(
    "operator",
    "@",
    example="x: f32[3, 4], y: f32[4, 2] => x @ y",
    follows="https://numpy.org/doc/stable/reference/generated/numpy.matmul.html",
)
def matmul(a: Tensor, b: Tensor, /) -> Tensor:
    """The matrix product of each example, as NumPy's: [..., n, k] @ [..., k, m] -> [..., n, m].

    A vector on the left counts as a row, on the right as a column, and its axis is gone from the result.
    """
    a, b = numbers(a, b)
    left, right = own_shape(a), own_shape(b)
    shapes = f"`@` multiplies {show_shape(a.shape)} with {show_shape(b.shape)}"
    if not left or not right:
        raise Misuse(shapes, label="needs vectors or matrices", help="`*` multiplies by a number")
    rows = right[0] if len(right) == 1 else right[-2]
    if left[-1] != rows:
        raise Misuse(shapes, label=f"{left[-1]} columns meet {rows} rows")
    row, column = len(left) == 1, len(right) == 1
    if column:
        b = ops.reshape(b, shape=(*b.shape, 1))
    if a.batched and not b.batched and len(right) <= 2:
        y, row = project(a, b), False
    else:
        if row:
            a = ops.reshape(a, shape=(*a.shape[: lead(a)], 1, left[0]))
        rank = max(len(own_shape(a)), len(own_shape(b)))
        y = ops.matmul(widen(a, rank), widen(b, rank))
    shape = list(y.shape)
    if row:
        del shape[-2]
    if column:
        del shape[-1]
    return ops.reshape(y, shape=tuple(shape)) if row or column else y


def project(x: Value, W: Value) -> Value:
    """x @ W over the last axis, as one product of two matrices: [..., d] and [d, m] -> [..., m]."""
    if x.rank == 2:
        return ops.matmul(x, W)
    rows = ops.reshape(x, shape=(product(x.shape[:-1]), x.shape[-1]))
    return ops.reshape(ops.matmul(rows, W), shape=(*x.shape[:-1], W.shape[1]))
