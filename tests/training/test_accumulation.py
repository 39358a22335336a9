"""Accumulated gradients: micro-batches add up to the update of one large batch, on both backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from oracles.load import Case, cases

from nndsl.codegen.backend import Arrays, Backend, Session
from nndsl.codegen.numpy.backend import NumpyBackend
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.compiler import compile_network
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

load()

Array = np.ndarray[Any, Any]
both_backends = pytest.mark.parametrize("backend", [OnnxBackend(), NumpyBackend()], ids=lambda backend: backend.name)

PROGRAMS = {
    "masks, penalties, clipping": """
        hidden = x -> dense(16, relu, l2 = 0.1, l1 = 0.01) -> dropout(0.5) -> activity(l2 = 0.3)
        output o = hidden -> dense(3)
        loss cross_entropy(o, c)
        train: clip_norm = 0.05""",
    "class weights": """
        output o = x -> dense(3)
        loss cross_entropy(o, c, class_weight = [1, 5, 0.2])
        train: clip_value = 0.01""",
    "a weight for each example": """
        output o = x -> dense(8, tanh) -> dense(1)
        loss w * mse(o, y)
        train:""",
    "several losses and outputs": """
        hidden = x -> gaussian_noise(0.1) -> dense(8, gelu)
        output a = hidden -> dense(3)
        output b = hidden -> dense(1)
        loss 0.7 * cross_entropy(a, c) as kind
        loss w * huber(b, y)
        loss hinge(b, t)
        train:""",
    "a layer used twice": """
        layer shared = dense(6, tanh)
        output o = concat(x -> shared, -x -> shared) -> layer_norm -> dense(1)
        loss log_cosh(o, y)
        train:""",
}


def compiled(body: str) -> Step:
    """A program over the inputs and targets of `examples`; behind `train:` stand its settings of training."""
    statements, _, settings = body.partition("train:")
    program = f"""
model m {{
  input x: f32[6]
  target c: class[3]
  target y: f32
  target t: binary
  target w: f32
{statements}
}}
train {{
  optimizer = sgd(0.5)
  {settings}
}}
"""
    source = Source("m.nn", program)
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


def examples(rows: int, seed: int = 0) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {
        "x": random.normal(size=(rows, 6)).astype(np.float32),
        "c": random.integers(0, 3, rows),
        "y": random.normal(size=rows).astype(np.float32),
        "t": random.integers(0, 2, rows).astype(np.float32),
        "w": random.uniform(0.1, 3, rows).astype(np.float32),
    }


def opened(step: Step, backend: Backend, rows: int) -> Session:
    return backend.session(step, initial_state(step.states, 0), seed=5, batch_size=rows)


def fill(session: Session, data: Arrays, start: int, stop: int) -> int:
    for name, buffer in session.buffers(stop - start).items():
        buffer[...] = data[name][start:stop]
    return stop - start


def accumulate(session: Session, data: Arrays, sizes: Sequence[int], step: int) -> float:
    """Add up micro-batches of these sizes; gives the loss of all rows."""
    start, total = 0, 0.0
    for size in sizes:
        fill(session, data, start, start + size)
        total += size * float(session.accumulate(size, step, start)["loss"])
        start += size
    return total / start


def gradients(before: Arrays, after: Arrays) -> Array:
    """What `sgd(0.5)` was given, by the change that it made."""
    return np.concatenate([((before[name] - after[name]) / 0.5).reshape(-1) for name in sorted(before)])


# ---------------------------------------------------------------- micro-batches add up


@both_backends
@pytest.mark.parametrize("sizes", [(8, 8, 8, 8), (8, 8, 8, 3), (1, 30), (32,)], ids=str)
@pytest.mark.parametrize("name", PROGRAMS)
def test_micro_batches_make_the_update_of_one_batch(name: str, sizes: tuple[int, ...], backend: Backend) -> None:
    step, rows = compiled(PROGRAMS[name]), sum(sizes)
    whole, parts = opened(step, backend, rows), opened(step, backend, max(sizes))
    before = whole.state()
    for number in range(3):
        data = examples(rows, seed=number)
        fill(whole, data, 0, rows)
        loss = float(whole.train_step(rows, number, 0.9)["loss"])
        assert accumulate(parts, data, sizes, number) == pytest.approx(loss, rel=1e-6)
        assert parts.apply(number, 0.9)["nndsl.lr"] == pytest.approx(0.45)
        expected, found = gradients(before, whole.state()), gradients(before, parts.state())
        # float32 sums of 32 rows in another order, and what the second and third step make of that
        assert np.linalg.norm(found - expected) <= 3e-6 * np.linalg.norm(expected)
    assert np.linalg.norm(expected) > 0.01


@both_backends
def test_masks_are_those_of_the_rows_in_the_whole_batch(backend: Backend) -> None:
    """Row i is the i-th unit vector, so the kernel's gradient shows row i's mask; sums of 1/32 are exact."""
    program = """
