"""A training step in two graphs does what it does in one, and halves of several processes make one update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx_checks import checked

from nndsl.codegen.onnx.artifacts import artifacts
from nndsl.codegen.onnx.metadata import model_metadata
from nndsl.codegen.onnx.packing import pack_step
from nndsl.compiler import compile_network
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

load()

Array = np.ndarray[Any, Any]

DENSE = """
model net {
  input x: f32[20]
  target c: class[5]
  target w: f32
  hidden = x -> dense(300, relu, l2 = 1e-3) -> batch_norm -> dropout(0.3) -> dense(100, gelu)
  output o = hidden -> dense(5)
  loss w * cross_entropy(o, c)
  loss 0.1 * mean(o ^ 2) as size
  metric accuracy(o, c)
}
train {
  optimizer = adam(lr = cosine_decay(1e-2, steps = 20, warmup = 3), weight_decay = 0.01, decay_bias = false)
  clip_norm = 0.5
  ema = 0.9
}
"""
"""Parameters that lie packed, and one that is too large for it; biases apart."""

CONVOLUTIONS = """
model net {
  input x: f32[12, 12, 2]
  target c: class[5]
  target w: f32
  h = x -> conv2d(8, 3, relu, padding = same) -> max_pool2d(3, strides = 2) -> conv2d(8, 3) -> batch_norm -> flatten
  output o = h -> dropout(0.4) -> dense(5, constraint = max_norm(1))
  loss cross_entropy(o, c)
}
train { optimizer = sgd(0.1, momentum = 0.9, nesterov = true) }
"""

SHARES = """
model net {
  input x: f32[20]
  target c: class[5]
  target w: f32
  output o = x -> dense(30, tanh, l2 = 1e-3) -> dropout(0.3) -> dense(5)
  loss w * cross_entropy(o, c)
}
train {
  optimizer = sgd(0.1, momentum = 0.9)
  clip_norm = 0.5
}
"""

PROGRAMS = {"dense": DENSE, "convolutions": CONVOLUTIONS, "shares": SHARES}
program = pytest.mark.parametrize("program", PROGRAMS)


def compiled(name: str) -> Step:
    source = Source("net.nn", PROGRAMS[name])
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


def examples(step: Step, rows: int, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    (x,) = step.network.inputs
    return {
        "x": random.normal(size=(rows, *x.shape)).astype(np.float32),
        "c": random.integers(0, 5, rows),
        "w": random.uniform(0.1, 3, rows).astype(np.float32),
    }


class Files:
    """The compiled files under bare ONNX Runtime."""

    def __init__(self, step: Step):
        from safetensors.numpy import load as read

        files = artifacts(step, initial_state(step.states, 0), split=True)
        self.state: dict[str, Array] = read(files["net.state.safetensors"])
        self.models = {kind: files[f"net.{kind}.onnx"] for kind in ("train", "grads", "apply")}
        self.sessions = {kind: onnxruntime.InferenceSession(model) for kind, model in self.models.items()}

    def run(self, kind: str, given: Mapping[str, Any]) -> dict[str, Array]:
        """Run a graph on what its inputs name."""
        session = self.sessions[kind]
        names = [value.name for value in session.get_outputs()]
        feeds = {value.name: np.asarray(given[value.name]) for value in session.get_inputs()}
        return dict(zip(names, session.run(names, feeds), strict=True))


def scalars(step: int, row: int = 0) -> dict[str, Any]:
    return {
        "nndsl.step": np.int64(step),
        "nndsl.seed": np.int64(3),
        "nndsl.row": np.int64(row),
        "nndsl.lr_scale": np.float32(0.9),
    }


def following(state: Mapping[str, Array], results: Mapping[str, Array]) -> dict[str, Array]:
    return {name: results.get(f"{name}.next", tensor) for name, tensor in state.items()}


@program
def test_gradients_then_update_are_the_step_bit_for_bit(program: str) -> None:
    step = compiled(program)
    files = Files(step)
    whole, halves = dict(files.state), dict(files.state)
    for number in range(20):
        given = {**examples(step, 32 if number % 5 else 7, number), **scalars(number)}
        at_once = files.run("train", {**given, **whole})
        first = files.run("grads", {**given, **halves})
        second = files.run("apply", {**given, **halves, **first})
        both = {name: value for name, value in (first | second).items() if not name.startswith("grad.")}
        assert both.keys() == at_once.keys()
        for name, value in at_once.items():
            np.testing.assert_array_equal(both[name], value, f"{name} of step {number}")
        whole, halves = following(whole, at_once), following(halves, both)


@program
def test_the_halves_are_valid_and_say_what_they_take(program: str) -> None:
    step = compiled(program)
    packing = pack_step(step)
    models = {kind: onnx.load_from_string(model) for kind, model in Files(step).models.items()}
    tensors = {tensor.name for tensor in packing.tensors}
    for model in models.values():
        checked(model)
    inputs = {kind: {value.name for value in model.graph.input} for kind, model in models.items()}
    data = {"x", "c", "w"}
    gradients = {f"grad.{tensor.name}" for tensor in packing.updated}
    assert inputs["grads"] - data - tensors == {"nndsl.step", "nndsl.seed", "nndsl.row"}
    assert inputs["apply"] - tensors == {"nndsl.step", "nndsl.lr_scale", *gradients}
    assert inputs["grads"] | inputs["apply"] == inputs["train"] | gradients
    assert gradients <= {value.name for value in models["grads"].graph.output}
    for kind, graph in (("grads", step.gradients), ("apply", packing.apply)):
        metadata = {entry.key: entry.value for entry in models[kind].metadata_props}
        assert metadata == model_metadata(step, packing.used_by(graph))


def test_several_processes_make_the_update_of_one() -> None:
    """Each takes its share of the rows, at its `nndsl.row`; gradients are averaged by rows, the update is everyone's.

    Without batch norm, which sees each share alone.
    """
    step = compiled("shares")
    files = Files(step)
    data = examples(step, 32, seed=1)
    expected = files.run("train", {**data, **scalars(0), **files.state})
    sums: dict[str, Array] = {}
    for start, stop in ((0, 20), (20, 32)):
        share = {name: array[start:stop] for name, array in data.items()}
        results = files.run("grads", {**share, **scalars(0, start), **files.state})
        for name in results:
            if name.startswith("grad."):
                sums[name] = sums.get(name, 0) + (stop - start) * results[name]
    gradients = {name: total / np.float32(32) for name, total in sums.items()}
    updated = files.run("apply", {**scalars(0), **files.state, **gradients})
    for name, value in updated.items():  # float32 sums of 32 rows in another order
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-7, err_msg=name)
