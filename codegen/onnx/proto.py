"""The few ONNX messages that models are made of, built directly: quicker than by `onnx.helper`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    OperatorSetIdProto,
    StringStringEntryProto,
    TensorProto,
    ValueInfoProto,
)

from nndsl.graph.sizes import Dim
from nndsl.graph.types import DType

OPSET = 18
"""The newest set whose kernels ONNX Runtime has all of, on CPU and CUDA (from 22 on some are missing)."""
ML_OPSET = 2
"""Version of `ai.onnx.ml`, which only trained models with named classes as inputs use (`LabelEncoder`)."""
IR_VERSION = 8
"""The version that came with opset 18: every ONNX Runtime since 1.14 reads it."""
PRODUCER = "nndsl"

ELEMENT_TYPES: dict[str, int] = {
    "f32": TensorProto.FLOAT,
    "f64": TensorProto.DOUBLE,
    "i64": TensorProto.INT64,
    "u32": TensorProto.UINT32,
    "u64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}

_ELEMENT_TYPE_OF: dict[np.dtype[Any], int] = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.uint32): TensorProto.UINT32,
    np.dtype(np.uint64): TensorProto.UINT64,
    np.dtype(np.bool_): TensorProto.BOOL,
}


def tensor(name: str, value: np.ndarray[Any, Any]) -> TensorProto:
    return TensorProto(
        name=name,
        dims=value.shape,
        data_type=_ELEMENT_TYPE_OF[value.dtype],
        raw_data=np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False).tobytes(),
    )


def strings(name: str, values: Sequence[str]) -> TensorProto:
    """A vector of strings."""
    return TensorProto(
        name=name, dims=[len(values)], data_type=TensorProto.STRING, string_data=[v.encode() for v in values]
    )


def attribute(name: str, value: Any) -> AttributeProto:
    """An attribute of the kind that the Python value is: int (and bool), float, str, a list of these, or an array."""
    if isinstance(value, bool | int | np.integer):
        return AttributeProto(name=name, type=AttributeProto.INT, i=int(value))
    if isinstance(value, float | np.floating):
        return AttributeProto(name=name, type=AttributeProto.FLOAT, f=float(value))
    if isinstance(value, str):
        return AttributeProto(name=name, type=AttributeProto.STRING, s=value.encode())
    if isinstance(value, np.ndarray):
        return AttributeProto(name=name, type=AttributeProto.TENSOR, t=tensor("", value))
    if all(isinstance(item, str) for item in value):
        return AttributeProto(name=name, type=AttributeProto.STRINGS, strings=[item.encode() for item in value])
    if all(isinstance(item, int | np.integer) for item in value):
        return AttributeProto(name=name, type=AttributeProto.INTS, ints=[int(item) for item in value])
    return AttributeProto(name=name, type=AttributeProto.FLOATS, floats=[float(item) for item in value])


def node(
    op_type: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Any], domain: str = ""
) -> NodeProto:
    return NodeProto(
        op_type=op_type,
        name=outputs[0],
        input=inputs,
        output=outputs,
        domain=domain,
        attribute=[attribute(key, attributes[key]) for key in sorted(attributes)],
    )


def value_info(name: str, dtype: DType | str, shape: Iterable[Dim]) -> ValueInfoProto:
    """A typed value; symbolic sizes are named dimensions."""
    info = ValueInfoProto(name=name)
    info.type.tensor_type.elem_type = ELEMENT_TYPES[dtype]
    dims = info.type.tensor_type.shape.dim
    info.type.tensor_type.shape.SetInParent()  # a scalar has a shape, and it is empty
    for dim in shape:
        if isinstance(dim, int):
            dims.add().dim_value = dim
        else:
            dims.add().dim_param = str(dim)
    return info


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
    domains = {node.domain for node in nodes}
    opsets = [OperatorSetIdProto(domain="", version=OPSET)]
    if "ai.onnx.ml" in domains:
        opsets.append(OperatorSetIdProto(domain="ai.onnx.ml", version=ML_OPSET))
    return ModelProto(
        ir_version=IR_VERSION,
        producer_name=PRODUCER,
        producer_version=metadata.get("nndsl.version", ""),
        opset_import=opsets,
        graph=GraphProto(
            name=name, node=nodes, initializer=initializers, input=inputs, output=outputs, value_info=values
        ),
        metadata_props=[StringStringEntryProto(key=key, value=metadata[key]) for key in metadata],
    )


def serialize(model: ModelProto) -> bytes:
    """The bytes of a model file: the same for the same model."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data
