"""Convolutions, pools, noise and what moves pixels about, against Keras's results: NumPy's lowering and ONNX's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from oracles.load import Case, cases
from test_keras import TOLERANCE, Application, Array, Precision, batched, both_precisions, regularization, total
from test_onnxruntime import run

from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.library.registry import COMPOSITES
from nndsl.model.calls import coerce
from nndsl.model.expectations import expectations
from nndsl.source import Source, Span
from nndsl.transform.differentiate import differentiate
from nndsl.transform.simplify import simplify

NOISE = ("gaussian_noise", "gaussian_dropout", "alpha_dropout", "spatial_dropout2d")
LAYERS = [case for case in cases("convolutions") if case.name not in NOISE]


def applied(case: Case, training: bool = True, **inputs: Array) -> Application:
    """The case's layer on its inputs (or others), its arguments read as the checker reads a program's."""
    composite = COMPOSITES[case.name]
    nowhere = Span(Source("", ""), 0, 0)
    args: dict[str, Any] = dict(case.args)
    for e in expectations(composite):
        if e.name in args and e.marker in ("Extents", "Amounts", "Margins", "Axis", "Sizes"):
            args[e.name] = coerce(tuples(args[e.name]), e, case.name, nowhere)
    types = {name: batched(array) for name, array in (inputs or case.inputs).items()}
    return Application(composite, replace(case, args=args), types, training)


def tuples(value: Any) -> Any:
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def values_and_gradients(case: Case) -> tuple[Graph, dict[str, Array], dict[str, Array]]:
    """A graph with y and the gradients of everything, what to put in, and what Keras gets out."""
    layer = applied(case)
    parameters = {f"layer.{name}": array for name, array in case.parameters.items()}
    assert {name: state.shape for name, state in layer.collected.states.items()} == {
        name: array.shape for name, array in parameters.items()
    }
    objective = total(layer.result, layer.graph.input("cotangent", layer.result.type))
    penalty = regularization(layer)
    objective = objective if penalty is None else objective + penalty
    wrt = [*case.inputs, *parameters]
    graph = differentiate(layer.graph.graph(case.name, {"y": layer.result, "total": objective}), "total", wrt)
    gradients = {f"grad.{name}": case.gradients[name.removeprefix("layer.")] for name in wrt}
    return (
        graph,
        {**case.inputs, **parameters, "cotangent": case.cotangents["y"]},
        {"y": case.outputs["y"], **gradients},
    )


@both_precisions
@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_layer_and_its_gradients(case: Case, precision: Precision) -> None:
    graph, data, expected = values_and_gradients(case)
    found = evaluate(graph, data, float_dtype=precision)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, **TOLERANCE[precision], err_msg=name)


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_layer_and_its_gradients_under_onnx_runtime(case: Case) -> None:
    graph, data, expected = values_and_gradients(case)
    needed = {name: np.asarray(data[name], np.float32) for name in graph.inputs}
    found = run(simplify(graph), needed)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, **TOLERANCE["f32"], err_msg=name)


# ---------------------------------------------------------------- noise


@pytest.mark.parametrize("case", [case for case in cases("convolutions") if case.name in NOISE], ids=str)
def test_noise_is_for_training_only(case: Case) -> None:
    x = case.inputs["x"]
    predicting = applied(case, training=False)
    np.testing.assert_array_equal(
        predicting.evaluate({"y": predicting.result}, {"x": x}, "f64")["y"], case.outputs["y"]
    )

    ones = np.ones((1000, 2, 2, 100))
    training = applied(case, x=ones)
    data = {"x": ones, "nndsl.seed": 1, "nndsl.step": 0, "nndsl.row": 0}
    y = training.evaluate({"y": training.result}, data, "f64")["y"]
    if "training_values_of_ones" in case.outputs:
        # Keras's constants, and ours, are rounded to float32
        np.testing.assert_allclose(np.unique(y), case.outputs["training_values_of_ones"], rtol=1e-6)
    else:
        # 400 000 draws: means are within 5 standard deviations of 1 / 600, Keras's own being rounded to 3 digits
        spread = case.outputs["std"]
        assert abs(y.mean() - case.outputs["mean"]) < 0.015 * max(1, spread)
        assert abs(y.std() / spread - 1) < 0.01


def test_spatial_dropout_drops_whole_channels() -> None:
    (case,) = (case for case in cases("convolutions") if case.name == "spatial_dropout2d")
    ones = np.ones((100, 3, 2, 50), np.float32)
    layer = applied(case, x=ones)
    data = {"x": ones, "nndsl.seed": 5, "nndsl.step": 3, "nndsl.row": 0}
    y = layer.evaluate({"y": layer.result}, data, "f32")["y"]
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    # 5000 channels: five standard deviations of the share are 0.03
    assert abs((y[:, 0, 0] == 0).mean() - case.args["rate"]) < 0.03


def test_noise_is_normal() -> None:
    """Shares of 200 000 draws below some bounds, which are those of the normal distribution."""
    zeros = np.zeros((2000, 100), np.float32)
    case = Case("noise", "gaussian_noise", {"stddev": 1.0})
    layer = applied(case, x=zeros)
    y = layer.evaluate({"y": layer.result}, {"x": zeros, "nndsl.seed": 2, "nndsl.step": 9, "nndsl.row": 0}, "f32")["y"]
    bounds = [-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3]
    shares = [0.00135, 0.02275, 0.15866, 0.30854, 0.5, 0.69146, 0.84134, 0.97725, 0.99865]
    # five standard deviations of a share of one half are 0.0056
    np.testing.assert_allclose([(y < bound).mean() for bound in bounds], shares, atol=0.0056)
    assert np.isfinite(y).all()
    assert abs(np.corrcoef(y[:, :-1].ravel(), y[:, 1:].ravel())[0, 1]) < 0.012  # neighbours have nothing in common
