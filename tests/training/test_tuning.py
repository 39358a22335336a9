"""Tuning: each question is answered by the clock; what trains then is what would have been told the same by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_runs import PROGRAM, SHARES, Stop, assert_same_run, net_of, write_program

import nndsl
from nndsl.codegen.onnx.choices import USUAL, Choices, questions
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.training import tuning
from nndsl.training.tuning import MARGIN, TUNING, Tuning, read_tuning, tune


@dataclass
class Machine:
    """Its clock is moved on by the steps of sessions: by `seconds` of a backend and its choices."""

    seconds: Callable[[str, Choices], float]
    now: float = 0.0
    opened: list[tuple[str, Choices]] = field(default_factory=list)

    def open(self, backend: str, choices: Choices) -> Any:
        self.opened.append((backend, choices))
        return Steps(self, self.seconds(backend, choices))


class Steps:
    """What tuning asks of a session."""

    def __init__(self, machine: Machine, seconds: float):
        self.machine, self.seconds = machine, seconds
        self.first = True

    def buffers(self, rows: int) -> Mapping[str, Any]:
        return {}

    def train_step(self, rows: int, step: int) -> None:
        self.machine.now += self.seconds + (10 if self.first else 0)  # the first one loads
        self.first = False


THREADS = [Choices(threads=1), Choices(threads=2, polls=False), Choices(threads=2, polls=True)]
PACKED = [Choices(packed=100), Choices(packed=0)]


def tuned(tmp_path: Path, seconds: Callable[[str, Choices], float]) -> tuple[Tuning, Machine]:
    net = net_of(write_program(tmp_path))
    machine = Machine(seconds)
    train = net.read_data().train
    return tune(machine.open, [THREADS, PACKED], net.step, train, lambda: machine.now), machine


def test_each_question_is_asked_with_the_answers_to_those_before(tmp_path: Path) -> None:
    def seconds(backend: str, choices: Choices) -> float:
        return {(1, None): 3e-3, (2, False): 2e-3, (2, True): 1e-3}.get((choices.threads, choices.polls), 1e-4) * (
            0.5 if choices.packed == 0 else 1.0
        )

    found, machine = tuned(tmp_path, seconds)
    assert found.chosen == Choices(threads=2, packed=0)  # how threads wait is found out while training
    assert [(each.choices.threads, each.choices.polls, each.choices.packed) for each in found.measured] == [
        (1, None, 100),
        (2, False, 100),
        (2, True, 100),
        (2, True, 0),
        (None, None, None),
    ]
    assert [round(each.microseconds) for each in found.measured] == [3000, 2000, 1000, 500, 100]
    assert found.best == found.measured[3]
    assert machine.opened[-1] == ("numpy", USUAL)  # which is faster, and yet not chosen: it rounds in another way


def test_the_cost_models_choice_stays_unless_another_is_clearly_faster(tmp_path: Path) -> None:
    for gain, threads in ((0.5 * MARGIN, 1), (2 * MARGIN, 2)):
        found, _ = tuned(tmp_path, lambda _, choices, gain=gain: 1e-3 * (1 - gain * (choices.threads == 2)))
        assert (found.chosen.threads, found.chosen.packed) == (threads, 100)


def test_of_two_ways_of_waiting_the_faster_counts_however_little_it_is(tmp_path: Path) -> None:
    net = net_of(write_program(tmp_path))
    machine = Machine(lambda _, choices: 2e-3 if choices.threads == 1 else 0.99e-3 if choices.polls else 1e-3)
    found = tune(machine.open, [THREADS[1:], PACKED], net.step, net.read_data().train, lambda: machine.now)
    assert found.chosen == Choices(threads=2, packed=100)
    assert ("onnx", Choices(threads=2, packed=0, polls=True)) in machine.opened
    assert found.best is not None
    assert found.best.choices.polls


def test_what_falls_into_one_timing_by_chance_does_not_decide(tmp_path: Path) -> None:
    net = net_of(write_program(tmp_path))
    machine = Machine(lambda _, choices: 1e-3 if choices.threads == 1 else 2e-3)
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        machine.now += 100.0 * (looks == 4)  # something else runs while the first candidate is timed
        return machine.now

    found = tune(machine.open, [THREADS], net.step, net.read_data().train, clock)
    assert found.chosen.threads == 1


def test_a_machine_that_becomes_busier_makes_no_answer_look_worse_than_what_it_beat(tmp_path: Path) -> None:
    machine: Machine

    def seconds(_: str, choices: Choices) -> float:
        busy = 5.0 if any(asked.packed == 0 for _, asked in machine.opened) else 1.0  # from the second question on
        return 1e-3 * busy * (choices.threads or 0) * (0.5 if choices.packed == 0 else 1.0)

    class Late(Steps):
        def train_step(self, rows: int, step: int) -> None:
            self.seconds = self.ask()
            super().train_step(rows, step)

    machine = Machine(seconds)
    net = net_of(write_program(tmp_path))

    def open(backend: str, choices: Choices) -> Any:
        session = Late(machine, 0.0)
        machine.open(backend, choices)
        session.ask = lambda: seconds(backend, choices)
        return session

    found = tune(open, [THREADS, PACKED], net.step, net.read_data().train, lambda: machine.now)
    assert found.chosen == Choices(threads=1, packed=0)
    assert [round(each.microseconds) for each in found.measured[:4]] == [1000, 2000, 2000, 500]


def test_the_questions_of_a_network_begin_with_what_its_cost_model_says(tmp_path: Path) -> None:
    step = net_of(write_program(tmp_path)).step
    waits, limits, layouts = questions(step, 8, {})
    assert waits[0] == Choices(threads=1)
    assert {choices.threads for choices in waits} >= {1}
    assert all((choices.polls is None) == (choices.threads == 1) for choices in waits)
    assert [choices.packed for choices in limits] == [
        32_768,
        0,
    ]  # 65 536 would pack the same
    assert not layouts  # without convolutions


# ---------------------------------------------------------------- runs


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timings of a step each: whatever they find will do."""
    monkeypatch.setattr(tuning, "BLOCK", 1e-9)
    monkeypatch.setattr(tuning, "REST", 1e-9)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("text", [PROGRAM, SHARES], ids=["batches", "shares"])
