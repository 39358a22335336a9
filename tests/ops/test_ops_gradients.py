"""Gradients: against central differences in float64 for every sample of every primitive that declares one."""

from __future__ import annotations

import numpy as np
import pytest
from samples import Array, differentiable_cases, sample_graph, sample_values, sizes

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import GRADIENT_RULES, PRIMITIVES, Graph, Primitive, Sample, gradient_rule
from nndsl.graph.types import TensorType
from nndsl.graph.verify import verify
from nndsl.ops.rules import FLOATS
from nndsl.transform.differentiate import differentiate

STEP = 1e-5


def weighted(graph: Graph) -> Graph:
    """`loss`: the sum of all elements of `y`, each times a weight of its own, so that no two adjoints are alike."""
    builder = Builder()
    builder.inputs = dict(graph.inputs)
    y = Value(builder, graph.outputs["y"])
    weight = builder.input("weight", TensorType(y.dtype, y.shape))
    axes = tuple(range(y.rank))
    return builder.graph("weighted", {"loss": ops.reduce_sum(y * weight, axes=axes, keepdims=False)})


@pytest.mark.parametrize(("primitive", "sample"), differentiable_cases())
def test_gradient_is_the_limit_of_differences(primitive: Primitive, sample: Sample) -> None:
    graph = weighted(sample_graph(primitive, sample))
    values = sample_values(sample_graph(primitive, sample), sample)
    values["weight"] = np.random.default_rng(1).normal(size=sizes(graph.inputs["weight"].shape))
    moving = [name for name, node in graph.inputs.items() if name.startswith("x") and node.type.dtype in FLOATS]
    gradients = evaluate(verify(differentiate(graph, "loss", moving)), values, float_dtype="f64")
    for name in moving:
        expected = differences(graph, values, name)
        # the error of central differences is about STEP² times the third derivative, and rounding's 1e-16 / STEP,
        # both relative to the largest term of the sum
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(gradients[f"grad.{name}"], expected, rtol=1e-6, atol=1e-8 * scale, err_msg=name)


def differences(graph: Graph, values: dict[str, Array], name: str) -> Array:
    """The derivative of the loss by each element of an input, by central differences."""
    result = np.zeros_like(values[name])
    for index in np.ndindex(result.shape):
        ends = []
        for sign in (1, -1):
            moved = values[name].copy()
            moved[index] += sign * STEP
            ends.append(evaluate(graph, {**values, name: moved}, float_dtype="f64")["loss"])
        result[index] = (ends[0] - ends[1]) / (2 * STEP)
    return result


def gradient_at(body: Primitive, *points: float | list[float], **attributes: object) -> list[list[float]]:
    """The gradient of the sum of `body` by each of its operands, at points given as numbers."""
    builder = Builder()
    arrays = [np.array(point, np.float64) for point in points]
    operands = [builder.input(f"x{i}", TensorType("f32", array.shape)) for i, array in enumerate(arrays)]
    y = builder.apply(body, operands, attributes)  # type: ignore[arg-type]
    graph = builder.graph("g", {"loss": ops.reduce_sum(y, axes=tuple(range(y.rank)), keepdims=False)})
    names = [f"x{i}" for i in range(len(arrays))]
    results = evaluate(differentiate(graph, "loss", names), dict(zip(names, arrays, strict=True)), float_dtype="f64")
    return [results[f"grad.{name}"].tolist() for name in names]


def test_conventions_at_kinks() -> None:
    """At a kink any number between the slopes of the two sides would do: these are Keras's on TensorFlow."""
    assert gradient_at(ops.abs, [0.0]) == [[0.0]]
    assert gradient_at(ops.relu, [0.0]) == [[0.0]]
    assert gradient_at(ops.maximum, [2.0], [2.0]) == [[1.0], [0.0]]
    assert gradient_at(ops.minimum, [2.0], [2.0]) == [[1.0], [0.0]]
    assert gradient_at(ops.reduce_max, [3.0, 1.0, 3.0], axes=(0,), keepdims=False) == [[0.5, 0.0, 0.5]]
    assert gradient_at(ops.reduce_min, [3.0, 1.0, 1.0], axes=(0,), keepdims=False) == [[0.0, 0.5, 0.5]]


def test_powers_have_finite_gradients_where_the_function_has_them() -> None:
    assert gradient_at(ops.pow, [0.0], [0.0]) == [[0.0], [0.0]]
    assert gradient_at(ops.pow, [0.0], [1.0]) == [[1.0], [0.0]]
    assert gradient_at(ops.pow, [-2.0], [3.0]) == [[12.0], [0.0]]


@pytest.mark.parametrize("x", [-1000.0, -30.0, 0.0, 30.0, 1000.0])
@pytest.mark.parametrize("body", [ops.sigmoid, ops.softplus, ops.tanh, ops.erf])
def test_saturated_functions_have_finite_gradients(body: Primitive, x: float) -> None:
    assert np.isfinite(gradient_at(body, [x])).all()


def test_log_softmax_has_a_gradient_far_from_the_largest_score() -> None:
    (gradient,) = gradient_at(ops.log_softmax, [1000.0, 0.0, -1000.0], axis=0)
    np.testing.assert_allclose(gradient, [1 - 3, 1, 1], atol=1e-15)


def test_stop_gradient_passes_nothing_on() -> None:
    assert gradient_at(ops.stop_gradient, [1.0, 2.0]) == [[0.0, 0.0]]


def test_override_gives_the_adjoint_to_what_its_rule_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a value learns as if it were three times `x`, whatever computed it."""
    monkeypatch.setitem(GRADIENT_RULES, "tripled", lambda g, y, x: g * 3.0)
    assert gradient_at(ops.override, [5.0, 7.0], [1.0, 2.0], rule="tripled") == [[0.0, 0.0], [3.0, 3.0]]


def test_a_gradient_rule_has_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GRADIENT_RULES, "taken", lambda g, y, x: g)
    with pytest.raises(ValueError, match="declared twice"):
        gradient_rule("taken")(lambda g, y, x: g)


def test_every_primitive_with_a_gradient_is_differentiated_above() -> None:
    tested = {parameter.values[0].name for parameter in differentiable_cases()}
    assert tested == {primitive.name for primitive in PRIMITIVES.values() if primitive.gradient is not None}
