"""Activations, losses, layers and metrics against Keras's results (tests/oracles), in both precisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pytest
from oracles.load import Case, cases

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import DType, TensorType
from nndsl.library.registry import COMPOSITES, METRICS, Accumulated, Composite
from nndsl.library.vocabulary import load
from nndsl.model.apply import Collected, Scope, call_composite
from nndsl.transform.differentiate import differentiate

load()

Array = np.ndarray[Any, Any]
Precision = Literal["f32", "f64"]

TOLERANCE: Mapping[Precision, dict[str, Any]] = {
    # An f64 graph still has f32 constants (0.2, 1e-7), which limits it to some 1e-7.
    "f64": {"rtol": 1e-6, "atol": 1e-7},
    "f32": {"rtol": 2e-5, "atol": 2e-6},
}
both_precisions = pytest.mark.parametrize("precision", ["f32", "f64"])


def ours(kind: str, *oracles: str) -> list[Case]:
    """The oracles' cases for what we have."""
    return [
        case
        for oracle in oracles
        for case in cases(oracle)
        if case.name in COMPOSITES and COMPOSITES[case.name].kind == kind and not case.batches
    ]


class Application:
    """One composite applied to a case's inputs, with named graph inputs for everything that may be differentiated."""

    def __init__(self, composite: Composite, case: Case, types: Mapping[str, TensorType], training: bool = True):
        self.graph = Builder()
        self.collected = Collected()
        arguments: dict[str, Any] = {name: self.argument(value) for name, value in case.args.items()}
        values = [self.graph.input(name, type) for name, type in types.items()]
        tensors = [parameter for parameter in composite.parameters if parameter.annotation is Value]
        if tensors[0].kind is tensors[0].VAR_POSITIONAL:
            arguments[tensors[0].name] = tuple(values)
        else:
            arguments |= {p.name.rstrip("_"): value for p, value in zip(tensors, values, strict=True)}
        scope = Scope(self.graph, "layer", self.collected, training=training)
        self.result = call_composite(composite, scope, arguments)

    def argument(self, value: Any) -> Any:
        if isinstance(value, str) and value in COMPOSITES:
            return COMPOSITES[value].function
        if isinstance(value, list):
            return self.graph.constant(value, "f32") if any(isinstance(v, float) for v in value) else tuple(value)
        return value

    def evaluate(self, outputs: Mapping[str, Value], data: Mapping[str, Any], precision: Precision) -> dict[str, Array]:
        return evaluate(self.graph.graph("", outputs), data, float_dtype=precision)

    def gradients(self, of: Value, wrt: list[str], data: Mapping[str, Any], precision: Precision) -> dict[str, Array]:
        graph = differentiate(self.graph.graph("", {"total": of}), "total", wrt)
        found = evaluate(graph, data, float_dtype=precision)
        return {name: found[f"grad.{name}"] for name in wrt}


def batched(array: Array, dtype: DType = "f32") -> TensorType:
    return TensorType(dtype, (BATCH, *array.shape[1:]))


def total(x: Value, weights: Value | None = None) -> Value:
    return ops.reduce_sum(x if weights is None else x * weights, axes=tuple(range(x.rank)), keepdims=False)


# ---------------------------------------------------------------- activations


@both_precisions
@pytest.mark.parametrize("case", ours("activation", "activations"), ids=str)
def test_activation(case: Case, precision: Precision) -> None:
    x = case.inputs["x"]
    applied = Application(COMPOSITES[case.name], case, {"x": batched(x)})
    data = {"x": x, "cotangent": case.cotangents["y"]}
    y = applied.evaluate({"y": applied.result}, data, precision)["y"]
    np.testing.assert_allclose(y, case.outputs["y"], **TOLERANCE[precision])

    cotangent = applied.graph.input("cotangent", applied.result.type)
    gradient = applied.gradients(total(applied.result, cotangent), ["x"], data, precision)["x"]
    smooth = ~np.isin(x, case.kinks)
    np.testing.assert_allclose(gradient[smooth], case.gradients["x"][smooth], **TOLERANCE[precision])


# ---------------------------------------------------------------- losses