def test_a_tuned_run_is_the_run_that_was_told_the_same_by_hand(tmp_path: Path, text: str) -> None:
    path = write_program(tmp_path, text)
    net_of(path).train(tmp_path / "tuned", tune=True, picture=False)
    chosen = read_tuning(tmp_path / "tuned").chosen
    assert chosen.threads is not None
    plain = {"chosen": {"threads": chosen.threads, "packed": chosen.packed}}
    (tmp_path / "by_hand.json").write_text(json.dumps(plain))
    run = net_of(path).train(tmp_path / "told", tune=tmp_path / "by_hand.json", picture=False)
    assert run.session.threads == chosen.threads
    assert_same_run(tmp_path / "tuned", tmp_path / "told")


def test_a_run_takes_what_was_found_for_another_and_goes_on_with_it(tmp_path: Path) -> None:
    """With three threads, which nothing would choose: a resumed run would be refused if it had others."""
    path = write_program(tmp_path)
    (tmp_path / "three.json").write_text('{"chosen": {"threads": 3, "packed": 0}}')
    whole = net_of(path).train(tmp_path / "whole", tune=tmp_path / "three.json", picture=False)
    assert whole.session.threads == 3
    net_of(path).train(tmp_path / "part", tune=tmp_path / "whole", observer=Stop(1, 3), picture=False)
    resumed = net_of(path).train(resume=tmp_path / "part", picture=False)
    assert resumed.session.threads == 3
    assert_same_run(tmp_path / "whole", tmp_path / "part")
    assert read_tuning(tmp_path / "part").chosen == Choices(threads=3, packed=0)


@pytest.mark.usefixtures("hasty")
def test_fit_keeps_what_it_was_tuned_to(tmp_path: Path) -> None:
    net = net_of(write_program(tmp_path), callbacks="[]")
    before = net.initial_state()
    run = net.fit(epochs=1, tune=True, out=tmp_path / "run")
    chosen = net.choices
    assert chosen == read_tuning(tmp_path / "run").chosen != USUAL
    assert (net.choices, run.session.threads) == (chosen, chosen.threads)
    net.fit(epochs=1)
    assert net.choices == chosen
    other = net_of(tmp_path / "small.nn", callbacks="[]")
    other.fit(epochs=1, tune=tmp_path / "run")
    other.fit(epochs=1)
    for name, value in net.state.items():
        np.testing.assert_array_equal(other.state[name], value, err_msg=name)
    for name, value in net_of(tmp_path / "small.nn").initial_state().items():
        np.testing.assert_array_equal(before[name], value, err_msg=name)


def test_what_was_found_is_read_as_it_was_written(tmp_path: Path) -> None:
    found, _ = tuned(tmp_path, lambda backend, choices: 1e-3 * (choices.threads or 4))
    (tmp_path / TUNING).write_text(found.to_json())
    assert read_tuning(tmp_path) == read_tuning(tmp_path / TUNING) == found
    assert json.loads(found.to_json())["chosen"] == {"threads": 1, "packed": 100}
    assert found.text() == (
        "backend  threads  waiting  packed  µs a step\n"
        "───────  ───────  ───────  ──────  ─────────  ──────\n"
        "onnx           1              100      1,000  chosen\n"
        "onnx           2  asleep      100      2,000\n"
        "onnx           2  polling     100      2,000\n"
        "onnx           1                0      1,000\n"
        "numpy                                  4,000"
    )


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as raised:
        call()
    (found,) = raised.value.diagnostics
    assert isinstance(found, BadOption)
    return found.message


@pytest.mark.parametrize(
    "choice", ['"threads": "2"', '"threads": -1', '"threads": 100000', '"packed": 1.5', '"blocks": 1', '"polls": ""']
)
def test_what_cannot_be_chosen_is_refused(tmp_path: Path, choice: str) -> None:
    (tmp_path / TUNING).write_text(f'{{"chosen": {{{choice}}}}}')
    assert "is not what tuning wrote" in refused(lambda: read_tuning(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"chosen": 1}'])
def test_what_tuning_did_not_write_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / TUNING).write_text(text)
    assert "is not what tuning wrote" in refused(lambda: read_tuning(tmp_path))


def test_what_cannot_be_tuned_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    path = write_program(tmp_path)
    assert "onnx on the CPU only" in refused(lambda: net_of(path).train(tmp_path / "r", tune=True, backend="numpy"))
    assert "onnx on the CPU only" in refused(lambda: net_of(path).fit(tune=True, backend="numpy"))
    assert f"there is no {TUNING}" in refused(lambda: net_of(path).train(tmp_path / "r", tune=tmp_path))
    assert "No such file" in refused(lambda: net_of(path).train(tmp_path / "r", tune=tmp_path / "none.json"))
    assert not (tmp_path / "r").exists()
    net_of(path).train(tmp_path / "run", observer=Stop(0, 1), picture=False)
    assert "keeps what it was tuned to" in refused(lambda: net_of(path).train(resume=tmp_path / "run", tune=True))
    assert nndsl.load(path).choices == USUAL
