"""Tuning: what can be chosen for a network, measured on this machine with its own data before training begins.

    runs/digits-001/tuning.json
    {
      "cores": 2,
      "batch_size": 32,
      "chosen": {"threads": 1, "packed": 32768},
      "measured": [{"backend": "onnx", "threads": 1, "packed": 32768, "polls": false, "microseconds": 31.2}, …]
    }

Every candidate is a session of its own that trains from the initial state on the first batches; the run then begins
anew in another session, so that it is the one that was told the same choices by hand, bit for bit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import reduce
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from nndsl.codegen.backend import Session, usable_cores
from nndsl.codegen.onnx.choices import USUAL, Choices
from nndsl.data.dataset import Dataset
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.training.batches import Rows, batches_of_epoch, gather
from nndsl.training.results import text_table
from nndsl.transform.step import Step

TUNING = "tuning.json"
"""Its name in a run's folder."""

BATCHES = 16
"""The first so many of the run's batches are taken over and over."""

TURNS, FEWEST = 15, 5
"""Times that each candidate is timed, in turn with the others: fewer where steps are long."""

BLOCK, REST = 0.012, 0.003
"""Seconds that a timing takes if steps are short enough; and of steps before it, while other threads come to rest."""

MARGIN = 0.03
"""How much faster than the first candidate, which the cost model chose, another must be in three turns of four: other
work on the machine falls on some turns."""

MOST_THREADS = 1024
"""More in a file are a mistake, and each of them would be started."""

Open = Callable[[str, Choices], Session]
"""A new session of a backend, by its name, with the state that training begins with."""


@dataclass(frozen=True)
class Measurement:
    """A candidate and what a step took with it."""

    backend: str
    choices: Choices
    microseconds: float


@dataclass(frozen=True)
class Tuning:
    """What was measured, and what was chosen by it."""

    chosen: Choices
    measured: tuple[Measurement, ...] = ()
    cores: int = 0
    batch_size: int = 0

    @property
    def best(self) -> Measurement | None:
        """The candidate that was chosen; its threads wait as real steps show, whichever way was faster here."""
        own = [
            each for each in self.measured if each.backend == "onnx" and self.chosen.is_but_for_waiting(each.choices)
        ]
        return min(own, key=lambda each: each.microseconds, default=None)

    def to_json(self) -> str:
        measured = [
            {"backend": each.backend, **asdict(each.choices), "microseconds": each.microseconds}
            for each in self.measured
        ]
        chosen = {name: value for name, value in asdict(self.chosen).items() if value is not None}
        plain = {"cores": self.cores, "batch_size": self.batch_size, "chosen": chosen, "measured": measured}
        return json.dumps(plain, indent=2) + "\n"

    def text(self) -> str:
        """What was measured, as a table."""
        rows = [["backend", "threads", "waiting", "packed", "blocks", "µs a step", ""]]
        for each in self.measured:
            own = each.choices
            waiting = "" if own.polls is None or own.threads == 1 else "polling" if own.polls else "asleep"
            packed, blocks = _text(own.packed), {None: "", False: "no", True: "yes"}[own.blocks]
            mark = "chosen" if each == self.best else ""
            rows.append([each.backend, _text(own.threads), waiting, packed, blocks, f"{each.microseconds:,.0f}", mark])
        if not any(row[4] for row in rows[1:]):  # there are no images
            rows = [[*row[:4], *row[5:]] for row in rows]
        return text_table(rows, numbers=frozenset({1, 3, len(rows[0]) - 2}))


class Candidate:
    """A session that takes the run's first steps, over and over."""

    def __init__(self, session: Session, step: Step, data: Dataset, batches: Sequence[Rows]):
        self._session, self._data, self._batches = session, data, cycle(batches)
        self._every = step.train.accumulate
        self._done = 0
        self.times: list[float] = []

    def steps(self, count: int) -> None:
        session = self._session
        for rows in islice(self._batches, count):
            gather(session, self._data, rows)
            update, share = divmod(self._done, self._every)
            if self._every == 1:
                session.train_step(len(rows), update)
            else:
                session.accumulate(len(rows), update, share * len(rows))
                if share == self._every - 1:
                    session.apply(update)
            self._done += 1


