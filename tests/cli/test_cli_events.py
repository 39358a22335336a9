"""`nndsl train --json`, `--chart` and the bar: what a tool, a log and a person at a terminal see."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nndsl.cli.events import finite
from nndsl.training.history import History

Command = Callable[..., Any]


def events(done: Any) -> list[dict[str, Any]]:
    """What was printed: every line is an event, in JSON as RFC 8259 has it (Python's NaN is not)."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return [json.loads(line, parse_constant=refuse) for line in done.out.splitlines()]


# ---------------------------------------------------------------- events


def test_a_training_is_told_from_its_start_to_its_end(nndsl: Command) -> None:
    done = nndsl("train", "small.nn", "--json", "-o", "run")
    assert (done.code, done.err) == (0, "")
    start, *epochs, checkpoint, test, end = events(done)
    assert start == {
        "event": "start",
        "model": "small",
        "run": "run",
        "epochs": 2,
        "batches": 3,
        "epoch": 0,
        "rows": {"train": 10, "validation": 2},
        "parameters": 17,
    }
    assert [event["event"] for event in epochs] == ["epoch", "epoch"]
    history = History.from_csv(Path("run/history.csv").read_text())
    assert [event["values"] for event in epochs] == history.epochs
    assert [(event["epoch"], event["epochs"]) for event in epochs] == [(1, 2), (2, 2)]
    assert epochs[0]["seconds"] <= epochs[1]["seconds"]
    assert checkpoint["event"] == "checkpoint"
    assert Path(checkpoint["path"]).is_file()
    assert test["event"] == "test"
    assert test["values"].keys() == {"loss", "mae"}
    assert end == {"event": "end", "run": "run", "exit": 0}


def test_why_it_stopped_is_told(nndsl: Command) -> None:
    told = events(nndsl("train", "small.nn", "--json", "--set", "train.steps=4"))
    assert {"event": "stop", "reason": "4 steps are done"} in told


def test_a_table_is_told_with_the_test_rows(nndsl: Command, folder: Path) -> None:
    text = (
        (folder / "kinds.nn")
        .read_text()
        .replace("(scores, kind)\n", "(scores, kind)\n  metric confusion_matrix(scores, kind)\n")
    )
    (folder / "kinds.nn").write_text(
        text.replace('csv("kinds.csv")', 'csv("kinds.csv")\n  test = 6\n  stratify = kind')
    )
    (test,) = (event for event in events(nndsl("train", "kinds.nn", "--json")) if event["event"] == "test")
    table = test["tables"]["confusion_matrix"]
    assert [sum(row) for row in table] == [2, 2, 2]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["small.nn", "--set", "train.epoch=3"], "NN257"),
        (["nothing.nn"], "NN101"),
        (["small.nn", "--bad"], "NN518"),
        (["small.nn", "--chart"], "NN518"),
    ],
)
def test_errors_are_events_too(nndsl: Command, arguments: list[str], code: str) -> None:
    done = nndsl("train", *arguments, "--json")
    assert (done.code, done.err) == (2, "")
    error, end = events(done)
    assert (error["event"], error["code"]) == ("error", code)
    assert "severity" not in error
    assert end == {"event": "end", "run": None, "exit": 2}


def test_a_divergence_ends_with_its_exit_code(nndsl: Command) -> None:
    done = nndsl("train", "small.nn", "--json", "--set", "train.optimizer=sgd(1e12)")
    assert done.code == 3
    *_, stop, error, end = events(done)
    assert (stop["event"], error["code"]) == ("stop", "NN501")
    assert end == {"event": "end", "run": None, "exit": 3}


def test_warnings_are_events(nndsl: Command, folder: Path) -> None:
    (folder / "small.nn").write_text("const unused = 1\n" + (folder / "small.nn").read_text())
    first = events(nndsl("train", "small.nn", "--json"))[0]
    assert (first["event"], first["line"]) == ("warning", 1)


def test_what_is_not_finite_is_null() -> None:
    assert finite({"a": float("nan"), "b": [float("inf"), 1.0], 3: Path("x")}) == {
        "a": None,
        "b": [None, 1.0],
        "3": "x",
    }


# ---------------------------------------------------------------- charts


def test_charts_are_printed_when_training_has_ended(nndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    done = nndsl("train", "small.nn", "--chart", "--quiet")
    *lines, folder = done.out.splitlines()
    assert folder == "runs/small-001"
    assert lines[0].startswith("loss  ── training  ┄┄ validation  best epoch ")
    assert any(line.startswith("mae  ") for line in lines)
    assert "\x1b" not in done.out
    assert max(len(line) for line in lines if "training" not in line) == 60


def test_charts_are_ascii_where_the_output_is(nndsl: Command, folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    command = [sys.executable, "-m", "nndsl", "train", "small.nn", "--chart", "--quiet"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    assert done.stdout.isascii()
    assert b"\\u" not in done.stdout
    assert b"loss  ** training  oo validation" in done.stdout


# ---------------------------------------------------------------- a terminal


def test_a_terminal_shows_a_bar_with_metrics_and_then_a_line_an_epoch(folder: Path) -> None:
    """20 000 rows one by one: long enough for the bar to be shown, however fast the machine."""
    (folder / "small.csv").write_text("a,b,y\n" + "".join(f"{i % 9},{i % 7},{i % 5}\n" for i in range(20_000)))
    command = [
        sys.executable,
        "-m",
        "nndsl",
        "train",
        "small.nn",
        "--set",
        "train.batch_size=1",
        "--set",
        "train.epochs=2",
    ]
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # so Linux says that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(controller)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"epoch 1/2 ━.* +\d+/19996  [\d,]+ steps/s  \d+:\d\d left  loss [\d.]+  mae [\d.]+", text)
    assert re.search(r"epoch 2/2  loss [\d.]+  mae [\d.]+  val_loss [\d.]+  val_mae [\d.]+\r\n", text)
