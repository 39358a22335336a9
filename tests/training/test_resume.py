"""A run that was stopped or killed at any moment goes on as if nothing had happened, bit for bit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from safetensors.numpy import load_file
from training_runs import PROGRAM, SHARES, Stop, assert_same_run, net_of, write_program

import nndsl
from nndsl.diagnostics import Diagnostic
from nndsl.errors.runs import Changed, CheckpointDamaged, HasFinished, InUse, NotResumable, OtherState
from nndsl.training.callbacks import Callback
from nndsl.training.checkpoint import found_in, read_checkpoint
from nndsl.training.identity import changes_text
from nndsl.training.record import run_state
from nndsl.training.run_folder import resumed_run
from nndsl.training.safetensors import pieces

BackendName = Literal["onnx", "numpy"]
both_backends = pytest.mark.parametrize("backend", ["onnx", "numpy"])


def stop_and_resume(path: Path, run: Path, backend: BackendName, *places: tuple[int, int | None]) -> nndsl.Run:
    """A run that is stopped at each of the places, and goes on in a session of its own each time."""
    resume: dict[str, Any] = {"out": run}
    for place in places:
        net_of(path).train(**resume, backend=backend, observer=Stop(*place), picture=False)
        resume = {"resume": run}
    return net_of(path).train(**resume, picture=False)


@both_backends
@pytest.mark.parametrize("text", [PROGRAM, SHARES], ids=["batches", "shares"])
def test_stopped_runs_end_as_if_they_had_not_been(tmp_path: Path, text: str, backend: BackendName) -> None:
    """Within an epoch, at its end, after its last batch, between two shares of an update; two stops in one epoch."""
    path = write_program(tmp_path, text)
    net_of(path).train(tmp_path / "whole", backend=backend, picture=False)
    stops: tuple[tuple[tuple[int, int | None], ...], ...] = (
        ((0, 0),),
        ((1, 3),),
        ((2, None),),
        ((3, 5),),
        ((0, 1), (0, 4), (2, None), (4, 0)),
    )
    for number, places in enumerate(stops):
        stop_and_resume(path, tmp_path / f"run{number}", backend, *places)
        assert_same_run(tmp_path / "whole", tmp_path / f"run{number}")


def test_what_a_callback_of_ones_own_counts_goes_on(tmp_path: Path) -> None:
    class Counting:
        def __init__(self) -> None:
            self.epochs: list[int] = []
            self.sums = np.zeros(2)

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.epochs.append(epoch)
            self.sums = np.add(self.sums, [1, logs["loss"]])

        def state(self) -> dict[str, Any]:
            return {"epochs": list(self.epochs), "sums": self.sums, "of": {"nothing": None, "name": "ß"}}

        def set_state(self, state: dict[str, Any]) -> None:
            self.epochs, self.sums = state["epochs"], state["sums"]
            assert state["of"] == {"nothing": None, "name": "ß"}

    path, whole, first, second = write_program(tmp_path), Counting(), Counting(), Counting()
    net_of(path).train(tmp_path / "whole", callbacks=[whole], picture=False)
    net_of(path).train(tmp_path / "run", callbacks=[first], observer=Stop(2, 1), picture=False)
    assert first.epochs == [0, 1]
    net_of(path).train(resume=tmp_path / "run", callbacks=[second], picture=False)
    assert second.epochs == whole.epochs == [0, 1, 2, 3, 4]
    assert np.array_equal(second.sums, whole.sums)
    assert_same_run(tmp_path / "whole", tmp_path / "run")


def test_a_state_that_cannot_be_saved_is_told(tmp_path: Path) -> None:
    class Wrong(Callback):
        def state(self) -> dict[str, Any]:
            return {"open": {1, 2}}

    with pytest.raises(nndsl.Failure, match=r"NN536.*Wrong.*set is not JSON serializable"):
        net_of(write_program(tmp_path)).train(tmp_path / "run", callbacks=[Wrong()], picture=False)


@both_backends
def test_the_same_run_twice_is_bit_equal(tmp_path: Path, backend: BackendName) -> None:
    path = write_program(tmp_path)
    for name in ("one", "two"):
        net_of(path).train(tmp_path / name, backend=backend, picture=False)
    assert_same_run(tmp_path / "one", tmp_path / "two")


@both_backends
def test_what_a_killed_process_leaves_is_enough(tmp_path: Path, backend: BackendName) -> None:
    """Only checkpoints, and logs that are ahead of them: the run does again what came after the newest one."""
    path = write_program(tmp_path, PROGRAM.replace("early_stopping", "checkpoint(every = 4),\n    early_stopping"))
    net_of(path).train(tmp_path / "whole", backend=backend, picture=False)

    class Killed(BaseException):
        pass

    class Kill(Stop):
        def batch(self, epoch: int, batch: int, loss: float) -> None:
            if (epoch, batch) == self.place:
                raise Killed

    with pytest.raises(Killed):
        net_of(path).train(tmp_path / "run", backend=backend, observer=Kill(2, 2), picture=False)
    run = tmp_path / "run"
    assert found_in(run / "checkpoints")[-1].name == "epoch-0001+00006.safetensors", "after step 12"
    assert not (run / "run.json").exists()
    state = run_state(run)
    assert state is not None
    assert state.state == "interrupted"
    assert len((run / "history.csv").read_text().splitlines()) == 3
    net_of(path).train(resume=run, picture=False)
    assert_same_run(tmp_path / "whole", run)


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    path = write_program(tmp_path)
    net_of(path).train(tmp_path / "whole", picture=False)
    net_of(path).train(tmp_path / "run", observer=Stop(0, 2), picture=False)
    for checkpoint in found_in(tmp_path / "run" / "checkpoints"):
        checkpoint.unlink()
    net_of(path).train(resume=tmp_path / "run", picture=False)
    assert_same_run(tmp_path / "whole", tmp_path / "run")


# ---------------------------------------------------------------- checkpoints


def test_a_checkpoint_is_a_file_that_other_readers_understand(tmp_path: Path) -> None:
    path = write_program(tmp_path, SHARES)
    run = net_of(path).train(tmp_path / "run", observer=Stop(1, 3), picture=False)
    (checkpoint,) = found_in(run.path / "checkpoints")
    assert checkpoint.name == "epoch-0001+00004.safetensors"
    arrays = load_file(checkpoint)
    snapshot = read_checkpoint(checkpoint).snapshot
    assert set(snapshot.state) == {name for name in arrays if "/" not in name} == set(run.state)
    assert all(np.array_equal(arrays[name], array) for name, array in snapshot.state.items())
    assert (snapshot.epoch, snapshot.batch, snapshot.steps) == (1, 4, 4)
    assert snapshot.accumulated["rows"] == 7
    assert snapshot.rows == 28
    assert len(snapshot.history) == 1


def test_the_two_newest_stay_and_the_best(tmp_path: Path) -> None:
    """A learning rate so large that the first epochs are the best."""
    text = PROGRAM.replace("early_stopping(val_loss, patience = 3, restore_best = true)", "checkpoint(val_loss)")
    path = write_program(tmp_path, text.replace("0.02,", "0.6,").replace("dropout(0.25)", "dropout(0.9)"))
    run = net_of(path).train(tmp_path / "run", picture=False)
    best = int(np.argmin(run.history["val_loss"])) + 1
    assert best < 4, "the example is not what it should be"
    names = [found.name for found in found_in(run.path / "checkpoints")]
    assert names == [f"epoch-{epoch:04}.safetensors" for epoch in (best, 4, 5)]


def test_best_only_writes_where_the_value_improves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    from nndsl.training import run_folder

    real = run_folder.write_checkpoint

    def write(path: Path, *rest: Any) -> None:
        written.append(path.name)
        real(path, *rest)

    monkeypatch.setattr(run_folder, "write_checkpoint", write)
    text = PROGRAM.replace(
        "early_stopping(val_loss, patience = 3, restore_best = true)", "checkpoint(val_loss, best_only = true)"
    )
    path = write_program(tmp_path, text.replace("0.02,", "0.3,"))
    history = net_of(path, epochs=9).train(tmp_path / "run", picture=False).history["val_loss"]
    improved = [epoch for epoch in range(9) if history[epoch] < min([np.inf, *history[:epoch]])]
    assert 1 < len(improved) < 9, "the example is not what it should be"
    assert written == [f"epoch-{epoch + 1:04}.safetensors" for epoch in sorted({*improved, 8})]


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A run with two checkpoints, after one epoch and within the second."""
    text = PROGRAM.replace("early_stopping", "checkpoint(),\n    early_stopping")
    run = net_of(write_program(tmp_path, text)).train(tmp_path / "run", observer=Stop(1, 2), picture=False)
    assert len(found_in(run.path / "checkpoints")) == 2
    return run.path


