"""The messages that a model file is made of, and the versions of what it is written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from nndsl.graph.sizes import Dim

OPSET = 18
"""The newest set whose kernels ONNX Runtime has all of, on CPU and CUDA (from 22 on some are missing)."""
DOMAINS = {"ai.onnx.ml": 2, "com.microsoft.nchwc": 1, "com.microsoft": 1}
"""Versions of other domains: of `LabelEncoder`, which only trained models with named classes as inputs use, and of
convolutions in blocks of channels and of sparse products, which only sessions on the CPU use."""
IR_VERSION = 8
"""The version that came with opset 18: every ONNX Runtime since 1.14 reads it."""

ELEMENT_TYPES: Mapping[str, int] = {
    "f32": TensorProto.FLOAT,
    "f64": TensorProto.DOUBLE,
    "i64": TensorProto.INT64,
    "u32": TensorProto.UINT32,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}
"""ONNX's number for each element type of graphs, and for strings, which only trained models have."""


def tensor(name: str, value: np.ndarray[Any, Any]) -> TensorProto:
    """A constant; an array of objects holds strings."""
    return numpy_helper.from_array(value, name)


def node(
    op_type: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Any], domain: str = ""
) -> NodeProto:
    """A node that is called by its first output, so that profiles and errors name the value it makes."""
    return helper.make_node(op_type, inputs, outputs, name=outputs[0], domain=domain, **attributes)


def value_info(name: str, dtype: str, shape: Iterable[Dim]) -> ValueInfoProto:
    """A typed value; symbolic sizes are named dimensions."""
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], _dimensions(shape))


def sparse_value_info(name: str, dtype: str, shape: Iterable[Dim]) -> ValueInfoProto:
    return helper.make_sparse_tensor_value_info(name, ELEMENT_TYPES[dtype], _dimensions(shape))


def _dimensions(shape: Iterable[Dim]) -> list[int | str]:
    return [dim if isinstance(dim, int) else str(dim) for dim in shape]


def model(
    name: str,
    *,
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    nodes: Sequence[NodeProto],
    initializers: Sequence[TensorProto],
    values: Sequence[ValueInfoProto],
    metadata: Mapping[str, str],
) -> ModelProto:
    opsets = [helper.make_opsetid("", OPSET)]
    domains = {node.domain for node in nodes}
    opsets += [helper.make_opsetid(domain, version) for domain, version in DOMAINS.items() if domain in domains]
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers, value_info=values)
    message = helper.make_model(
        graph,
        opset_imports=opsets,
        ir_version=IR_VERSION,
        producer_name="nndsl",
        producer_version=metadata.get("nndsl.version", ""),
    )
    helper.set_model_props(message, dict(metadata))
    return message


def serialize(model: ModelProto) -> bytes:
    """The bytes of a model file: the same for the same model."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data