@both_precisions
@pytest.mark.parametrize("case", ours("loss", "losses", "more"), ids=str)
def test_loss(case: Case, precision: Precision) -> None:
    z, y = case.inputs["prediction"], case.inputs["target"]
    classes = y.ndim < z.ndim
    types = {"prediction": batched(z), "target": batched(y, "i64" if classes else "f32")}
    applied = Application(COMPOSITES[case.name], case, types)
    value = applied.result
    if "weight" in case.inputs:
        value = value * applied.graph.input("weight", batched(case.inputs["weight"]))
    found = applied.evaluate({"example": value}, case.inputs, precision)["example"]
    tolerance = {**TOLERANCE[precision], "atol": 1e-6}  # clipping at 1 - 1e-7, which is 1 - 1.19e-7 in float32
    np.testing.assert_allclose(found, case.outputs["example"], **tolerance)

    # Keras averages over the examples that count; we divide by the batch, as with weights
    scale = case.outputs["mean"] / case.outputs["example"].mean() if "ignore" in case.args else 1.0
    mean = ops.reduce_mean(value, axes=(0,), keepdims=False) * float(scale)
    gradient = applied.gradients(mean, ["prediction"], case.inputs, precision)["prediction"]
    np.testing.assert_allclose(gradient, case.gradients["prediction"], **tolerance)


def test_ignored_positions_are_not_averaged_over() -> None:
    """Of three positions, the first example counts two, the second none; a class that is ignored need not exist."""
    z = np.log(np.array([[[1, 1], [1, 3], [3, 1]], [[1, 1], [1, 3], [3, 1]]], np.float32))
    y = np.array([[0, -1, 1], [-1, -1, -1]])
    types = {"prediction": batched(z), "target": batched(y, "i64")}
    applied = Application(COMPOSITES["cross_entropy"], Case("ignore", "cross_entropy", {"ignore": -1}), types)
    found = applied.evaluate({"y": applied.result}, {"prediction": z, "target": y}, "f32")["y"]
    np.testing.assert_allclose(found, [(np.log(2) + np.log(4)) / 2, 0], rtol=1e-6)


def test_perceptron_is_rosenblatts_rule() -> None:
    """The gradient in z is heaviside(z) - y everywhere, also at zero weights; the value max(0, -z (2 y - 1))."""
    z = np.array([[-2.0], [-2.0], [0.0], [0.0], [3.0], [3.0]])
    y = np.array([[0.0], [1.0], [0.0], [1.0], [0.0], [1.0]])
    case = Case("perceptron", "perceptron", {})
    applied = Application(COMPOSITES["perceptron"], case, {"prediction": batched(z), "target": batched(y)})
    data = {"prediction": z, "target": y}
    value = applied.evaluate({"y": applied.result}, data, "f32")["y"]
    np.testing.assert_array_equal(value, [0, 2, 0, 0, 3, 0])
    gradient = applied.gradients(total(applied.result), ["prediction"], data, "f32")["prediction"]
    np.testing.assert_array_equal(gradient[:, 0], [0, -1, 1, 0, 1, 0])


# ---------------------------------------------------------------- layers


def layer_cases() -> list[Case]:
    special = ("normalize", "dropout")
    return [case for case in ours("layer", "layers") if case.name not in special]


@both_precisions
@pytest.mark.parametrize("case", layer_cases(), ids=str)
def test_layer(case: Case, precision: Precision) -> None:
    if case.name == "concat" and "axis" in case.args and case.args["axis"] > 0:
        case = Case(**{**vars(case), "args": {"axis": case.args["axis"] - 1}})  # Keras counts the batch
    types = {name: batched(array) for name, array in case.inputs.items()}
    applied = Application(COMPOSITES[case.name], case, types)
    parameters = {f"layer.{name}": array for name, array in case.parameters.items()}
    data = {**case.inputs, **parameters, "cotangent": case.cotangents["y"]}
    assert set(applied.collected.states) == set(parameters)
    found = applied.evaluate({"y": applied.result}, data, precision)["y"]
    np.testing.assert_allclose(found, case.outputs["y"], **TOLERANCE[precision])

    objective = total(applied.result, applied.graph.input("cotangent", applied.result.type))
    penalty = regularization(applied)
    if penalty is not None:
        value = applied.evaluate({"penalty": penalty}, data, precision)["penalty"]
        np.testing.assert_allclose(value, case.outputs["regularization"], **TOLERANCE[precision])
        objective = objective + penalty
    wrt = [*case.inputs, *parameters]
    for name, gradient in applied.gradients(objective, wrt, data, precision).items():
        np.testing.assert_allclose(gradient, case.gradients[name.removeprefix("layer.")], **TOLERANCE[precision])


