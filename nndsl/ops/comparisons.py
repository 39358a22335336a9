"""Comparisons, logic, and what chooses by them: `where`, `maximum`, `minimum`. Operands broadcast."""

from __future__ import annotations

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType, broadcast
from nndsl.ops.rules import (
    ONNX_TYPES,
    boolean,
    comparison,
    elementwise,
    equality,
    f32,
    i64,
    logical,
    require,
    require_same_dtype,
)

SAME = Sample((f32(3, 4), f32(3, 4)))
BROADCAST = Sample((f32(BATCH, 3, 4), f32(3, 1)))
INTEGERS = Sample((i64(3, 4), i64(4)), low=-9, high=9)
Pair = tuple[Value, Value]


def zero(g: Value) -> Value:
    return g.builder.constant(0, g.dtype)


COMPARED = (SAME, BROADCAST, INTEGERS)
TRUTHS = (Sample((boolean(3, 4), boolean(3, 4))), Sample((boolean(BATCH, 4), boolean(4))))

less = primitive("less", operands="a b", type=comparison, numpy="np.less({a}, {b})", onnx="Less", samples=COMPARED)(
    None
)
less_equal = primitive(
    "less_equal", operands="a b", type=comparison, numpy="np.less_equal({a}, {b})", onnx="LessOrEqual", samples=COMPARED
)(None)
greater = primitive(
    "greater", operands="a b", type=comparison, numpy="np.greater({a}, {b})", onnx="Greater", samples=COMPARED
)(None)
greater_equal = primitive(
    "greater_equal",
    operands="a b",
    type=comparison,
    numpy="np.greater_equal({a}, {b})",
    onnx="GreaterOrEqual",
    samples=COMPARED,
)(None)
equal = primitive(
    "equal",
    operands="a b",
    type=equality,
    numpy="np.equal({a}, {b})",
    onnx="Equal",
    samples=(*COMPARED, *TRUTHS),
)(None)


def onnx_not_equal(e: OnnxEmitter, node: Node, a: str, b: str) -> str:
    return e.node("Not", e.node("Equal", a, b))


not_equal = primitive(
    "not_equal",
    operands="a b",
    type=equality,
    numpy="np.not_equal({a}, {b})",
    onnx=onnx_not_equal,
    samples=(*COMPARED, *TRUTHS),
)(None)
logical_and = primitive(
    "logical_and", operands="a b", type=logical, numpy="np.logical_and({a}, {b})", onnx="And", samples=TRUTHS
)(None)
logical_or = primitive(
    "logical_or", operands="a b", type=logical, numpy="np.logical_or({a}, {b})", onnx="Or", samples=TRUTHS
)(None)


def where_type(condition: TensorType, a: TensorType, b: TensorType) -> TensorType:
    require(condition, frozenset({"bool"}), "a condition of truth values")
    return TensorType(require_same_dtype(a, b), broadcast(condition.shape, a.shape, b.shape))


def onnx_where(e: OnnxEmitter, node: Node, condition: str, a: str, b: str) -> str:
    """`Where` has no kernel for truth values, nor on CUDA for uint32."""
    if node.type.dtype == "bool":
        return e.node("Or", e.node("And", condition, a), e.node("And", e.node("Not", condition), b))
    if node.type.dtype == "u32":
        chosen = e.node(
            "Where", condition, e.node("Cast", a, to=ONNX_TYPES["i64"]), e.node("Cast", b, to=ONNX_TYPES["i64"])
        )
        return e.node("Cast", chosen, to=ONNX_TYPES["u32"])
    return e.node("Where", condition, a, b)


@primitive(
    "where",
    operands="condition a b",
    type=where_type,
    numpy="np.where({condition}, {a}, {b})",
    onnx=onnx_where,
    samples=(
        Sample((boolean(3, 4), f32(3, 4), f32(3, 4))),
        Sample((boolean(BATCH, 1), f32(4), f32())),
        Sample((boolean(3, 4), boolean(3, 4), boolean(4))),
        Sample((boolean(3, 4), i64(3, 4), i64(4)), low=-9, high=9),
    ),
)
def where(g: Value, y: Value, condition: Value, a: Value, b: Value) -> tuple[None, Value, Value]:
    return None, where(condition, g, zero(g)), where(condition, zero(g), g)


@primitive(
    "maximum",
    operands="a b",
    type=elementwise,
    numpy="np.maximum({a}, {b})",
    onnx="Max",
    samples=(SAME, BROADCAST, INTEGERS),
)
def maximum(g: Value, y: Value, a: Value, b: Value) -> Pair:
    first = a >= b  # of equal operands the first has the gradient, as in TensorFlow
    return where(first, g, zero(g)), where(first, zero(g), g)


@primitive(
    "minimum",
    operands="a b",
    type=elementwise,
    numpy="np.minimum({a}, {b})",
    onnx="Min",
    samples=(SAME, BROADCAST, INTEGERS),
)
def minimum(g: Value, y: Value, a: Value, b: Value) -> Pair:
    first = a <= b
    return where(first, g, zero(g)), where(first, zero(g), g)
