"""Gradients of embeddings by sparse matrices: the evaluator's, whatever the indices, their shape and the batch."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import load_model_from_string

import nndsl
from nndsl.codegen.onnx import given, processor
from nndsl.codegen.onnx.artifacts import artifacts
from nndsl.codegen.onnx.models import train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.selection import GIVEN, with_selections
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.graph.evaluate import evaluate
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

ROWS = 6

PROGRAM = """
model net {{
  {declared}
  target y: f32[2]
  {body}
  output label = scores
  loss   mse(scores, y)
}}
train {{ batch_size = 6 }}
"""

NETWORKS = {
    "mean": ("input x: i64[7]", "scores = x -> embedding(9, 4) -> global_avg_pool1d -> dense(2)", {}),
    "flat": ("input x: i64[7]", "scores = x -> embedding(9, 4) -> flatten -> dense(2)", {}),
    "any length": ("input x: i64[time]", "scores = x -> embedding(9, 4) -> global_max_pool1d -> dense(2)", {"time": 5}),
    "one number": ("input x: i64", "scores = x -> embedding(9, 4) -> dense(2)", {}),
    "a place of two axes": ("input x: i64[3, 2]", "scores = x -> embedding(9, 4) -> flatten -> dense(2)", {}),
    "narrow": ("input x: i64[7]", "scores = x -> embedding(9, 1) -> flatten -> dense(2)", {}),
    "a class": ("input x: class[9]", "scores = x -> embedding(9, 4) -> dense(2)", {}),
    "two tables": (
        "input x: i64[3]",
        "scores = concat(x -> embedding(9, 4) -> flatten, x -> embedding(9, 2) -> flatten) -> dense(2)",
        {},
    ),
    "two inputs": (
        "input x: i64[3]\n  input z: i64[2]",
        "scores = concat(x -> embedding(9, 4) -> flatten, z -> embedding(5, 2) -> flatten) -> dense(2)",
        {},
    ),
    "indices that are computed": (
        "input x: i64[3]",
        "scores = slice(x, 0, 2) -> embedding(9, 4) -> flatten -> dense(2)",
        {},
    ),
}


def step_of(name: str) -> Step:
    declared, body, _ = NETWORKS[name]
    return nndsl.loads(PROGRAM.format(declared=declared, body=body)).step


def session_of(name: str) -> OnnxSession:
    step, (*_, sizes) = step_of(name), NETWORKS[name]
    return OnnxSession(step, initial_state(step.states, 0), seed=0, batch_size=ROWS, sizes=sizes)


def filled(session: OnnxSession, rows: int, seed: int) -> dict[str, np.ndarray]:
    """Random data in the session's buffers, and copies; most indices come several times."""
    random = np.random.default_rng(seed)
    for array in session.buffers(rows).values():
        array[...] = random.integers(0, 5, array.shape) if array.dtype.kind == "i" else random.normal(size=array.shape)
    return {name: array.copy() for name, array in session.buffers(rows).items()}


def selections_of(name: str) -> list[str]:
    """The sparse matrices that a session gives its model."""
    session = session_of(name)
    filled(session, ROWS, 0)
    session.gradients(ROWS, 0)
    (program,) = session._programs.values()
    return [info.name for info in program.get_inputs() if info.name.startswith(GIVEN)]


@pytest.mark.parametrize(("name", "count"), [("mean", 1), ("two tables", 1), ("two inputs", 2), ("a class", 1)])
def test_sessions_give_their_models_matrices(name: str, count: int) -> None:
    assert len(selections_of(name)) == count


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_the_evaluators(name: str) -> None:
    step, session = step_of(name), session_of(name)
    for seed, rows in enumerate((ROWS, ROWS, 1, 4, ROWS)):
        data = filled(session, rows, seed)
        expected = evaluate(step.gradients, {**initial_state(step.states, 0), **data, STEP: 0, SEED: 0, ROW: 0})
        found = session.gradients(rows, 0)
        assert any("embeddings" in key for key in found)
        for key in (key for key in found if key.startswith("grad.")):
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-5, atol=1e-6, err_msg=f"{key}, {rows} rows")


