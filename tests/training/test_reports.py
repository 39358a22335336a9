"""`report` and `csv_log`: what they calculate, print and write, and that a resumed run writes what a whole one does."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nndsl.api import Net
from nndsl.diagnostics import Failure
from nndsl.model.check import load_program
from nndsl.model.formula import Formula
from nndsl.source import Source
from nndsl.training.callbacks import Control
from nndsl.training.reports import CsvLog

PROGRAM = """
const two = 2
model reported {{
  input x: f32[2]
  target y: f32
  output p = x -> dense(1)
  loss mse(p, y) as fit
  metric mae(p, y)
}}
data {{
  source = csv("rows.csv")
  x = columns("a", "b")
  {split}
}}
train {{ epochs = 4
  callbacks = [{callbacks}] }}
"""

ROWS = "a,b,y\n" + "".join(f"{i},{i * 2 % 7},{i * 0.5}\n" for i in range(20))

LOGS = {"loss": 0.5, "loss.fit": 0.25, "mae": 3.0, "val_loss": 2.0, "val_loss.fit": 1.0, "val_mae": 0.0, "lr": 0.01}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)
    return tmp_path


def program(callbacks: str, split: str = "validation = 4") -> Net:
    return Net(load_program(Source("reported.nn", PROGRAM.format(callbacks=callbacks, split=split))))


def formula(text: str) -> Formula:
    (callback,) = program(f'report("it", {text})').checked.train.callbacks
    found: Formula = callback.arguments["value"]
    return found


# ---------------------------------------------------------------- what a report calculates


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("val_loss / loss", 4.0),
        ("loss.fit + val_loss.fit", 1.25),
        ("-mae ^ two", -9.0),
        ("(mae - 1) // 1.5 + 7 % 4", 4.0),
        ("100 * lr", 1.0),
        ("min(mae, 2, val_loss) - max(loss, 0.25)", 1.5),
        ("sqrt(square(mae)) + abs(-1) + floor(1.5) + round(2.5)", 7.0),
        ("log(exp(2)) + log1p(expm1(1))", 3.0),
        ("if val_loss > loss then 1 else 0", 1.0),
        ("not (loss < 1 and mae == 3) or val_mae != 0", 0.0),
        ("mae / val_mae", math.inf),
        ("log(val_mae)", -math.inf),
        ("sqrt(-mae)", math.nan),
    ],
)
def test_a_report_is_an_expression_of_logged_numbers(text: str, value: float) -> None:
    result = formula(text)(LOGS)
    assert isinstance(result, float)
    assert result == pytest.approx(value, rel=1e-15, nan_ok=True)  # a few roundings of float64


def test_a_report_knows_what_it_needs() -> None:
    assert formula("val_loss / loss + two * loss.fit").names == ("val_loss", "loss", "loss.fit")


def test_reports_are_in_the_history_and_can_be_watched() -> None:
    run = program('early_stopping("gap", mode = min, patience = 100), report("gap", val_loss - loss)').train("run")
    assert len(run.history) == 4
    for logs in run.history.epochs:
        assert logs["gap"] == logs["val_loss"] - logs["loss"]
    assert "gap,lr" in Path("run/history.csv").read_text().splitlines()[0]


def test_a_report_of_what_the_run_does_not_log_is_refused_before_it_trains() -> None:
    with pytest.raises(Failure) as failure:
        program('report("gap", val_loss - loss)', split="").train("run")
    assert "`report` watches `val_loss`, which this run does not report" in str(failure.value)
    assert not Path("run").exists()


# ---------------------------------------------------------------- csv_log


def test_csv_log_writes_what_history_holds() -> None:
    program('csv_log("logs/log.csv", separator = ";"), report("gap", val_loss - loss)').train("run")
    log = pd.read_csv("run/logs/log.csv", sep=";")
    pd.testing.assert_frame_equal(log, pd.read_csv("run/history.csv"))
    assert list(log["epoch"]) == [1, 2, 3, 4]


def written(log: CsvLog, control: Control, epochs: range) -> str:
    log.on_train_begin(control)
    for epoch in epochs:
        log.on_epoch_end(epoch, {"loss": 1 / (epoch + 1)}, control)
    assert control.folder is not None
    return (control.folder / log.path).read_text()


def control(folder: Path | None) -> Control:
    nothing: Any = None
    return Control(nothing, nothing, folder)


def test_csv_log_begins_anew_or_goes_on(folder: Path) -> None:
    first = written(CsvLog("a.csv"), control(folder), range(2))
    assert first == "epoch,loss\n1,1.0\n2,0.5\n"
    assert written(CsvLog("a.csv"), control(folder), range(2)) == first
    assert written(CsvLog("a.csv", append=True), control(folder), range(1)) == first + "1,1.0\n"


@pytest.mark.parametrize("append", [False, True])
def test_a_resumed_run_cuts_its_log_back_to_the_checkpoint(folder: Path, append: bool) -> None:
    (folder / "a.csv").write_text("epoch,loss\n9,9.0\n")
    log = CsvLog("a.csv", append=append)
    whole = written(log, control(folder), range(4))
    (folder / "a.csv").write_text("epoch,loss\n9,9.0\n")
    killed = CsvLog("a.csv", append=append)
    written(killed, control(folder), range(2))
    checkpoint = killed.state()
    killed.on_epoch_end(2, {"loss": 5.0}, control(folder))
    with (folder / "a.csv").open("a") as file:
        file.write("4,torn")
    resumed = CsvLog("a.csv", append=append)
    resumed.set_state(checkpoint)
    assert written(resumed, control(folder), range(2, 4)) == whole


def test_a_log_that_has_gone_is_begun_with_its_header(folder: Path) -> None:
    log = CsvLog("a.csv")
    written(log, control(folder), range(2))
    resumed = CsvLog("a.csv")
    resumed.set_state(log.state())
    (folder / "a.csv").unlink()
    assert written(resumed, control(folder), range(2, 4)) == "epoch,loss\n3,0.3333333333333333\n4,0.25\n"


def test_csv_log_writes_nothing_where_there_is_no_folder(folder: Path) -> None:
    log = CsvLog("a.csv")
    log.on_train_begin(control(None))
    log.on_epoch_end(0, {"loss": 1.0}, control(None))
    assert not (folder / "a.csv").exists()
