"""An output that no loss reaches is warned of, and predicts with its initial weights: training leaves them alone."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import nndsl

PROGRAM = """
model m {
  input x: f32[2]
  target y: f32
  h = x -> dense(4)
  p = h -> dense(1)
  output q = h -> dense(1)
  loss mse(p, y)
}
data { source = npz("d.npz") }
train { epochs = 2 }
"""


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_what_no_loss_reaches_stays(tmp_path: Path, backend: Literal["onnx", "numpy"]) -> None:
    random = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", x=random.normal(size=(40, 2)), y=random.normal(size=40))
    (tmp_path / "m.nn").write_text(PROGRAM)
    net = nndsl.load(tmp_path / "m.nn")
    assert isinstance(net, nndsl.Net)
    assert [warning.code for warning in net.warnings] == ["NN604"]
    initial = net.initial_state()
    run = net.train(tmp_path / "run", backend=backend)
    np.testing.assert_array_equal(run.state["q.W"], initial["q.W"])
    assert not np.array_equal(run.state["p.W"], initial["p.W"])
    np.testing.assert_allclose(
        run.predict({"x": np.ones((1, 2))})["q"],
        (np.ones((1, 2)) @ run.state["h.W"] + run.state["h.b"]) @ run.state["q.W"] + run.state["q.b"],
        rtol=1e-5,  # a float32 product of eight terms
    )
    net.compile(tmp_path / "build")
