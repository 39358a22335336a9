"""Batches in parts, side by side: what the graph says of the whole batch, and BLAS as it was found."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import nndsl
from nndsl.codegen.backend import Arrays
from nndsl.codegen.numpy import parts, session
from nndsl.codegen.numpy.parts import Compute, Cores, Parts
from nndsl.codegen.numpy.session import NumpySession, Task
from nndsl.codegen.numpy.threads import Blas, Team, find_blas
from nndsl.graph.evaluate import evaluate
from nndsl.transform.names import LR, LR_SCALE, ROW, SEED, STEP
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

PROGRAM = """
model net {{
  input  x: f32[6, 6, 2]
  target y: class[3]
  target w: f32
  h = x -> conv2d(4, 3, l2 = 1e-2) -> {middle} -> relu -> dropout(0.5) -> flatten
  scores = h -> dense(3)
  output label = argmax(scores)
  loss   w * cross_entropy(scores, y)
  loss   0.1 * mean(h ^ 2) as small
  metric accuracy(scores, y)
  metric confusion_matrix(scores, y)
  metric median_absolute_error(mean(scores, axis = 0), w) as median
}}
train {{ {settings} }}
"""
THREADS = 3
TASKS: tuple[Task, ...] = ("gradients", "evaluate", "predict")


class Told:
    """BLAS, as far as its threads go."""

    def __init__(self, threads: int):
        self.now, self.seen = threads, [threads]
        self.blas = Blas(lambda: self.now, self.set)

    def set(self, threads: int) -> None:
        self.now = threads
        self.seen.append(threads)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Every convolution is worth as many threads as there are."""
    told = Told(THREADS)
    monkeypatch.setattr(parts, "WORK_A_PART", 1)
    monkeypatch.setattr(session, "find_blas", lambda: told.blas)
    return told


def step_of(settings: str = "", middle: str = "max_pool2d(2)") -> Step:
    return nndsl.loads(PROGRAM.format(settings=settings, middle=middle)).step


def examples(rows: int) -> Arrays:
    random = np.random.default_rng(rows)
    x = random.normal(size=(rows, 6, 6, 2)).astype(np.float32)
    return {"x": x, "y": random.integers(0, 3, rows), "w": random.uniform(0.5, 2, rows).astype(np.float32)}


def close(found: Arrays, expected: Arrays) -> None:
    """float32, added up in another order."""
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=2e-5, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("settings", ["optimizer = adam(1e-2)", "optimizer = lamb(1e-2)"])
def test_steps_in_parts_follow_the_graphs(settings: str, told: Told) -> None:
    step = step_of(settings)
    state = initial_state(step.states, 0)
    own = NumpySession(step, state, seed=3, batch_size=8)
    for number, rows in enumerate((8, 7, 2, 8, 1)):
        batch = examples(rows)
        for name, buffer in own.buffers(rows).items():
            buffer[...] = batch[name]
        measured = evaluate(step.gradients, {**state, **batch, STEP: number, SEED: 3, ROW: 0})
        close(own.gradients(rows, number), measured)
        results = own.train_step(rows, number)
        assert set(results) == {key for key in measured if not key.startswith("grad.")} | {LR}
        grads = {key: value for key, value in measured.items() if key.startswith("grad.")}
        applied = evaluate(step.apply, {**state, **grads, STEP: number, LR_SCALE: 1.0})
        close(results, {**measured, **applied})
        state = {key: applied[f"{key}.next"] for key in state}
        close(own.state(), state)
        assert isinstance(own._compute("gradients", rows), Parts) == (rows > 1)
    assert set(told.seen) == {1, THREADS}
    assert told.now == THREADS


def test_parts_of_a_micro_batch_know_where_their_rows_are_in_the_whole_batch(told: Told) -> None:
    """Dropout drops by the row's number, so two micro-batches are the batch that they make up."""
    step = step_of()
    state = initial_state(step.states, 0)
    batch = examples(8)
    own = NumpySession(step, state, seed=3, batch_size=4)
    for start in (0, 4):
        for name, buffer in own.buffers(4).items():
            buffer[...] = batch[name][start : start + 4]
        own.accumulate(4, 5, start)
    whole = evaluate(step.gradients, {**state, **batch, STEP: 5, SEED: 3, ROW: 0})
    sums = own.accumulated()
    assert sums.pop("rows") == 8
    close({name: total / 8 for name, total in sums.items()}, whole)


def test_two_steps_in_parts_are_the_same_to_the_bit(told: Told) -> None:
    def trained() -> Arrays:
        step = step_of()
        own = NumpySession(step, initial_state(step.states, 0), seed=3, batch_size=8)
        for name, buffer in own.buffers(8).items():
            buffer[...] = examples(8)[name]
        for number in range(3):
            own.train_step(8, number)
        return own.state()

    first, second = trained(), trained()
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("middle", ["max_pool2d(2)", "batch_norm"])
def test_evaluation_and_prediction_in_parts_follow_the_graphs(middle: str, told: Told) -> None:
    """Batch normalization takes rows together in training alone; `median_absolute_error` keeps what each row has."""
    step = step_of(middle=middle)
    state = initial_state(step.states, 0)
    own = NumpySession(step, state, seed=3, batch_size=8)
    for rows in (8, 7, 2, 1):
        batch = examples(rows)
        for name, buffer in own.buffers(rows).items():
            buffer[...] = batch[name]
        measured, outputs = own.evaluate(rows), own.predict(rows)
        expected = evaluate(step.evaluate, {**state, **batch})
        assert {*measured} == {*expected}
        assert any(value.shape == (rows,) for value in measured.values())
        close(measured, expected)
        close(outputs, evaluate(step.predict, {**state, "x": batch["x"]}))
        assert outputs["label"].dtype == np.int64
        for task in TASKS[1:]:
            assert isinstance(own._compute(task, rows), Parts) == (rows > 1)


