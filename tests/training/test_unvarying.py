"""What does not vary in the training rows is told by the names that the data have for it, once training begins."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import nndsl

MODEL = """
model varying {{
  input  a: f32[3]
  input  b: f32
  input  s: f32[2, 2]
  target y: f32

  {layers}
  output p = h -> flatten -> dense(1)
  loss mse(p, y)
}}
"""

DATA = """
data {
  source     = npz("rows.npz")
  validation = 25%
  shuffle    = false
}

train { epochs = 1 }
"""

TABLE = """
data {
  source = csv("rows.csv")
  a      = columns("u", "v", "w")
  test   = 25%
  shuffle = false
}

train { epochs = 1 }
"""

ROWS = 40


def warned(folder: Path, layers: str, arrays: dict[str, np.ndarray]) -> list[str]:
    """The warnings of a training, their messages."""
    (folder / "varying.nn").write_text(MODEL.format(layers=layers) + DATA)
    np.savez(folder / "rows.npz", **arrays)
    net = nndsl.load(folder / "varying.nn")
    assert isinstance(net, nndsl.Net)
    found: list[nndsl.Diagnostic] = []
    net.train(folder / f"run{len(list(folder.iterdir()))}", picture=False, warn=found.append)
    return [each.message for each in found if each.code == "NN610"]


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"a": (ROWS, 3), "b": (ROWS,), "s": (ROWS, 2, 2), "y": (ROWS,)}
    return {name: rng.random(shape).astype(np.float32) for name, shape in shapes.items()}


def test_nothing_is_said_of_what_varies(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    layers = "h = concat(a, b) -> normalize -> min_max"
    assert warned(tmp_path, layers, arrays) == []


@pytest.mark.parametrize("layer", ["normalize", "min_max"])
def test_elements_by_name(tmp_path: Path, arrays: dict[str, np.ndarray], layer: str) -> None:
    """The value after the training rows does not count: it is there that the harm would be done."""
    arrays["a"][:, 1] = 3.25
    arrays["b"][: ROWS * 3 // 4] = 0.1
    assert warned(tmp_path, f"h = concat(a, b) -> {layer}", arrays) == [
        f"2 of 4 elements, `a[1]` and `b`, are the same in every training row: `{layer}` cannot scale them"
    ]
    assert warned(tmp_path, f"h = b -> {layer}", arrays) == [
        f"`b` is the same in every training row: `{layer}` cannot scale it"
    ]


def test_one_warning_where_a_layer_with_parameters_has_the_same_name(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    arrays["b"][:] = 3
    message = "`b` is the same in every training row: `normalize` cannot scale it"
    assert warned(tmp_path, "h = b -> normalize -> dense(3, relu)", arrays) == [message]


@pytest.mark.filterwarnings("ignore:.*NN610")
@pytest.mark.parametrize("backend", ["onnx", "numpy"])
@pytest.mark.parametrize("layer", ["normalize", "min_max"])
def test_what_is_not_scaled_is_shifted(tmp_path: Path, layer: str, backend: nndsl.api.options.BackendName) -> None:
    """By whatever computes it: a session, model.onnx, model.py."""
    text = (
        f"model m {{ input x: f32[2]\n target y: f32\n output z = x -> {layer}\n p = z -> dense(1)\n loss mse(p, y) }}"
    )
    rows = np.array([[0.0, 0.1], [2.0, 0.1], [4.0, 0.1]], np.float32)
    net = nndsl.loads(text + "\ntrain { optimizer = sgd(0.01)\n epochs = 1 }")
    net.fit(rows, rows[:, 0], backend=backend, verbose=0)
    asked = np.array([[2, 0.1], [2, 1.1], [0, -2.9]], np.float32)
    spread = rows[:, 0].std() if layer == "normalize" else 4
    middle = 2 if layer == "normalize" else 0
    expected = np.column_stack([(asked[:, 0] - middle) / spread, [0, 1, -3]])

    def agrees(found: np.ndarray) -> None:
        np.testing.assert_allclose(found, expected, atol=1e-6)  # a few roundings of float32 at 3

    agrees(net.predict(asked)["z"])
    net.save(tmp_path / "run")
    session = onnxruntime.InferenceSession(tmp_path / "run" / "model.onnx")
    agrees(session.run(["z"], {"x": asked})[0])
    space = runpy.run_path(str(tmp_path / "run" / "model.py"))
    agrees(space["predict"](space["init_state"](), x=asked)["z"])


def test_elements_after_arithmetic_and_layers(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    """What is done element by element leaves their names, anything else their numbers."""
    arrays["a"][:, 2] = 1
    arrays["s"][..., 0] = 5
    message = "{} is the same in every training row: `normalize` cannot scale it"
    assert warned(tmp_path, "h = log(a * 2 + 1) -> impute -> normalize", arrays) == [message.format("`a[2]`")]
    assert warned(tmp_path, "h = s -> normalize", arrays) == [message.format("element 0")]


def test_a_spread_that_normalize_takes_for_none(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Up to 1e-7 it divides by 1e-7; `min_max` divides by whatever there is."""
    arrays["a"] *= np.float32(1e-8)
    assert len(warned(tmp_path, "h = a -> normalize", arrays)) == 1
    assert warned(tmp_path, "h = a -> min_max", arrays) == []


def test_columns_by_their_names_in_the_file(tmp_path: Path) -> None:
    rows = [f"{i % 7},3,{i},1e3,{i}" for i in range(ROWS)]
    (tmp_path / "rows.csv").write_text("\n".join(["u,v,w,b,y", *rows]))
    layers = "  input  s: f32[2, 2]\n"
    text = MODEL.format(layers="h = concat(a, b) -> normalize").replace(layers, "") + TABLE
    (tmp_path / "varying.nn").write_text(text)
    net = nndsl.load(tmp_path / "varying.nn")
    assert isinstance(net, nndsl.Net)
    net.initial_state()
    (warning,) = net.warnings
    assert warning.message == (
        '2 of 4 elements, column "v" and column "b", are the same in every training row: `normalize` cannot scale them'
    )
    (label,) = warning.labels()
    assert label.span is not None
    assert label.span.text == "normalize"
