"""Training steps against Keras, on both backends: optimizers, weight decay, clipping and schedules in `train` sections.

The gradients of the oracles are what a program gives whose loss is linear in its one layer's parameters: row i of the
batch is the i-th unit vector, and its target is what the i-th row of the kernel's gradient should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from oracles.load import Case, cases

from nndsl.codegen.backend import Backend
from nndsl.codegen.numpy.backend import NumpyBackend
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.packing import pack_step
from nndsl.compiler import compile_network
from nndsl.library.registry import OPTIMIZERS
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

load()

Array = np.ndarray[Any, Any]
CASES = [case for case in cases("optimizers") if "accumulate" not in case.train]
BY_ID = {case.id: case for case in CASES}
both_backends = pytest.mark.parametrize("backend", [OnnxBackend(), NumpyBackend()], ids=lambda backend: backend.name)


def written(name: str, arguments: Mapping[str, Any]) -> str:
    """A call in the language."""
    given = (f"{key} = {str(value).lower()}" for key, value in arguments.items())
    return f"{name}({', '.join(given)})"


def compiled(*settings: str) -> Step:
    """A program of one layer `z`, with these settings of training."""
    lines = "\n".join(settings)
    program = f"""
model linear {{
  input x: f32[3]
  target c: f32[2]
  z = x -> dense(2)
  output y = z
  loss 4 * sum(z * c)
}}
train {{
{lines}
}}
"""
    source = Source("linear.nn", program)
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


def batch(W: Array, b: Array) -> dict[str, Array]:
    """Four rows whose mean loss has these gradients; sixty-fourths add up exactly in float32."""
    x = np.concatenate([np.eye(3), np.zeros((1, 3))])
    return {"x": x, "c": np.concatenate([W, [b - W.sum(axis=0)]])}


def trained(step: Step, backend: Backend, case: Case) -> tuple[dict[str, Array], list[float]]:
    """The parameters after each of the oracle's steps, and the learning rates."""
    state = initial_state(step.states, 0) | {f"z.{k}": np.float32(p) for k, p in case.parameters.items()}
    session = backend.session(step, state, seed=0, batch_size=4)
    path: dict[str, list[Array]] = {"W": [], "b": []}
    rates = []
    for number, (W, b) in enumerate(zip(case.inputs["W"], case.inputs["b"], strict=True)):
        for name, buffer in session.buffers(4).items():
            buffer[...] = batch(W, b)[name]
        rates.append(float(session.train_step(4, number)["nndsl.lr"]))
        for name, values in path.items():
            values.append(session.state()[f"z.{name}"])
    return {name: np.stack(values) for name, values in path.items()}, rates


def close(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    for name in ("W", "b"):
        # twelve steps in float32, among them one with a gradient a hundred times the others
        np.testing.assert_allclose(found[name], expected[name], rtol=3e-5, atol=1e-5, err_msg=name)


@both_backends
@pytest.mark.parametrize("case", CASES, ids=str)
def test_step(case: Case, backend: Backend) -> None:
    clipping = [f"{key} = {value}" for key, value in case.train.items()]
    step = compiled(f"optimizer = {written(case.name, case.args)}", *clipping)
    close(trained(step, backend, case)[0], case.outputs)


@both_backends
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "lamb"])
def test_biases_can_be_spared_from_weight_decay(name: str, backend: Backend) -> None:
    """The kernel goes as with weight decay, the bias as without: no optimizer mixes the two."""
    lr = {"lr": 0.01} if name == "sgd" else {}
    decayed = BY_ID[written(name, lr | {"weight_decay": 0.01}).replace(" = ", "=")]
    plain = BY_ID["adam()" if name == "adamw" else written(name, lr).replace(" = ", "=")]
    step = compiled(f"optimizer = {written(name, {**decayed.args, 'decay_bias': False})}")
    close(trained(step, backend, decayed)[0], {"W": decayed.outputs["W"], "b": plain.outputs["b"]})


DEEP = """
model deep {
  input x: f32[3]
  target c: f32[2]
  y = x -> dense(4, tanh) -> dense(4, tanh) -> dense(2)
  output y
  loss mse(y, c)
}
train {
  clip_norm = 0.1
  optimizer = OPTIMIZER
}
"""


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("arguments", ["weight_decay = 0.1", "weight_decay = 0.1, decay_bias = false"])
def test_packed_parameters_move_as_they_would_alone(name: str, arguments: str) -> None:
    """ONNX graphs update small parameters together: norms of single ones and spared biases stay their own."""
    source = Source("deep.nn", DEEP.replace("OPTIMIZER", f"{name}(lr = 0.01, {arguments})"))
    checked = check(load_program(source))
    step = compile_network(checked.network, checked.train, source).step
    packs = [tensor.name for tensor in pack_step(step).tensors if tensor.packed and tensor.role == "parameter"]
    assert packs == ["nndsl.packed", "nndsl.packed_biases"][: 2 if "false" in arguments else 1]
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(4, 3)), "c": rng.normal(size=(4, 2))}
    states = []
    for backend in (OnnxBackend(), NumpyBackend()):
        session = backend.session(step, initial_state(step.states, 0), seed=0, batch_size=4)
        for number in range(6):
            for key, buffer in session.buffers(4).items():
                buffer[...] = data[key]
            session.train_step(4, number)
        states.append(session.state())
    assert states[0].keys() == states[1].keys()
    for key, value in states[0].items():
        # float32 in another order; adam's kind divides by roots of tiny means
        np.testing.assert_allclose(value, states[1][key], rtol=2e-4, atol=2e-6, err_msg=key)


@both_backends
def test_values_are_clipped_before_the_norm(backend: Backend) -> None:
    case = BY_ID["sgd(lr=0.01)"]
    found, _ = trained(compiled("optimizer = sgd(lr = 0.01)", "clip_value = 0.5", "clip_norm = 1"), backend, case)
    W, b = (np.clip(case.inputs[name], -0.5, 0.5) for name in ("W", "b"))
    norms = np.sqrt((W**2).sum(axis=(1, 2)) + (b**2).sum(axis=1))
    scale = 1 / np.maximum(norms, 1)
    expected = {
        "W": case.parameters["W"] - 0.01 * np.cumsum(W * scale[:, None, None], axis=0),
        "b": case.parameters["b"] - 0.01 * np.cumsum(b * scale[:, None], axis=0),
    }
    close(found, expected)


@both_backends
def test_the_rate_of_a_schedule_is_used_and_reported(backend: Backend) -> None:
    case = BY_ID["sgd(lr=0.01)"]
    step = compiled("optimizer = sgd(piecewise([3, 7], [0.1, 0.01, 0.5]))")
    found, rates = trained(step, backend, case)
    np.testing.assert_allclose(rates, [0.1] * 4 + [0.01] * 4 + [0.5] * 4, rtol=1e-6)
    moved = np.cumsum(case.inputs["b"] * np.array(rates)[:, None], axis=0)
    close({**found, "W": case.outputs["W"]}, {"W": case.outputs["W"], "b": case.parameters["b"] - moved})


@both_backends
def test_warmup_begins_at_zero(backend: Backend) -> None:
    step = compiled("optimizer = adam(cosine_decay(0.1, steps = 8, warmup = 4))")
    found, rates = trained(step, backend, BY_ID["adam()"])
    np.testing.assert_allclose(rates[:5], [0, 0.025, 0.05, 0.075, 0.1], rtol=1e-6)
    np.testing.assert_array_equal(found["W"][0], np.float32(BY_ID["adam()"].parameters["W"]))
