"""Sessions: state that swaps sides and copies out, short batches, lazily loaded tasks, providers."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_networks import ADAM, digits, digits_batch, initial_state, mixed, mixed_batch

import nndsl
from nndsl.codegen.backend import Arrays, Session
from nndsl.codegen.onnx import engine
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.choices import Choices
from nndsl.codegen.onnx.engine import WORK_A_THREAD, threads_for
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.diagnostics import ENVIRONMENT, Failure
from nndsl.graph.evaluate import evaluate
from nndsl.model.sections import Configured
from nndsl.transform.work import work

STEP = digits()


def opened(seed: int = 0, batch_size: int = 8) -> OnnxSession:
    return OnnxSession(STEP, initial_state(STEP), seed=seed, batch_size=batch_size)


def fill(session: Session, batch: Arrays) -> int:
    rows = len(next(iter(batch.values())))
    for name, buffer in session.buffers(rows).items():
        buffer[...] = batch[name]
    return rows


def test_steps_follow_the_evaluator() -> None:
    """Five steps, short batches between full ones, against the step's graphs in NumPy."""
    session, state = opened(), initial_state(STEP)
    for number, rows in enumerate((8, 8, 3, 8, 1)):
        batch = digits_batch(rows, seed=number)
        fill(session, batch)
        results = session.train_step(rows, number, lr_scale=0.5)
        scalars = {"nndsl.step": number, "nndsl.seed": 0, "nndsl.row": 0, "nndsl.lr_scale": 0.5}
        expected = evaluate(STEP.gradients, {**batch, **state, **scalars})
        following = evaluate(STEP.apply, {**state, **expected, **scalars})
        # Float32 sums in another order; Adam passes differences of tiny gradients on at the size of its step, 5e-3.
        np.testing.assert_allclose(results["loss"], expected["loss"], rtol=1e-4)
        assert results["metric.accuracy.count"] == rows
        state |= {name.removesuffix(".next"): v for name, v in following.items() if name.endswith(".next")}
    for name, value in session.state().items():
        np.testing.assert_allclose(value, state[name], rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_short_batch_is_what_a_session_of_that_size_computes() -> None:
    wide, narrow = opened(batch_size=32), opened(batch_size=5)
    for session in (wide, narrow):
        fill(session, digits_batch(5))
        session.train_step(5, 0)
    for name, value in wide.state().items():
        np.testing.assert_array_equal(value, narrow.state()[name])


def test_buffers_stay_the_same_objects() -> None:
    session = opened(batch_size=8)
    first = session.buffers(8)
    assert {name: (b.shape, b.dtype.name) for name, b in first.items()} == {
        "pixels": ((8, 64), "float32"),
        "digit": ((8,), "int64"),
    }
    assert session.buffers(8)["pixels"] is first["pixels"]
    assert session.buffers(3)["pixels"] is session.buffers(3)["pixels"]
    assert session.buffers(3)["pixels"].base is first["pixels"]
    assert session.buffers(20)["pixels"].shape == (20, 64)  # evaluation may use larger batches


def test_state_round_trip_and_no_aliasing() -> None:
    session = opened()
    rows = fill(session, digits_batch(8))
    session.train_step(rows, 0)
    saved = session.state()
    kept = {name: value.copy() for name, value in saved.items()}
    session.train_step(rows, 1)
    for name, value in saved.items():  # later steps do not reach into what was given away
        np.testing.assert_array_equal(value, kept[name])
    assert any((session.state()[name] != value).any() for name, value in kept.items())
    after = session.state()
    session.set_state(saved)
    for value in saved.values():  # nor do we reach into the session
        value[...] = np.nan
    for name, value in session.state().items():
        np.testing.assert_array_equal(value, kept[name])
    session.train_step(rows, 1)
    for name, value in session.state().items():
        np.testing.assert_array_equal(value, after[name])


def test_state_names_and_order_are_the_models() -> None:
    assert sorted(opened().state()) == sorted(state.name for state in STEP.states)
    for name, value in opened().state().items():
        np.testing.assert_array_equal(value, initial_state(STEP)[name])


def test_a_session_does_not_keep_the_arrays_it_was_given() -> None:
    state = initial_state(STEP)
    session = OnnxSession(STEP, state, seed=0, batch_size=8, choices=Choices(packed=0))
    before = session.state()
    for value in state.values():
        value[...] = np.nan
    for name, value in session.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_evaluation_prediction_and_gradients_leave_the_state_alone() -> None:
    session = opened()
    rows = fill(session, digits_batch(8))
    session.train_step(rows, 0)
    before = session.state()
    losses = session.evaluate(rows)
    outputs = {name: value.copy() for name, value in session.predict(rows).items()}
    gradients = session.gradients(rows, 1)
    for name, value in session.state().items():
        np.testing.assert_array_equal(value, before[name])
    expected = evaluate(STEP.predict, {**digits_batch(8), **before})
    np.testing.assert_allclose(outputs["probability"], expected["probability"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(outputs["label"], expected["label"])
    assert gradients.keys() == {"loss", *(f"grad.{state.name}" for state in STEP.trainable)}
    assert losses["loss"] == pytest.approx(float(gradients["loss"]), rel=1e-6)


def test_both_sides_of_the_state_serve_every_task() -> None:
    """After an odd and an even number of steps, evaluation sees what the last step wrote."""
    session = opened()
    rows = fill(session, digits_batch(8))
    for number in range(4):
        session.train_step(rows, number)
        expected = evaluate(STEP.evaluate, {**digits_batch(8), **session.state()})
        assert session.evaluate(rows)["loss"] == pytest.approx(float(expected["loss"]), rel=1e-5)


def test_the_seed_decides_the_dropout_and_sizes_the_buffers() -> None:
    step = mixed()

    def losses(seed: int) -> list[float]:
        session = OnnxSession(step, initial_state(step), seed=seed, batch_size=16, sizes={"time": 5})
        rows = fill(session, mixed_batch(16))
        return [float(session.train_step(rows, number)["loss"]) for number in range(3)]

    assert losses(1) == losses(1) != losses(2)


def test_statistics_move_with_the_state() -> None:
    step = mixed()
    session = OnnxSession(step, initial_state(step), seed=0, batch_size=16, sizes={"time": 5})
    batch = mixed_batch(16)
    rows = fill(session, batch)
    session.train_step(rows, 0)
    session.train_step(rows, 1)
    average = batch["signal"].mean(axis=(0, 1))
    np.testing.assert_allclose(session.state()["norm.moving_mean"], 0.19 * average, rtol=1e-5)
    np.testing.assert_array_equal(session.state()["frozen.scale"], 1)


def test_where_a_steps_memory_comes_from_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    step = mixed()

    def trained() -> Arrays:
        session = OnnxSession(step, initial_state(step), seed=0, batch_size=16, sizes={"time": 5})
        for number, rows in enumerate((16, 16, 3, 16)):
            session.train_step(fill(session, mixed_batch(rows)), number)
        return session.state()

    planned = trained()
    monkeypatch.setattr("nndsl.codegen.onnx.session.PLANNED", 0)
    for name, value in trained().items():
        np.testing.assert_array_equal(value, planned[name], err_msg=name)


def test_an_unknown_free_size_is_named() -> None:
    step = mixed()
    with pytest.raises(ValueError, match="time"):
        OnnxSession(step, initial_state(step), seed=0, batch_size=16)


def test_sgd_has_no_slots() -> None:
    step = digits(optimizer=Configured("sgd", {"lr": 0.1}, None))
    session = OnnxSession(step, initial_state(step), seed=0, batch_size=8)
    rows = fill(session, digits_batch(8))
    before = session.state()
    gradients = {name: value.copy() for name, value in session.gradients(rows, 0).items()}
    session.train_step(rows, 0)
    for name, value in session.state().items():
        np.testing.assert_allclose(value, before[name] - np.float32(0.1) * gradients[f"grad.{name}"], atol=1e-7)


def test_a_missing_provider_is_a_failure_with_exit_code_4() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(Failure) as caught:
        OnnxBackend().session(STEP, initial_state(STEP), seed=0, batch_size=8, provider="cuda")
    assert caught.value.exit_code == ENVIRONMENT
    assert "CUDA" in str(caught.value)


def test_threads_follow_the_size_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = digits(), digits((64, 2048, 2048, 10), ADAM)
    assert work(small.gradients, {"batch": 32}) == 32 * (64 * 32 * 2 + 32 * 16 * 3 + 16 * 10 * 3)
    assert threads_for(small, {"batch": 32}) == 1
    monkeypatch.setattr(engine, "usable_cores", lambda: 1000)
    assert threads_for(large, {"batch": 32}) == work(large.gradients, {"batch": 32}) // WORK_A_THREAD > 10
    monkeypatch.setattr(engine, "usable_cores", lambda: 4)
    assert threads_for(large, {"batch": 32}) == 4


def test_a_second_thread_is_worth_it_for_the_update_of_many_parameters() -> None:
    """An example of an embedding multiplies next to nothing, and its step updates all kinds."""
    program = """model words {{
  input  word: i64[20]
  target y: class[2]
  scores = word -> embedding({kinds}, 32) -> global_avg_pool1d -> dense(2)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
}}
train {{ optimizer = {optimizer} }}"""

    def threads(kinds: int, optimizer: str) -> int:
        return threads_for(nndsl.loads(program.format(kinds=kinds, optimizer=optimizer)).step, {"batch": 32})

    assert threads(1000, "adam(1e-3)") == 1
    assert threads(20_000, "adam(1e-3)") == min(2, engine.usable_cores())
    assert threads(20_000, "sgd(1e-3)") == 1