@pytest.mark.parametrize("name", ["mean", "flat", "two tables"])
def test_steps_and_accumulated_gradients_change_what_plain_ones_change(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit: rows are added up in the same order."""
    states = []
    for plain in (False, True):
        if plain:
            monkeypatch.setattr(given, "adds_selected", lambda: False)
        session = session_of(name)
        for number, rows in enumerate((ROWS, 2, ROWS)):
            filled(session, rows, number)
            session.train_step(rows, number)
        for row in (0, 3):
            filled(session, 3, row)
            session.accumulate(3, 3, row)
        session.apply(3)
        states.append({key: value.copy() for key, value in session.state().items()})
    for key, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][key], err_msg=key)


@pytest.mark.parametrize(("name", "count"), [("two tables", 2), ("two inputs", 2), ("indices that are computed", 0)])
def test_only_indices_that_are_data_make_matrices(name: str, count: int) -> None:
    step = step_of(name)
    graph = with_selections(step.gradients, [item.name for item in step.network.inputs])
    assert [node.op for node in graph.nodes].count("selected_sums") == count
    assert (graph is step.gradients) == (count == 0)


def test_tables_of_one_size_share_the_matrix() -> None:
    text = """
    model net {
      input x: i64[3]
      target y: f32[2]
      scores = concat(x -> embedding(9, 4) -> flatten, x -> embedding(9, 4) -> flatten) -> dense(2)
      output label = scores
      loss   mse(scores, y)
    }
    train { batch_size = 6 }
    """
    graph = with_selections(nndsl.loads(text).step.gradients, ["x"])
    operations = [node.op for node in graph.nodes]
    assert (operations.count("selection"), operations.count("selected_sums")) == (1, 2)


def test_rows_may_be_taken_from_the_end_by_gather() -> None:
    """No range is known of what `gather` takes, so it has no matrix, which would have no such rows."""
    text = """
    model net {
      input x: i64[3]
      input z: i64
      target y: f32[2]
      layer table = embedding(9, 4)
      first = table(z)
      scores = concat(first, gather(table.embeddings, x) -> flatten) -> dense(2)
      output label = scores
      loss   mse(scores, y)
    }
    train { batch_size = 6 }
    """
    step = nndsl.loads(text).step
    session = OnnxSession(step, initial_state(step.states, 0), seed=0, batch_size=ROWS)
    random = np.random.default_rng(0)
    data = {
        "x": random.integers(-9, 9, (ROWS, 3)),
        "z": random.integers(0, 9, ROWS),
        "y": random.normal(size=(ROWS, 2)).astype(np.float32),
    }
    for name, array in session.buffers(ROWS).items():
        array[...] = data[name]
    found = session.gradients(ROWS, 0)
    expected = evaluate(step.gradients, {**initial_state(step.states, 0), **data, STEP: 0, SEED: 0, ROW: 0})
    name = "grad.table.embeddings"
    np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("index", [-1, 9, 2**40])
def test_an_index_that_is_none_fails(index: int) -> None:
    session = session_of("mean")
    filled(session, ROWS, 0)
    session.buffers(ROWS)["x"][2, 3] = index
    with pytest.raises(Exception, match=r"Gather|SparseToDenseMatMul"):
        session.train_step(ROWS, 0)


def test_a_release_without_sparse_tensors_adds_up_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise RuntimeError("no sparse tensors")

    monkeypatch.setattr("onnxruntime.SparseTensor.sparse_coo_from_numpy", refused, raising=False)
    monkeypatch.setattr(given, "adds_selected", processor.adds_selected.__wrapped__)
    assert not given.adds_selected()
    assert not selections_of("mean")


def test_this_release_has_them_and_a_network_without_embeddings_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processor.adds_selected()
    monkeypatch.setattr(given, "adds_selected", lambda: pytest.fail("asked"))
    assert not selections_of("indices that are computed")


def test_models_for_other_engines_have_standard_operators() -> None:
    step = step_of("mean")
    assert "ScatterElements" in {node.op_type for node in train_model(step, pack_step(step)).graph.node}
    for name, data in artifacts(step, initial_state(step.states, 0)).items():
        if name.endswith(".onnx"):
            assert {item.domain for item in load_model_from_string(data).opset_import} == {""}
