"""Primitives that take elements by index, their gradients, which add into place, and running sums."""

from __future__ import annotations

import numpy as np

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, Dim, product, show_shape
from nndsl.graph.types import DType, TensorType, TypeMismatch
from nndsl.ops import helpers
from nndsl.ops.rules import SIGNED, f32, i64, require, require_axis, require_equal_except, scalar

INDEX: frozenset[DType] = frozenset({"i64"})


def gather_type(x: TensorType, indices: TensorType, *, axis: int) -> TensorType:
    """The axis is replaced by the axes of the indices."""
    require_axis(x, axis)
    require(indices, INDEX, "indices of type i64")
    return TensorType(x.dtype, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


@primitive(
    "gather",
    operands="x indices",
    type=gather_type,
    numpy="{x}.take({indices}, axis={axis})",
    onnx="Gather",
    samples=(
        Sample((f32(5, 4), i64(BATCH, 3)), {"axis": 0}, low=0, high=4),
        Sample((f32(BATCH, 5), i64(3)), {"axis": 1}, low=0, high=4),
        Sample((f32(5), i64()), {"axis": 0}, low=0, high=4),
    ),
)
def gather(g: Value, y: Value, x: Value, indices: Value, *, axis: int) -> tuple[Value, None]:
    return scatter_add(g, indices, axis=axis, size=x.shape[axis]), None


def scatter_add_type(updates: TensorType, indices: TensorType, *, axis: int, size: Dim) -> TensorType:
    """The axes of the indices, which start at `axis`, are replaced by one of `size`."""
    require(indices, INDEX, "indices of type i64")
    end = axis + indices.rank
    if updates.shape[axis:end] != indices.shape:
        raise TypeMismatch(
            f"updates {show_shape(updates.shape)} do not have indices {show_shape(indices.shape)} from axis {axis} on"
        )
    return TensorType(updates.dtype, (*updates.shape[:axis], size, *updates.shape[end:]))


def zeros(e: OnnxEmitter, node: Node) -> str:
    return e.node("Expand", e.constant(scalar(0, node.type.dtype)), e.shape(node.shape))


def onnx_scatter_add(e: OnnxEmitter, node: Node, updates: str, indices: str) -> str:
    """`ScatterElements` wants one index for each element of the updates."""
    axis, index = node.attributes["axis"], node.inputs[1].shape
    places = product(index)
    if len(index) != 1:
        updates = e.node("Reshape", updates, e.shape((*node.shape[:axis], places, *node.shape[axis + 1 :])))
    indices = e.node("Reshape", indices, e.shape((places, *(1 for _ in node.shape[axis + 1 :]))))
    indices = e.node("Expand", indices, e.shape((*node.shape[:axis], places, *node.shape[axis + 1 :])))
    return e.node("ScatterElements", zeros(e, node), indices, updates, axis=axis, reduction="add")


@primitive(
    "scatter_add",
    operands="updates indices",
    type=scatter_add_type,
    numpy="scatter_add({updates}, {indices}, axis={axis}, size={size})",
    onnx=onnx_scatter_add,
    samples=(
        Sample((f32(BATCH, 3, 4), i64(BATCH, 3)), {"axis": 0, "size": 5}, low=0, high=4),
        Sample((f32(BATCH, 7), i64(7)), {"axis": 1, "size": 5}, low=0, high=4),
        Sample((f32(), i64()), {"axis": 0, "size": 5}, low=0, high=4),
    ),
    helpers=(helpers.added, helpers.scatter_add),
)
def scatter_add(g: Value, y: Value, updates: Value, indices: Value, *, axis: int, size: Dim) -> tuple[Value, None]:
    return gather(g, indices, axis=axis), None


def take_along_type(x: TensorType, indices: TensorType, *, axis: int) -> TensorType:
    require(indices, INDEX, "indices of type i64")
    require_equal_except(x, indices, axis)
    return TensorType(x.dtype, indices.shape)


@primitive(
    "take_along",
    operands="x indices",
    type=take_along_type,
    numpy="np.take_along_axis({x}, {indices}, axis={axis})",
    onnx="GatherElements",
    samples=(
        Sample((f32(BATCH, 5), i64(BATCH, 1)), {"axis": 1}, low=0, high=4),
        Sample((f32(5, 3, 2), i64(4, 3, 2)), {"axis": 0}, low=0, high=4),
    ),
)
def take_along(g: Value, y: Value, x: Value, indices: Value, *, axis: int) -> tuple[Value, None]:
    return put_along(g, indices, axis=axis, size=x.shape[axis]), None


def put_along_type(updates: TensorType, indices: TensorType, *, axis: int, size: Dim) -> TensorType:
    require_axis(updates, axis)
    require(indices, INDEX, "indices of type i64")
    if updates.shape != indices.shape:
        raise TypeMismatch(f"updates {show_shape(updates.shape)} and indices {show_shape(indices.shape)} differ")
    return TensorType(updates.dtype, (*updates.shape[:axis], size, *updates.shape[axis + 1 :]))


def onnx_put_along(e: OnnxEmitter, node: Node, updates: str, indices: str) -> str:
    return e.node("ScatterElements", zeros(e, node), indices, updates, axis=node.attributes["axis"], reduction="add")


@primitive(
    "put_along",
    operands="updates indices",
    type=put_along_type,
    numpy="put_along({updates}, {indices}, axis={axis}, size={size})",
    onnx=onnx_put_along,
    samples=(
        Sample((f32(BATCH, 1), i64(BATCH, 1)), {"axis": 1, "size": 5}, low=0, high=4),
        Sample((f32(7, 3, 2), i64(7, 3, 2)), {"axis": 0, "size": 5}, low=0, high=4),
    ),
    helpers=(helpers.added, helpers.put_along),
)
def put_along(g: Value, y: Value, updates: Value, indices: Value, *, axis: int, size: Dim) -> tuple[Value, None]:
    return take_along(g, indices, axis=axis), None


def cumsum_type(x: TensorType, *, axis: int, reverse: bool) -> TensorType:
    require(x, SIGNED, "signed numbers")
    require_axis(x, axis)
    return x


def numpy_cumsum(node: Node) -> str:
    if not node.attributes["reverse"]:
        return "np.cumsum({x}, axis={axis})"
    return "np.flip(np.cumsum(np.flip({x}, {axis}), axis={axis}), {axis})"


def onnx_cumsum(e: OnnxEmitter, node: Node, x: str) -> str:
    axis = e.constant(np.asarray(node.attributes["axis"], np.int64))
    return e.node("CumSum", x, axis, reverse=int(node.attributes["reverse"]))


@primitive(
    "cumsum",
    type=cumsum_type,
    numpy=numpy_cumsum,
    onnx=onnx_cumsum,
    samples=(
        Sample((f32(3, 4),), {"axis": 1, "reverse": False}),
        Sample((f32(BATCH, 3, 4),), {"axis": 1, "reverse": True}),
        Sample((i64(5),), {"axis": 0, "reverse": False}, low=-9, high=9),
    ),
)
def cumsum(g: Value, y: Value, x: Value, *, axis: int, reverse: bool) -> Value:
    return cumsum(g, axis=axis, reverse=not reverse)
