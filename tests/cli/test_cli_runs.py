"""`nndsl runs`: what it says of runs that ended, run, were stopped or killed, and of folders that cannot be read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nndsl.training.history import History
from nndsl.training.listing import BestValue, ListedRun, best_value, list_runs
from nndsl.training.lock import Lock
from nndsl.training.record import FOLDER, run_state, write_state

Command = Callable[..., Any]


@pytest.fixture
def run(nndsl: Command) -> Path:
    """A run that has finished."""
    assert nndsl("train", "small.nn", "--quiet").code == 0
    return Path("runs/small-001")


def changed(run: Path, **fields: Any) -> ListedRun:
    """The run with another record."""
    state = run_state(run)
    assert state is not None
    write_state(run, replace(state, **fields))
    (listed,) = list_runs(run)
    return listed


def test_runs_are_listed_with_what_came_out(nndsl: Command, run: Path) -> None:
    done = nndsl("runs")
    assert (done.code, done.err) == (0, "")
    header, _, row = done.out.splitlines()
    assert header.split() == ["run", "program", "started", "took", "epochs", "best", "state"]
    history = History.from_csv((run / "history.csv").read_text())
    best = min(history["val_mae"])
    assert row.startswith("runs/small-001  small.nn  20")
    assert f"  2  val_mae {best:.4g} (epoch " in row
    assert row.endswith("  finished")


def test_json_has_the_same(nndsl: Command, run: Path) -> None:
    (listed,) = json.loads(nndsl("runs", "--json").out)
    history = History.from_csv((run / "history.csv").read_text())
    assert listed["best"] == {
        "name": "val_mae",
        "value": min(history["val_mae"]),
        "epoch": history["val_mae"].index(min(history["val_mae"])) + 1,
    }
    assert (listed["folder"], listed["state"], listed["epochs"]) == ("runs/small-001", "finished", 2)
    assert 0 < listed["seconds"] < 60
    assert listed["stopped"] is None


def test_the_last_started_stands_last(nndsl: Command, run: Path) -> None:
    shutil.copytree(run, "runs/older")
    changed(Path("runs/older"), started="2001-01-01T00:00:00+00:00")
    assert [listed["folder"] for listed in json.loads(nndsl("runs", "--json").out)] == ["runs/older", "runs/small-001"]


@pytest.mark.parametrize(
    ("state", "stopped", "shown"),
    [
        ("finished", "val_loss has not improved for 5 epochs", "finished: val_loss has not improved for 5 epochs"),
        ("interrupted", "interrupted after epoch 2", "interrupted: interrupted after epoch 2"),
        ("diverged", "the loss became nan at step 4", "diverged: the loss became nan at step 4"),
        ("running", "", "killed"),  # so its process wrote, and is gone
    ],
)
def test_what_became_of_a_run(nndsl: Command, run: Path, state: str, stopped: str, shown: str) -> None:
    changed(run, state=state, stopped=stopped)
    assert nndsl("runs").out.splitlines()[-1].endswith(f"  {shown}")


def test_a_run_that_is_being_trained_says_so(nndsl: Command, run: Path) -> None:
    lock = Lock(run / FOLDER, run)
    try:
        assert nndsl("runs").out.splitlines()[-1].endswith("  running")
    finally:
        lock.release()


def test_the_time_of_a_killed_run_goes_to_its_last_epoch(run: Path) -> None:
    os.utime(run / "history.csv", (1_000_000_090, 1_000_000_090))
    begun = "2001-09-09T01:46:40+00:00"  # a second number of 1_000_000_000
    assert changed(run, state="running", begun=begun, seconds=10.0).seconds == 100.0
    assert changed(run, state="finished", begun=begun, seconds=10.0).seconds == 10.0


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda run: (run / "history.csv").unlink(), "it has no history.csv"),
        (lambda run: (run / "history.csv").write_text("epoch,loss\n1,x\n"), "history.csv is not what training wrote"),
        (lambda run: (run / FOLDER / "record.json").write_text("{"), "checkpoints/record.json is not what training"),
        (lambda run: (run / FOLDER / "record.json").write_text("[" * 100_000), "checkpoints/record.json is not what"),
        (lambda run: [shutil.rmtree(run / FOLDER), (run / "run.json").unlink()], "it has neither run.json nor"),
        (
            lambda run: [shutil.rmtree(run / FOLDER), (run / "run.json").write_text("1")],
            "run.json is not what training",
        ),
    ],
)
def test_a_broken_folder_is_shown_as_such(
    nndsl: Command, run: Path, damage: Callable[[Path], Any], reason: str
) -> None:
    shutil.copytree(run, "runs/whole")
    damage(run)
    done = nndsl("runs")
    assert done.code == 0
    assert f"broken: {reason}" in done.out
    assert "runs/whole" in done.out
    assert {listed["state"] for listed in json.loads(nndsl("runs", "--json").out)} == {"broken", "finished"}


def test_a_run_without_checkpoints_has_finished(nndsl: Command, run: Path) -> None:
    """So does `fit` leave it."""
    shutil.rmtree(run / FOLDER)
    assert nndsl("runs").out.splitlines()[-1].endswith("finished")


def test_other_folders_are_left_out(nndsl: Command, run: Path) -> None:
    Path("runs/notes").mkdir()
    Path("runs/notes.txt").write_text("mine")
    assert len(json.loads(nndsl("runs", "--json").out)) == 1
    assert json.loads(nndsl("runs", str(run), "--json").out) == json.loads(nndsl("runs", "--json").out)


def test_no_runs(nndsl: Command, folder: Path) -> None:
    assert nndsl("runs").out == "there are no runs in runs: `nndsl train PROGRAM` makes them\n"
    assert json.loads(nndsl("runs", "--json").out) == []
    assert nndsl("runs", "nowhere").code == 2
    assert "small.nn is a file" in nndsl("runs", "small.nn").err


def test_the_best_value_is_of_the_first_metric_of_the_validation_rows() -> None:
    def history(**values: list[float]) -> History:
        return History([dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)])

    nan = float("nan")
    accuracy = history(loss=[1, 2], accuracy=[0.1, 0.9], val_loss=[3, 2], val_accuracy=[0.5, 0.25], lr=[0, 0])
    assert best_value(accuracy) == BestValue("val_accuracy", 0.5, 1)
    assert best_value(history(loss=[1, 2], val_loss=[3, 2])) == BestValue("val_loss", 2, 2)
    assert best_value(history(loss=[1, 2], mae=[3, 2])) == BestValue("mae", 2, 2)
    assert best_value(history(loss=[2, 1], val_mae=[nan, nan])) == BestValue("loss", 1, 2)
    assert best_value(History()) is None