model m {
  input x: f32[32]
  output o = x -> dropout(0.5) -> dense(1)
  loss mean(o)
}
train { optimizer = sgd(1) }
"""
    source = Source("m.nn", program)
    checked = check(load_program(source))
    step = compile_network(checked.network, checked.train, source).step
    data = {"x": np.eye(32, dtype=np.float32)}
    whole, parts = opened(step, backend, 32), opened(step, backend, 8)
    for number in range(4):
        fill(whole, data, 0, 32)
        mask = whole.gradients(32, number)["grad.o.W"].copy()
        accumulate(parts, data, (8, 8, 8, 8), number)
        np.testing.assert_array_equal(parts.accumulated()["grad.o.W"] / 32, mask)
        assert 4 < np.count_nonzero(mask) < 28
        parts.set_accumulated({})


@both_backends
@pytest.mark.parametrize("case", [case for case in cases("optimizers") if "accumulate" in case.train], ids=str)
def test_updates_are_keras_ones(case: Case, backend: Backend) -> None:
    """Keras averages `gradient_accumulation_steps` gradients, and counts the updates alone in Adam's corrections."""
    taken = int(case.train["accumulate"])
    given = ", ".join(f"{key} = {value}" for key, value in case.args.items())
    program = f"""
model linear {{
  input x: f32[3]
  target c: f32[2]
  z = x -> dense(2)
  output y = z
  loss 4 * sum(z * c)
}}
train {{
  optimizer = {case.name}({given})
  accumulate = {taken}
}}
"""
    source = Source("linear.nn", program)
    checked = check(load_program(source))
    step = compile_network(checked.network, checked.train, source).step
    state = initial_state(step.states, 0) | {f"z.{k}": np.float32(p) for k, p in case.parameters.items()}
    session = backend.session(step, state, seed=0, batch_size=4)
    x = np.concatenate([np.eye(3), np.zeros((1, 3))])
    for number, (W, b) in enumerate(zip(case.inputs["W"], case.inputs["b"], strict=True)):
        for name, buffer in session.buffers(4).items():
            buffer[...] = {"x": x, "c": np.concatenate([W, [b - W.sum(axis=0)]])}[name]
        session.accumulate(4, number // taken, 4 * (number % taken))
        if (number + 1) % taken == 0:
            session.apply(number // taken)
        for name in ("W", "b"):  # float32 over four updates
            np.testing.assert_allclose(session.state()[f"z.{name}"], case.outputs[name][number], rtol=3e-5, atol=1e-5)


# ---------------------------------------------------------------- batch normalisation


@both_backends
def test_batch_normalisation_sees_micro_batches(backend: Backend) -> None:
    """Each is normalised by its own mean and variance, and moves the running ones in its turn."""
    step = compiled("output o = x -> batch_norm(momentum = 0.75) -> dense(1)\nloss mse(o, y)\ntrain:")
    session = opened(step, backend, 8)
    data = examples(20)
    mean, variance = np.zeros(6), np.ones(6)
    expected = 0.0
    start = 0
    for size in (8, 8, 4):
        x = data["x"][start : start + size].astype(np.float64)
        mean, variance = 0.75 * mean + 0.25 * x.mean(axis=0), 0.75 * variance + 0.25 * x.var(axis=0)
        fill(session, data, start, start + size)
        expected = expected + size * session.gradients(size, 0)["grad.o.dense_1.W"]
        session.accumulate(size, 0, start)
        start += size
    sums = session.accumulated()
    # float32 sums of at most 20 rows
    np.testing.assert_allclose(sums["grad.o.dense_1.W"], expected, rtol=1e-5, atol=1e-5)
    state = session.state()
    np.testing.assert_allclose(state["o.batch_norm_1.moving_mean"], mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state["o.batch_norm_1.moving_variance"], variance, rtol=1e-5, atol=1e-6)
    session.apply(0)
    np.testing.assert_array_equal(
        session.state()["o.batch_norm_1.moving_mean"], state["o.batch_norm_1.moving_mean"], "an update leaves them"
    )


# ---------------------------------------------------------------- what is added up is kept


@both_backends
def test_what_is_added_up_is_bit_equal_in_another_session(backend: Backend) -> None:
    step, data = compiled(PROGRAMS["several losses and outputs"]), examples(24)
    straight, first, second = (opened(step, backend, 8) for _ in range(3))
    assert first.accumulated() == {}
    accumulate(straight, data, (8, 8, 8), 0)
    straight.apply(0)
    accumulate(first, data, (8, 8), 0)
    kept = first.accumulated()
    assert kept.keys() == {"rows", *(f"grad.{parameter.name}" for parameter in step.trainable)}
    assert kept["rows"] == 16
    first.apply(0)  # changes no copy
    assert first.accumulated() == {}
    second.set_accumulated(kept)
    fill(second, data, 16, 24)
    second.accumulate(8, 0, 16)
    second.apply(0)
    for name, value in straight.state().items():
        np.testing.assert_array_equal(second.state()[name], value, name)


@both_backends
def test_an_update_forgets_what_was_added_up(backend: Backend) -> None:
    step, data = compiled(PROGRAMS["class weights"]), examples(8)
    used, fresh = opened(step, backend, 8), opened(step, backend, 8)
    accumulate(used, data, (8,), 0)
    used.apply(0)
    fresh.set_state(used.state())
    for session in (used, fresh):
        accumulate(session, examples(8, seed=1), (4, 4), 1)
        session.apply(1)
    for name, value in fresh.state().items():
        np.testing.assert_array_equal(used.state()[name], value, name)
