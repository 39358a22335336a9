"""`nndsl train --tune` and `--tuned RUN`: what they print, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nndsl.training import tuning

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timings of a step each: whatever they find will do."""
    monkeypatch.setattr(tuning, "BLOCK", 1e-9)
    monkeypatch.setattr(tuning, "REST", 1e-9)


def test_what_was_measured_is_shown_before_training_and_kept(nndsl: Command) -> None:
    done = nndsl("train", "small.nn", "--tune", "-o", "run")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["backend", "threads", "waiting", "packed", "µs", "a", "step"]
    assert sum(line.endswith("chosen") for line in lines) == 1
    assert next(i for i, line in enumerate(lines) if line.startswith("numpy ")) == len(lines) - 5
    assert lines[-4].startswith("epoch 1/2 ")
    assert json.loads(Path("run/tuning.json").read_text())["chosen"].keys() == {"threads", "packed"}


def test_a_later_run_takes_what_was_found(nndsl: Command) -> None:
    first = nndsl("train", "small.nn", "--tune", "-o", "first")
    second = nndsl("train", "small.nn", "--tuned", "first", "-o", "second")
    assert second.out == first.out.replace("first", "second")
    for name in ("tuning.json", "weights.safetensors"):
        assert Path("first", name).read_bytes() == Path("second", name).read_bytes()


def test_it_is_one_event(nndsl: Command) -> None:
    done = nndsl("train", "small.nn", "--tune", "--json", "-o", "run")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events[:2]] == ["tune", "start"]
    assert {"event": "tune", **json.loads(Path("run/tuning.json").read_text())} == events[0]


def test_quiet_is_quiet(nndsl: Command) -> None:
    assert nndsl("train", "small.nn", "--tune", "--quiet", "-o", "run").out == "run\n"


def test_what_does_not_go_together_is_refused(nndsl: Command) -> None:
    both = nndsl("train", "small.nn", "--tune", "--tuned", "run")
    assert both.code == 2
    assert "give one of them" in both.err
    numpy = nndsl("train", "small.nn", "--tune", "--backend", "numpy")
    assert "onnx on the CPU only" in numpy.err
    assert "there is no tuning.json" in nndsl("train", "small.nn", "--tuned", ".").err
    assert not Path("runs").exists()
