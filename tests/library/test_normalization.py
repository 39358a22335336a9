"""Normalising layers, embeddings, constraints and fitted preprocessing against Keras and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles.load import Case, cases
from test_keras import TOLERANCE, Application, Precision, batched, both_precisions, regularization, total

from nndsl.compiler import compile_network
from nndsl.data.fitting import fit_states
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.types import TensorType
from nndsl.library.registry import COMPOSITES, CONSTRAINTS, INITIALIZERS, REGULARIZERS
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.differentiate import differentiate

load()

ORACLE = cases("normalization")
LAYERS = ("layer_norm", "group_norm", "rms_norm", "unit_norm", "prelu", "embedding", "one_hot")


def of(*names: str) -> Any:
    return pytest.mark.parametrize("case", [case for case in ORACLE if case.name in names], ids=str)


def listed(case: Case) -> Case:
    """With lists of axes as the checker gives them."""
    args = {key: tuple(value) if isinstance(value, list) else value for key, value in case.args.items()}
    return Case(**{**vars(case), "args": args})


# ---------------------------------------------------------------- layers


@both_precisions
@of(*LAYERS)
def test_layer(case: Case, precision: Precision) -> None:
    x = case.inputs["x"]
    applied = Application(
        COMPOSITES[case.name], listed(case), {"x": batched(x, "f32" if case.gradients.get("x") is not None else "i64")}
    )
    parameters = {f"layer.{name}": array for name, array in case.parameters.items()}
    assert set(applied.collected.states) == set(parameters)
    data = {"x": x, **parameters}
    found = applied.evaluate({"y": applied.result}, data, precision)["y"]
    np.testing.assert_allclose(found, case.outputs["y"], **TOLERANCE[precision])
    if not case.gradients:
        return

    data["cotangent"] = case.cotangents["y"]
    objective = total(applied.result, applied.graph.input("cotangent", applied.result.type))
    penalty = regularization(applied)
    if penalty is not None:
        value = applied.evaluate({"penalty": penalty}, data, precision)["penalty"]
        np.testing.assert_allclose(value, case.outputs["regularization"], **TOLERANCE[precision])
        objective = objective + penalty
    wrt = [name for name in ("x", *parameters) if name.removeprefix("layer.") in case.gradients]
    for name, gradient in applied.gradients(objective, wrt, data, precision).items():
        np.testing.assert_allclose(gradient, case.gradients[name.removeprefix("layer.")], **TOLERANCE[precision])


@both_precisions
@of("batch_norm")
def test_batch_norm(case: Case, precision: Precision) -> None:
    """Output, gradients and the statistics after the step, in both modes."""
    x = case.inputs["x"]
    training = bool(case.train["training"])
    applied = Application(COMPOSITES["batch_norm"], case, {"x": batched(x)}, training=training)
    collected = applied.collected
    assert [s.name for s in collected.states.values() if s.role == "statistic"] == [
        "layer.moving_mean",
        "layer.moving_variance",
    ]
    parameters = {f"layer.{name}": array for name, array in case.parameters.items()}
    assert set(collected.states) == set(parameters)
    data = {"x": x, "cotangent": case.cotangents["y"], **parameters}
    tolerance: dict[str, Any] = dict(TOLERANCE[precision])
    if precision == "f32" and "far" in case.id:
        tolerance = {"rtol": 1e-4, "atol": 1e-4}  # the deviations of values near 100 have five digits in float32
    outputs = {"y": applied.result, **{n.removeprefix("layer."): v for n, v in collected.updates.items()}}
    for name, value in applied.evaluate(outputs, data, precision).items():
        np.testing.assert_allclose(value, case.outputs[name], err_msg=name, **tolerance)
    changes = training and case.args.get("trainable", True)
    assert set(collected.updates) == ({"layer.moving_mean", "layer.moving_variance"} if changes else set())

    objective = total(applied.result, applied.graph.input("cotangent", applied.result.type))
    wrt = [name for name in ("x", *parameters) if name.removeprefix("layer.") in case.gradients]
    for name, gradient in applied.gradients(objective, wrt, data, precision).items():
        np.testing.assert_allclose(gradient, case.gradients[name.removeprefix("layer.")], err_msg=name, **tolerance)


@of("training")
def test_statistics_and_constraints_through_four_steps(case: Case) -> None:
    """Every parameter and statistic after each step of training, then a prediction."""
    source = Source("training.nn", case.program)
    checked = check(load_program(source))
    step = compile_network(checked.network, checked.train, source).step
    state = dict(case.parameters)
    assert {s.name for s in step.states} == set(state)
    inputs = [declared.name for declared in (*step.network.inputs, *step.network.targets)]
    for number in range(4):
        batch = {name: case.inputs[name][number] for name in inputs}
        scalars = {"nndsl.step": number, "nndsl.seed": 0, "nndsl.row": 0, "nndsl.lr_scale": 1.0}
        found = evaluate(step.gradients, {**state, **batch, **scalars}, float_dtype="f64")
        gradients = {name: value for name, value in found.items() if name.startswith("grad.")}
        following = evaluate(step.apply, {**state, **gradients, **scalars}, float_dtype="f64")
        for name, value in {**found, **following}.items():
            if name.endswith(".next"):
                state[name.removesuffix(".next")] = value
        for name, value in state.items():
            # the graph holds 0.8, 0.001 and 0.1 in float32
            np.testing.assert_allclose(value, case.outputs[name][number], rtol=1e-6, atol=1e-7, err_msg=name)
    first = {name: case.inputs[name][0] for name in inputs}
    predicted = evaluate(step.predict, {**state, **first}, float_dtype="f64")
    np.testing.assert_allclose(predicted["y_hat"], case.outputs["y_hat"], rtol=1e-6)
    assert not [name for name in step.predict.inputs if name.startswith("nndsl.") or name == "y"]


# ---------------------------------------------------------------- weights


@both_precisions
@of(*(f"constraint {name}" for name in ("max_norm", "non_neg", "unit_norm", "min_max_norm")))
def test_constraint(case: Case, precision: Precision) -> None:
    graph = Builder()
    W = graph.input("W", TensorType("f32", case.inputs["W"].shape))
    bounded = CONSTRAINTS[case.name.split()[1]].function(W, **listed(case).args)
    found = evaluate(graph.graph("", {"W": bounded}), case.inputs, float_dtype=precision)["W"]
    np.testing.assert_allclose(found, case.outputs["W"], **TOLERANCE[precision])


@both_precisions
@of("regularizer orthogonal")
def test_regularizer(case: Case, precision: Precision) -> None:
    graph = Builder()
    W = graph.input("W", TensorType("f32", case.inputs["W"].shape))
    penalty = REGULARIZERS["orthogonal"].function(W, **case.args)
    found = evaluate(differentiate(graph.graph("", {"y": penalty}), "y", ["W"]), case.inputs, float_dtype=precision)
    np.testing.assert_allclose(found["y"], case.outputs["y"], **TOLERANCE[precision])
    np.testing.assert_allclose(found["grad.W"], case.gradients["W"], **TOLERANCE[precision])


@of("initializer identity")
def test_identity(case: Case) -> None:
    W = INITIALIZERS["identity"].function(0, "layer.W", case.shape, **case.args)
    np.testing.assert_array_equal(W, case.outputs["W"])


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (3, 3, 2, 5)])
def test_orthogonal_matrices(shape: tuple[int, ...]) -> None:
    """Orthonormal columns, or rows where there are fewer, times the gain; another matrix for another name."""
    W = INITIALIZERS["orthogonal"].function(0, "layer.W", shape, gain=2.0)
    assert W.dtype == np.float32
    matrix = W.reshape(-1, shape[-1]).astype(np.float64) / 2
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-6)  # float32
    assert not np.allclose(W, INITIALIZERS["orthogonal"].function(0, "other.W", shape, gain=2.0))


def test_orthogonal_matrices_are_turned_every_way() -> None:
    """Of 400 matrices each element has the mean 0 and the variance 1 / 3 of a uniformly turned one."""
    W = np.stack([INITIALIZERS["orthogonal"].function(seed, "layer.W", (3, 3)) for seed in range(400)])
    assert np.abs(W.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 400)  # five standard errors
    assert np.abs((W**2).mean(axis=0) - 1 / 3).max() < 5 * 0.3 / np.sqrt(400)  # w² of a sphere's point deviates by 0.3


# ---------------------------------------------------------------- fitted


@both_precisions
@of("min_max", "impute")
def test_fitted_preprocessing(case: Case, precision: Precision) -> None:
    """Fitted by our fits to scikit-learn's training data, then applied; -999 stands for a missing value."""

    def nan(x: Any) -> Any:
        return np.where(x == -999, np.nan, x)

    applied = Application(COMPOSITES[case.name], case, {"x": batched(case.inputs["x"])})
    states = list(applied.collected.states.values())
    fitted = fit_states(states, [{state.name: nan(case.inputs["train"]) for state in states}])
    for name, value in fitted.items():
        np.testing.assert_allclose(value, case.outputs[name.removeprefix("layer.")], rtol=1e-6)
    found = applied.evaluate({"y": applied.result}, {"x": nan(case.inputs["x"]), **fitted}, precision)["y"]
    np.testing.assert_allclose(found, case.outputs["y"], **TOLERANCE[precision])


