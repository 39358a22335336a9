"""Whether backends agree, told from rounding in networks that are sensitive to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nndsl
from nndsl.codegen.numpy.session import NumpySession
from nndsl.training.checking import BACKEND_TOLERANCE, ROUNDING, BackendCheck

PROGRAM = """
model sensitive {
  input x: f32[100, 1]
  target y: class[2]
  a = x -> conv1d(32, 3, padding = same) -> batch_norm -> relu
  h = a -> conv1d(32, 3, padding = same) -> batch_norm -> relu -> conv1d(32, 3, padding = same) -> batch_norm -> relu
  scores = h -> global_avg_pool1d -> dense(2)
  output kind = argmax(scores)
  loss   cross_entropy(scores, y)
}
data { source = npz("noise.npz") }
train {
  optimizer = adam(0.01)
  batch_size = 32
  epochs = 4
}
"""


@pytest.fixture
def checks(tmp_path: Path) -> Callable[[], list[BackendCheck]]:
    """Of a network before whose means gradients nearly cancel, on noise."""
    random = np.random.default_rng(0)
    np.savez(tmp_path / "noise.npz", x=random.random((160, 100, 1), dtype=np.float32), y=random.integers(0, 2, 160))
    (tmp_path / "sensitive.nn").write_text(PROGRAM)
    net = nndsl.load(tmp_path / "sensitive.nn")
    assert isinstance(net, nndsl.Net)
    return lambda: list(net.check_backends(20))


def test_rounding_is_no_difference(checks: Callable[[], list[BackendCheck]]) -> None:
    found = checks()
    assert len(found) == 20
    assert all(check.passed for check in found)
    for check in found:
        assert check.gradient <= max(BACKEND_TOLERANCE, ROUNDING * check.rounding)


@pytest.mark.parametrize("parameter", ["a.conv1d_1.W", "h.batch_norm_2.gamma", "scores.b"])
def test_a_wrong_gradient_is_found_beside_it(
    checks: Callable[[], list[BackendCheck]], monkeypatch: pytest.MonkeyPatch, parameter: str
) -> None:
    real = NumpySession.gradients

    def wrong(self: NumpySession, rows: int, step: int) -> Any:
        results = {**real(self, rows, step)}
        results[f"grad.{parameter}"] = results[f"grad.{parameter}"] * np.float32(1.05)
        return results

    monkeypatch.setattr(NumpySession, "gradients", wrong)
    found = checks()
    assert not any(check.passed for check in found)
    assert {check.worst for check in found} == {parameter}


def test_a_wrong_loss_is_found_beside_it(
    checks: Callable[[], list[BackendCheck]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = NumpySession.gradients

    def wrong(self: NumpySession, rows: int, step: int) -> Any:
        results = {**real(self, rows, step)}
        return {**results, "loss": results["loss"] * 1.0001}

    monkeypatch.setattr(NumpySession, "gradients", wrong)
    assert not any(check.passed for check in checks())
