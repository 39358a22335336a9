"""Sessions pack otherwise than exported models: gradients of biases as products, running sums as one operator."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_checks import run
from onnx_networks import initial_state

import nndsl
from nndsl.codegen.onnx.blocks import Images
from nndsl.codegen.onnx.models import train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.row_sums import LARGEST_JOINED, ONES, sums_of_rows, with_product
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.graph.evaluate import evaluate
from nndsl.transform.names import LR_SCALE, ROW, SEED, STEP
from nndsl.transform.step import Step

PROGRAM = """
model net {{
  input  x: f32[6]
  target y: class[3]
  scores = x -> dense(9, tanh) -> dense(5, relu) -> dense(3)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
}}
train {{ {settings} }}
"""

IMAGES = """
model net {
  input  x: f32[6, 6, 1]
  target y: class[3]
  scores = x -> conv2d(2, 3) -> flatten -> dense(5, relu) -> dense(3)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
}
train { }
"""

BIASES = ("scores.dense_1.b", "scores.dense_2.b", "scores.dense_3.b")


def step_of(settings: str = "optimizer = adam(1e-2)") -> Step:
    return nndsl.loads(PROGRAM.format(settings=settings)).step


def batch_of(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {"x": random.normal(size=(rows, 6)).astype(np.float32), "y": random.integers(0, 3, rows)}


def test_a_product_is_the_single_sums_side_by_side() -> None:
    step = step_of()
    graph = with_product(with_product(step.gradients, BIASES[:2], "together"), BIASES[2:], "alone")
    inputs = {**initial_state(step), **batch_of(7), STEP: 0, SEED: 0, ROW: 0}
    single = evaluate(step.gradients, inputs)
    found = evaluate(graph, {**inputs, ONES: np.ones((1, 7), np.float32)})
    expected = [single.pop(f"grad.{name}")[None] for name in BIASES]
    # The same numbers, added up in another order.
    np.testing.assert_allclose(found.pop("together"), np.concatenate(expected[:2], axis=1), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.pop("alone"), expected[2], rtol=1e-5, atol=1e-7)
    assert {*found} == {*single}


def test_few_numbers_are_joined_and_only_sums_of_rows_are_found() -> None:
    """Kernels' gradients are products, and those of biases beside images are sums over pixels too."""
    step, most = step_of(), LARGEST_JOINED // (9 + 5 + 3)
    every = [state.name for state in step.trainable]
    assert sums_of_rows(step.gradients, every, most) == (BIASES,)
    assert sums_of_rows(step.gradients, every, most + 1) == tuple((name,) for name in BIASES)
    assert sums_of_rows(step.gradients, every[:1], 4) == ()
    images = nndsl.loads(IMAGES).step
    assert sums_of_rows(images.gradients, [state.name for state in images.trainable], 4) == (BIASES[:2],)


def test_biases_lie_behind_the_rest() -> None:
    packing = pack_step(step_of(), rows=8)
    (packed, *_) = packing.tensors
    assert packed.shape == (1, 6 * 9 + 9 * 5 + 5 * 3 + 9 + 5 + 3)
    assert tuple(piece.name for piece in packed.pieces[-3:]) == BIASES


def test_an_exported_models_tensor_is_a_vector_in_the_programs_order() -> None:
    (packed, *_) = pack_step(step_of()).tensors
    assert packed.shape == (6 * 9 + 9 * 5 + 5 * 3 + 9 + 5 + 3,)
    assert [piece.name[-1] for piece in packed.pieces] == ["W", "b"] * 3


def test_in_a_sessions_model_sums_of_rows_and_running_sums_are_products() -> None:
    step = step_of()
    found = []
    for images, rows in ((Images(), 8), (Images(), 4000), (None, None)):
        model = train_model(step, pack_step(step, rows=rows), images)
        makers = {output: node.op_type for node in model.graph.node for output in node.output}
        sums = [node for node in model.graph.node if node.op_type == "ReduceSum"]
        products = [node for node in model.graph.node if ONES in node.input]
        slots = makers["nndsl.packed.adam_m.next"], makers["nndsl.packed.adam_v.next"]
        found.append((*slots, len(sums), len(products)))
    assert found == [("Gemm", "Gemm", 0, 1), ("Gemm", "Gemm", 0, 3), ("Add", "Add", 3, 0)]


@pytest.mark.parametrize("rows", [4, 400])
@pytest.mark.parametrize(
    "settings",
    [
        "optimizer = adam(1e-2)",
        "optimizer = sgd(0.1, momentum = 0.9)",
        "optimizer = rmsprop(1e-2, momentum = 0.5)",
        "optimizer = adamw(1e-2, decay_bias = false)\n ema = 0.9",
        "optimizer = lamb(1e-2)",
        "optimizer = nadam(1e-2)\n clip_norm = 0.1",
    ],
)
def test_a_session_computes_what_the_exported_model_does(settings: str, rows: int) -> None:
    """In other operators, so that a processor with fused multiplication and addition may round once where the model
    rounds twice; with one sum of rows and, for 400, with three."""
    step = step_of(settings)
    packing = pack_step(step)
    model = train_model(step, packing)
    session = OnnxSession(step, initial_state(step), seed=0, batch_size=rows)
    tensors = packing.pack(initial_state(step))
    for number in range(4):
        batch = batch_of(rows, seed=number)
        for name, buffer in session.buffers(rows).items():
            buffer[...] = batch[name]
        loss = session.train_step(rows, number)["loss"]
        scalars = {STEP: np.int64(number), SEED: np.int64(0), ROW: np.int64(0), LR_SCALE: np.float32(1)}
        results = run(model, {**batch, **tensors, **{name: np.asarray(value) for name, value in scalars.items()}})
        tensors = {name: results[f"{name}.next"] for name in tensors}
        np.testing.assert_allclose(loss, results["loss"], rtol=1e-5)
    expected = packing.unpack([tensors[tensor.name] for tensor in packing.tensors])
    for name, value in session.state().items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)