@pytest.mark.parametrize("middle", ["batch_norm", "batch_norm -> max_pool2d(2)"])
def test_rows_that_need_one_another_are_computed_together(middle: str, told: Told) -> None:
    step = step_of(middle=middle)
    own = NumpySession(step, initial_state(step.states, 0), seed=3, batch_size=8)
    assert not isinstance(own._compute("gradients", 8), Parts)
    assert own._compute("gradients", 8).args == (own._state,)  # type: ignore[attr-defined]


def opened(log: list[tuple[int, int]]) -> Callable[[int, int], Compute]:
    def open(start: int, stop: int) -> Compute:
        log.append((start, stop))
        return lambda step, row: ({"loss": np.float32(row)}, {})

    return open


def test_small_steps_and_dense_layers_are_not_taken_apart() -> None:
    """The first convolves with few products, whose threads BLAS is told to leave asleep; the second not at all."""
    log: list[tuple[int, int]] = []
    told = Told(THREADS)
    small = step_of().gradients
    assert Cores({}, told.blas).compute(small, 8, opened(log))(step=0, row=0) == ({"loss": 0}, {})
    assert told.seen == [THREADS, 1, THREADS]
    dense = nndsl.loads("model m {\n input x: f32[4000]\n output y = x -> dense(4000)\n loss mse(y, x)\n}").step
    Cores({}, told.blas).compute(dense.gradients, 1000, opened(log))(step=0, row=0)
    assert told.seen == [THREADS, 1, THREADS]
    assert log == [(0, 8), (0, 1000)]


def test_there_are_no_more_parts_than_threads_rows_and_work() -> None:
    graph = step_of().gradients
    for threads, rows, expected in ((3, 50_000, 3), (8, 30_000, 2), (1, 50_000, 1)):
        log: list[tuple[int, int]] = []
        Cores({}, Told(threads).blas).compute(graph, rows, opened(log))
        assert len(log) == expected
        assert [log[0][0], log[-1][1]] == [0, rows]
        assert all(before[1] == after[0] for before, after in pairwise(log))


@pytest.mark.parametrize("optimised", [True, False])
def test_without_a_library_that_can_be_told_or_optimisations_nothing_is_taken_apart(
    optimised: bool, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    if optimised:
        monkeypatch.setattr(session, "find_blas", lambda: None)
    step = replace(step_of(), optimised=optimised)
    own = NumpySession(step, initial_state(step.states, 0), seed=3, batch_size=8)
    for task in TASKS:
        assert not isinstance(own._compute(task, 8), Parts)
    assert told.seen == [THREADS]


def test_what_fails_in_another_thread_fails_here_when_all_have_ended() -> None:
    ended: list[str] = []

    def fine() -> None:
        ended.append(threading.current_thread().name)

    def wrong() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Team(3).run([fine, wrong, fine])
    assert len(ended) == 2
    with pytest.raises(ZeroDivisionError):
        Team(2).run([wrong, fine])
    assert len(ended) == 3


def test_other_threads_treat_overflow_as_this_one_does() -> None:
    def overflow() -> float:
        return float(np.float32(1e38) * np.float32(1e38))

    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        Team(2).run([lambda: 0.0, overflow])
    with np.errstate(over="ignore"):
        assert Team(2).run([lambda: 0.0, overflow]) == [0, np.inf]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_has_threads_of_its_own() -> None:
    program = """
import os, warnings
from nndsl.codegen.numpy.threads import Team
warnings.simplefilter("ignore")  # of threads, which the process does not wait for
team = Team(2)
team.run([int, int])
child = os.fork()
found = team.run([lambda: 1, lambda: 2])
os._exit(found != [1, 2]) if child == 0 else os._exit(os.waitpid(child, 0)[1])
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_blas_has_its_threads_back_after_an_error() -> None:
    told = Told(THREADS)
    with pytest.raises(ZeroDivisionError), told.blas.single():
        raise ZeroDivisionError
    assert told.seen == [THREADS, 1, THREADS]


def test_blas_has_its_threads_back_when_the_last_has_ended() -> None:
    """Two that train side by side may end in any order."""
    told = Told(THREADS)
    first, second = told.blas.single(), told.blas.single()
    with ExitStack() as later:
        with first:
            later.enter_context(second)
        assert told.now == 1
        assert told.blas.threads == THREADS
    assert told.now == THREADS


def test_large_dense_layers_keep_the_threads_of_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is behind a small convolution may be worth them."""
    told = Told(THREADS)
    monkeypatch.setattr(session, "find_blas", lambda: told.blas)
    for middle, expected in (("flatten -> dense(2048) -> dense(2048) -> reshape([8, 8, 32])", False), ("relu", True)):
        told.seen.clear()
        step = step_of(middle=middle)
        small = NumpySession(step, initial_state(step.states, 0), seed=0, batch_size=12)
        for name, buffer in small.buffers(12).items():
            buffer[...] = examples(12)[name]
        small.gradients(12, 0)
        assert bool(told.seen) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="on Linux NumPy's wheels have OpenBLAS, linked so that it is found")
def test_openblas_is_found_and_told() -> None:
    names = str(np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"])  # type: ignore[index, call-overload]
    if "openblas" not in names:
        pytest.skip(f"NumPy's products are computed by {names}")
    blas = find_blas()
    assert blas is not None
    before = blas.threads
    blas._set(2)
    try:
        assert blas.threads == 2
        with blas.single():
            assert blas._get() == 1
            assert blas.threads == 2
        assert blas.threads == 2
    finally:
        blas._set(before)
