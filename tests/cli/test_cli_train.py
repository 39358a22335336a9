"""`nndsl train`, `eval` and `predict`: what they print, what they write, what they leave alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from nndsl.training import plot

Command = Callable[..., Any]

WRITTEN = {
    "small.nn",
    "model.onnx",
    "model.py",
    "weights.npz",
    "weights.safetensors",
    "history.csv",
    "train.log",
    "run.json",
}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# ---------------------------------------------------------------- train


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_training_prints_a_line_an_epoch_the_test_rows_and_the_folder(nndsl: Command, backend: str) -> None:
    done = nndsl("train", "small.nn", "--backend", backend)
    assert (done.code, done.err) == (0, "")
    first, second, test, folder = done.out.splitlines()
    assert first.startswith("epoch 1/2  loss ")
    assert second.startswith("epoch 2/2  loss ")
    assert "  mae " in first
    assert "  val_loss " in first
    assert test.startswith("test  loss ")
    assert folder == "runs/small-001"
    assert names(Path(folder)) == {*WRITTEN, "checkpoints"}


def test_runs_are_numbered(nndsl: Command, folder: Path) -> None:
    (folder / "runs" / "small-007").mkdir(parents=True)
    (folder / "runs" / "small-x").mkdir()
    assert nndsl("train", "small.nn", "--quiet").out == "runs/small-008\n"
    assert nndsl("train", "small.nn", "--quiet").out == "runs/small-009\n"


def test_a_picture_is_drawn_where_plotting_is_installed(
    nndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nndsl("train", "small.nn", "-o", "plain")
    assert names(folder / "plain") == {*WRITTEN, "checkpoints"}
    if plot.can_plot():
        monkeypatch.setattr("nndsl.api.run.can_plot", lambda: True)
        nndsl("train", "small.nn", "-o", "drawn")
        assert names(folder / "drawn") == {*WRITTEN, "checkpoints", "history.png"}
        assert (folder / "drawn" / "history.png").read_bytes().startswith(b"\x89PNG")


def test_the_history_has_a_row_for_each_epoch(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    header, *epochs = (folder / "run" / "history.csv").read_text().splitlines()
    assert header == "epoch,loss,mae,val_loss,val_mae,lr"
    assert [line.split(",")[0] for line in epochs] == ["1", "2"]


def test_the_same_seed_gives_the_same_bytes(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "one")
    nndsl("train", "small.nn", "-o", "two")
    for name in (*WRITTEN, "checkpoints/epoch-0002.safetensors"):
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("setting", "kept"),
    [
        ("width=7", "const width = 7"),
        ("train.epochs=5", "epochs = 5"),
        ("train.optimizer=sgd(0.01, momentum = 0.9)", "optimizer = sgd(0.01, momentum = 0.9)"),
        ("train.seed = 3", "seed = 3"),
        ("data.test=3", "test = 3"),
    ],
)
def test_overrides_are_applied_and_kept(nndsl: Command, folder: Path, setting: str, kept: str) -> None:
    assert nndsl("train", "small.nn", "-o", "run", "--set", setting).code == 0
    assert kept in (folder / "run" / "small.nn").read_text()
    assert nndsl("eval", "run").code == 0


def test_data_named_on_the_command_line_start_in_the_working_directory(nndsl: Command, folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "small.nn").rename(folder / "deep" / "small.nn")
    assert nndsl("train", "deep/small.nn").code == 2
    assert nndsl("train", "deep/small.nn", "-o", "run", "--set", 'data.source=csv("small.csv")').code == 0
    assert str(folder / "small.csv") in (folder / "run" / "small.nn").read_text()
    assert nndsl("eval", "run").code == 0


def test_one_of_several_models_is_chosen(nndsl: Command, folder: Path) -> None:
    text = (folder / "small.nn").read_text()
    model = text[text.index("model") : text.index("data {")]
    (folder / "two.nn").write_text(text + model.replace("small", "other"))
    wrong = nndsl("train", "two.nn")
    assert wrong.code == 2
    assert "small, other" in wrong.err
    assert nndsl("train", "two.nn", "--model", "other", "--quiet").out == "runs/other-001\n"
    assert nndsl("eval", "runs/other-001").code == 0
    assert nndsl("train", "two.nn", "--model", "third").code == 2


def test_imports_stay_in_the_root(nndsl: Command, folder: Path) -> None:
    (folder / "shared").mkdir()
    (folder / "shared" / "blocks.nn").write_text("block wide(x) { return x -> dense(8, relu) }\n")
    (folder / "programs").mkdir()
    text = (folder / "small.nn").read_text().replace("dense(width, relu)", "wide").replace("const width = 4", "")
    program = 'import "../shared/blocks.nn"\n' + text.replace("small.csv", "../small.csv")
    (folder / "programs" / "p.nn").write_text(program)
    assert nndsl("check", "programs/p.nn").code == 2
    assert nndsl("check", "programs/p.nn", "--root", ".").code == 0


def test_steps_end_training_early(nndsl: Command) -> None:
    done = nndsl("train", "small.nn", "--set", "train.steps=2")
    assert done.code == 0
    assert "stopped: 2 steps are done\n" in done.out


def test_no_epochs_leave_the_initial_model(nndsl: Command, folder: Path) -> None:
    assert nndsl("train", "small.nn", "-o", "run", "--set", "train.epochs=0").code == 0
    assert (folder / "run" / "history.csv").read_text() == "epoch\n"
    assert nndsl("predict", "run", "small.csv").code == 0


def test_a_batch_may_be_larger_than_the_data(nndsl: Command) -> None:
    whole = nndsl("train", "small.nn", "--set", "train.batch_size=all")
    huge = nndsl("train", "small.nn", "--set", "train.batch_size=1_000_000_000_000")
    assert huge.code == 0
    assert huge.out.splitlines()[:-1] == whole.out.splitlines()[:-1]


# ---------------------------------------------------------------- eval


def test_evaluation_is_what_training_said(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    values = json.loads(nndsl("eval", "run", "--split", "validation", "--json").out)
    last = rows((folder / "run" / "history.csv").read_text())[-1]
    assert values == {"loss": float(last["val_loss"]), "mae": float(last["val_mae"])}


def test_both_backends_evaluate_any_run(nndsl: Command) -> None:
    nndsl("train", "small.nn", "-o", "run", "--backend", "numpy")
    onnx = json.loads(nndsl("eval", "run", "--json").out)
    numpy = json.loads(nndsl("eval", "run", "--json", "--backend", "numpy").out)
    assert onnx == pytest.approx(numpy, rel=1e-6)  # sums of a few float32 in different order


def test_evaluation_prints_a_table(nndsl: Command) -> None:
    nndsl("train", "small.nn", "-o", "run")
    name, rule, loss, mae = nndsl("eval", "run", "--split", "train").out.splitlines()
    assert name.split() == ["name", "train"]
    assert set(rule) == {"─", " "}
    assert loss.startswith("loss")
    assert mae.startswith("mae")


def test_a_split_that_the_data_lack_is_named(nndsl: Command) -> None:
    nndsl("train", "kinds.nn", "-o", "run")
    wrong = nndsl("eval", "run")
    assert wrong.code == 2
    assert "no test split; they have train" in wrong.err


# ---------------------------------------------------------------- predict


def test_predictions_are_rows_of_csv(nndsl: Command, folder: Path) -> None:
    nndsl("train", "kinds.nn", "-o", "run")
    done = nndsl("predict", "run", "kinds.csv")
    table = rows(done.out)
    assert len(table) == 12
    assert list(table[0]) == ["label", "probability_0", "probability_1", "probability_2"]
    assert {row["label"] for row in table} <= {"red", "green", "blue, dark"}
    for row in table:
        kinds = ["blue, dark", "green", "red"]  # sorted
        probabilities = [float(row[f"probability_{i}"]) for i in range(3)]
        assert row["label"] == kinds[int(np.argmax(probabilities))]
        assert sum(probabilities) == pytest.approx(1, abs=1e-6)
    assert nndsl("predict", "run", "kinds.csv", "-o", "deep/out.csv").out == "deep/out.csv: 12 rows\n"
    assert (folder / "deep" / "out.csv").read_text() == done.out


def test_predictions_are_those_of_the_exported_model(nndsl: Command, folder: Path) -> None:
    nndsl("train", "kinds.nn", "-o", "run")
    x = np.array([[i, -i] for i in range(12)], np.float32)
    labels = onnxruntime.InferenceSession(folder / "run" / "model.onnx").run(["label"], {"x": x})[0]
    assert [row["label"] for row in rows(nndsl("predict", "run", "kinds.csv").out)] == labels.tolist()


def test_prediction_needs_no_target_and_every_input(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    (folder / "new.csv").write_text("b,a\n1,2\n3,4\n")
    assert len(rows(nndsl("predict", "run", "new.csv").out)) == 2
    (folder / "new.csv").write_text("a,c\n1,2\n")
    wrong = nndsl("predict", "run", "new.csv")
    assert wrong.code == 2
    assert 'no column "b"' in wrong.err
    (folder / "new.csv").write_text("a,b\n1,2\nx,4\n")
    wrong = nndsl("predict", "run", "new.csv", "-o", "out.csv")
    assert wrong.code == 2
    assert "line 3" in wrong.err
    assert not (folder / "out.csv").exists()


def test_predictions_do_not_depend_on_the_batch(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    small = nndsl("predict", "run", "small.csv").out.splitlines()[1:]
    body = "".join(line + "\n" for line in (folder / "small.csv").read_text().splitlines()[1:])
    (folder / "big.csv").write_text("a,b,y\n" + body * 100)  # more rows than are predicted together
    assert nndsl("predict", "run", "big.csv").out.splitlines()[1:] == small * 100


def test_a_folder_that_moves_is_still_a_run(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    before = nndsl("eval", "run").out
    (folder / "run").rename(folder / "moved {x}")
    assert nndsl("eval", "moved {x}").out == before
