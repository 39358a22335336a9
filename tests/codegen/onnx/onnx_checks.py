"""What every emitted model must satisfy, checked by `onnx` and against the lists of ONNX Runtime's kernels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}
RANDOM = {
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
    "Dropout",
}

Kernels = Mapping[str, list[tuple[int, int | None, dict[str, set[str]]]]]


@cache
def kernels(provider: str) -> Kernels:
    """The kernels of `cpu` or `cuda` by operator: first and last version, element types by type parameter."""
    table: dict[str, list[tuple[int, int | None, dict[str, set[str]]]]] = {}
    for line in (Path(__file__).parent / f"{provider}_kernels.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        operator, versions, constraints = line.split("\t")
        first, _, last = versions.partition("-")
        types = {name: set(types.split(",")) for name, types in (c.split(":") for c in constraints.split("; "))}
        table.setdefault(operator, []).append((int(first), int(last) if last else None, types))
    return table


def checked(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with all types inferred, after the checks that hold for each; raises where one fails."""
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    for node in model.graph.node:
        assert node.domain == ""
        assert node.op_type not in CONTROL_FLOW | RANDOM, f"{node.op_type} in {model.graph.name}"
    for provider in ("cpu", "cuda"):
        assert missing_kernels(inferred, provider) == []
    return inferred


def missing_kernels(model: onnx.ModelProto, provider: str) -> list[str]:
    """The nodes of a type-inferred model for which a provider has no kernel of the right version and types.

    ONNX Runtime's rule: a kernel whose range of versions is open serves only the version that it begins with.
    """
    types = _element_types(model)
    missing = []
    for node in model.graph.node:
        schema = onnx.defs.get_schema(node.op_type, 18)
        version = schema.since_version
        fitting = [
            constraints
            for first, last, constraints in kernels(provider).get(node.op_type, [])
            if version == first or (last is not None and first <= version <= last)
        ]
        used = _type_parameters(node, schema, types)
        if not any(all(t in c.get(name, {t}) for name, t in used) for c in fitting):
            missing.append(f"{node.name}: {node.op_type}-{version} {sorted(used)}")
    return missing


def _element_types(model: onnx.ModelProto) -> dict[str, str]:
    graph = model.graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for value in (*graph.input, *graph.output, *graph.value_info):
        types[value.name] = value.type.tensor_type.elem_type
    return {name: onnx.TensorProto.DataType.Name(type).lower() for name, type in types.items()}


def _type_parameters(
    node: onnx.NodeProto, schema: onnx.defs.OpSchema, types: Mapping[str, str]
) -> set[tuple[str, str]]:
    """The type parameters of the operator's schema, each with the element type that it has at this node."""
    found = set()
    for names, formals in ((node.input, schema.inputs), (node.output, schema.outputs)):
        for i, name in enumerate(names):
            formal = formals[min(i, len(formals) - 1)]
            if name:
                found.add((formal.type_str, types[name]))
    return found


def run(model: onnx.ModelProto | bytes, inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """All outputs by name, by onnxruntime alone."""
    data = model if isinstance(model, bytes) else model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))
