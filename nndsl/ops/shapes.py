"""Primitives that move, repeat or leave out elements without computing anything."""

from __future__ import annotations

import numpy as np

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter, numpy_size
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, Dim, product, show_shape
from nndsl.graph.types import Shape, TensorType, TypeMismatch, broadcast
from nndsl.ops import helpers
from nndsl.ops.indexing import scatter_add
from nndsl.ops.rules import FLOATS, f32, require, require_axis, require_equal_except, require_same_dtype


def reshape_type(x: TensorType, *, shape: Shape) -> TensorType:
    if product(x.shape) != product(shape):
        raise TypeMismatch(
            f"{show_shape(x.shape)} has {product(x.shape)} elements, {show_shape(shape)} has {product(shape)}"
        )
    return TensorType(x.dtype, shape)


def onnx_reshape(e: OnnxEmitter, node: Node, x: str) -> str:
    return e.node("Reshape", x, e.shape(node.shape))


@primitive(
    "reshape",
    type=reshape_type,
    numpy="np.reshape({x}, {shape})",
    onnx=onnx_reshape,
    samples=(
        Sample((f32(3, 4),), {"shape": (2, 6)}),
        Sample((f32(BATCH, 3, 4),), {"shape": (BATCH, 12)}),
        Sample((f32(BATCH, 3, 4),), {"shape": (BATCH * 3, 4)}),
    ),
)
def reshape(g: Value, y: Value, x: Value, *, shape: Shape) -> Value:
    return reshape(g, shape=x.shape)


def transpose_type(x: TensorType, *, axes: tuple[int, ...]) -> TensorType:
    if sorted(axes) != list(range(x.rank)):
        raise TypeMismatch(f"{show_shape(axes)} does not order the {x.rank} axes of {x}")
    return TensorType(x.dtype, tuple(x.shape[axis] for axis in axes))


def onnx_transpose(e: OnnxEmitter, node: Node, x: str) -> str:
    return e.node("Transpose", x, perm=node.attributes["axes"])


@primitive(
    "transpose",
    type=transpose_type,
    numpy="np.transpose({x}, {axes})",
    onnx=onnx_transpose,
    samples=(Sample((f32(3, 4),), {"axes": (1, 0)}), Sample((f32(BATCH, 3, 4),), {"axes": (2, 0, 1)})),
)
def transpose(g: Value, y: Value, x: Value, *, axes: tuple[int, ...]) -> Value:
    return transpose(g, axes=tuple(axes.index(axis) for axis in range(len(axes))))


def broadcast_to_type(x: TensorType, *, shape: Shape) -> TensorType:
    if broadcast(x.shape, shape) != shape:
        raise TypeMismatch(f"{show_shape(x.shape)} does not broadcast to {show_shape(shape)}")
    return TensorType(x.dtype, shape)


def onnx_broadcast_to(e: OnnxEmitter, node: Node, x: str) -> str:
    return e.node("Expand", x, e.shape(node.shape))


@primitive(
    "broadcast_to",
    type=broadcast_to_type,
    numpy="np.broadcast_to({x}, {shape})",
    onnx=onnx_broadcast_to,
    samples=(Sample((f32(3, 1),), {"shape": (3, 4)}), Sample((f32(4),), {"shape": (BATCH, 3, 4)})),
)
def broadcast_to(g: Value, y: Value, x: Value, *, shape: Shape) -> Value:
    return g  # the engine sums it over what was repeated


def concat_type(*xs: TensorType, axis: int) -> TensorType:
    dtype = require_same_dtype(*xs)
    for x in xs:
        require_equal_except(xs[0], x, axis)
    total: Dim = 0
    for x in xs:
        total = total + x.shape[axis]
    return TensorType(dtype, (*xs[0].shape[:axis], total, *xs[0].shape[axis + 1 :]))


@primitive(
    "concat",
    operands="xs",
    variadic=True,
    type=concat_type,
    numpy="np.concatenate(({xs},), axis={axis})",
    onnx="Concat",
    samples=(
        Sample((f32(3, 4), f32(3, 2), f32(3, 1)), {"axis": 1}),
        Sample((f32(BATCH, 3, 4), f32(BATCH, 2, 4)), {"axis": 1}),
        Sample((f32(3, 4),), {"axis": 0}),
    ),
)
def concat(g: Value, y: Value, *xs: Value, axis: int) -> tuple[Value, ...]:
    parts: list[Value] = []
    start: Dim = 0
    for x in xs:
        stop = start + x.shape[axis]
        parts.append(slice(g, axis=axis, start=start, stop=stop, step=1))
        start = stop
    return tuple(parts)


