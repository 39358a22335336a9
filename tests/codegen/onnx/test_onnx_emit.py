"""Emission: names, shared constants, sizes from shapes, and what is emitted fused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx_checks import checked, run

from nndsl import ops
from nndsl.codegen.onnx.blocks import Images
from nndsl.codegen.onnx.emit import Emitter
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph, Origin
from nndsl.graph.sizes import BATCH, Dim, symbol
from nndsl.graph.types import TensorType

N = symbol("n")


def model_of(graph: Graph, images: Images | None = None) -> onnx.ModelProto:
    e = Emitter(graph.name, images=images)
    operands = {name: e.input(name, node.type.dtype, node.shape) for name, node in graph.inputs.items()}
    for name, value in e.graph(graph, operands).items():
        e.output(name, value, graph.outputs[name].type.dtype, graph.outputs[name].shape)
    model = e.model({})
    checked(model)
    return model


def f32(b: Builder, name: str, *shape: Dim) -> Value:
    return b.input(name, TensorType("f32", shape))


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def values(graph: Graph, **sizes: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    known = {"batch": 5, "n": 3, **sizes}
    shapes = {
        name: [dim if isinstance(dim, int) else dim.evaluate(known) for dim in node.shape]
        for name, node in graph.inputs.items()
    }
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def agrees(graph: Graph, model: onnx.ModelProto) -> None:
    inputs = values(graph)
    found = run(model, inputs)
    for name, value in evaluate(graph, inputs).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


def test_names_are_the_programs() -> None:
    b = Builder()
    x = f32(b, "x", BATCH, 4)
    with b.at(Origin("hidden")):
        h = ops.tanh(x)
    with b.at(Origin("hidden", phase="backward")):
        g = ops.tanh(ops.tanh(h)).named("d_x")
    model = model_of(b.graph("g", {"y": ops.exp(g)}))
    assert [node.output[0] for node in model.graph.node] == ["hidden/Tanh", "hidden/backward/Tanh", "d_x", "y"]


def test_a_name_inside_gives_way_to_the_interface() -> None:
    b = Builder()
    x = f32(b, "x", BATCH)
    first = ops.exp(x).named("y")
    model = model_of(b.graph("g", {"y": ops.sqrt(first), "z": ops.log(first)}))
    assert [node.output[0] for node in model.graph.node] == ["y_2", "y", "z"]


def test_no_name_of_a_program_meets_one_of_ours() -> None:
    b = Builder()
    names = ["constant_1", "constant", "Add", "Shape", "strings_1"]
    total = sum((f32(b, name, BATCH) for name in names), b.size(BATCH) + 2.0)
    graph = b.graph("g", {"Add_2": total})
    agrees(graph, model_of(graph))


def test_inputs_constants_and_repeated_values_can_be_outputs() -> None:
    b = Builder()
    x = f32(b, "x", BATCH)
    y = ops.exp(x)
    graph = b.graph("g", {"same": x, "one": b.constant(1.0, "f32"), "first": y, "second": y})
    model = model_of(graph)
    assert operators(model) == ["Exp", "Identity", "Identity", "Identity"]
    agrees(graph, model)


def test_unused_inputs_stay() -> None:
    b = Builder()
    x = f32(b, "x", BATCH)
    f32(b, "unused", BATCH, 2)
    assert [i.name for i in model_of(b.graph("g", {"y": ops.exp(x)})).graph.input] == ["x", "unused"]


def test_equal_constants_and_equal_nodes_are_shared() -> None:
    b = Builder()
    x = f32(b, "x", BATCH)
    model = model_of(b.graph("g", {"y": x * 2.0, "z": (x + 2.0) - b.size(BATCH), "n": x / b.size(BATCH)}))
    assert len(model.graph.initializer) == 1
    assert operators(model).count("Size") == 1


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ((BATCH, N), (BATCH, N, 7)),
        ((BATCH, 2 * N + 1), (N, 3)),  # the symbol solved from an axis that holds it
        ((BATCH, N), (2 * BATCH * N + 3, N // 2 + 1)),
        ((BATCH, N, 4), (BATCH, N, 4)),
        ((BATCH, N), (4, 2, BATCH)),
    ],
    ids=str,
)
def test_symbolic_shapes_are_computed_from_the_inputs(declared: tuple[Dim, ...], wanted: tuple[Dim, ...]) -> None:
    b = Builder()
    f32(b, "x", *declared)
    graph = b.graph("g", {"y": ops.broadcast_to(b.constant(1.5, "f32"), shape=wanted)})
    found = run(model_of(graph), values(graph))["y"]
    assert found.shape == tuple(dim if isinstance(dim, int) else dim.evaluate({"batch": 5, "n": 3}) for dim in wanted)


def test_an_inputs_whole_shape_is_one_node() -> None:
    b = Builder()
    f32(b, "x", BATCH, N, 4)
    model = model_of(b.graph("g", {"y": ops.broadcast_to(b.constant(0.0, "f32"), shape=(BATCH, N, 4))}))
    assert operators(model) == ["Shape", "Expand"]


def test_a_size_that_no_input_tells_is_an_error() -> None:
    b = Builder()
    f32(b, "x", BATCH)
    with pytest.raises(KeyError, match="no input tells the size n"):
        model_of(b.graph("g", {"y": b.size(N)}))


def test_dense_layers_become_gemm() -> None:
    b = Builder()
    x, W, bias = f32(b, "x", BATCH, 4), f32(b, "W", 4, 2), f32(b, "b", 2)
    graph = b.graph("g", {"y": x @ W + bias, "z": bias + x @ W})
    model = model_of(graph)
    assert operators(model) == ["Gemm", "Identity"]  # either way round it is the same
    agrees(graph, model)


def test_transposed_operands_are_read_as_they_lie() -> None:
    b = Builder()
    x, g, W = f32(b, "x", BATCH, 4), f32(b, "g", BATCH, 2), f32(b, "W", 4, 2)
    graph = b.graph("g", {"dW": ops.transpose(x, axes=(1, 0)) @ g, "dx": g @ ops.transpose(W, axes=(1, 0)), "y": x @ W})
    model = model_of(graph)
    assert operators(model) == ["Gemm", "Gemm", "MatMul"]
    agrees(graph, model)


def test_a_product_that_is_used_twice_is_not_absorbed() -> None:
    b = Builder()
    x, W, bias = f32(b, "x", BATCH, 4), f32(b, "W", 4, 2), f32(b, "b", 2)
    product = x @ W
    graph = b.graph("g", {"y": product + bias, "z": ops.tanh(product)})
    model = model_of(graph)
    assert sorted(operators(model)) == ["Add", "MatMul", "Tanh"]
    agrees(graph, model)


def test_what_would_stretch_the_product_is_not_absorbed() -> None:
    b = Builder()
    x, W, wide = f32(b, "x", 1, 4), f32(b, "W", 4, 2), f32(b, "c", BATCH, 2)
    graph = b.graph("g", {"y": x @ W + wide})
    model = model_of(graph)
    assert operators(model) == ["MatMul", "Add"]
    agrees(graph, model)


def test_products_of_more_axes_stay_matmul() -> None:
    b = Builder()
    x, W, bias = f32(b, "x", BATCH, 3, 4), f32(b, "W", 4, 2), f32(b, "b", 2)
    graph = b.graph("g", {"y": x @ W + bias})
    model = model_of(graph)
    assert operators(model) == ["MatMul", "Add"]
    agrees(graph, model)


def test_a_reshape_infers_its_one_symbolic_size() -> None:
    b = Builder()
    x = f32(b, "x", BATCH, 4, N)
    graph = b.graph(
        "g",
        {"y": ops.reshape(x, shape=(BATCH * N, 4)), "z": ops.reshape(x, shape=(BATCH, 2, 2 * N))},
    )
    model = model_of(graph)
    assert operators(model).count("Shape") == 2  # for z, whose shape has two symbolic sizes
    agrees(graph, model)


def test_the_mean_of_all_needs_no_reshape() -> None:
    b = Builder()
    x = f32(b, "x", BATCH, 3)
    flat = ops.reshape(x, shape=(3 * BATCH,))
    whole = ops.reduce_mean(-flat, axes=(0,), keepdims=False)
    other = ops.reduce_sum(flat, axes=(0,), keepdims=False)
    graph = b.graph("whole", {"mean": whole, "sum": other})
    model = model_of(graph)
    assert sorted(operators(model)) == ["Neg", "ReduceMean", "ReduceSum"]
    agrees(graph, model)


def test_a_negation_that_something_else_needs_keeps_its_shape() -> None:
    b = Builder()
    negated = -ops.reshape(f32(b, "x", BATCH, 3), shape=(3 * BATCH,))
    graph = b.graph("both", {"mean": ops.reduce_mean(negated, axes=(0,), keepdims=False), "negated": negated})
    model = model_of(graph)
    assert "Reshape" in operators(model)
    agrees(graph, model)


def test_a_scaled_row_and_another_are_one_operator_on_this_processor_alone() -> None:
    b = Builder()
    m, g, column = f32(b, "m", 1, 9), f32(b, "g", 1, 9), f32(b, "c", 9, 1)
    graph = b.graph("sums", {"row": m * 0.9 + g, "other_way": g + 0.5 * m, "wide": column * 0.9 + g})
    assert sorted(operators(model_of(graph))) == ["Add"] * 3 + ["Mul"] * 3
    model = model_of(graph, images=Images())
    assert sorted(operators(model)) == ["Add", "Gemm", "Gemm", "Mul"]
    agrees(graph, model)


@pytest.mark.parametrize(("columns", "on_this_processor"), [(256, ["Transpose", "Gemm"]), (255, ["Gemm"])])
def test_a_wide_products_left_operand_is_transposed_before_it(columns: int, on_this_processor: list[str]) -> None:
    b = Builder()
    x, g = f32(b, "x", BATCH, 7), f32(b, "g", BATCH, columns)
    graph = b.graph("weights", {"y": ops.transpose(x, axes=(1, 0)) @ g})
    assert operators(model_of(graph)) == ["Gemm"]
    model = model_of(graph, images=Images())
    assert operators(model) == on_this_processor
    agrees(graph, model)