def flipped(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


def in_header(content: bytes) -> bytes:
    return content.replace(b'"shape":[8]', b'"shape":[4]', 1)


def alien(content: bytes) -> bytes:
    return b"".join(bytes(piece) for piece in pieces({"w": np.zeros(3, np.float32)}, {}))


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda content: b"",
    lambda content: content[:4],
    lambda content: content[:100],
    lambda content: content[:-1],
    lambda content: content + b"\0",
    flipped,
    in_header,
    alien,
    lambda content: b"\xff" * 64,
    lambda content: b"PK" + content,
]


@pytest.mark.parametrize("number", range(len(DAMAGES)))
def test_a_damaged_checkpoint_is_told_and_the_one_before_taken(stopped: Path, number: int) -> None:
    newest = found_in(stopped / "checkpoints")[-1]
    newest.write_bytes(DAMAGES[number](newest.read_bytes()))
    told: list[Diagnostic] = []
    net_of(stopped.parent / "small.nn").train(resume=stopped, picture=False, warn=told.append)
    assert [type(each) for each in told] == [CheckpointDamaged]
    assert newest.name in told[0].message
    net_of(stopped.parent / "small.nn").train(stopped.parent / "whole", picture=False)
    assert_same_run(stopped.parent / "whole", stopped)


def test_every_byte_of_a_checkpoint_is_guarded(stopped: Path) -> None:
    from nndsl.training.safetensors import Damaged, parse

    content = found_in(stopped / "checkpoints")[-1].read_bytes()
    parse(content)
    for place in range(0, len(content), 7):
        with pytest.raises(Damaged):
            parse(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])


