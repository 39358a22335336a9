"""Metrics that are a quotient of two sums, which are finished without NumPy: its numbers all the same."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest

import nndsl
from nndsl.graph.evaluate import evaluate
from nndsl.training.sums import Sums

STEP = nndsl.loads(
    """
model net {
  input  x: f32
  target y: binary
  p = x -> dense(1)
  output q = p
  loss   binary_cross_entropy(p, y)
  metric binary_accuracy(p, y)
  metric precision(p, y)
  metric mae(p, x) as apart
}
"""
).step


@pytest.mark.parametrize("sums", [(3.0, 7.0), (0.0, 0.0), (2.0, 0.0), (-2.0, 0.0), (float("nan"), 3.0)], ids=str)
def test_metrics_are_what_their_graphs_give(sums: tuple[float, float]) -> None:
    results: dict[str, np.ndarray] = {"loss": np.array(0.5, np.float32)}
    for metric in STEP.metrics:
        results |= {name: np.asarray(value) for name, value in zip(metric.accumulators, cycle(sums), strict=False)}
    added = Sums(STEP.metrics)
    added.add(results, 10)
    found = added.finish()
    assert found.pop("loss") == 0.5
    for metric in STEP.metrics:
        inputs = dict(zip(metric.accumulators, cycle(sums), strict=False))
        expected = evaluate(metric.finish, inputs, float_dtype="f64")["value"]
        np.testing.assert_array_equal(found[metric.name], expected, err_msg=metric.name)
