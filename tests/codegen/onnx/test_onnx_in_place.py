"""What is written in place: tensors that nothing reads but what their next values are made of."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_networks import OPTIMIZERS, initial_state

import nndsl
from nndsl.codegen.backend import Arrays
from nndsl.codegen.onnx import session
from nndsl.codegen.onnx.in_place import written_in_place
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.graph.builder import Builder
from nndsl.graph.types import TensorType
from nndsl.ops import concat
from nndsl.transform.step import Step

PROGRAM = """
model net {{
  input  x: f32[200]
  target y: class[3]
  scores = x -> dense(170, tanh) -> dense(200, relu) -> dense(3)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
}}
train {{ {settings} }}
"""
ROWS = 8


def step_of(settings: str) -> Step:
    return nndsl.loads(PROGRAM.format(settings=settings)).step


def trained(step: Step) -> tuple[Arrays, Arrays]:
    """The states after some steps, and what they measure on the last batch."""
    own = OnnxSession(step, initial_state(step), seed=0, batch_size=ROWS)
    for number in range(5):
        random = np.random.default_rng(number)
        buffers = own.buffers(ROWS)
        buffers["x"][...] = random.normal(size=(ROWS, 200))
        buffers["y"][...] = random.integers(0, 3, ROWS)
        if step.train.accumulate == 1:
            own.train_step(ROWS, number)
        else:
            own.accumulate(ROWS, number, 0)
            own.apply(number)
    return own.state(), own.evaluate(ROWS)


@pytest.mark.parametrize("settings", [*OPTIMIZERS, "optimizer = ftrl(0.1)"])
def test_a_tensor_in_one_buffer_is_the_one_in_two_to_the_bit(settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "adds_in_place", lambda: False)  # on lanes no tensor has two buffers
    step = step_of(settings)
    in_one = trained(step)
    monkeypatch.setattr(session, "written_in_place", lambda apply: frozenset())
    for found, expected in zip(in_one, trained(step), strict=True):
        for name, value in found.items():
            np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_running_sums_are_and_what_gradients_or_the_parameter_read_is_not() -> None:
    """A packed sum is one operator, which reads what it would write; `lion` steps by its old momentum."""
    wide = "scores.dense_2.W"
    adam = written_in_place(pack_step(step_of("optimizer = adam(1e-2)"), rows=ROWS).apply)
    assert {name for name in adam if name.startswith(f"{wide}.")} == {f"{wide}.adam_m", f"{wide}.adam_v"}
    assert not {name for name in adam if name.startswith("nndsl.packed.")}
    lion = written_in_place(pack_step(step_of("optimizer = lion(1e-3)"), rows=ROWS).apply)
    assert f"{wide}.lion_m" not in lion


def test_without_lanes_sessions_keep_two_buffers_of_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "adds_in_place", lambda: False)
    step = step_of("optimizer = adamw(1e-2)")
    assert "scores.dense_2.W" in written_in_place(pack_step(step, rows=ROWS).apply)  # it decays before it steps
    own = OnnxSession(step, initial_state(step), seed=0, batch_size=ROWS)
    read, written = own._updated.read, own._updated.written
    same = {name for name in read if read[name].data_ptr() == written[name].data_ptr()}
    assert same == {f"scores.dense_{i}.W.adamw_{slot}" for i in (1, 2) for slot in "mv"}


def test_a_value_that_is_read_beside_its_next_one_is_not() -> None:
    b = Builder()
    a, c, d, f = (b.input(name, TensorType("f32", (3,))) for name in "acdf")
    doubled = a * 2.0
    graph = b.graph(
        "update",
        {
            "a.next": doubled + 1.0,
            "lr": doubled * 3.0,
            "c.next": c * 2.0 + 1.0,
            "other": c + 1.0,  # perhaps after c has been written
            "d.next": d + 1.0,  # each element read before it is written
            "f.next": concat(f, f, axis=0),  # read at other places than it is written
        },
    )
    assert written_in_place(graph) == {"a", "d"}