# ---------------------------------------------------------------- what changed


def refused(net: nndsl.Net, run: Path, **options: Any) -> Diagnostic:
    with pytest.raises(nndsl.Failure) as failure:
        net.train(resume=run, picture=False, **options)
    (found,) = failure.value.diagnostics
    return found


def test_a_program_that_changed_is_named(stopped: Path) -> None:
    path = stopped.parent / "small.nn"
    found = refused(net_of(path, epochs=9), stopped)
    assert isinstance(found, Changed)
    assert found.what == "small.nn, line 17: `epochs = 9` instead of `epochs = 5`"
    before = {name: (stopped / name).read_bytes() for name in ("history.csv", "weights.npz", "checkpoints/record.json")}
    assert before == {name: (stopped / name).read_bytes() for name in before}
    run = net_of(path, epochs=9).train(resume=stopped, force=True, picture=False)
    assert len(run.history) == 9
    assert "epochs = 9" in (stopped / "small.nn").read_text()


def test_data_that_changed_are_an_error(stopped: Path) -> None:
    path = stopped.parent / "small.nn"
    with np.load(stopped.parent / "small.npz") as arrays:
        x, kind = arrays["x"], arrays["kind"]
    x[17, 2] += 1e-6
    np.savez(stopped.parent / "small.npz", x=x, kind=kind)
    found = refused(net_of(path), stopped)
    assert isinstance(found, Changed)
    assert found.what == "the data are others"
    assert len(net_of(path).train(resume=stopped, force=True, picture=False).history) == 5


