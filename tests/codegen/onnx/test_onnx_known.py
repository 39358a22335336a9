"""What is known when buffers are bound: the rest of a graph with it is the graph, and models have no node for it."""

from __future__ import annotations

import numpy as np
import pytest

import nndsl
from nndsl.codegen.onnx.known import Known
from nndsl.codegen.onnx.models import train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.graph.evaluate import evaluate
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

PROGRAM = """
model net {
  input  x: f32[time, 4]
  target y: class[3]
  h = x -> dense(5, tanh) -> global_avg_pool1d
  scores = h -> dense(3)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
  metric accuracy(scores, y)
}
train { batch_size = 6 }
"""


def step_of() -> Step:
    return nndsl.loads(PROGRAM).step


def examples(rows: int, time: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(rows)
    return {"x": random.normal(size=(rows, time, 4)).astype(np.float32), "y": random.integers(0, 3, rows)}


@pytest.mark.parametrize(("rows", "time"), [(6, 5), (1, 2)])
def test_the_rest_with_what_is_known_is_the_graph(rows: int, time: int) -> None:
    step, data = step_of(), examples(rows, time)
    known = Known(step.gradients, data)
    assert known._nodes
    arrays = known.arrays(data, {"batch": rows, "time": time})
    inputs = {**initial_state(step.states, 0), **data, STEP: 0, SEED: 0, ROW: 0}
    expected = evaluate(step.gradients, inputs)
    found = {**evaluate(known.graph, inputs | arrays), **known.results(arrays)}
    assert {*found} == {*expected}
    assert "metric.accuracy.count" in known.results(arrays)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_views_are_the_memory_of_the_data() -> None:
    data = examples(6, 5)
    arrays = Known(step_of().gradients, data).arrays(data, {"batch": 6, "time": 5})
    assert any(np.shares_memory(array, data["y"]) for array in arrays.values())


def test_batches_of_any_size_count_their_own_rows() -> None:
    step = step_of()
    session = OnnxSession(step, initial_state(step.states, 0), seed=0, batch_size=6, sizes={"time": 5})
    for number, rows in enumerate((6, 2, 6, 1)):
        for name, buffer in session.buffers(rows).items():
            buffer[...] = examples(rows, 5)[name]
        state = {name: value.copy() for name, value in session.state().items()}
        found = session.train_step(rows, number)
        expected = evaluate(step.gradients, {**state, **examples(rows, 5), STEP: number, SEED: 0, ROW: 0})
        assert found["metric.accuracy.count"] == rows
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-6)
        assert found["metric.accuracy.total"] == expected["metric.accuracy.total"]


def test_exported_models_work_it_out() -> None:
    step = step_of()
    model = train_model(step, pack_step(step))
    assert not any("nndsl.known" in item.name for item in model.graph.input)
    assert any(node.op_type == "Size" for node in model.graph.node)
