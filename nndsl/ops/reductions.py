"""Reductions over axes, and the places of extremes."""

from __future__ import annotations

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, Dim, product
from nndsl.graph.types import Shape, TensorType, TypeMismatch
from nndsl.ops.comparisons import equal
from nndsl.ops.elementwise import cast
from nndsl.ops.rules import FLOATS, SIGNED, f32, i64, require, require_axis
from nndsl.ops.shapes import reshape

Axes = tuple[int, ...]


def reduced(x: TensorType, axes: Axes, keepdims: bool) -> TensorType:
    if list(axes) != sorted(set(axes)):
        raise TypeMismatch(f"the axes {axes} of a reduction must be different and in order")
    for axis in axes:
        require_axis(x, axis)
    shape: list[Dim] = [1 if axis in axes else dim for axis, dim in enumerate(x.shape) if keepdims or axis not in axes]
    return TensorType(x.dtype, tuple(shape))


def reduction(x: TensorType, *, axes: Axes, keepdims: bool) -> TensorType:
    """The shape without the axes, or with a 1 in the place of each."""
    require(x, SIGNED, "signed numbers")
    return reduced(x, axes, keepdims)


def mean_type(x: TensorType, *, axes: Axes, keepdims: bool) -> TensorType:
    require(x, FLOATS, "floating-point numbers")
    return reduced(x, axes, keepdims)


def onnx_reduction(e: OnnxEmitter, node: Node, x: str) -> str:
    axes = node.attributes["axes"]
    if not axes:
        return e.node("Identity", x)  # an empty list of axes would mean all of them
    operator = {"reduce_sum": "ReduceSum", "reduce_mean": "ReduceMean", "reduce_max": "ReduceMax"}
    return e.node(operator.get(node.op, "ReduceMin"), x, e.shape(axes), keepdims=int(node.attributes["keepdims"]))


def kept(x: Value, axes: Axes, shape: Shape) -> Value:
    """A reduction's result with a 1 in the place of each axis that was summed over."""
    return reshape(x, shape=tuple(1 if axis in axes else dim for axis, dim in enumerate(shape)))


SAMPLES = (
    Sample((f32(3, 4),), {"axes": (1,), "keepdims": False}),
    Sample((f32(BATCH, 3, 4),), {"axes": (1, 2), "keepdims": True}),
    Sample((f32(BATCH, 4),), {"axes": (0, 1), "keepdims": False}),
    Sample((f32(3, 4),), {"axes": (), "keepdims": False}),
)
INTEGERS = Sample((i64(3, 4),), {"axes": (0,), "keepdims": False}, low=-9, high=9)


@primitive(
    "reduce_sum",
    type=reduction,
    numpy="np.sum({x}, axis={axes}, keepdims={keepdims})",
    onnx=onnx_reduction,
    samples=(*SAMPLES, INTEGERS),
)
def reduce_sum(g: Value, y: Value, x: Value, *, axes: Axes, keepdims: bool) -> Value:
    return kept(g, axes, x.shape)  # the same for all elements that were added: the engine expands it


@primitive(
    "reduce_mean",
    type=mean_type,
    numpy="np.mean({x}, axis={axes}, keepdims={keepdims})",
    onnx=onnx_reduction,
    samples=SAMPLES,
)
def reduce_mean(g: Value, y: Value, x: Value, *, axes: Axes, keepdims: bool) -> Value:
    count = g.builder.size(product(x.shape[axis] for axis in axes), g.dtype)
    return kept(g / count, axes, x.shape)


def extreme(g: Value, y: Value, x: Value, *, axes: Axes, keepdims: bool) -> Value:
    """Elements that are the extreme share the gradient equally, as in Keras."""
    chosen = cast(equal(x, kept(y, axes, x.shape)), dtype=g.dtype)
    return chosen * (kept(g, axes, x.shape) / reduce_sum(chosen, axes=axes, keepdims=True))


reduce_max = primitive(
    "reduce_max",
    type=reduction,
    numpy="np.max({x}, axis={axes}, keepdims={keepdims})",
    onnx=onnx_reduction,
    samples=(*SAMPLES, INTEGERS),
)(extreme)
reduce_min = primitive(
    "reduce_min",
    type=reduction,
    numpy="np.min({x}, axis={axes}, keepdims={keepdims})",
    onnx=onnx_reduction,
    samples=(*SAMPLES, INTEGERS),
)(extreme)


def sort_type(x: TensorType, *, axis: int) -> TensorType:
    """Elements in order along the axis, the least first."""
    require(x, FLOATS, "floating-point numbers")
    require_axis(x, axis)
    return x


def onnx_sort(e: OnnxEmitter, node: Node, x: str) -> str:
    axis = node.attributes["axis"]
    return e.nodes("TopK", (x, e.shape((node.shape[axis],))), 2, axis=axis, largest=0)[0]


sort = primitive(
    "sort",
    type=sort_type,
    numpy="np.sort({x}, axis={axis})",
    onnx=onnx_sort,
    samples=(Sample((f32(3, 4),), {"axis": 1}), Sample((f32(BATCH, 3),), {"axis": 0})),
)(None)


def arg_type(x: TensorType, *, axis: int) -> TensorType:
    """The index along the axis, which goes; of equal elements the first."""
    require(x, FLOATS, "floating-point numbers")
    require_axis(x, axis)
    return TensorType("i64", (*x.shape[:axis], *x.shape[axis + 1 :]))


def onnx_arg(e: OnnxEmitter, node: Node, x: str) -> str:
    operator = "ArgMax" if node.op == "argmax" else "ArgMin"
    return e.node(operator, x, axis=node.attributes["axis"], keepdims=0)


ARGUMENTS = (Sample((f32(3, 4),), {"axis": 1}), Sample((f32(BATCH, 3, 4),), {"axis": 1}))
argmax = primitive("argmax", type=arg_type, numpy="np.argmax({x}, axis={axis})", onnx=onnx_arg, samples=ARGUMENTS)(None)
argmin = primitive("argmin", type=arg_type, numpy="np.argmin({x}, axis={axis})", onnx=onnx_arg, samples=ARGUMENTS)(None)
