"""Every example is trained as a user would, on both backends, and reaches what it promises."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
import pytest

import nndsl

EXAMPLES = Path(__file__).parent.parent / "examples"
BACKENDS = ("onnx", "numpy")
Backend = Literal["onnx", "numpy"]


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., nndsl.Run]:
    def run(name: str, backend: Backend = "onnx", **overrides: object) -> nndsl.Run:
        settings = {key.replace("__", "."): value for key, value in overrides.items()}
        net = nndsl.load(EXAMPLES / f"{name}.nn", set=settings)
        assert isinstance(net, nndsl.Net)
        assert not net.warnings
        return net.train(
            tmp_path / f"{name}-{backend}-{'-'.join(map(str, overrides.values()))}", backend=backend, picture=False
        )

    return run


def mean_over_splits(train: Callable[..., nndsl.Run], name: str, metric: str, backend: Backend) -> float:
    """The metric on the held-back test rows, as the mean over `split_seed` 0 to 9."""
    runs = (train(name, backend, data__split_seed=seed) for seed in range(10))
    return float(np.mean([run.evaluate("test")[metric] for run in runs]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("name", "metric", "bar"),
    [("digits", "accuracy", 0.95), ("digits_odd", "binary_accuracy", 0.97), ("iris", "accuracy", 0.93)],
)
def test_accuracy_on_held_back_rows(
    train: Callable[..., nndsl.Run], name: str, metric: str, bar: float, backend: Backend
) -> None:
    assert mean_over_splits(train, name, metric, backend) >= bar


@pytest.mark.parametrize("backend", BACKENDS)
def test_regression_explains_the_progression(train: Callable[..., nndsl.Run], backend: Backend) -> None:
    """A linear fit explains about 0.44 of the variance on such splits (scikit-learn's LinearRegression)."""
    assert mean_over_splits(train, "regression", "r2", backend) >= 0.35


@pytest.mark.parametrize("backend", BACKENDS)
def test_wide_and_deep_trains_both_outputs(train: Callable[..., nndsl.Run], backend: Backend) -> None:
    """The loss is that of both outputs; predicting the mean would give an r2 of 0."""
    run = train("wide_and_deep", backend)
    assert run.evaluate("test")["r2"] > 0.2
    data = run.net.data.test
    assert data is not None
    assert set(run.predict({name: data.arrays[name] for name in ("wide", "deep")})) == {"main", "aux"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_perceptron_is_rosenblatts(train: Callable[..., nndsl.Run], backend: Backend) -> None:
    """The trained weights are those of w += lr (y - step(w x + b)) x, one row after the other, from zero."""
    run = train("perceptron", backend, train__shuffle="false")
    data = run.net.data.train
    w, b = np.zeros((2, 1), np.float32), np.zeros(1, np.float32)
    for _ in range(len(run.history)):
        for x, y in zip(data.arrays["petal"], data.arrays["setosa"], strict=True):
            error = np.float32(y - (x @ w + b >= 0))
            w, b = w + x[:, None] * error, b + error
    (weights,) = (value for name, value in run.state.items() if name.endswith(".W"))
    (bias,) = (value for name, value in run.state.items() if name.endswith(".b"))
    np.testing.assert_array_equal(weights, w)
    np.testing.assert_array_equal(bias, b)
    assert run.evaluate("test")["binary_accuracy"] == 1.0


def test_the_two_backends_run_the_same_training(train: Callable[..., nndsl.Run]) -> None:
    """Free runs drift apart by rounding only: the first epochs' losses agree closely."""
    histories = [train("digits", backend, train__epochs=2).history["loss"] for backend in BACKENDS]
    np.testing.assert_allclose(*histories, rtol=1e-4)


def test_the_trained_model_takes_raw_data_and_answers_by_name(train: Callable[..., nndsl.Run]) -> None:
    """model.onnx under onnxruntime alone gives what training's own evaluation saw."""
    run = train("iris")
    with (EXAMPLES / "data" / "iris.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    flowers = np.array([[float(cell) for cell in row[:4]] for row in rows], np.float32)
    session = onnxruntime.InferenceSession(str(run.path / "model.onnx"), providers=["CPUExecutionProvider"])
    labels: Any = session.run(["label"], {"flower": flowers})[0]
    assert list(labels) == list(run.predict({"flower": flowers})["label"])
    assert np.mean([label == row[4] for label, row in zip(labels, rows, strict=True)]) > 0.9


def test_a_run_is_read_back_as_it_was(train: Callable[..., nndsl.Run]) -> None:
    run = train("digits", train__epochs=3)
    assert run.path
    again = nndsl.load(run.path)
    assert again.evaluate("test") == run.evaluate("test")
    assert again.history.epochs == run.history.epochs
    for name, value in run.state.items():
        np.testing.assert_array_equal(again.state[name], value)