def tune(
    open: Open,
    questions: Sequence[Sequence[Choices]],
    step: Step,
    data: Dataset,
    clock: Callable[[], float] = time.perf_counter,
) -> Tuning:
    """Answer one question after the other, each with the answers to those before; the NumPy backend is measured too,
    but not chosen: it is another one, which adds up sums in another order.

    What the machine does besides changes from one question to the next, so the times of a question are told in
    proportion to what the answer to the one before took there.
    """
    batches = list(islice(batches_of_epoch(step.train, data.rows, 0), BATCHES))

    def measure(backend: str, asked: Sequence[Choices]) -> list[list[float]]:
        those = [Candidate(open(backend, choices), step, data, batches) for choices in asked]
        return _taking_turns(those, clock)

    chosen = reduce(Choices.given, (question[0] for question in questions if question), USUAL)
    found: dict[Choices, float] = {}
    for question in questions:
        asked = [chosen.given(answer) for answer in question]
        if len(asked) > 1 or not found:
            times = measure("onnx", asked)
            ratios = [[time / first for time, first in zip(own, times[0], strict=True)] for own in times]
            first = found.get(chosen, median(times[0]))
            found |= {choices: first * median(own) for choices, own in zip(asked, ratios, strict=True)}
            better = [i for i, own in enumerate(ratios) if quantiles(own, n=4)[2] < 1 - MARGIN]
            best = asked[min(better, key=lambda i: median(ratios[i]), default=0)]
            chosen = min((each for each in asked if best.is_but_for_waiting(each)), key=found.__getitem__)
    measured = [("onnx", choices, time) for choices, time in found.items()]
    measured += [("numpy", USUAL, median(measure("numpy", [USUAL])[0]))]
    return Tuning(
        replace(chosen, polls=None),
        tuple(Measurement(backend, choices, round(1e6 * time, 1)) for backend, choices, time in measured),
        usable_cores(),
        step.train.batch_size or data.rows,
    )


@np.errstate(all="ignore")
def _taking_turns(those: Sequence[Candidate], clock: Callable[[], float]) -> list[list[float]]:
    """Seconds a step of each, turn by turn."""
    for candidate in those:
        candidate.steps(1)  # which loads and plans
    began = clock()
    those[0].steps(1)
    one = max(clock() - began, 1e-6)
    rest, block = max(1, round(REST / one)), max(1, round(BLOCK / one))
    turns = max(FEWEST, min(TURNS, round(TURNS * (REST + BLOCK) / (one * (rest + block)))))
    for turn in range(turns):
        for candidate in [*those[turn % len(those) :], *those[: turn % len(those)]]:
            candidate.steps(rest)
            began = clock()
            candidate.steps(block)
            candidate.times.append((clock() - began) / block)
    return [candidate.times for candidate in those]


def read_tuning(path: Path) -> Tuning:
    """What was found for a run, from its folder or from the file itself; raises `Failure` (NN511) where it is not."""
    file = path / TUNING if path.is_dir() else path
    try:
        plain = json.loads(file.read_bytes())
        return Tuning(
            _choices(plain["chosen"]),
            tuple(
                Measurement(str(each["backend"]), _choices(each), float(each["microseconds"]))
                for each in plain.get("measured", ())
            ),
            int(plain.get("cores", 0)),
            int(plain.get("batch_size", 0)),
        )
    except OSError as error:
        reason = f"there is no {TUNING} in {path}" if path.is_dir() else f"{file}: {error.strerror or error}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        reason = f"{file} is not what tuning wrote"
    raise Failure(BadOption(None, "tuned", reason))


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _choices(plain: Mapping[str, Any]) -> Choices:
    """Choices as JSON has them; raises `ValueError` where one cannot be."""
    known = {item.name: plain.get(item.name) for item in fields(Choices)}
    for name, value in known.items():
        number = name in ("threads", "packed")
        if value is not None and (type(value) is not (int if number else bool) or value < 0):
            raise ValueError(value)
    if known["threads"] is not None and known["threads"] > MOST_THREADS:
        raise ValueError(known["threads"])
    return Choices(**known)
