"""Products of matrices and the softmax family."""

from __future__ import annotations

from nndsl.graph.builder import Value
from nndsl.graph.node import Sample, primitive
from nndsl.graph.sizes import BATCH, product
from nndsl.graph.types import TensorType, TypeMismatch, broadcast
from nndsl.ops import helpers
from nndsl.ops.elementwise import exp
from nndsl.ops.reductions import reduce_sum
from nndsl.ops.rules import FLOATS, f32, require, require_axis, require_same_dtype
from nndsl.ops.shapes import reshape, transpose


def matmul_type(a: TensorType, b: TensorType) -> TensorType:
    """[..., n, k] @ [..., k, m] -> [..., n, m]"""
    dtype = require_same_dtype(a, b)
    require(a, FLOATS, "floating-point numbers")
    if a.rank < 2 or b.rank < 2:
        raise TypeMismatch(f"a matrix product needs two axes on each side: {a} @ {b}")
    if a.shape[-1] != b.shape[-2]:
        raise TypeMismatch(f"{a} @ {b}: the left has {a.shape[-1]} columns, the right {b.shape[-2]} rows")
    return TensorType(dtype, (*broadcast(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))


def transposed(x: Value) -> Value:
    """The last two axes exchanged."""
    return transpose(x, axes=(*range(x.rank - 2), x.rank - 1, x.rank - 2))


def rows(x: Value) -> Value:
    """All axes but the last made one."""
    return reshape(x, shape=(product(x.shape[:-1]), x.shape[-1]))


@primitive(
    "matmul",
    operands="a b",
    type=matmul_type,
    numpy="np.matmul({a}, {b})",
    onnx="MatMul",
    samples=(
        Sample((f32(3, 4), f32(4, 5))),
        Sample((f32(BATCH, 3, 4), f32(4, 2))),
        Sample((f32(BATCH, 3, 4), f32(BATCH, 4, 2))),
        Sample((f32(3, 4), f32(BATCH, 4, 2))),
    ),
)
def matmul(g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
    if b.rank == 2:  # one product of tall matrices instead of one for each example and their sum
        return matmul(g, transposed(b)), matmul(transposed(rows(a)), rows(g))
    return matmul(g, transposed(b)), matmul(transposed(a), g)


def softmax_type(x: TensorType, *, axis: int) -> TensorType:
    require(x, FLOATS, "floating-point numbers")
    require_axis(x, axis)
    return x


SOFTMAX = (
    Sample((f32(3, 4),), {"axis": 1}),
    Sample((f32(BATCH, 3, 4),), {"axis": 1}),
    Sample((f32(3, 4),), {"axis": 1}, low=-30, high=30),
)


@primitive(
    "softmax",
    type=softmax_type,
    numpy="softmax({x}, axis={axis})",
    onnx="Softmax",
    samples=SOFTMAX,
    helpers=(helpers.softmax,),
)
def softmax(g: Value, y: Value, x: Value, *, axis: int) -> Value:
    return y * (g - reduce_sum(g * y, axes=(axis,), keepdims=True))


@primitive(
    "log_softmax",
    type=softmax_type,
    numpy="log_softmax({x}, axis={axis})",
    onnx="LogSoftmax",
    samples=SOFTMAX,
    helpers=(helpers.log_softmax,),
)
def log_softmax(g: Value, y: Value, x: Value, *, axis: int) -> Value:
    return g - exp(y) * reduce_sum(g, axes=(axis,), keepdims=True)
