"""Numbers that are computed ahead of the steps: what the whole update computes of them, at any step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import nndsl
from nndsl.codegen.onnx.ahead import STEPS, Ahead
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.names import LR, LR_SCALE, STEP
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

PROGRAM = """
model net {{
  input  x: f32[6]
  target y: class[3]
  scores = x -> dense(9, tanh) -> dense(3)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
}}
train {{ {settings} }}
"""

SETTINGS = (
    "optimizer = adam(1e-2)",
    "optimizer = sgd(0.1)",
    "optimizer = sgd(cosine_decay(0.1, steps = 300), momentum = 0.9)\n clip_norm = 0.1",
    "optimizer = adamw(cosine_decay(1e-2, steps = 300, warmup = 9))\n ema = 0.9",
    "optimizer = nadam(1e-2)",
    "optimizer = lamb(exponential_decay(1e-2, decay_steps = 100, decay_rate = 0.5))",
    "optimizer = adamax(piecewise([3, 300], values = [1e-2, 1e-3, 1e-4]))",
    "optimizer = ftrl(0.1)",
    "optimizer = adadelta(1.0)",
)

NUMBERS = (0, 1, 7, STEPS - 1, STEPS, 3 * STEPS + 5, 2, 10**6)
"""Steps, not in their order: those of a run that goes back to an earlier moment."""


def step_of(settings: str) -> Step:
    return nndsl.loads(PROGRAM.format(settings=settings)).step


def inputs_of(graph: Graph, number: int, lr_scale: float) -> dict[str, np.ndarray]:
    random = np.random.default_rng(number)
    values = {
        name: random.uniform(0.1, 1, [int(size) for size in node.shape]).astype(np.float32)  # type: ignore[arg-type]
        for name, node in graph.inputs.items()
    }
    return values | {STEP: np.asarray(number), LR_SCALE: np.asarray(lr_scale, np.float32)}


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_rest_with_its_numbers_is_the_update(settings: str) -> None:
    """To the bit but for powers, of which NumPy has other code for many numbers than for one."""
    apply = pack_step(step_of(settings)).apply
    ahead = Ahead(apply)
    for number, lr_scale in [(number, 1.0) for number in NUMBERS] + [(3, 0.5), (3, 0.25), (4, 0.25)]:
        inputs = inputs_of(apply, number, lr_scale)
        expected = evaluate(apply, inputs)
        ahead.set(number, lr_scale)
        found = evaluate(ahead.update, inputs | ahead.arrays)
        found |= {LR: ahead.arrays.get(LR, found.get(LR))}
        assert {*found} == {*expected}
        for name, value in found.items():
            np.testing.assert_allclose(value, expected[name], rtol=3e-7, atol=1e-8, err_msg=f"{name} of step {number}")


@pytest.mark.parametrize("settings", SETTINGS)
def test_no_operator_on_numbers_of_the_step_is_left(settings: str) -> None:
    update = Ahead(pack_step(step_of(settings)).apply).update
    given = {node for name, node in update.inputs.items() if name.startswith("nndsl.") and not node.shape}
    for node in update.nodes:
        if node.op in ELEMENTWISE and not node.shape:
            assert not all(operand in given or operand.op == "constant" for operand in node.inputs), node


def test_a_step_has_the_same_numbers_whatever_was_asked_for_before() -> None:
    apply = pack_step(step_of("optimizer = nadam(1e-2)")).apply
    straight, about = Ahead(apply), Ahead(apply)
    for number in (5, 700, 5):
        about.set(number, 0.5)
    about.set(5, 1.0)
    straight.set(5, 1.0)
    assert all(np.array_equal(straight.arrays[name], about.arrays[name]) for name in straight.arrays)


def test_exported_models_and_sessions_as_written_compute_everything_inside() -> None:
    step = step_of("optimizer = adam(1e-2)")
    artifacts = OnnxBackend().artifacts(step, initial_state(step.states, 0))
    assert not any(b"nndsl.ahead" in content for content in artifacts.values())
    plain = replace(step, optimised=False)
    assert OnnxSession(plain, initial_state(plain.states, 0), seed=0, batch_size=4)._given is None