# ---------------------------------------------------------------- sparsemax


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0, 1000.0])
def test_sparsemax_is_the_projection_onto_the_simplex(scale: float) -> None:
    """Against algorithm 1 of Martins and Astudillo (2016), which sorts, and the Jacobian of their proposition 2."""
    z = np.random.default_rng(2).normal(size=(6, 5)) * scale
    z[0], z[1, :3] = 0.25, 1.0  # ties
    applied = Application(COMPOSITES["sparsemax"], Case("", "sparsemax", {}), {"x": batched(z)})
    found = applied.evaluate({"y": applied.result}, {"x": z}, "f64")["y"]
    ordered = -np.sort(-z, axis=1)
    k = np.arange(1, 6)
    count = ((1 + k * ordered) > np.cumsum(ordered, axis=1)).sum(axis=1, keepdims=True)
    tau = (np.take_along_axis(np.cumsum(ordered, axis=1), count - 1, axis=1) - 1) / count
    expected = np.maximum(z - tau, 0)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    cotangent = np.random.default_rng(3).normal(size=z.shape)
    weights = applied.graph.input("cotangent", applied.result.type)
    data = {"x": z, "cotangent": cotangent}
    gradient = applied.gradients(total(applied.result, weights), ["x"], data, "f64")["x"]
    support = expected > 0
    mean = (cotangent * support).sum(axis=1, keepdims=True) / support.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(gradient, support * (cotangent - mean), atol=1e-12)


def test_everything_has_an_oracle() -> None:
    names = {case.name for case in ORACLE}
    assert {f"constraint {name}" for name in CONSTRAINTS} | {f"regularizer {name}" for name in REGULARIZERS} <= names