def test_another_backend_is_an_error_and_none_is_the_runs_own(stopped: Path) -> None:
    path = stopped.parent / "small.nn"
    found = refused(net_of(path), stopped, backend="numpy")
    assert isinstance(found, Changed)
    assert found.what == "the numpy backend instead of onnx"
    assert net_of(path).train(resume=stopped, force=True, backend="numpy", picture=False).backend == "numpy"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("threads", 7, "7 threads instead of 1"),
        ("engine", "onnxruntime 0.1", "onnxruntime 0.1 instead of onnxruntime "),
    ],
)
def test_other_threads_and_versions_are_errors(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object, words: str
) -> None:
    monkeypatch.setattr(f"nndsl.codegen.onnx.session.OnnxSession.{name}", value)
    found = refused(net_of(stopped.parent / "small.nn"), stopped)
    assert isinstance(found, Changed)
    assert found.what.startswith(words)


def test_one_thread_is_one() -> None:
    assert changes_text(["threads"], {"threads": "2"}, {"threads": "1"}) == "1 thread instead of 2"


def test_another_optimizer_can_be_forced_other_layers_cannot(stopped: Path) -> None:
    path = stopped.parent / "small.nn"
    net_of(path, optimizer="sgd(0.01, momentum = 0.9)").train(resume=stopped, force=True, picture=False)
    path.write_text(path.read_text().replace("dense(8,", "dense(9,"))
    found = refused(net_of(path), stopped, force=True)
    assert isinstance(found, OtherState)
    assert "is [4, 8] there, [4, 9] here" in found.message


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    path = write_program(tmp_path)
    for wrong in (tmp_path, tmp_path / "none", path):
        assert isinstance(refused(net_of(path), wrong), NotResumable)
    run = net_of(path).train(tmp_path / "run", picture=False).path
    for damage in ("", "{}", "[]", "[" * 10**5, '{"state": 1}'):
        (run / "checkpoints" / "record.json").write_text(damage)
        assert isinstance(refused(net_of(path), run), NotResumable)


def test_a_run_that_has_finished_stays_as_it_is(tmp_path: Path) -> None:
    path = write_program(tmp_path)
    run = net_of(path).train(tmp_path / "run", picture=False)
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in run.path.glob("*.*")}
    told: list[Diagnostic] = []
    again = net_of(path).train(resume=run.path, picture=False, warn=told.append)
    assert [type(each) for each in told] == [HasFinished]
    assert again.history == run.history
    assert before == {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in run.path.glob("*.*")}


# ---------------------------------------------------------------- one process at a time


def test_a_second_trainer_is_refused(stopped: Path) -> None:
    with resumed_run(stopped, print):
        state = run_state(stopped)
        assert state is not None
        assert state.state == "running"
        found = refused(net_of(stopped.parent / "small.nn"), stopped)
    assert isinstance(found, InUse)
    assert str(os.getpid()) in found.message
    net_of(stopped.parent / "small.nn").train(resume=stopped, picture=False)


def test_the_state_of_a_run_is_known_at_any_time(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Looking(Stop):
        def epoch(self, epoch: int, logs: Any) -> None:
            seen.append(run_state(tmp_path / "run"))
            seen.append((tmp_path / "run" / "history.csv").read_text().count("\n"))

    path = write_program(tmp_path)
    net_of(path, epochs=2).train(tmp_path / "run", observer=Looking(9, 9), picture=False)
    assert [each.state for each in seen[::2]] == ["running", "running"]
    assert seen[1::2] == [2, 3]
    ended = run_state(tmp_path / "run")
    assert ended is not None
    assert (ended.state, ended.model, ended.backend, ended.process) == ("finished", "small", "onnx", 0)
    assert run_state(tmp_path) is None
