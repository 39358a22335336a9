"""Parameters side by side in vectors: the same numbers as array by array, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

import nndsl
from nndsl.codegen.backend import Arrays
from nndsl.codegen.numpy import vectors
from nndsl.codegen.numpy.session import NumpySession

PROGRAM = """
model net {{
  input  x: f32[6]
  target y: class[3]
  scores = x -> dense(9, tanh) -> batch_norm -> dense(3)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
}}
train {{ {settings} }}
"""

ALIKE = ("optimizer = adam(1e-2)", "optimizer = sgd(0.1, momentum = 0.9)\n clip_value = 0.1", "ema = 0.9")
"""Every element is updated by the same rule."""

APART = ("optimizer = lamb(1e-2)", "optimizer = adamw(1e-2, decay_bias = false)", "clip_norm = 0.1")
"""The rule depends on the parameter: on its norm, on whether it is a bias, or on all gradients."""


def session(settings: str) -> NumpySession:
    step = nndsl.loads(PROGRAM.format(settings=settings)).step
    random = np.random.default_rng(3)
    state = {
        spec.name: random.uniform(0.1, 1, spec.shape).astype(np.float32) * (spec.role != "slot") for spec in step.states
    }
    return NumpySession(step, state, seed=1, batch_size=8)


def train(session: NumpySession, steps: int = 7) -> Arrays:
    random = np.random.default_rng(0)
    for step in range(steps):
        rows = 8 if step % 3 else 5
        buffers = session.buffers(rows)
        buffers["x"][...] = random.normal(size=(rows, 6))
        buffers["y"][...] = random.integers(0, 3, rows)
        session.train_step(rows, step)
    return session.state()


@pytest.mark.parametrize("settings", ALIKE)
@pytest.mark.parametrize("piece", [1, 10, 10**6])
def test_pieces_of_any_size_give_the_same_state(settings: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = session(settings)
    apart._vectors = None
    monkeypatch.setattr(vectors, "PIECE", piece)
    together = session(settings)
    assert together._vectors is not None
    expected, found = train(apart), train(together)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize("settings", APART)
def test_an_update_that_looks_at_the_parameter_takes_each_by_itself(settings: str) -> None:
    assert session(settings)._vectors is None


def test_a_state_that_is_set_is_what_training_goes_on_from() -> None:
    first, second = session(ALIKE[0]), session(ALIKE[0])
    train(first)
    second.set_state(first.state())
    expected, found = train(first), train(second)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
