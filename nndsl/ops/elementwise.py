"""Element-wise primitives of one operand."""

from __future__ import annotations

from math import pi
from math import sqrt as square_root

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, product
from nndsl.graph.types import DType, TensorType
from nndsl.ops import helpers
from nndsl.ops.rules import FLOATS, ONNX_TYPES, boolean, f32, floating, i64, require, scalar, signed

PLAIN = (Sample((f32(3, 4),)), Sample((f32(BATCH, 2, 3),), low=-30, high=30))
SATURATED = (*PLAIN, Sample((f32(BATCH),), low=-1000, high=1000))
POSITIVE = (Sample((f32(3, 4),), low=0.1, high=3),)
STEPS = (Sample((f32(3, 4),), kinks=(-2, -1, 0, 1, 2)),)


@primitive(
    "neg",
    type=signed,
    numpy="np.negative({x})",
    onnx="Neg",
    samples=(*PLAIN, Sample((i64(3),), low=-5, high=5)),
)
def neg(g: Value, y: Value, x: Value) -> Value:
    return -g


@primitive("abs", type=signed, numpy="np.abs({x})", onnx="Abs", samples=(Sample((f32(3, 4),), kinks=(0,)),))
def abs(g: Value, y: Value, x: Value) -> Value:
    return g * sign(x)  # 0 at 0


sign = primitive(
    "sign",
    type=signed,
    numpy="np.sign({x})",
    onnx="Sign",
    samples=(*STEPS, Sample((i64(7),), low=-3, high=3)),
)(None)


@primitive("exp", type=floating, numpy="np.exp({x})", onnx="Exp", samples=(Sample((f32(3, 4),)),))
def exp(g: Value, y: Value, x: Value) -> Value:
    return g * y


def onnx_expm1(e: OnnxEmitter, node: Node, x: str) -> str:
    """exp(x) - 1 loses all digits near 0; there 2t / (1 - t) with t = tanh(x / 2) has them."""
    one = e.constant(scalar(1, node.type.dtype))
    t = e.node("Tanh", e.node("Mul", x, e.constant(scalar(0.5, node.type.dtype))))
    near = e.node("Div", e.node("Add", t, t), e.node("Sub", one, t))
    return e.node("Where", e.node("Less", e.node("Abs", x), one), near, e.node("Sub", e.node("Exp", x), one))


@primitive(
    "expm1",
    type=floating,
    numpy="np.expm1({x})",
    onnx=onnx_expm1,
    samples=(*PLAIN, Sample((f32(3, 4),), low=-1e-4, high=1e-4)),
)
def expm1(g: Value, y: Value, x: Value) -> Value:
    return g * (y + 1)


@primitive("log", type=floating, numpy="np.log({x})", onnx="Log", samples=POSITIVE)
def log(g: Value, y: Value, x: Value) -> Value:
    return g / x


def onnx_log1p(e: OnnxEmitter, node: Node, x: str) -> str:
    """log(u) with u = 1 + x rounded; near 0 the rounding error of u is put right: + (x - (u - 1)) / u."""
    one = e.constant(scalar(1, node.type.dtype))
    u = e.node("Add", one, x)
    far = e.node("Log", u)
    near = e.node("Add", far, e.node("Div", e.node("Sub", x, e.node("Sub", u, one)), u))
    small = e.node("Less", e.node("Abs", x), e.constant(scalar(0.5, node.type.dtype)))
    return e.node("Where", small, near, far)


@primitive(
    "log1p",
    type=floating,
    numpy="np.log1p({x})",
    onnx=onnx_log1p,
    samples=tuple(Sample((f32(3, 4),), low=low, high=high) for low, high in ((-0.9, 2), (-1e-4, 1e-4), (0, 1e6))),
)
def log1p(g: Value, y: Value, x: Value) -> Value:
    return g / (1 + x)


@primitive("sqrt", type=floating, numpy="np.sqrt({x})", onnx="Sqrt", samples=POSITIVE)
def sqrt(g: Value, y: Value, x: Value) -> Value:
    return g * 0.5 / y


@primitive("sin", type=floating, numpy="np.sin({x})", onnx="Sin", samples=(Sample((f32(3, 4),)),))
def sin(g: Value, y: Value, x: Value) -> Value:
    return g * cos(x)


