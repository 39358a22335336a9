"""What a model file says of itself: `nndsl.version`, `nndsl.source`, `nndsl.states` and `nndsl.interface`.

The last two are JSON, so that a program in any language can find a state in the tensor that it lies in, and knows the
kinds, shapes and class names of what goes in and comes out and how a metric is finished.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nndsl import __version__
from nndsl.codegen.onnx.packing import StateTensor
from nndsl.graph.facets import numpy_literal
from nndsl.graph.node import Graph, Node
from nndsl.graph.types import Shape, TensorType
from nndsl.model.network import Declared, OutputSpec
from nndsl.transform.step import MetricPlan, Step


def model_metadata(step: Step, tensors: Sequence[StateTensor]) -> dict[str, str]:
    """The metadata of a model that takes these tensors."""
    return {
        "nndsl.version": __version__,
        "nndsl.source": step.source.text,
        "nndsl.states": _json([_tensor(tensor) for tensor in tensors]),
        "nndsl.interface": _json(interface(step)),
    }


def interface(step: Step) -> dict[str, Any]:
    """Inputs, targets, outputs and metrics as plain data; shapes are one example's."""
    return {
        "inputs": [_declared(item) for item in step.network.inputs],
        "targets": [_declared(item) for item in step.network.targets],
        "outputs": [_output(item, step.predict.outputs[item.name].type) for item in step.network.outputs],
        "metrics": [_metric(plan) for plan in step.metrics],
    }


def _tensor(tensor: StateTensor) -> dict[str, Any]:
    pieces = [{"name": p.name, "role": p.role, "offset": p.offset, "shape": list(p.shape)} for p in tensor.pieces]
    return {"tensor": tensor.name, "shape": list(tensor.shape), "pieces": pieces}


def _declared(item: Declared) -> dict[str, Any]:
    described: dict[str, Any] = {"name": item.name, "kind": item.kind, "shape": _shape(item.shape)}
    if item.classes is not None:
        described["classes"] = item.classes.count if item.classes.names is None else list(item.classes.names)
        described["unknown"] = item.classes.unknown
    return described


def _output(item: OutputSpec, type: TensorType) -> dict[str, Any]:
    shape = type.shape[1:] if type.batched else type.shape
    if item.classes is None:
        return {"name": item.name, "kind": type.dtype, "shape": _shape(shape)}
    described: dict[str, Any] = {"name": item.name, "kind": "class", "shape": _shape(shape)}
    classes = item.classes.classes
    if classes is not None:
        described["classes"] = classes.count if classes.names is None else list(classes.names)
    return described


def _metric(plan: MetricPlan) -> dict[str, Any]:
    described: dict[str, Any] = {"name": plan.name, "accumulators": list(plan.accumulators)}
    if plan.kept:
        described["kept"] = list(plan.kept)
    return {**described, "formula": formula(plan.finish)}


SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^"}


def formula(graph: Graph) -> str:
    """A finishing graph as one expression over the accumulators' names: signs, else primitives as functions."""

    def write(node: Node, inside: bool = True) -> str:
        if node.op == "input":
            return str(node.attributes["name"])
        if node.op == "constant":
            return numpy_literal(node.attributes["value"])
        if node.op in SIGNS:
            left, right = (write(operand) for operand in node.inputs)
            return f"({left} {SIGNS[node.op]} {right})" if inside else f"{left} {SIGNS[node.op]} {right}"
        arguments = [write(operand, inside=False) for operand in node.inputs]
        settings = [f"{key} = {numpy_literal(value)}" for key, value in node.attributes.items()]
        return f"{node.op}({', '.join([*arguments, *settings])})"

    return write(graph.outputs["value"], inside=False)


def _shape(shape: Shape) -> list[int | str]:
    return [dim if isinstance(dim, int) else str(dim) for dim in shape]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
