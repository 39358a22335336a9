"""The NumPy code against ONNX's own node cases: operators' inputs and outputs, by the authors of the standard."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
from onnx_windows import WINDOWS
from samples import Array, operand

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Primitive
from nndsl.graph.types import NUMPY_DTYPES, TypeMismatch
from nndsl.graph.verify import verify

Attributes = Mapping[str, Any]
Translation = Callable[[list[Value], list[Array], Attributes], Value | None]
"""Operands as graph values and as arrays, and the node's attributes, to our graph (none: not what a graph can say)."""


def plain(primitive: Primitive) -> Translation:
    return lambda values, _, attributes: None if attributes else primitive(*values)


def along(primitive: Primitive, default: int) -> Translation:
    """An operator with an attribute `axis`, which may count from the end."""
    return lambda values, _, attributes: primitive(*values, axis=attributes.get("axis", default) % values[0].rank)


def reduction(primitive: Primitive) -> Translation:
    def translate(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
        x, *rest = values
        given = arrays[1].tolist() if rest else attributes.get("axes", [])
        if x.node.shape == () or 0 in x.node.shape or (not given and attributes.get("noop_with_empty_axes")):
            return None
        axes = tuple(sorted(axis % x.rank for axis in given)) or tuple(range(x.rank))
        return primitive(x, axes=axes, keepdims=bool(attributes.get("keepdims", 1)))

    return translate


def index_of_extreme(primitive: Primitive) -> Translation:
    def translate(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
        if attributes.get("select_last_index"):
            return None
        (x,) = values
        axis = attributes.get("axis", 0) % x.rank
        found = primitive(x, axis=axis)
        kept = tuple(1 if i == axis else size for i, size in enumerate(x.shape))
        return ops.reshape(found, shape=kept) if attributes.get("keepdims", 1) else found

    return translate


def cumsum(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    if attributes.get("exclusive"):
        return None
    return ops.cumsum(values[0], axis=int(arrays[1]) % values[0].rank, reverse=bool(attributes.get("reverse", 0)))


def mod(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    return None if attributes.get("fmod") else ops.mod(*values)


def slices(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    x = values[0]
    starts, ends = arrays[1].tolist(), arrays[2].tolist()
    axes = arrays[3].tolist() if len(arrays) > 3 else range(len(starts))
    steps = arrays[4].tolist() if len(arrays) > 4 else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        size = int(x.shape[axis % x.rank])
        first, last, _ = slice(start, end, step).indices(size)
        if not range(first, last, step):
            return None
        x = ops.slice(x, axis=axis % x.rank, start=first, stop=last, step=step)
    return x


def transpose(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    (x,) = values
    return ops.transpose(x, axes=tuple(attributes.get("perm", range(x.rank)[::-1])))


def reshape(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    x, shape = arrays
    if attributes.get("allowzero"):
        return None
    kept = [x.shape[i] if size == 0 else size for i, size in enumerate(shape.tolist())]
    return ops.reshape(values[0], shape=x.reshape(kept).shape)


def expand(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    return ops.broadcast_to(values[0], shape=np.broadcast_shapes(arrays[0].shape, arrays[1].tolist()))


def pad(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    if attributes.get("mode", b"constant") != b"constant" or len(arrays) != 3:
        return None
    x, filling = values[0], values[2]
    befores, afters = np.split(arrays[1], 2)
    x = x - filling  # ours pads with zeros
    for axis, (before, after) in enumerate(zip(befores.tolist(), afters.tolist(), strict=True)):
        x = ops.pad(x, axis=axis, before=before, after=after)
    return x + filling


def scatter(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    data, indices, updates = values
    if attributes.get("reduction") != b"add" or np.any(arrays[1] < 0):
        return None
    axis = attributes.get("axis", 0) % data.rank
    return data + ops.put_along(updates, indices, axis=axis, size=data.shape[axis])


def cast(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
    target = onnx.helper.tensor_dtype_to_np_dtype(attributes["to"])
    dtype = next((name for name, known in NUMPY_DTYPES.items() if np.dtype(known) == target), None)
    return dtype and ops.cast(values[0], dtype=dtype)


def extreme(primitive: Primitive) -> Translation:
    """`Max` and `Min` take any number of operands."""

    def translate(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
        result = values[0]
        for value in values[1:]:
            result = primitive(result, value)
        return result

    return translate


TRANSLATIONS: dict[str, Translation] = {
    **{
        name: plain(primitive)
        for name, primitive in {
            "Abs": ops.abs,
            "Add": ops.add,
            "And": ops.logical_and,
            "Cos": ops.cos,
            "Div": ops.div,
            "Equal": ops.equal,
            "Erf": ops.erf,
            "Exp": ops.exp,
            "Floor": ops.floor,
            "Greater": ops.greater,
            "GreaterOrEqual": ops.greater_equal,
            "Less": ops.less,
            "LessOrEqual": ops.less_equal,
            "Log": ops.log,
            "MatMul": ops.matmul,
            "Mul": ops.mul,
            "Neg": ops.neg,
            "Not": ops.logical_not,
            "Or": ops.logical_or,
            "Pow": ops.pow,
            "Relu": ops.relu,
            "Round": ops.round,
            "Sigmoid": ops.sigmoid,
            "Sign": ops.sign,
            "Sin": ops.sin,
            "Softplus": ops.softplus,
            "Sqrt": ops.sqrt,
            "Sub": ops.sub,
            "Tanh": ops.tanh,
            "Where": ops.where,
        }.items()
    },
    "Concat": along(ops.concat, 0),
    "Softmax": along(ops.softmax, -1),
    "LogSoftmax": along(ops.log_softmax, -1),
    "Gather": along(ops.gather, 0),
    "GatherElements": along(ops.take_along, 0),
    "ScatterElements": scatter,
    "ReduceSum": reduction(ops.reduce_sum),
    "ReduceMean": reduction(ops.reduce_mean),
    "ReduceMax": reduction(ops.reduce_max),
    "ReduceMin": reduction(ops.reduce_min),
    "ArgMax": index_of_extreme(ops.argmax),
    "ArgMin": index_of_extreme(ops.argmin),
    "CumSum": cumsum,
    "Mod": mod,
    "Max": extreme(ops.maximum),
    "Min": extreme(ops.minimum),
    "Slice": slices,
    "Transpose": transpose,
    "Reshape": reshape,
    "Expand": expand,
    "Pad": pad,
    "Cast": cast,
    **WINDOWS,
}


@cache
def node_cases() -> dict[str, list[Any]]:
    """The cases of one node of the standard domain, by operator."""
    from onnx.backend.test.case.node import collect_testcases

    found: dict[str, list[Any]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some cases are made by computing what overflows
        for case in collect_testcases(None):
            graph = case.model.graph if case.model is not None else None
            if graph is not None and len(graph.node) == 1 and not graph.node[0].domain:
                found.setdefault(graph.node[0].op_type, []).append(case)
    return found


def as_array(value: Any) -> Array | None:
    """A tensor of a case, if it is of a type that graphs have (there are float16, strings and sequences)."""
    if isinstance(value, onnx.TensorProto):
        value = onnx.numpy_helper.to_array(value)
    if not isinstance(value, np.ndarray | np.generic) or not np.size(value):
        return None
    array = np.asarray(value)
    if array.dtype == np.int32:
        array = array.astype(np.int64)
    return array if array.dtype in {np.dtype(dtype) for dtype in NUMPY_DTYPES.values()} else None


def translated(operator: str, builder: Builder, arrays: list[Array], attributes: Attributes) -> Value | None:
    """The case in our primitives; none where their type rules refuse it, as some do whole numbers."""
    values = [operand(builder, f"x{i}", array) for i, array in enumerate(arrays)]
    try:
        return TRANSLATIONS[operator](values, arrays, attributes)
    except TypeMismatch:
        return None


@pytest.mark.parametrize("operator", sorted(TRANSLATIONS))
def test_cases_of(operator: str) -> None:
    ran = 0
    for case in node_cases()[operator]:
        (node,) = case.model.graph.node
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        for inputs, (output, *_) in case.data_sets:
            arrays = [array for value in inputs if (array := as_array(value)) is not None]
            expected = as_array(output)
            if expected is None or len(arrays) < len(inputs):
                continue
            builder = Builder()
            y = translated(operator, builder, arrays, attributes)
            if y is None:
                continue
            graph = verify(builder.graph(case.name, {"y": y}))
            found = evaluate(graph, {f"x{i}": array for i, array in enumerate(arrays)})["y"]
            assert found.dtype == expected.dtype, case.name
            # the cases hold results that were rounded once; ours are rounded at each of a few operations
            np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-6, err_msg=case.name)
            ran += 1
    assert ran, f"no case of {operator} can be said in a graph"
