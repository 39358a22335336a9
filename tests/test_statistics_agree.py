"""Running statistics, embeddings and constraints through both backends: the same states step by step, the same answers.

The oracle for each of them is in tests/library; here it is the other backend.
"""

from __future__ import annotations

import numpy as np
import pytest

from nndsl.codegen.backend import Array, Session
from nndsl.codegen.numpy.backend import NumpyBackend
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.packing import PACKED, pack_step
from nndsl.compiler import compile_network
from nndsl.graph.sizes import BATCH
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

PROGRAM = """
model everything {
  input  a: f32[4, 6]
  input  b: f32[4, 6]
  input  word: class[9]
  target y: f32

  layer norm = batch_norm(momentum = 0.7)
  words = word -> embedding(9, 5, constraint = max_norm(0.1, axis = 1))
  both  = [a -> norm -> prelu(shared_axes = 0) -> group_norm(3), b -> norm -> layer_norm -> rms_norm]
  flat  = concat(both) -> flatten
  h     = flat -> dense(8, regularizer = orthogonal(0.1), constraint = unit_norm) -> batch_norm -> relu
  u, v  = h -> split([3])
  output y_hat = concat(u, sparsemax(v), words) -> dense(1, init = orthogonal, constraint = non_neg)

  loss mse(y_hat, y)
}

train {
  optimizer = adam(lr = 0.01)
}
"""

ROWS = (16, 16, 5, 16, 1)


def compiled() -> Step:
    source = Source("everything.nn", PROGRAM)
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


STEP = compiled()


def batch(rows: int, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    numbers = {name: (rng.normal(size=(rows, 4, 6)) * 3 + 1).astype(np.float32) for name in ("a", "b")}
    return {**numbers, "word": rng.integers(0, 9, rows), "y": rng.normal(size=rows).astype(np.float32)}


def fill(session: Session, rows: int, seed: int) -> None:
    given = batch(rows, seed)
    for name, buffer in session.buffers(rows).items():
        buffer[...] = given[name]


def sessions() -> list[Session]:
    state = initial_state(STEP.states, 3)
    return [backend.session(STEP, state, seed=3, batch_size=16) for backend in (OnnxBackend(), NumpyBackend())]


def test_states_are_the_same_step_by_step() -> None:
    pair = sessions()
    before = pair[0].state()
    for number, rows in enumerate(ROWS):
        results = []
        for session in pair:
            fill(session, rows, number)
            results.append(float(session.train_step(rows, number)["loss"]))
        np.testing.assert_allclose(*results, rtol=1e-5)
        one, other = (session.state() for session in pair)
        for name, value in one.items():
            # Adam passes the sign of a gradient on that is 0 but for rounding: a step's lr is 0.01
            np.testing.assert_allclose(value, other[name], rtol=1e-4, atol=1e-3, err_msg=f"{name}, step {number}")
    for name in ("norm.moving_mean", "norm.moving_variance", "h.batch_norm_1.moving_mean"):
        assert not np.allclose(before[name], one[name], atol=1e-3), name


def test_constraints_hold_after_every_step() -> None:
    for session in sessions():
        for number in range(3):
            fill(session, 16, number)
            session.train_step(16, number)
            state = session.state()
            assert np.linalg.norm(state["words.embeddings"], axis=1).max() <= 0.1 + 1e-6
            np.testing.assert_allclose(np.linalg.norm(state["h.dense_1.W"], axis=0), 1, rtol=1e-5)
            assert state["y_hat.W"].min() >= 0


def test_prediction_and_evaluation_change_nothing_and_agree() -> None:
    pair = sessions()
    answers = []
    for session in pair:
        session.set_state({**pair[0].state(), "norm.moving_mean": np.full(6, 1.5, np.float32)})
        kept = session.state()
        fill(session, 7, 1)
        loss = float(session.evaluate(7)["loss"])
        fill(session, 7, 1)
        whole = np.array(session.predict(7)["y_hat"])
        single = batch(7, 1)
        for name, buffer in session.buffers(1).items():
            buffer[...] = single[name][2:3]
        # an example's answer does not depend on the others of its batch
        np.testing.assert_allclose(session.predict(1)["y_hat"], whole[2:3], rtol=1e-4, atol=1e-5)
        for name, value in session.state().items():
            np.testing.assert_array_equal(value, kept[name], err_msg=name)
        answers.append((loss, whole))
    np.testing.assert_allclose(answers[0][0], answers[1][0], rtol=1e-5)
    np.testing.assert_allclose(answers[0][1], answers[1][1], rtol=1e-4, atol=1e-5)


def test_the_prediction_graph_takes_nothing_from_its_batch() -> None:
    """Statistics are inputs; no reduction goes along the batch, and no target, step or seed is asked for."""
    assert {"norm.moving_mean", "norm.moving_variance"} <= set(STEP.predict.inputs)
    for node in STEP.predict:
        if node.op.startswith("reduce_") and node.inputs[0].type.batched:
            assert 0 not in node.attributes["axes"]
    taken = {node.attributes["name"] for node in STEP.predict if node.op == "input"}
    assert "y" not in taken
    assert BATCH in STEP.predict.outputs["y_hat"].shape


def test_what_has_a_constraint_is_not_packed() -> None:
    packing = pack_step(STEP)
    (packed,) = (tensor for tensor in packing.tensors if tensor.name == PACKED)
    names = {piece.name for piece in packed.pieces}
    assert names.isdisjoint({"words.embeddings", "h.dense_1.W", "y_hat.W"})
    assert {"norm.gamma", "h.dense_1.b", "y_hat.b"} <= names


@pytest.mark.parametrize("name", ["norm.moving_mean", "h.batch_norm_1.moving_variance"])
def test_statistics_are_states_without_gradients(name: str) -> None:
    (state,) = (s for s in STEP.states if s.name == name)
    assert (state.role, state.trainable) == ("statistic", False)
    assert f"{name}.next" in STEP.gradients.outputs
    assert f"grad.{name}" not in STEP.gradients.outputs
