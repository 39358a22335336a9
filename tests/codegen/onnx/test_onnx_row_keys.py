"""The keys of rows that sessions give their models: those of the helper, in whatever order steps come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import nndsl
from nndsl.codegen.onnx.models import gradients_model, train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.row_keys import KEYS, NUMBERS, STEPS, TABLES, Keys, RowKeys
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.graph.evaluate import evaluate
from nndsl.ops.helpers import row_keys, step_key
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

SEED_ = 2**40 + 3

PROGRAM = """
model net {
  input  x: f32[5]
  target y: f32[2]
  h = x -> gaussian_noise(0.1) -> dense(8, tanh) -> dropout(0.5) -> dense(8, tanh) -> alpha_dropout(0.3)
  scores = h -> dense(2)
  output value = scores
  loss   mse(scores, y)
}
train { batch_size = 6 }
"""

SEQUENCES = {
    "one after the other": [(step, 0) for step in range(2 * STEPS + 3)],
    "from a later one": [(step, 0) for step in range(2**33, 2**33 + 5)],
    "back and forth": [(5, 0), (6, 0), (7, 0), (6, 0), (5, 0), (6, 0), (200, 0), (7, 0)],
    "micro-batches": [(step, row) for step in range(5) for row in (0, 6, 12)],
}


def step_of() -> Step:
    return nndsl.loads(PROGRAM).step


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES)
def test_keys_are_the_helpers(sequence: list[tuple[int, int]]) -> None:
    keys = RowKeys(step_of().gradients, SEED_)
    arrays = keys.arrays(6)
    assert {*arrays} == {*KEYS}
    for step, row in sequence:
        keys.set(6, step, row)
        for name, expected in zip(KEYS, row_keys(step_key(SEED_, step), row, 6), strict=True):
            np.testing.assert_array_equal(arrays[name], expected, err_msg=f"{name}, step {step}, row {row}")


def test_batches_of_other_sizes_have_their_own() -> None:
    keys = RowKeys(step_of().gradients, SEED_)
    whole, rest = keys.arrays(6)[KEYS[0]], keys.arrays(2)[KEYS[0]]
    for step in range(3):
        keys.set(6, step, 0)
    keys.set(2, 3, 0)
    np.testing.assert_array_equal(whole, row_keys(step_key(SEED_, 2), 0, 6)[0])
    np.testing.assert_array_equal(rest, row_keys(step_key(SEED_, 3), 0, 2)[0])


def test_a_network_that_draws_nothing_is_given_none() -> None:
    graph = nndsl.loads(PROGRAM.replace("gaussian_noise(0.1) -> ", "")).step.predict
    keys = RowKeys(graph, SEED_)
    assert keys.graph.outputs == graph.outputs
    assert keys.arrays(6) == {}
    keys.set(6, 0, 0)


def test_sessions_draw_what_the_evaluator_draws() -> None:
    step, random = step_of(), np.random.default_rng(0)
    session = OnnxSession(step, initial_state(step.states, 0), seed=SEED_, batch_size=6)
    for number, rows in [(0, 6), (1, 6), (2, 4), (3, 6), (9, 6), (4, 1)]:
        data = {name: random.normal(size=array.shape).astype("f") for name, array in session.buffers(rows).items()}
        for name, array in session.buffers(rows).items():
            array[...] = data[name]
        found = session.gradients(rows, number)
        inputs = {**initial_state(step.states, 0), **data, STEP: number, SEED: SEED_, ROW: 0}
        expected = evaluate(step.gradients, inputs)
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)
        for name in (name for name in found if name.startswith("grad.")):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_sessions_give_them_to_their_models() -> None:
    for step, expected in ((step_of(), {*KEYS}), (replace(step_of(), optimised=False), set())):
        session = OnnxSession(step, initial_state(step.states, 0), seed=SEED_, batch_size=6)
        session.gradients(6, 0)
        (program,) = session._programs.values()
        assert {info.name for info in program.get_inputs()} & {*KEYS} == expected


def test_micro_batches_draw_what_their_batch_draws() -> None:
    """The sums of gradients over rows 0 to 3 and 4 to 5 are those of all rows, in each of some steps."""
    step, random = step_of(), np.random.default_rng(0)
    whole, parts = (OnnxSession(step, initial_state(step.states, 0), seed=3, batch_size=6) for _ in range(2))
    for number in range(4):
        data = {name: random.normal(size=array.shape).astype("f") for name, array in whole.buffers(6).items()}
        for name, array in whole.buffers(6).items():
            array[...] = data[name]
        expected = whole.gradients(6, number)
        for rows in (slice(0, 4), slice(4, 6)):
            for name, array in parts.buffers(rows.stop - rows.start).items():
                array[...] = data[name][rows]
            parts.accumulate(rows.stop - rows.start, number, rows.start)
        for name, total in parts.accumulated().items():
            if name != "rows":
                np.testing.assert_allclose(total / 6, expected[name], rtol=1e-4, atol=1e-6, err_msg=name)
        parts.set_accumulated({})


def test_large_batches_make_the_keys_of_few_steps_at_once() -> None:
    keys = Keys(0, NUMBERS // 4)
    for step in range(6):
        keys.set(step, 0)
        np.testing.assert_array_equal(keys.arrays[0], row_keys(step_key(0, step), 0, NUMBERS // 4)[0])
    assert keys._tables[0][1].shape[1] == 4


def test_few_places_are_remembered() -> None:
    keys = Keys(0, 2)
    for row in range(0, 10 * TABLES, 2):
        keys.set(7, row)
    assert len(keys._tables) <= TABLES


def test_exported_models_make_keys_themselves() -> None:
    step = step_of()
    for model in (train_model(step, pack_step(step)), gradients_model(step, pack_step(step))):
        assert not {item.name for item in model.graph.input} & {*KEYS}
