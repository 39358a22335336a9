"""What `train` says of steps, from a program to the end of its run: how many updates there are, and at which rates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nndsl
from nndsl.codegen.numpy.session import load_module

ROWS = 100
PROGRAM = """
model m {
  input x: f32[2]
  target y: f32
  output o = x -> dense(1)
  loss mse(o, y)
  metric mae(o, y)
}
data {
  source = csv("rows.csv")
  x = columns("x_*")
}
train {
  optimizer = sgd(lr = polynomial_decay(1e-2, 4 * epoch, 0))
  epochs = 3
}
"""
BACKENDS = ("onnx", "numpy")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    x = np.random.default_rng(0).normal(size=(ROWS, 2))
    lines = [f"{a:.4f},{b:.4f},{2 * a - b + 1:.4f}" for a, b in x]
    (tmp_path / "rows.csv").write_text("\n".join(["x_0,x_1,y", *lines, ""]))
    path = tmp_path / "m.nn"
    path.write_text(PROGRAM)
    return path


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("settings", "updates"),
    [
        ({"batch_size": 32}, 4),
        ({"batch_size": 32, "drop_last": True}, 3),
        ({"batch_size": 10, "accumulate": 3}, 4),
        ({"batch_size": 30, "accumulate": 2, "drop_last": True}, 2),
        ({"batch_size": 500}, 1),
    ],
    ids=str,
)
def test_an_epoch_has_its_updates(
    settings: dict[str, int | bool], updates: int, backend: str, program: Path, tmp_path: Path
) -> None:
    """The rate falls in a straight line over four epochs' updates; that of an epoch's last one is logged."""
    net = nndsl.load(program, set={f"train.{name}": value for name, value in settings.items()})
    run = net.train(tmp_path / "run", backend=backend, picture=False)
    last = np.arange(1, 4) * updates - 1
    np.testing.assert_allclose(run.history["lr"], 1e-2 * (1 - last / (4 * updates)), rtol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_rows_are_one_batch_and_steps_are_counted(backend: str, program: Path, tmp_path: Path) -> None:
    """Plain gradient descent, written out."""
    net = nndsl.load(program, set={"train.batch_size": "all", "train.optimizer": "sgd(0.1)", "train.steps": 2})
    run = net.train(tmp_path / "run", backend=backend, picture=False)
    assert len(run.history) == 2
    data = np.loadtxt(tmp_path / "rows.csv", delimiter=",", skiprows=1)
    x, y = data[:, :2], data[:, 2:]
    initial = net.initial_state()
    W, b = initial["o.W"].astype(np.float64), initial["o.b"].astype(np.float64)
    for _ in range(2):
        error = x @ W + b - y
        W, b = W - 0.1 * 2 * x.T @ error / ROWS, b - 0.1 * 2 * error.mean(axis=0)
    np.testing.assert_allclose(run.state["o.W"], W, rtol=1e-5)  # two steps in float32
    np.testing.assert_allclose(run.state["o.b"], b, rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_stop_within_an_epoch(backend: str, program: Path, tmp_path: Path) -> None:
    """Six updates of two batches each: an epoch of five, and one more."""
    settings = {"train.batch_size": 10, "train.accumulate": 2, "train.steps": 6, "train.epochs": 9}
    run = nndsl.load(program, set=settings).train(tmp_path / "run", backend=backend, picture=False)
    assert len(run.history) == 2
    np.testing.assert_allclose(run.history["lr"], [1e-2 * (1 - 4 / 20), 1e-2 * (1 - 5 / 20)], rtol=1e-6)
    assert "6 steps" in run.stopped


@pytest.mark.parametrize("backend", BACKENDS)
def test_accumulated_batches_train_as_large_ones(backend: str, program: Path, tmp_path: Path) -> None:
    """Averages and metrics too; rows are shuffled alike, so the same hundred rows make the same updates."""
    runs = [
        nndsl.load(program, set={"train.batch_size": size, "train.accumulate": count, "train.ema": 0.9}).train(
            tmp_path / f"run_{size}", backend=backend, picture=False
        )
        for size, count in ((40, 1), (10, 4))
    ]
    large, small = runs
    for name in ("loss", "mae"):
        np.testing.assert_allclose(small.history[name], large.history[name], rtol=1e-5)
    assert {"o.W.ema", "o.b.ema"} <= large.state.keys()
    for name, value in large.state.items():  # nine updates in float32, added up in another order
        np.testing.assert_allclose(small.state[name], value, rtol=1e-5, err_msg=name)


NORMALIZED = """
model m {
  input x: f32[2]
  target y: f32
  output o = x -> dense(4, tanh, bias = false) -> batch_norm -> dropout(0.3) -> dense(1)
  loss mse(o, y)
}
data {
  source = csv("rows.csv")
  x = columns("x_*")
}
train {
  optimizer = adam(1e-2)
  epochs = 2
  batch_size = 16
  clip_norm = 1
"""


@pytest.mark.parametrize(
    "settings", ["", "accumulate = 4", "drop_last = true", "accumulate = 4\ndrop_last = true\nema = 0.5"]
)
def test_the_generated_module_fits_as_the_program_says(settings: str, program: Path, tmp_path: Path) -> None:
    """Its `fit` ends where training on NumPy does, bit for bit."""
    program.write_text(f"{NORMALIZED}{settings}\n}}\n")
    net = nndsl.load(program)
    run = net.train(tmp_path / "run", backend="numpy", picture=False)
    net.compile(tmp_path / "build", "numpy")
    module: Any = load_module("m", (tmp_path / "build" / "m.py").read_text())
    state = module.init_state()
    data = np.loadtxt(tmp_path / "rows.csv", np.float32, delimiter=",", skiprows=1)
    module.fit(state, x=data[:, :2], y=data[:, 2])
    for name, value in run.state.items():
        np.testing.assert_array_equal(state[name], value, name)
