"""Optimisations change no result: random programs, with all passes and with none, on both backends.

With none, graphs stay as they were made, parameters lie alone, nodes are emitted one by one, and ONNX Runtime's own
optimisations are off.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from nndsl.codegen.backend import Arrays, Backend
from nndsl.codegen.numpy.backend import NumpyBackend
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.packing import pack_step
from nndsl.compiler import compile_network
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.names import LR_SCALE, ROW, SEED, STEP
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

load()

Array = np.ndarray[Any, Any]
ROWS = 6
SEEDS = range(24)

OF_VECTORS = (
    "h -> dense({n}, {activation})",
    "h -> dense({n}, bias = false, l2 = 0.01) -> batch_norm",
    "h -> layer_norm",
    "h -> dropout(0.3)",
    "h -> prelu",
    "h + (h -> dense({width}, tanh))",
    "concat(h, 0.5 * h ^ 2, -h / 3)",
    "{activation}(2 * h - 1) * 1 + 0",
    "h * mean(h, axis = 0, keepdims = true)",
    "where(h > 0.1, h, 0.1 * h)",
    "h -> gaussian_noise(0.1) -> activity(l2 = 0.01)",
    "softmax(h) + sqrt(abs(h) + 1)",
)
OF_IMAGES = (
    "h -> conv2d({n}, 3, {activation}, padding = same)",
    "h -> conv2d({n}, 2, strides = 2) -> batch_norm -> relu",
    "h -> depthwise_conv2d(3, padding = same)",
    "h -> relu -> max_pool2d(2)",
    "h -> max_pool2d(3, strides = 2, padding = same)",
    "h -> avg_pool2d(2)",
    "h -> up_sampling2d(2)",
    "h + (h -> conv2d({channels}, 1))",
    "h -> spatial_dropout2d(0.2)",
)
ACTIVATIONS = ("tanh", "sigmoid", "gelu", "softplus", "elu", "silu", "relu")
LOSSES = (
    "cross_entropy(z, c)",
    "cross_entropy(z, c, label_smoothing = 0.1, class_weight = [1, 2, 0.5])",
    "w * mse(z, y)",
    "0.3 * huber(z, y) + binary_cross_entropy(z, t)",
    "categorical_hinge(z, c) / 2",
)
OPTIMIZERS = (
    "sgd(0.1, momentum = 0.9, nesterov = true)",
    "adam(1e-2)",
    "adamw(1e-2, weight_decay = 0.1)",
    "rmsprop(1e-2)",
)
SETTINGS = ("clip_norm = 0.5", "clip_value = 0.01", "ema = 0.9", "")


def random_program(seed: int) -> str:
    random = np.random.default_rng(seed)

    def one_of(items: tuple[str, ...]) -> str:
        return str(items[random.integers(len(items))])

    images = seed % 3 == 0
    lines = ["h = x"]
    for _ in range(random.integers(1, 4) if images else 0):
        n = int(random.integers(1, 5))
        lines.append(f"h = {one_of(OF_IMAGES)}".format(n=n, activation=one_of(ACTIVATIONS), channels="h.shape[2]"))
    if images:
        lines.append(f"h = h -> {one_of(('flatten', 'global_avg_pool2d'))}")
    for _ in range(random.integers(1, 5)):
        n = int(random.integers(1, 9))
        lines.append(f"h = {one_of(OF_VECTORS)}".format(n=n, activation=one_of(ACTIVATIONS), width="h.shape[0]"))
    statements = "\n  ".join(lines)
    return f"""
model m {{
  input x: {"f32[8, 8, 2]" if images else "f32[5]"}
  target c: class[3]
  target y: f32[3]
  target t: binary[3]
  target w: f32
  {statements}
  z = h -> dense(3)
  output p = softmax(z)
  output z
  loss {one_of(LOSSES)}
  metric accuracy(z, c)
  metric sqrt(mse(z, y)) as far
}}
train {{
  optimizer = {one_of(OPTIMIZERS)}
  {one_of(SETTINGS)}
}}
"""


@cache
def compiled(seed: int) -> tuple[Step, Step]:
    """The program's step with all optimisations, and without any."""
    source = Source("m.nn", random_program(seed))
    checked = check(load_program(source))
    both = (compile_network(checked.network, checked.train, source, optimise=optimise) for optimise in (True, False))
    first, second = (stages.step for stages in both)
    return first, second


def examples(step: Step, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    (x,) = step.network.inputs
    return {
        "x": random.normal(size=(ROWS, *x.shape)).astype(np.float32),
        "c": random.integers(0, 3, ROWS),
        "y": random.normal(size=(ROWS, 3)).astype(np.float32),
        "t": random.integers(0, 2, (ROWS, 3)).astype(np.float32),
        "w": random.uniform(0.1, 3, ROWS).astype(np.float32),
    }


def nodes(graph: Graph) -> int:
    return len(graph.nodes)


@pytest.mark.parametrize("seed", SEEDS)
def test_passes_change_no_graphs_results(seed: int) -> None:
    """In float64, where rounding leaves room to see anything else."""
    first, second = compiled(seed)
    assert nodes(first.gradients) < nodes(second.gradients)
    state = initial_state(first.states, seed)
    given: dict[str, Any] = {**state, **examples(first, seed), STEP: 3, SEED: 1, ROW: 0, LR_SCALE: 0.9}
    gradients = evaluate(first.gradients, given, float_dtype="f64")
    given |= {name: value for name, value in gradients.items() if name.startswith("grad.")}
    for graph in ("gradients", "apply", "evaluate", "predict"):
        found = evaluate(getattr(first, graph), given, float_dtype="f64")
        expected = evaluate(getattr(second, graph), given, float_dtype="f64")
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            # constants that were folded were rounded to float32, as they are where they are used
            np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-9, err_msg=f"{graph} {name}")


@pytest.mark.parametrize("backend", [OnnxBackend(), NumpyBackend()], ids=lambda backend: backend.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_backends_compute_the_same_with_and_without(seed: int, backend: Backend) -> None:
    results: list[dict[str, Array]] = []
    for step in compiled(seed):
        state = initial_state(step.states, seed)
        session = backend.session(step, state, seed=seed, batch_size=ROWS)
        for name, buffer in session.buffers(ROWS).items():
            buffer[...] = examples(step, seed)[name]
        found: dict[str, Array] = {}
        for measured in (session.gradients(ROWS, 0), session.train_step(ROWS, 0), session.evaluate(ROWS)):
            found |= {f"{len(found)} {name}": np.array(value, np.float64) for name, value in measured.items()}
        found |= {name: np.array(value, np.float64) for name, value in session.predict(ROWS).items()}
        results.append(found)
    for name, value in results[1].items():
        # float32, added up in another order: each array against its size, and what is nought but for rounding, such as
        # the gradient of a bias in front of batch norm, against that of single terms
        size = max(0.05, float(np.linalg.norm(value)))
        assert np.linalg.norm(results[0][name] - value) <= 1e-4 * size, name


def test_without_optimisations_nothing_is_packed_or_fused() -> None:
    optimised, plain = compiled(1)
    assert any(tensor.packed for tensor in pack_step(optimised).tensors)
    assert not any(tensor.packed for tensor in pack_step(plain).tensors)
    operators = [kinds(OnnxBackend().artifacts(step, initial_state(step.states, 0))) for step in (optimised, plain)]
    assert "Gemm" in operators[0]
    assert "Gemm" not in operators[1]


def kinds(files: Arrays | dict[str, bytes]) -> set[str]:
    import onnx

    return {node.op_type for node in onnx.load_from_string(files["m.train.onnx"]).graph.node}
