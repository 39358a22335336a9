"""Every composite's example, forward and backward: ONNX Runtime gives what NumPy gives."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from test_registry import GRAPHS, draw, identity, weighted_sum
from vocabulary_examples import Example, compiled

from nndsl.codegen.onnx.emit import Emitter
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.library.registry import Composite
from nndsl.transform.differentiate import differentiate
from nndsl.transform.simplify import simplify


@pytest.mark.parametrize("composite", GRAPHS, ids=identity)
def test_agrees_with_numpy(composite: Composite) -> None:
    example = compiled(composite)
    graph = with_gradients(composite, example)
    data = draw(example, graph)
    expected = evaluate(graph, data)
    found = run(simplify(graph), data)
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert found[name].shape == value.shape
        # a few roundings of float32, with exp, tanh… of different libraries
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=2e-6)


def with_gradients(composite: Composite, example: Example) -> Graph:
    """The example's outputs, and the gradients of a weighted sum of its result."""
    builder, result, named = example.graph, example.result, example.outputs
    if composite.kind == "metric" or result.dtype != "f32":
        return builder.graph(composite.name, named)
    total = weighted_sum(result, builder.input("cotangent", result.type))
    graph = builder.graph(composite.name, {**named, "total": total})
    wrt = [name for name, node in graph.inputs.items() if node.type.dtype == "f32" and name != "cotangent"]
    return differentiate(graph, "total", wrt)


def run(graph: Graph, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    e = Emitter(graph.name)
    operands = {name: e.input(name, node.type.dtype, node.shape) for name, node in graph.inputs.items()}
    for name, value in e.graph(graph, operands).items():
        e.output(name, value, graph.outputs[name].type.dtype, graph.outputs[name].shape)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(e.model({}).SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(data)), strict=True))
