"""Metrics that keep an epoch's values (`median_absolute_error`), and the metric `sum` beside the function."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import median_absolute_error

from nndsl.codegen.backend import Backend
from nndsl.codegen.numpy.backend import NumpyBackend
from nndsl.codegen.numpy.module import generate
from nndsl.codegen.numpy.session import load_module
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.metadata import interface
from nndsl.compiler import compile_network
from nndsl.diagnostics import Failure
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.training.loop import reported
from nndsl.training.sums import Sums
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

load()

Array = np.ndarray[Any, Any]
both_backends = pytest.mark.parametrize("backend", [OnnxBackend(), NumpyBackend()], ids=lambda backend: backend.name)


def compiled(*metrics: str) -> Step:
    statements = "\n  ".join(f"metric {metric}" for metric in metrics)
    program = f"""
model m {{
  input x: f32[3]
  target y: f32[3]
  target one: f32
  output o = x -> dense(3, init = identity, bias = false)
  loss mse(o, y)
  loss 0 * mse(sum(o), one)
  {statements}
}}
"""
    source = Source("m.nn", program)
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


def examples(rows: int) -> dict[str, Array]:
    random = np.random.default_rng(rows)
    data = {"x": random.normal(size=(rows, 3)), "y": random.normal(size=(rows, 3)), "one": random.normal(size=rows)}
    return {name: array.astype(np.float32) for name, array in data.items()}


def measured(step: Step, backend: Backend, data: dict[str, Array], batch: int) -> dict[str, float]:
    """The metrics of an evaluation in batches."""
    rows = len(data["one"])
    session = backend.session(step, initial_state(step.states, 0), seed=0, batch_size=batch)
    sums = Sums(step.metrics)
    for start in range(0, rows, batch):
        count = min(batch, rows - start)
        for name, buffer in session.buffers(count).items():
            buffer[...] = data[name][start : start + count]
        sums.add(session.evaluate(count), count)
    return sums.finish()


@both_backends
@pytest.mark.parametrize(("rows", "batch"), [(1, 1), (2, 1), (7, 3), (10, 4), (33, 32)], ids=str)
def test_the_median_is_that_of_all_rows(rows: int, batch: int, backend: Backend) -> None:
    """scikit-learn's: of each element of an example, then their mean."""
    step = compiled("median_absolute_error(o, y)", "median_absolute_error(sum(o), one) as whole")
    data = examples(rows)
    found = measured(step, backend, data, batch)
    # the errors are float32
    assert found["median_absolute_error"] == pytest.approx(median_absolute_error(data["y"], data["x"]), rel=1e-6)
    expected = median_absolute_error(data["one"], data["x"].sum(axis=1))
    assert found["whole"] == pytest.approx(expected, rel=1e-5)  # sums of three


@both_backends
def test_it_may_be_part_of_arithmetic(backend: Backend) -> None:
    step = compiled("median_absolute_error(o, y) / mae(o, y) as robust")
    data = examples(9)
    expected = median_absolute_error(data["y"], data["x"]) / np.abs(data["y"] - data["x"]).mean()
    assert measured(step, backend, data, 4)["robust"] == pytest.approx(expected, rel=1e-6)


def test_it_is_measured_in_evaluation_only() -> None:
    step = compiled("median_absolute_error(o, y)", "mae(o, y)")
    names = reported(step, validated=True)
    assert {"mae", "val_mae", "val_median_absolute_error"} <= names
    assert "median_absolute_error" not in names
    assert not any("median" in name for name in step.gradients.outputs)
    assert "metric.median_absolute_error.error" in step.evaluate.outputs
    module: Any = load_module("m", generate(step).text)
    data = examples(4)
    state = module.init_state()
    assert module.evaluate(state, **data)["metric.median_absolute_error.error"].shape == (4, 3)
    totals = {name: np.asarray(value) for name, value in module.train_step(state, **data, step=0).items()}
    assert module.metrics(totals).keys() == {"mae"}
    module.fit(state, epochs=1, **data)


def test_what_is_kept_is_said_in_the_interface() -> None:
    described = {metric["name"]: metric for metric in interface(compiled("median_absolute_error(o, y)"))["metrics"]}
    metric = described["median_absolute_error"]
    assert metric["accumulators"] == metric["kept"] == ["metric.median_absolute_error.error"]
    assert "sort(metric.median_absolute_error.error" in metric["formula"]
    json.dumps(described)


@both_backends
def test_a_metric_that_is_one_sum_is_that_of_the_epoch(backend: Backend) -> None:
    step = compiled("sum(o)", "o -> abs -> sum as sizes", "sum(one) as ones")
    data = examples(11)
    found = measured(step, backend, data, 4)
    for name, values in {"sum": data["x"], "sizes": np.abs(data["x"]), "ones": data["one"]}.items():
        assert found[name] == pytest.approx(values.sum(dtype=np.float64), rel=1e-5)  # float32 sums of a batch


@both_backends
def test_inside_of_expressions_sum_is_over_an_examples_axes(backend: Backend) -> None:
    """What is no metric function is averaged over the rows."""
    step = compiled("sum(o) / 2 as half", "abs(sum(o)) as size", "mae(sum(o), one) as far", "sum(sum(o)) as all")
    data = examples(11)
    found = measured(step, backend, data, 4)
    rows = data["x"].sum(axis=1)
    expected = {"half": rows.mean() / 2, "size": np.abs(rows).mean(), "far": np.abs(rows - data["one"]).mean()}
    for name, value in {**expected, "all": rows.sum()}.items():
        assert found[name] == pytest.approx(float(value), rel=1e-5)


@pytest.mark.parametrize("metric", ["sum(2 + 3)", "sum(mae(o, y))", "sum(o, axis = 1)"])
def test_wrong_sums(metric: str) -> None:
    with pytest.raises(Failure) as failure:
        compiled(metric)
    assert len(failure.value.diagnostics) == 1
