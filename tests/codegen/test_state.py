"""The state of a session on either engine: copies that stay what they were, and whether all of it is finite."""

from __future__ import annotations

import numpy as np
import pytest

import nndsl
from nndsl.api.options import BackendName
from nndsl.codegen.backend import Session

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

SETTINGS = ("optimizer = adam(1e-2)", "optimizer = lamb(1e-2)", "optimizer = sgd(0.1, momentum = 0.9)\n ema = 0.9")
"""With states side by side in few tensors, and array by array."""

both_backends = pytest.mark.parametrize("backend", ["onnx", "numpy"])


def session_of(backend: BackendName, settings: str) -> Session:
    net = nndsl.loads(PROGRAM.format(settings=settings))
    return net.session(net.initial_state(), backend)


def train(session: Session, steps: int) -> None:
    random = np.random.default_rng(0)
    for step in range(steps):
        buffers = session.buffers(8)
        buffers["x"][...] = random.normal(size=(8, 6))
        buffers["y"][...] = random.integers(0, 3, 8)
        session.train_step(8, step)


@both_backends
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_state_is_that_of_the_moment_it_was_taken(backend: BackendName, settings: str) -> None:
    """Also where it is looked at later only."""
    looked_at, waiting = session_of(backend, settings), session_of(backend, settings)
    train(looked_at, 3)
    train(waiting, 3)
    expected, found = {**looked_at.state()}, waiting.state()
    train(waiting, 2)
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    waiting.set_state(found)
    for name, array in waiting.state().items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


@both_backends
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_is_found_wherever_it_lies(
    backend: BackendName, settings: str, wrong: float
) -> None:
    session = session_of(backend, settings)
    train(session, 2)
    good = session.state()
    assert session.is_finite()
    for name, array in good.items():
        bad = array.copy()
        bad.flat[-1] = wrong
        session.set_state({**good, name: bad})
        assert not session.is_finite(), name
    session.set_state(good)
    assert session.is_finite()


@both_backends
def test_numbers_with_squares_beyond_any_number_are_finite(backend: BackendName) -> None:
    session = session_of(backend, SETTINGS[0])
    session.set_state({name: np.full_like(array, 3e38) for name, array in session.state().items()})
    assert session.is_finite()
