"""Exported models fail on a negative class or index, which would count from the end, as they do on one too large."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

import nndsl
from nndsl.codegen.onnx.artifacts import artifacts
from nndsl.transform.state import initial_state

PROGRAM = """
model m {
  input  city: class[4]
  input  word: i64
  target y: class[3]
  target t: i64
  h = concat(city -> embedding(4, 2), word -> embedding(5, 2))
  z = h -> dense(3)
  output p = softmax(z)
  loss   cross_entropy(z, y)
  loss   cross_entropy(z, t, ignore = -1) as ignoring
}
train { optimizer = sgd(0.1) }
"""
GOOD = {"city": [0, 3], "word": [4, 0], "y": [2, 0], "t": [-1, 1]}


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    """By name, a function that runs one of the models on a batch."""
    step = nndsl.loads(PROGRAM).step
    state = initial_state(step.states, 0)
    made = {}
    scalars = {"nndsl.step": np.array(0), "nndsl.seed": np.array(0), "nndsl.row": np.array(0)}
    scalars["nndsl.lr_scale"] = np.array(1, np.float32)
    for name, model in artifacts(step, state).items():
        if name.endswith(".onnx"):
            session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

            def run(batch: dict[str, Any], session: Any = session) -> list[Any]:
                given = {**state, **scalars, **{key: np.array(values) for key, values in batch.items()}}
                feed = {}
                for item in session.get_inputs():  # of packed parameters any will do
                    feed[item.name] = given[item.name] if item.name in given else np.zeros(item.shape, np.float32)
                return list(session.run(None, feed))

            made[name.split(".")[1]] = run
    return made


INPUTS, TARGETS = [("city", 4), ("word", 5)], [("y", 3), ("t", 3)]
CASES = [(model, *each) for model in ("train", "eval") for each in INPUTS + TARGETS]


@pytest.mark.parametrize(("model", "name", "count"), [*CASES, *(("predict", *each) for each in INPUTS)])
def test_what_is_no_index(runs: dict[str, Any], model: str, name: str, count: int) -> None:
    runs[model](GOOD)
    for wrong in (-2, -1, count) if name != "t" else (count,):
        with pytest.raises(Exception, match=r"(?i)out of (data )?(bounds|range)"):
            runs[model]({**GOOD, name: [GOOD[name][0], wrong]})
