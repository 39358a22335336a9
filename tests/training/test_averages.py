"""Averages of the parameters (`ema`): kept as Keras keeps them, and what evaluates, predicts and is exported."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.numpy_helper import to_array
from oracles.load import Case, cases

from nndsl.codegen.backend import Arrays, Backend, Session
from nndsl.codegen.numpy.backend import NumpyBackend
from nndsl.codegen.numpy.module import generate
from nndsl.codegen.numpy.session import load_module
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.trained import trained_model
from nndsl.compiler import compile_network
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

load()

Array = np.ndarray[Any, Any]
both_backends = pytest.mark.parametrize("backend", [OnnxBackend(), NumpyBackend()], ids=lambda backend: backend.name)

NETWORK = """
model m {{
  input x: f32[6]
  target y: f32
  hidden = x -> batch_norm -> dense(8, tanh, trainable = {trained}) -> dropout(0.2)
  output guess = hidden -> dense(1, l2 = 0.1, constraint = max_norm(0.5))
  loss mse(guess, y)
  metric mae(guess, y)
}}
train {{
  optimizer = adam(0.05)
  {settings}
}}
"""


def compiled(text: str) -> Step:
    source = Source("m.nn", text)
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


def network(settings: str, trained: str = "true") -> Step:
    return compiled(NETWORK.format(settings=settings, trained=trained))


def opened(step: Step, backend: Backend) -> Session:
    return backend.session(step, initial_state(step.states, 0), seed=5, batch_size=16)


def fill(session: Session, rows: int = 16, seed: int = 0) -> Arrays:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 6)).astype(np.float32)
    data = {"x": x, "y": x.sum(axis=1) + 3}
    for name, buffer in session.buffers(rows).items():
        buffer[...] = data[name]
    return data


def averaged(state: Arrays) -> dict[str, Array]:
    """The state of a program without `ema` whose parameters are these averages."""
    return {name: state.get(f"{name}.ema", value) for name, value in state.items() if not name.endswith(".ema")}


def copied(results: Arrays) -> dict[str, Array]:
    """Results that outlive the session's next call."""
    return {name: np.array(value) for name, value in results.items()}


# ---------------------------------------------------------------- how they are kept


@both_backends
@pytest.mark.parametrize("case", cases("averages"), ids=str)
def test_averages_are_keras_ones(case: Case, backend: Backend) -> None:
    given = ", ".join(f"{key} = {value}" for key, value in case.args.items())
    settings = "\n".join(f"{key} = {value}" for key, value in case.train.items())
    step = compiled(f"""
model linear {{
  input x: f32[3]
  target c: f32[2]
  z = x -> dense(2)
  output y = z
  loss 4 * sum(z * c)
}}
train {{
  optimizer = {case.name}({given})
  {settings}
}}
""")
    state = initial_state(step.states, 0) | {f"z.{k}": np.float32(p) for k, p in case.parameters.items()}
    session = backend.session(step, state, seed=0, batch_size=4)
    # Each row is a unit vector, so that the targets are the gradients (as in test_updates).
    x = np.concatenate([np.eye(3), np.zeros((1, 3))])
    for number, (W, b) in enumerate(zip(case.inputs["W"], case.inputs["b"], strict=True)):
        for name, buffer in session.buffers(4).items():
            buffer[...] = {"x": x, "c": np.concatenate([W, [b - W.sum(axis=0)]])}[name]
        session.train_step(4, number)
        for name, expected in case.outputs.items():  # twelve steps in float32
            np.testing.assert_allclose(
                session.state()[f"z.{name}"], expected[number], rtol=3e-5, atol=1e-5, err_msg=f"{name} at {number}"
            )


def test_averages_begin_as_the_parameters_do() -> None:
    step = network("ema = 0.9")
    state = initial_state(step.states, 7)
    names = [parameter.name for parameter in step.trainable]
    assert [state.name for state in step.states if state.name.endswith(".ema")] == [f"{name}.ema" for name in names]
    for name in names:
        np.testing.assert_array_equal(state[f"{name}.ema"], state[name])
    module = load_module("m", generate(step).text)
    for name, value in module.init_state(7).items():
        np.testing.assert_array_equal(value, state[name], name)


