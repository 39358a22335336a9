"""Whether backends agree, told from rounding in networks that are sensitive to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nndsl
from nndsl.codegen.numpy.session import NumpySession
from nndsl.training.checking import BACKEND_TOLERANCE, ROUNDING, BackendCheck, Differences, _explained

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


def test_columns_far_from_zero_are_rounded_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(128, 16)) + 3000, random.normal(size=(128, 2))
    np.savez(tmp_path / "far.npz", x=x.astype(np.float32), y=y.astype(np.float32))
    (tmp_path / "far.nn").write_text(
        """
        model far {
          input x: f32[16]
          target y: f32[2]
          scores = x -> layer_norm -> dense(8, tanh) -> dense(2)
          output value = scores
          loss mse(scores, y)
        }
        data { source = npz("far.npz") }
        train { batch_size = 32 }
        """
    )
    net = nndsl.load(tmp_path / "far.nn")
    assert isinstance(net, nndsl.Net)
    found = list(net.check_backends(4))
    assert all(check.passed for check in found)
    assert any(check.gradient > BACKEND_TOLERANCE for check in found)


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_a_neighbour_without_numbers_explains_nothing(lost: float) -> None:
    found = Differences(0.0, {"W": 1.0, "b": 1e-7})
    nearby = [Differences(lost, {"W": 1e-6, "b": 0.0}), Differences(0.0, {"W": lost, "b": lost})]
    check = _explained(3, found, [other for other in nearby if other.are_finite])
    assert (check.passed, check.worst, check.gradient, check.rounding) == (False, "W", 1.0, 0.0)


def test_what_is_not_explained_is_named_though_more_differs_elsewhere() -> None:
    found = Differences(0.0, {"sensitive": 1e-2, "wrong": 1e-4})
    check = _explained(0, found, [Differences(0.0, {"sensitive": 9e-3, "wrong": 1e-6})])
    assert (check.passed, check.worst, check.gradient) == (False, "wrong", 1e-4)
    check = _explained(0, found, [Differences(0.0, {"sensitive": 9e-3, "wrong": 1e-4})])
    assert (check.passed, check.worst, check.rounding) == (True, "sensitive", 9e-3)
    assert not _explained(0, Differences(1e-3, {"W": 0.0}), [Differences(1e-5, {"W": 0.0})]).passed
