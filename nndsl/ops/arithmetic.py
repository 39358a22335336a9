"""Arithmetic of two operands; they broadcast, and the engine sums their adjoints back."""

from __future__ import annotations

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH
from nndsl.ops.comparisons import equal, where
from nndsl.ops.elementwise import floor, log
from nndsl.ops.rules import elementwise, f32, floating_elementwise, i64, scalar

SAME = Sample((f32(3, 4), f32(3, 4)))
BROADCAST = Sample((f32(BATCH, 3, 4), f32(3, 1)))
INTEGERS = Sample((i64(3, 4), i64(4)), low=-9, high=9)
Pair = tuple[Value, Value]


@primitive(
    "add",
    operands="a b",
    type=elementwise,
    numpy="np.add({a}, {b})",
    onnx="Add",
    samples=(SAME, BROADCAST, INTEGERS),
)
def add(g: Value, y: Value, a: Value, b: Value) -> Pair:
    return g, g


@primitive(
    "sub",
    operands="a b",
    type=elementwise,
    numpy="np.subtract({a}, {b})",
    onnx="Sub",
    samples=(SAME, BROADCAST, INTEGERS),
)
def sub(g: Value, y: Value, a: Value, b: Value) -> Pair:
    return g, -g


@primitive(
    "mul",
    operands="a b",
    type=elementwise,
    numpy="np.multiply({a}, {b})",
    onnx="Mul",
    samples=(SAME, BROADCAST, INTEGERS),
)
def mul(g: Value, y: Value, a: Value, b: Value) -> Pair:
    return g * b, g * a


@primitive(
    "div",
    operands="a b",
    type=floating_elementwise,
    numpy="np.divide({a}, {b})",
    onnx="Div",
    samples=(Sample((f32(3, 4), f32(3, 4)), low=0.5), Sample((f32(BATCH, 3, 4), f32(3, 1)), low=0.5)),
)
def div(g: Value, y: Value, a: Value, b: Value) -> Pair:
    quotient = g / b
    return quotient, -(quotient * y)


@primitive(
    "pow",
    operands="a b",
    type=floating_elementwise,
    numpy="np.power({a}, {b})",
    onnx="Pow",
    samples=(Sample((f32(3, 4), f32(3, 4)), low=0.5), Sample((f32(BATCH, 3, 4), f32(3, 1)), low=0.5)),
)
def pow(g: Value, y: Value, a: Value, b: Value) -> Pair:
    one = g.builder.constant(1, g.dtype)
    lower = where(
        equal(b, g.builder.constant(0, g.dtype)), one, b - 1
    )  # the derivative of a^0 is 0 everywhere, at a = 0 too
    positive = where(a > 0, a, one)  # 0^b is 0 for all b > 0; below 0 there is no derivative in b
    return g * (b * a**lower), g * (y * log(positive))


def onnx_mod(e: OnnxEmitter, node: Node, a: str, b: str) -> str:
    """The remainder has the divisor's sign; for floats `Mod` gives the dividend's: where they differ, b is added."""
    if node.type.dtype not in ("f32", "f64"):
        return e.node("Mod", a, b, fmod=0)
    nothing = e.constant(scalar(0, node.type.dtype))
    remainder = e.node("Mod", a, b, fmod=1)
    differ = e.node("Less", e.node("Mul", e.node("Sign", remainder), e.node("Sign", b)), nothing)
    return e.node("Where", differ, e.node("Add", remainder, b), remainder)


@primitive(
    "mod",
    operands="a b",
    type=elementwise,
    numpy="np.mod({a}, {b})",
    onnx=onnx_mod,
    samples=(
        Sample((f32(3, 4), f32(3, 4)), low=0.5, high=3),
        Sample((f32(3, 4), f32(4)), low=-3, high=-0.5),
        Sample((i64(3, 4), i64(4)), low=1, high=9),
    ),
)
def mod(g: Value, y: Value, a: Value, b: Value) -> Pair:
    return g, -(g * floor(a / b))
