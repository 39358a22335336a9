"""`nndsl train --resume`: what it prints, refuses and leaves; signals in a process of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nndsl.training.lock import Lock

Command = Callable[..., Any]
TRAIN = [sys.executable, "-m", "nndsl", "train"]


@pytest.fixture
def stopped(nndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of `small.nn` that was killed after its first epoch; `checkpoint()` is in the program."""
    text = (folder / "small.nn").read_text().replace("epochs = 2", "epochs = 3\n  callbacks = [checkpoint()]")
    (folder / "small.nn").write_text(text)

    class Killed(BaseException):
        pass

    def killed(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("nndsl.cli.progress.Lines.checkpoint", killed, raising=False)
        with pytest.raises(Killed):
            nndsl("train", "small.nn", "-o", "run")
    return folder / "run"


def test_a_resumed_run_prints_what_is_left_and_ends_alike(nndsl: Command, folder: Path, stopped: Path) -> None:
    whole = nndsl("train", "small.nn", "-o", "whole")
    done = nndsl("train", "--resume", "run")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:-1] == whole.out.splitlines()[1:-1]
    for name in ("model.onnx", "weights.npz", "history.csv", "train.log", "run.json"):
        assert (stopped / name).read_bytes() == (folder / "whole" / name).read_bytes()
    again = nndsl("train", "small.nn", "--resume", "run", "--quiet")
    assert (again.code, again.out) == (0, "run\n")
    assert again.err.startswith("warning[NN538]: run has finished\n")


def test_the_program_may_be_gone(nndsl: Command, folder: Path, stopped: Path) -> None:
    (folder / "small.nn").unlink()
    assert nndsl("train", "--resume", "run").code == 0


def test_what_changed_is_said_and_can_be_forced(nndsl: Command, folder: Path, stopped: Path) -> None:
    refused = nndsl("train", "small.nn", "--resume", "run", "--set", "train.epochs=4")
    assert refused.code == 2
    assert "run was not trained like this: small.nn, line 16: `epochs = 4` instead of `epochs = 3`" in refused.err
    assert (
        "`nndsl train --resume run` takes the run's own program; --force, in Python `force=True`, goes on"
        in refused.err
    )
    assert nndsl("train", "--resume", "run", "--backend", "numpy").code == 2
    done = nndsl("train", "small.nn", "--resume", "run", "--set", "train.epochs=4", "--force", "--backend", "numpy")
    assert done.code == 0
    assert [line.split()[1] for line in done.out.splitlines()[:3]] == ["2/4", "3/4", "4/4"]
    assert json.loads((stopped / "run.json").read_text())["backend"] == "numpy"


def test_another_program_is_named_not_printed(nndsl: Command, folder: Path, stopped: Path) -> None:
    refused = nndsl("train", "kinds.nn", "--resume", "run").err.splitlines()[0]
    assert refused == "error[NN532]: run was not trained like this: kinds.nn instead of small.nn"
    text = (folder / "small.nn").read_text()
    (folder / "small.nn").write_text((folder / "kinds.nn").read_text())
    refused = nndsl("train", "small.nn", "--resume", "run").err.splitlines()[0]
    assert refused.endswith("small.nn, line 1: `model kinds {` instead of `const width = 4 …`")
    (folder / "small.nn").write_text(text.replace("const width = 4", f"const width = {'4 + ' * 100}4"))
    assert len(nndsl("train", "small.nn", "--resume", "run").err.splitlines()[0]) < 200


def test_epochs_that_are_done_again_are_told(nndsl: Command, stopped: Path) -> None:
    for checkpoint in (stopped / "checkpoints").glob("*.safetensors"):
        checkpoint.unlink()
    done = nndsl("train", "--resume", "run")
    assert done.code == 0
    assert "warning[NN540]: run has no checkpoint to go on from: it begins anew with epoch 1" in done.err
    assert done.out.startswith("epoch 1/3")


def test_a_damaged_record_is_said_to_be_one(nndsl: Command, stopped: Path) -> None:
    (stopped / "checkpoints" / "record.json").write_text("{")
    done = nndsl("train", "--resume", "run")
    assert done.code == 2
    assert "error[NN531]: run cannot be resumed: checkpoints/record.json is damaged" in done.err
    assert "the weights lie in checkpoints beside it" in done.err