def slice_type(x: TensorType, *, axis: int, start: Dim, stop: Dim, step: int) -> TensorType:
    """Elements `start`, `start + step`, … before `stop`, counted from 0: a negative `stop` is before the first."""
    require_axis(x, axis)
    size = x.shape[axis]
    written = f"{start}:{stop}" if step == 1 else f"{start}:{stop}:{step}"
    if step == 0:
        raise TypeMismatch("a slice needs a step that is not 0")
    if isinstance(start, int) and isinstance(stop, int):
        places = range(start, stop, step)
        if not places:
            raise TypeMismatch(f"{written} holds nothing of an axis of {size}")
        if min(places) < 0 or (isinstance(size, int) and max(places) >= size):
            raise TypeMismatch(f"{written} is not a slice of an axis of {size}")
        length: Dim = len(places)
    elif step == 1:
        length = stop - start
    else:
        raise TypeMismatch(f"a slice by steps of {step} needs a start and stop that are known, not {start} and {stop}")
    return TensorType(x.dtype, (*x.shape[:axis], length, *x.shape[axis + 1 :]))


def numpy_slice(node: Node) -> str:
    axis, start, stop, step = (node.attributes[key] for key in ("axis", "start", "stop", "step"))
    size = node.inputs[0].shape[axis]
    first = "" if start == (0 if step > 0 else size - 1) else numpy_size(start)
    last = "" if (stop == size if step > 0 else stop < 0) else numpy_size(stop)
    return f"{{x}}[{':, ' * axis}{first}:{last}{'' if step == 1 else f':{step}'}]"


def onnx_slice(e: OnnxEmitter, node: Node, x: str) -> str:
    axis, start, stop, step = (node.attributes[key] for key in ("axis", "start", "stop", "step"))
    if step < 0 and stop < 0:
        stop = np.iinfo(np.int64).min  # -1 would be the last element
    return e.node("Slice", x, e.shape((start,)), e.shape((stop,)), e.shape((axis,)), e.shape((step,)))


@primitive(
    "slice",
    type=slice_type,
    numpy=numpy_slice,
    onnx=onnx_slice,
    samples=(
        Sample((f32(3, 6),), {"axis": 1, "start": 2, "stop": 5, "step": 1}),
        Sample((f32(BATCH, 6),), {"axis": 1, "start": 0, "stop": 6, "step": 2}),
        Sample((f32(BATCH, 6),), {"axis": 1, "start": 5, "stop": -1, "step": -1}),
        Sample((f32(BATCH, 3),), {"axis": 0, "start": 1, "stop": BATCH, "step": 1}),
    ),
)
def slice(g: Value, y: Value, x: Value, *, axis: int, start: Dim, stop: Dim, step: int) -> Value:
    size = x.shape[axis]
    if step != 1 and isinstance(start, int) and isinstance(stop, int):
        places = g.builder.constant(np.arange(start, stop, step), "i64")
        return scatter_add(g, places, axis=axis, size=size)
    return pad(g, axis=axis, before=start, after=size - stop)


def pad_type(x: TensorType, *, axis: int, before: Dim, after: Dim) -> TensorType:
    """`before` and `after` zeros are put at the ends of the axis."""
    require(x, FLOATS, "floating-point numbers")
    require_axis(x, axis)
    if any(isinstance(n, int) and n < 0 for n in (before, after)):
        raise TypeMismatch(f"cannot pad by {before} and {after}")
    return TensorType(x.dtype, (*x.shape[:axis], before + x.shape[axis] + after, *x.shape[axis + 1 :]))


def onnx_pad(e: OnnxEmitter, node: Node, x: str) -> str:
    """All axes are told, and that they are all, since ONNX Runtime's optimizer goes wrong both with some and with none:
    it moves a `Transpose` past a `Pad` as if it had no input `axes`, and without that makes the zeros a pool's padding.
    """
    axis, before, after = (node.attributes[key] for key in ("axis", "before", "after"))
    pads: list[Dim] = [0 for _ in range(2 * node.type.rank)]
    pads[axis], pads[node.type.rank + axis] = before, after
    return e.node("Pad", x, e.shape(pads), "", e.shape(range(node.type.rank)))


@primitive(
    "pad",
    type=pad_type,
    numpy="pad({x}, axis={axis}, before={before}, after={after})",
    onnx=onnx_pad,
    samples=(
        Sample((f32(3, 4),), {"axis": 1, "before": 1, "after": 2}),
        Sample((f32(BATCH, 3, 2),), {"axis": 1, "before": 0, "after": 2}),
    ),
    helpers=(helpers.pad,),
)
def pad(g: Value, y: Value, x: Value, *, axis: int, before: Dim, after: Dim) -> Value:
    return slice(g, axis=axis, start=before, stop=before + x.shape[axis], step=1)
