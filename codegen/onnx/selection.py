"""Gradients of rows taken by index, as products with a sparse matrix that a session makes of the indices.

    scatter_add(g, x)                 S @ g      S [kinds, places]: in column i a 1 at row x[i]
    scatter_add(stretched rows, x)    S @ rows   S [kinds, rows]: all places of a row share its column

ONNX Runtime adds up by `ScatterElements` one number after the other, each with an index of its own; its product of a
sparse matrix and another one adds up whole rows, in the same order. For an embedding of 20 000 x 32 and 3200 places
that takes 0.07 ms in place of 0.7, zeros included. No operator makes a sparse matrix, so this is for indices that are
data, in sessions on the CPU: their matrix is made once, in memory where the indices of each batch are copied to. It has
no rows that count from the end, so data must be known to hold none such: those that go into an `embedding`, classes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from nndsl.codegen.backend import Array, Arrays
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Graph, Node, Primitive
from nndsl.graph.sizes import Dim, known, product
from nndsl.graph.types import Shape, TensorType
from nndsl.transform.rewrite import keep_name, rewrite

DOMAIN = "com.microsoft"

GIVEN = "nndsl.selection."
"""How the names of models' inputs begin that are such matrices."""


def with_selections(graph: Graph, data: Collection[str]) -> Graph:
    """The graph with a product in place of each sum of rows [kinds, …] at indices that are data of these names, none
    of which is negative."""
    selections: dict[tuple[object, ...], Node] = {}

    def rule(node: Node) -> Node:
        if node.op != "scatter_add" or node.attributes["axis"] != 0 or node.type.dtype != "f32":
            return node
        updates, indices = node.inputs
        if indices.op != "input" or indices.attributes["name"] not in data:
            return node
        axes = indices.type.rank
        rows = _before_stretching(updates, axes)
        kinds, shape = node.attributes["size"], rows.shape[:axes]
        key = indices, kinds, shape
        if key not in selections:
            selections[key] = _made(SELECTION, (indices,), node, kinds=kinds, rows=shape)
        return keep_name(node, _made(SELECTED_SUMS, (selections[key], rows), node, axes=axes))

    return rewrite(graph, rule)


@dataclass(frozen=True)
class Selected:
    """A matrix [kinds, rows] with ones at (indices[i], columns[i])."""

    shape: tuple[int, int]
    indices: Array
    """Memory of the data."""
    columns: Array


def selected(node: Node, data: Arrays, sizes: Mapping[str, int]) -> Selected:
    """What a `selection` of data is in memory."""
    indices = data[node.inputs[0].attributes["name"]]
    kinds, count = (known(dim, sizes) for dim in node.shape)
    rows = np.arange(count).reshape([known(dim, sizes) for dim in node.attributes["rows"]])
    return Selected((kinds, count), indices.reshape(-1), np.broadcast_to(rows, indices.shape).reshape(-1))


def _before_stretching(updates: Node, axes: int) -> Node:
    """What is the same at several places, once, if updates are that: their first axes are those of the places."""
    if updates.op != "broadcast_to":
        return updates
    (rows,) = updates.inputs
    is_whole = rows.type.rank == updates.type.rank and rows.shape[axes:] == updates.shape[axes:]
    return rows if is_whole else updates


def _made(primitive: Primitive, operands: tuple[Node, ...], node: Node, **attributes: object) -> Node:
    type_ = primitive.type(*(operand.type for operand in operands), **attributes)
    return Node(primitive, operands, attributes, type_, node.origin)


def _selection_type(indices: TensorType, *, kinds: Dim, rows: Shape) -> TensorType:
    return TensorType("f32", (kinds, product(rows)))


def _selected_sums_type(selection: TensorType, rows: TensorType, *, axes: int) -> TensorType:
    return TensorType(rows.dtype, (selection.shape[0], *rows.shape[axes:]))


def selected_product(e: OnnxEmitter, selection: str, rows: str) -> str:
    """Of a sparse matrix and a dense one."""
    return e.nodes("SparseToDenseMatMul", (selection, rows), 1, domain=DOMAIN)[0]


def _onnx_selected_sums(e: OnnxEmitter, node: Node, selection: str, rows: str) -> str:
    if node.attributes["axes"] != 1 or node.type.rank != 2:
        rows = e.node("Reshape", rows, e.shape((-1, product(node.shape[1:]))))
    sums = selected_product(e, selection, rows)
    return sums if node.type.rank == 2 else e.node("Reshape", sums, e.shape(node.shape))


SELECTION = Primitive("selection", ("indices",), _selection_type, "", "", None, ())
"""[kinds, rows]: in column i as many ones as there are indices at the places that row i is stretched to, each at the
row of its index. A session gives it to its models."""

SELECTED_SUMS = Primitive(
    "selected_sums", ("selection", "rows"), _selected_sums_type, "", _onnx_selected_sums, None, ()
)
"""The sums of the rows for each kind."""
