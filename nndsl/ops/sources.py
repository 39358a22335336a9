"""Where values come from: inputs, constants and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, Dim
from nndsl.graph.types import NUMPY_DTYPES, DType, TensorType, TypeMismatch


def input_type(*, name: str) -> TensorType:
    raise TypeMismatch(f"the type of the input {name!r} is declared, not derived")


def input_name(node: Node) -> str:
    return str(node.attributes["name"])


def onnx_input(e: OnnxEmitter, node: Node) -> str:
    return input_name(node)


input = primitive("input", operands="", type=input_type, numpy=input_name, onnx=onnx_input, samples=())(None)


def constant_type(*, value: np.ndarray[Any, Any]) -> TensorType:
    dtype = next(name for name, dtype in NUMPY_DTYPES.items() if np.dtype(dtype) == value.dtype)
    return TensorType(dtype, value.shape)


def onnx_constant(e: OnnxEmitter, node: Node) -> str:
    return e.constant(node.attributes["value"])


constant = primitive(
    "constant",
    operands="",
    type=constant_type,
    numpy="{value}",
    onnx=onnx_constant,
    samples=(
        Sample((), {"value": np.array([[1, 2.5], [-3, 1e-30]], np.float32)}),
        Sample((), {"value": np.arange(4)}),
        Sample((), {"value": np.asarray([True, False])}),
    ),
)(None)


def size_type(*, size: Dim, dtype: DType) -> TensorType:
    return TensorType(dtype, ())


def onnx_size(e: OnnxEmitter, node: Node) -> str:
    return e.size(node.attributes["size"], node.type.dtype)


size = primitive(
    "size",
    operands="",
    type=size_type,
    numpy="{dtype}({size})",
    onnx=onnx_size,
    samples=(Sample((), {"size": BATCH, "dtype": "f32"}), Sample((), {"size": BATCH * 3 + 1, "dtype": "i64"})),
)(None)
