"""Divergence is found at its step, and laid at the door of the first value that is not finite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nndsl
from nndsl.errors.commands import Diverged

PROGRAM = """\
model net {
  input x: f32[1]
  target y: f32
  hidden = x -> dense(3, tanh)
  p = hidden -> dense(1)
  output q = p
  loss LOSS
}
data { source = csv("d.csv") }
train { optimizer = sgd(LR)
  epochs = 4
  batch_size = 2
  shuffle = false }
"""


def diverged(folder: Path, loss: str, lr: str, backend: nndsl.api.options.BackendName = "onnx") -> Diverged:
    (folder / "d.csv").write_text("x,y\n" + "".join(f"{i},{i}\n" for i in range(6)))
    (folder / "net.nn").write_text(PROGRAM.replace("LOSS", loss).replace("LR", lr))
    net = nndsl.load(folder / "net.nn")
    assert isinstance(net, nndsl.Net)
    with pytest.raises(nndsl.Failure) as failure:
        net.train(folder / backend)
    assert failure.value.exit_code == 3
    (found,) = failure.value.diagnostics
    assert isinstance(found, Diverged)
    return found


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_a_wrong_value_of_the_forward_pass(tmp_path: Path, backend: nndsl.api.options.BackendName) -> None:
    """y - 4 is 0 in row 4: the first row of the third step."""
    found = diverged(tmp_path, "mean((p - 1) ^ 2) + 1 / abs(y - 4)", "1e-3", backend)
    assert (found.what, found.value, found.step, found.epoch) == ("the loss", "inf", 3, 1)
    assert found.span is not None
    assert found.span.line == 7
    assert found.culprit.endswith("is the first that is not finite: inf")
    assert not (tmp_path / backend).exists()


def test_a_wrong_gradient_of_a_right_loss(tmp_path: Path) -> None:
    """sqrt(0 · …) is 0 and its slope infinite: every weight behind it becomes NaN in the first step."""
    found = diverged(tmp_path, "sqrt(0 * mean(p ^ 2))", "1e-3")
    assert (found.what, found.step) == ("`hidden.W`", 1)
    assert "the gradient at `loss`" in found.culprit


def test_a_step_that_is_too_large(tmp_path: Path) -> None:
    """Gradients are finite, lr · gradient is not."""
    found = diverged(tmp_path, "1e10 * mse(p, y)", "1e35")
    assert found.step == 1
    assert found.what.startswith("`")
    assert found.culprit.startswith("the update of `")
    assert found.lr == "1e+35"


def test_the_last_good_epoch_is_kept(tmp_path: Path) -> None:
    """Doubling of the weights' error every step: some epochs end well before the loss is no longer a number."""
    found = diverged(tmp_path, "1e6 * mse(p, y)", "1e-3")
    run = nndsl.open_run(tmp_path / "onnx") if (tmp_path / "onnx").exists() else None
    if found.epoch == 1:
        assert run is None
        return
    assert len(run.history) == found.epoch - 1
    assert run.stopped == f"the loss became {found.value} at step {found.step} (epoch {found.epoch})"
    assert all(np.isfinite(array).all() for array in run.state.values())
    assert run.evaluate("train")["loss"] < float("inf")