def regularization(applied: Application) -> Value | None:
    """What the layer asks to be added to the loss, of itself and by its parameters' `l1` and `l2`."""
    parts = list(applied.collected.penalties)
    for name, state in applied.collected.states.items():
        W = applied.graph.input(name, TensorType("f32", state.shape))
        parts += [total(ops.abs(W)) * state.l1] if state.l1 else []
        parts += [total(W * W) * state.l2] if state.l2 else []
    return sum(parts[1:], parts[0]) if parts else None


@both_precisions
@pytest.mark.parametrize("case", [c for c in ours("layer", "layers") if c.name == "normalize"], ids=str)
def test_normalize_uses_what_it_was_fitted_to(case: Case, precision: Precision) -> None:
    applied = Application(COMPOSITES["normalize"], case, {"x": batched(case.inputs["x"])})
    assert {name: state.fit for name, state in applied.collected.states.items()} == {
        "layer.mean": "mean",
        "layer.variance": "variance",
    }
    x, mean, variance = case.inputs["x"], case.outputs["mean"], case.outputs["variance"]
    data = {"x": x, "layer.mean": mean, "layer.variance": variance}
    found = applied.evaluate({"y": applied.result}, data, precision)["y"]
    shifted = np.asarray(x) - mean  # where Keras divides what is left by its epsilon
    np.testing.assert_allclose(
        found, np.where(np.asarray(variance) > 0, case.outputs["y"], shifted), **TOLERANCE[precision]
    )


@pytest.mark.parametrize("case", [c for c in ours("layer", "layers") if c.name == "dropout"], ids=str)
def test_dropout_drops_while_training_only(case: Case) -> None:
    x = case.inputs["x"]
    predicting = Application(COMPOSITES["dropout"], case, {"x": batched(x)}, training=False)
    assert predicting.result.node.op == "input"
    np.testing.assert_array_equal(predicting.evaluate({"y": predicting.result}, {"x": x}, "f32")["y"], x)

    ones = np.ones((1000, 100), np.float32)
    training = Application(COMPOSITES["dropout"], case, {"x": batched(ones)})
    data = {"x": ones, "nndsl.seed": 1, "nndsl.step": 0, "nndsl.row": 0}
    y = training.evaluate({"y": training.result}, data, "f32")["y"]
    values = np.asarray(case.outputs["training_values_of_ones"], np.float32)
    np.testing.assert_array_equal(np.unique(y), values)
    # 100 000 draws: five standard deviations of their mean are at most 0.008
    assert abs((y > 0).mean() - (1 - case.args["rate"])) < 0.008


# ---------------------------------------------------------------- metrics


MEASURED = [case for oracle in ("metrics", "more") for case in cases(oracle) if case.batches]


@pytest.mark.parametrize("case", MEASURED, ids=str)
def test_metric_over_an_epoch_of_batches(case: Case) -> None:
    """Sums of three batches of different sizes, added in float64, then finished."""
    z, y = case.inputs["prediction"], case.inputs["target"]
    scores = z.ndim > y.ndim
    types = {"prediction": batched(z), "target": batched(y, "i64" if scores else "f32")}
    applied = Application(METRICS[case.name], case, types)
    accumulated = applied.result
    assert isinstance(accumulated, Accumulated)
    sums: dict[str, Array] = {}
    start = 0
    for rows in case.batches:
        data = {"prediction": z[start : start + rows], "target": y[start : start + rows]}
        for name, value in applied.evaluate(accumulated.sums, data, "f32").items():
            sums[name] = sums.get(name, np.float64(0)) + value.astype(np.float64)
        start += rows
    finishing = Builder()
    inputs = {name: finishing.input(name, TensorType("f64", value.shape)) for name, value in accumulated.sums.items()}
    value = evaluate(finishing.graph("", {"value": accumulated.finish(inputs)}), sums)["value"]
    assert value.dtype == np.float64
    # the oracles' Keras computes auc in float32; a sum of float32 is off by 1e-7
    np.testing.assert_allclose(value, case.outputs["value"], rtol=1e-6, atol=1e-7)


def test_everything_has_an_oracle() -> None:
    """Keras's results, NumPy's functions (test_numpy.py), or a definition: above, in test_normalization.py or in
    test_kept_metrics.py."""
    oracles = ("activations", "losses", "more", "layers", "convolutions", "normalization")
    known = {case.name for oracle in oracles for case in cases(oracle)}
    defined = {"perceptron", "sparsemax"}
    kinds = ("activation", "loss", "layer")
    assert {c.name for c in COMPOSITES.values() if c.kind in kinds} == (known & set(COMPOSITES)) | defined
    measured = {case.name for case in MEASURED} | known | defined | {"median_absolute_error", "sum"}
    assert set(METRICS) <= measured
