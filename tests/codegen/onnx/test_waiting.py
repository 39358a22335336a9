"""Whether threads poll for work is found by timing steps; what they compute does not depend on it."""

from __future__ import annotations

import numpy as np

import nndsl
from nndsl.codegen.onnx.choices import Choices
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.codegen.onnx.waiting import BLOCK, REST, TRIALS, Waiting


class Machine:
    """A clock that each step moves on: by one second if its threads sleep, else by `polling`."""

    def __init__(self, polling: float):
        self.polling = polling
        self.now = 0.0
        self.waiting = Waiting(several_threads=True, clock=lambda: self.now)

    def step(self, more: float = 0.0) -> bool:
        polls = self.waiting.next()
        self.now += (self.polling if polls else 1.0) + more
        return polls

    def steps(self, count: int) -> list[bool]:
        return [self.step() for _ in range(count)]


def test_both_ways_are_tried_and_the_faster_is_kept() -> None:
    for polling in (0.5, 2.0):
        machine = Machine(polling)
        tried = machine.steps(TRIALS)
        assert tried.count(True) == tried.count(False) == TRIALS // 2
        assert set(machine.steps(50)) == {polling < 1}
        assert not machine.waiting.trying


def test_what_falls_into_one_timing_by_chance_does_not_decide() -> None:
    machine = Machine(0.5)
    for i in range(TRIALS):
        machine.step(more=1000 if i == BLOCK + 3 else 0)  # a checkpoint while threads poll
    assert machine.steps(3) == [True] * 3


def test_a_machine_that_becomes_busy_is_noticed_after_a_while() -> None:
    machine = Machine(0.5)
    machine.steps(TRIALS)
    machine.polling = 3.0
    machine.now += 1e9  # what passes between steps does not count
    assert set(machine.steps(REST)) == {True}
    machine.steps(TRIALS)
    assert set(machine.steps(BLOCK)) == {False}


def test_one_thread_waits_for_nobody() -> None:
    waiting = Waiting(several_threads=False)
    assert not any(waiting.next() for _ in range(200))


def test_what_it_was_told_is_not_tried() -> None:
    for told in (False, True):
        waiting = Waiting(several_threads=True, told=told)
        assert {waiting.next() for _ in range(200)} == {told}
        assert not waiting.trying
    assert not Waiting(several_threads=False, told=True).next()


def test_steps_compute_the_same_to_the_bit_however_threads_wait() -> None:
    program = """
    model net {
      input  x: f32[300]
      target y: class[10]
      scores = x -> dense(200, relu) -> dense(10)
      output label = argmax(scores)
      loss   cross_entropy(scores, y)
    }
    """
    step = nndsl.loads(program).step
    random = np.random.default_rng(0)
    state = {spec.name: random.uniform(0.01, 0.1, spec.shape).astype(np.float32) for spec in step.states}
    trying, asleep = (
        OnnxSession(step, state, seed=1, batch_size=32, choices=Choices(threads=2, polls=polls))
        for polls in (None, False)
    )
    for number in range(TRIALS + 10):
        for session in (trying, asleep):
            session.buffers(32)["x"][...] = np.random.default_rng(number).uniform(0, 1, (32, 300))
            session.buffers(32)["y"][...] = np.arange(32) % 10
            session.train_step(32, number)
    assert not trying._waiting.trying
    expected, found = asleep.state(), trying.state()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
