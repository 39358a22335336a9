"""Every primitive's ONNX lowering, on its own samples: valid, with kernels everywhere, and equal to its NumPy code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_checks import checked, run

import nndsl.ops  # noqa: F401 (fills PRIMITIVES)
from nndsl.codegen.onnx.blocks import Images
from nndsl.codegen.onnx.emit import Emitter
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import PRIMITIVES, Graph, Primitive, Sample
from nndsl.graph.sizes import BATCH, Size
from nndsl.graph.types import NUMPY_DTYPES, TensorType

ROWS = 6
CASES = [(p, sample) for p in PRIMITIVES.values() for sample in p.samples]


def sample_graph(primitive: Primitive, sample: Sample) -> Graph:
    """The sample as a graph; an input `anchor` tells the batch's size where no operand does."""
    builder = Builder()
    builder.input("anchor", TensorType("f32", (BATCH,)))
    operands = [builder.input(f"x{i}", type) for i, type in enumerate(sample.inputs)]
    return builder.graph("sample", {"y": builder.apply(primitive, operands, sample.attributes)})


def sample_values(graph: Graph, sample: Sample, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    values = {}
    for name, node in graph.inputs.items():
        shape = [dim if isinstance(dim, int) else dim.evaluate({"batch": ROWS}) for dim in node.shape]
        if node.type.dtype == "bool":
            values[name] = rng.random(shape) < 0.5
        elif node.type.dtype in ("i64", "u32"):
            values[name] = rng.integers(int(sample.low), int(sample.high) + 1, shape).astype(
                NUMPY_DTYPES[node.type.dtype]
            )
        else:
            values[name] = rng.uniform(sample.low, sample.high, shape).astype(NUMPY_DTYPES[node.type.dtype])
    return values


def emitted(graph: Graph, images: Images | None = None) -> Emitter:
    e = Emitter(graph.name, images=images)
    operands = {name: e.input(name, node.type.dtype, node.shape) for name, node in graph.inputs.items()}
    for name, value in e.graph(graph, operands).items():
        type = graph.outputs[name].type
        e.output(name, value, type.dtype, type.shape)
    return e


@pytest.mark.parametrize(("primitive", "sample"), CASES, ids=[p.name for p, _ in CASES])
def test_agrees_with_numpy(primitive: Primitive, sample: Sample) -> None:
    graph = sample_graph(primitive, sample)
    model = emitted(graph).model({})
    checked(model)
    values = sample_values(graph, sample)
    (expected,) = evaluate(graph, values).values()
    (found,) = run(model, values).values()
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if primitive.name == "random_uniform" or expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)  # integers and uniforms agree bit for bit
    else:
        # A few units in the last place: both sides round each operation, with exp, tanh… of different libraries.
        np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-6)


RANDOM = PRIMITIVES["random_uniform"]


@pytest.mark.parametrize("sample", RANDOM.samples, ids=[str(sample.attributes["shape"]) for sample in RANDOM.samples])
def test_random_numbers_are_the_same_bits_in_models_for_the_processor(sample: Sample) -> None:
    graph = sample_graph(RANDOM, sample)
    model = emitted(graph, images=Images()).model({})
    assert {"BitShift"} <= {node.op_type for node in model.graph.node}
    assert "Div" not in {node.op_type for node in model.graph.node}
    values = sample_values(graph, sample)
    np.testing.assert_array_equal(run(model, values)["y"], evaluate(graph, values)["y"])


def test_samples_cover_symbolic_sizes() -> None:
    assert any(isinstance(dim, Size) for _, s in CASES for type in s.inputs for dim in type.shape)
