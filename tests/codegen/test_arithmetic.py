"""Subnormal numbers: zero while an engine computes, and what they are to everybody else."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import nndsl
from nndsl.codegen.arithmetic import without_subnormals

is_set = sys.platform == "linux" and os.uname().machine == "x86_64"
flushed = pytest.mark.skipif(not is_set, reason="the processor is told on Linux on x86-64 only")

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
def test_in_the_function_they_are_zero_and_afterwards_not() -> None:
    assert tenth_of_the_smallest() > 0
    assert without_subnormals(tenth_of_the_smallest)() == 0
    assert tenth_of_the_smallest() > 0


@flushed
def test_another_thread_may_call_it_later() -> None:
    function = without_subnormals(tenth_of_the_smallest)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(function).result() == 0
        assert other.submit(tenth_of_the_smallest).result() > 0


def test_what_raises_leaves_nothing_set() -> None:
    with pytest.raises(KeyError):
        without_subnormals({}.__getitem__)("nothing")
    assert tenth_of_the_smallest() > 0


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_training_leaves_the_thread_as_it_was(backend: str) -> None:
    """In callbacks too, and after ONNX Runtime has set the thread that loads a process's first model."""
    seen: list[float] = []

    class Callback:
        def on_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
            seen.append(tenth_of_the_smallest())

    net = nndsl.loads(PROGRAM)
    x = np.arange(4, dtype=np.float32)[:, None]
    net.fit(x, x, epochs=1, backend=backend, verbose=False, callbacks=[Callback()])
    net.predict(x)
    assert seen
    assert min(*seen, tenth_of_the_smallest()) > 0


def test_a_process_s_first_model_leaves_the_thread_that_loads_it() -> None:
    """ONNX Runtime sets the thread of its first session, and of no other."""
    program = f"""
import numpy as np, nndsl
nndsl.loads({PROGRAM!r}).fit(np.eye(4, 1), np.eye(4, 1), epochs=1, verbose=False)
assert float(np.full(64, 1.2e-38, np.float32).prod(where=np.arange(64) < 1) * np.float32(0.1)) > 0
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@flushed
@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_an_update_takes_them_for_zero(backend: str) -> None:
    """The gradient of a weight of 0 for targets of 1e-39 and 0 is subnormal, and an update by it changes nothing."""
    net = nndsl.loads(PROGRAM)
    x = np.ones((4, 1), np.float32)
    net.fit(x, np.float32([[1e-39], [0], [1e-39], [0]]), epochs=1, backend=backend, verbose=False)
    assert [float(weight.max()) for weight in net.weights.values()] == [0, 0]
