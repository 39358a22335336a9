"""Subnormal numbers: zero while a network computes, and what they are to everybody else."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import nndsl
from nndsl.codegen.arithmetic import arithmetic_kept, computing

is_set = sys.platform == "linux" and os.uname().machine == "x86_64"
flushed = pytest.mark.skipif(not is_set, reason="the processor is set on Linux on x86-64 only")

PROGRAM = """
model unit {
  input  x: f32[1]
  target y: f32[1]
  output z = x -> dense(1, init = zeros)
  loss   mse(z, y)
}
train { optimizer = sgd(1) }
"""


def tenth_of_the_smallest() -> float:
    """A tenth of the smallest normal number of float32, which is not known before it is computed."""
    return float(np.full(64, 1.2e-38, np.float32).prod(where=np.arange(64) < 1) * np.float32(0.1))


@flushed
def test_within_they_are_zero_and_afterwards_not() -> None:
    assert tenth_of_the_smallest() > 0
    with computing():
        assert tenth_of_the_smallest() == 0
    assert tenth_of_the_smallest() > 0


@flushed
def test_threads_that_are_started_within_take_them_for_zero_too() -> None:
    with computing(), ThreadPoolExecutor(1) as other:
        assert other.submit(tenth_of_the_smallest).result() == 0
    with ThreadPoolExecutor(1) as other:
        assert other.submit(tenth_of_the_smallest).result() > 0


def test_what_raises_within_leaves_nothing_set() -> None:
    with pytest.raises(KeyError), computing():
        raise KeyError
    assert tenth_of_the_smallest() > 0
    with arithmetic_kept():
        pass
    assert tenth_of_the_smallest() > 0


def test_within_numpy_does_not_warn() -> None:
    with computing():
        assert np.isinf(np.float32(1) / np.float32(0))


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_training_leaves_the_thread_as_it_was(backend: str) -> None:
    net = nndsl.loads(PROGRAM)
    x = np.arange(4, dtype=np.float32)[:, None]
    net.fit(x, x, epochs=1, backend=backend, verbose=False)
    net.predict(x)
    assert tenth_of_the_smallest() > 0


@flushed
def test_a_step_in_numpy_takes_them_for_zero() -> None:
    """The gradient of a weight of 0 for targets of 1e-39 and 0 is subnormal, and an update by it changes nothing."""
    net = nndsl.loads(PROGRAM)
    x = np.ones((4, 1), np.float32)
    net.fit(x, np.float32([[1e-39], [0], [1e-39], [0]]), epochs=1, backend="numpy", verbose=False)
    assert [float(weight.max()) for weight in net.weights.values()] == [0, 0]