def test_parameters_that_do_not_train_have_none() -> None:
    names = {state.name for state in network("ema = 0.9", trained="false").states}
    assert {"hidden.dense_1.W", "guess.W", "guess.W.ema"} <= names
    assert "hidden.dense_1.W.ema" not in names


@both_backends
def test_what_is_averaged_is_the_parameter_under_its_constraint(backend: Backend) -> None:
    session = opened(network("ema = 0.5"), backend)
    expected: dict[str, Array] = {}
    for number in range(4):
        fill(session, seed=number)
        session.train_step(16, number)
        state = session.state()
        now = {name: value for name, value in state.items() if f"{name}.ema" in state}
        expected = {k: (expected[k] + v) / 2 if number else v for k, v in now.items()}
        for name, value in expected.items():  # one product and one sum in float32
            np.testing.assert_allclose(state[f"{name}.ema"], value, rtol=1e-6, atol=1e-7, err_msg=name)
    assert np.linalg.norm(state["guess.W"], axis=0) <= 0.5 + 1e-6


# ---------------------------------------------------------------- what they are for


@both_backends
def test_training_goes_on_as_without_them(backend: Backend) -> None:
    plain, kept = opened(network(""), backend), opened(network("ema = 0.9"), backend)
    for number in range(5):
        for session in (plain, kept):
            fill(session, seed=number)
        np.testing.assert_array_equal(plain.train_step(16, number)["loss"], kept.train_step(16, number)["loss"])
        kept.evaluate(16)
    for name, value in plain.state().items():
        np.testing.assert_array_equal(kept.state()[name], value, name)


@both_backends
@pytest.mark.parametrize("accumulate", [1, 2])
def test_evaluation_and_prediction_take_the_averages(accumulate: int, backend: Backend) -> None:
    kept, plain = opened(network(f"ema = 0.9\naccumulate = {accumulate}"), backend), opened(network(""), backend)
    for number in range(5):
        if accumulate == 1:
            fill(kept, seed=number)
            kept.train_step(16, number)
        else:
            for part in range(2):
                fill(kept, 8, seed=number)
                kept.accumulate(8, number, 8 * part)
            kept.apply(number)
    raw = {name: value for name, value in kept.state().items() if not name.endswith(".ema")}
    for session in (kept, plain):
        fill(session, seed=9)
    plain.set_state(averaged(kept.state()))
    measured, expected = copied(kept.evaluate(16)), copied(plain.evaluate(16))
    for name, value in expected.items():
        np.testing.assert_array_equal(measured[name], value, name)
    np.testing.assert_array_equal(kept.predict(16)["guess"], plain.predict(16)["guess"])
    plain.set_state(raw)
    assert abs(float(plain.evaluate(16)["loss"]) - float(expected["loss"])) > 0.01


def test_the_trained_model_and_the_module_hold_the_averages() -> None:
    step = network("ema = 0.9")
    session = opened(step, OnnxBackend())
    for number in range(5):
        data = fill(session, seed=number)
        session.train_step(16, number)
    state = session.state()
    expected = session.predict(16)["guess"]

    model = trained_model(step, state)
    (found,) = onnxruntime.InferenceSession(model).run(["guess"], {"x": data["x"]})
    # float32 sums of eight products, fused otherwise than where the weights are inputs
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    weights = {tensor.name: to_array(tensor) for tensor in onnx.load_from_string(model).graph.initializer}
    np.testing.assert_array_equal(weights["guess.W"], state["guess.W.ema"])
    assert not any(name.endswith(".ema") for name in weights)

    module = load_module("m", generate(step).text)
    np.testing.assert_allclose(module.predict(state, x=data["x"])["guess"], expected, rtol=1e-5, atol=1e-6)
