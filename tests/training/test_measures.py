"""What is measured over rows that come in batches: class weights, weights of examples, metrics that are tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndsl.api import Net, load
from nndsl.codegen.backend import Backend
from nndsl.codegen.numpy.backend import NumpyBackend
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.compiler import compile_network
from nndsl.diagnostics import Failure
from nndsl.model.check import check, load_program
from nndsl.model.sections import Configured, TrainSection
from nndsl.render import render
from nndsl.source import Source, Span
from nndsl.training.callbacks import build
from nndsl.training.results import format_logs, measured_text
from nndsl.transform.state import initial_state

Array = np.ndarray[Any, Any]
both_backends = pytest.mark.parametrize("backend", [OnnxBackend(), NumpyBackend()], ids=lambda backend: backend.name)

SEVERAL = """
model several {
  input x: f32[4]
  input w: f32
  target kind: class[3]
  target sure: binary
  h = x -> dense(5, tanh)
  scores = h -> dense(3)
  answer = h -> dense(1)
  output found = argmax(scores)
  output chance = sigmoid(answer)
  loss w * cross_entropy(scores, kind, class_weight = [1, 2, 0.5]) as kinds
  loss 0.5 * w * binary_cross_entropy(answer, sure, class_weight = [1, 3]) as yes
  metric accuracy(scores, kind)
  metric confusion_matrix(scores, kind)
  metric f1(answer, sure)
}
"""


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


@both_backends
def test_weights_of_classes_and_examples_with_several_outputs(backend: Backend) -> None:
    """Each loss is sum(weight of example * weight of class * value) / rows, and its gradients follow."""
    source = Source("several.nn", SEVERAL)
    checked = check(load_program(source))
    step = compile_network(checked.network, checked.train, source).step
    state = initial_state(step.states, 1)
    session = backend.session(step, state, seed=0, batch_size=9)
    rng = np.random.default_rng(0)
    data = {
        "x": rng.normal(size=(9, 4)).astype(np.float32),
        "w": rng.uniform(0, 2, 9).astype(np.float32),
        "kind": rng.integers(0, 3, 9),
        "sure": rng.integers(0, 2, 9).astype(np.float32),
    }
    for name, buffer in session.buffers(9).items():
        buffer[...] = data[name]
    found = {name: np.array(value) for name, value in session.gradients(9, 0).items()}
    measured = dict(session.evaluate(9))

    x, w, kind, sure = (np.asarray(data[name], float) for name in ("x", "w", "kind", "sure"))
    h = np.tanh(x @ state["h.W"] + state["h.b"])
    z, a = h @ state["scores.W"] + state["scores.b"], (h @ state["answer.W"] + state["answer.b"])[:, 0]
    p, q = softmax(z), 1 / (1 + np.exp(-a))
    rows, classes = np.arange(9), kind.astype(int)
    of_kind, of_sure = w * np.array([1, 2, 0.5])[classes], 0.5 * w * np.where(sure == 1, 3, 1)
    kinds = (of_kind * -np.log(p[rows, classes])).mean()
    yes = (of_sure * -np.log(np.where(sure == 1, q, 1 - q))).mean()
    for name, value in {"loss": kinds + yes, "loss.kinds": kinds, "loss.yes": yes}.items():
        np.testing.assert_allclose(measured[name], value, rtol=1e-5, err_msg=name)

    d_z = of_kind[:, None] * (p - np.eye(3)[classes]) / 9
    d_a = (of_sure * (q - sure) / 9)[:, None]
    d_h = (d_z @ state["scores.W"].T + d_a @ state["answer.W"].T) * (1 - h**2)
    expected = {"scores.W": h.T @ d_z, "answer.W": h.T @ d_a, "answer.b": d_a.sum(axis=0), "h.W": x.T @ d_h}
    for name, value in expected.items():
        np.testing.assert_allclose(found[f"grad.{name}"], value, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_tables_are_evaluated_but_not_logged(backend: Any, tmp_path: Path) -> None:
    """A confusion matrix over batches of 8 rows is that of all 100; logs hold numbers only."""
    rng = np.random.default_rng(1)
    arrays = {
        "x": rng.normal(size=(100, 4)).astype(np.float32),
        "w": np.ones(100, np.float32),
        "kind": rng.integers(0, 3, 100),
        "sure": rng.integers(0, 2, 100).astype(np.float32),
    }
    np.savez(tmp_path / "a.npz", **arrays)
    settings = 'data {\n  source = npz("a.npz")\n  test = 40\n}\ntrain {\n  epochs = 2\n  batch_size = 8\n}\n'
    (tmp_path / "several.nn").write_text(SEVERAL + settings)
    net = load(tmp_path / "several.nn")
    assert isinstance(net, Net)
    run = net.train(tmp_path / "run", backend=backend, picture=False)
    assert "confusion_matrix" not in run.history.names
    assert {"accuracy", "f1"} <= {*run.history.names}
    values = run.evaluate("test")
    table = values["confusion_matrix"]
    assert isinstance(table, np.ndarray)
    assert table.shape == (3, 3)
    assert table.sum() == 40
    assert np.trace(table) / 40 == pytest.approx(values["accuracy"])


def test_tables_stand_below_the_numbers() -> None:
    text = measured_text("test", {"loss": 0.5, "table": np.array([[10.0, 0.0], [2.0, 3.0]])})
    assert text.splitlines()[-4:] == ["", "table", "10   0", " 2   3"]


def test_a_line_of_numbers_leaves_tables_out() -> None:
    assert format_logs({"loss": 0.5, "table": np.zeros((2, 2)), "accuracy": 0.25}) == "loss 0.5  accuracy 0.25"


def test_tables_cannot_be_watched() -> None:
    stop = Configured("early_stopping", {"monitor": "val_confusion_matrix"}, Span(Source("p.nn", "x"), 0, 1))
    adam = Configured("adam", {}, None)
    with pytest.raises(Failure) as refused:
        build(TrainSection(adam, callbacks=(stop,)), {"loss", "val_loss", "accuracy", "val_accuracy"})
    assert "it is a table" in render(refused.value.diagnostics)