@pytest.mark.parametrize("command", [("eval", "run"), ("predict", "run", "small.csv")], ids=lambda words: words[0])
def test_a_run_without_its_model_is_said_to_be_one(nndsl: Command, stopped: Path, command: tuple[str, ...]) -> None:
    killed = nndsl(*command)
    assert killed.code == 2
    assert "error[NN541]: run has no trained model yet: its training was killed" in killed.err
    assert "`nndsl train --resume run` goes on with it" in killed.err
    lock = Lock(stopped / "checkpoints", stopped)
    running = nndsl(*command)
    lock.release()
    assert "run has no trained model yet: it is being trained by process " in running.err


def test_the_model_of_before_is_not_taken_for_that_of_a_run_which_went_on(nndsl: Command, stopped: Path) -> None:
    assert nndsl("train", "--resume", "run").code == 0
    assert nndsl("eval", "run").code == 0
    record = stopped / "checkpoints" / "record.json"
    plain = json.loads(record.read_text())
    killed = {"state": "running", "stopped": "", "begun": "2999-01-01T00:00:00+00:00"}  # after the model was written
    record.write_text(json.dumps({**plain, **killed}))
    assert "error[NN541]: run has no trained model yet: its training was killed" in nndsl("eval", "run").err


def test_a_folder_that_goes_while_it_trains_has_the_model_in_the_end(
    nndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(*arguments: object) -> None:
        shutil.rmtree(folder / "run", ignore_errors=True)

    with monkeypatch.context() as patch:
        patch.setattr("nndsl.cli.progress.Lines.batch", remove, raising=False)
        done = nndsl("train", "small.nn", "-o", "run")
    assert done.code == 0
    assert "warning[NN534]" in done.err
    assert "error" not in done.err
    assert nndsl("eval", "run").code == 0
    assert nndsl("runs", "run").out.count("finished") == 1


def test_what_cannot_be_resumed_is_said(nndsl: Command, folder: Path, stopped: Path) -> None:
    for arguments, words in (
        (["--resume", "nowhere"], "nowhere cannot be resumed: there is no such folder"),
        (["--resume", "small.nn"], "small.nn cannot be resumed: there is no such folder"),
        (["small.nn", "--resume", "."], "cannot be resumed: it has no checkpoints"),
        (["--resume", "run", "-o", "other"], "a run that is resumed stays in its folder"),
        ([], "Missing argument 'PROGRAM'"),
    ):
        done = nndsl("train", *arguments)
        assert (done.code, done.out) == (2, "")
        assert words in done.err
    lock = Lock(stopped / "checkpoints", stopped)
    done = nndsl("train", "--resume", "run")
    lock.release()
    assert done.code == 1
    assert "error[NN530]: run is being trained by process " in done.err
    (newest,) = (stopped / "checkpoints").glob("*.safetensors")
    newest.write_bytes(b"")
    done = nndsl("train", "--resume", "run")
    assert done.code == 0
    assert f"warning[NN535]: run/checkpoints/{newest.name} is damaged: it is empty" in done.err


def test_a_folder_that_was_moved_is_resumed(nndsl: Command, folder: Path, stopped: Path) -> None:
    shutil.move(stopped, folder / "elsewhere {x}")
    assert nndsl("train", "--resume", "elsewhere {x}").code == 0


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_a_signal_saves_what_resuming_ends_as_if_there_had_been_none(
    nndsl: Command, folder: Path, backend: str
) -> None:
    """SIGTERM after some epochs of many; `--resume` comes to the same end as a run without it."""
    arguments = ["small.nn", "--backend", backend, "--set", "train.epochs=60", "--set", "train.seed=3"]
    assert nndsl("train", *arguments, "-o", "whole").code == 0
    process = subprocess.Popen([*TRAIN, *arguments, "-o", "run"], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode in (143, 0)  # it may be done before the signal comes
    if process.returncode == 143:
        assert len((folder / "run" / "history.csv").read_text().splitlines()) < 62
    assert nndsl("train", "--resume", "run").code == 0
    for name in ("model.onnx", "weights.npz", "history.csv", "train.log", "run.json"):
        assert (folder / "run" / name).read_bytes() == (folder / "whole" / name).read_bytes()