@primitive("cos", type=floating, numpy="np.cos({x})", onnx="Cos", samples=(Sample((f32(3, 4),)),))
def cos(g: Value, y: Value, x: Value) -> Value:
    return -(g * sin(x))


@primitive("tanh", type=floating, numpy="np.tanh({x})", onnx="Tanh", samples=SATURATED)
def tanh(g: Value, y: Value, x: Value) -> Value:
    return g * (1 - y * y)


@primitive(
    "sigmoid", type=floating, numpy="sigmoid({x})", onnx="Sigmoid", samples=SATURATED, helpers=(helpers.sigmoid,)
)
def sigmoid(g: Value, y: Value, x: Value) -> Value:
    return g * y * (1 - y)


def onnx_softplus(e: OnnxEmitter, node: Node, x: str) -> str:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which never overflows.

    `Softplus` is the same, but takes ten nanoseconds an element on CPU where these seven nodes take two: it is for
    narrow values alone, such as one score for each example. It has no kernel for float64.
    """
    width = product(node.shape[1:] if node.type.batched else node.shape)
    if node.type.dtype == "f32" and isinstance(width, int) and width <= 4:
        return e.node("Softplus", x)
    tail = e.node("Exp", e.node("Neg", e.node("Abs", x)))
    tail = e.node("Log", e.node("Add", tail, e.constant(scalar(1, node.type.dtype))))
    return e.node("Add", e.node("Relu", x), tail)


@primitive(
    "softplus", type=floating, numpy="softplus({x})", onnx=onnx_softplus, samples=SATURATED, helpers=(helpers.softplus,)
)
def softplus(g: Value, y: Value, x: Value) -> Value:
    return g * sigmoid(x)


def onnx_erf(e: OnnxEmitter, node: Node, x: str) -> str:
    """`Erf` has no kernel for float64 on CPU: there it is float32's."""
    if node.type.dtype == "f32":
        return e.node("Erf", x)
    return e.node("Cast", e.node("Erf", e.node("Cast", x, to=ONNX_TYPES["f32"])), to=ONNX_TYPES["f64"])


@primitive("erf", type=floating, numpy="erf({x})", onnx=onnx_erf, samples=SATURATED, helpers=(helpers.erf,))
def erf(g: Value, y: Value, x: Value) -> Value:
    return g * (2 / square_root(pi)) * exp(-(x * x))


@primitive("relu", type=floating, numpy="np.maximum({x}, 0)", onnx="Relu", samples=(Sample((f32(3, 4),), kinks=(0,)),))
def relu(g: Value, y: Value, x: Value) -> Value:
    return g * cast(y > 0, dtype=g.dtype)  # from y, not x: x need not be kept; 0 at 0


floor = primitive("floor", type=floating, numpy="np.floor({x})", onnx="Floor", samples=STEPS)(None)

round = primitive(
    "round",
    type=floating,
    numpy="np.rint({x})",
    onnx="Round",
    samples=(Sample((f32(3, 4),), kinks=(-1.5, -0.5, 0.5, 1.5)),),
)(None)


def truth(x: TensorType) -> TensorType:
    require(x, frozenset({"bool"}), "truth values")
    return x


logical_not = primitive(
    "logical_not", type=truth, numpy="np.logical_not({x})", onnx="Not", samples=(Sample((boolean(3, 4),)),)
)(None)


def cast_type(x: TensorType, *, dtype: DType) -> TensorType:
    return TensorType(dtype, x.shape)


def onnx_cast(e: OnnxEmitter, node: Node, x: str) -> str:
    return e.node("Cast", x, to=ONNX_TYPES[node.type.dtype])


@primitive(
    "cast",
    type=cast_type,
    numpy="{x}.astype({dtype})",
    onnx=onnx_cast,
    samples=(
        Sample((f32(3, 4),), {"dtype": "f64"}),
        Sample((i64(5),), {"dtype": "f32"}, low=-9, high=9),
        Sample((f32(5),), {"dtype": "i64"}, low=-9, high=9),
        Sample((boolean(3, 4),), {"dtype": "f32"}),
        Sample((f32(3, 4),), {"dtype": "bool"}),
    ),
)
def cast(g: Value, y: Value, x: Value, *, dtype: DType) -> Value | None:
    return cast(g, dtype=x.dtype) if {x.dtype, dtype} <= FLOATS else None
