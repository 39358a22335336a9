"""A file system that fails now and then, and processes that are killed at any of its calls: nothing half-written is
ever taken for whole, training goes on, and a resumed run ends as it would have."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from training_runs import PROGRAM, Stop, assert_same_run, net_of, write_program

import nndsl
from nndsl.diagnostics import Diagnostic
from nndsl.errors.commands import CannotWrite
from nndsl.errors.runs import CheckpointNotWritten, LogNotWritten
from nndsl.training.checkpoint import found_in, read_checkpoint
from nndsl.training.record import run_state

OFTEN = PROGRAM.replace("early_stopping", "checkpoint(every = 4),\n    early_stopping")
CALLS = ("fdopen", "fsync", "replace")
"""What `nndsl.files` asks of the system; a failing `fdopen` stands for a write that fails."""


@contextmanager
def failing(call: str, every: int, code: int) -> Iterator[None]:
    """Every n-th call of a function of `os` fails."""
    real, count = getattr(os, call), 0

    def fail(*arguments: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count % every == 0:
            if call == "fdopen":
                os.close(arguments[0])
            raise OSError(code, os.strerror(code), "somewhere")
        return real(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, fail)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing went wrong in; its program lies beside it."""
    folder = tmp_path_factory.mktemp("whole")
    return net_of(write_program(folder, OFTEN)).train(folder / "whole", backend="numpy", picture=False).path


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
@pytest.mark.parametrize("every", [1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize("call", CALLS)
def test_calls_that_fail_cost_no_run(whole: Path, tmp_path: Path, call: str, every: int, code: int) -> None:
    program, run = whole.parent / "small.nn", tmp_path / "run"
    told: list[Diagnostic] = []
    ended: list[Diagnostic] = []
    with failing(call, every, code):
        try:
            net_of(program).train(run, backend="numpy", picture=False, warn=told.append)
        except nndsl.Failure as failure:
            ended += failure.diagnostics
    assert {type(each) for each in ended} <= {CannotWrite}
    assert {type(each) for each in told} <= {CheckpointNotWritten, LogNotWritten}
    if not run.exists():
        assert every <= 3, "it could not even begin"
        return
    for checkpoint in found_in(run / "checkpoints"):
        read_checkpoint(checkpoint)  # raises where it is not whole
    assert not list(run.rglob("*.part"))
    if (run / "run.json").exists():
        nndsl.open_run(run)
    net_of(program).train(resume=run, picture=False, warn=told.append)
    assert_same_run(whole, run)


def test_a_full_disk_keeps_the_last_good_checkpoint_and_says_so(whole: Path, tmp_path: Path) -> None:
    class Full(Stop):
        def batch(self, epoch: int, batch: int, loss: float) -> None:
            if (epoch, batch) == (1, 0):
                disk.__enter__()

    disk = failing("fsync", 1, errno.ENOSPC)
    told: list[Diagnostic] = []
    try:
        with pytest.raises(nndsl.Failure, match="no space left on device"):
            net_of(whole.parent / "small.nn").train(
                tmp_path / "run", backend="numpy", observer=Full(9, 9), picture=False, warn=told.append
            )
    finally:
        disk.__exit__(None, None, None)
    (warning,) = told
    assert isinstance(warning, CheckpointNotWritten)
    assert warning.kept == "epoch-0000+00004.safetensors is the last good checkpoint"
    assert [found.name for found in found_in(tmp_path / "run" / "checkpoints")] == ["epoch-0000+00004.safetensors"]
    state = run_state(tmp_path / "run")
    assert state is not None
    assert state.state == "interrupted"
    net_of(whole.parent / "small.nn").train(resume=tmp_path / "run", picture=False)
    assert_same_run(whole, tmp_path / "run")


KILLED = """\
import os, signal, sys
sys.path.insert(0, {tests!r})
from training_runs import net_of
import nndsl.training.loop as loop

program, run, call, number = {program!r}, {run!r}, {call!r}, {number}
count = 0

def killing(real):
    def function(*arguments, **options):
        global count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return function

if call == "step":
    loop.Trainer._update = killing(loop.Trainer._update)
elif call:
    setattr(os, call, killing(getattr(os, call)))
resumed = os.path.exists(os.path.join(run, "checkpoints", "record.json"))
net_of(program).train(**({{"resume": run}} if resumed else {{"out": run, "backend": "numpy"}}), picture=False)
"""


@pytest.mark.parametrize(
    "kills",
    [
        [("step", 17), ("replace", 5), ("step", 8)],
        [("fsync", 9), ("unlink", 2), ("fsync", 8)],
    ],
    ids=["steps", "writes"],
)
def test_a_process_killed_at_a_step_or_within_a_write_is_resumed(
    whole: Path, tmp_path: Path, kills: list[tuple[str, int]]
) -> None:
    """Each kill hits the run that the one before it left; the last start comes to the end."""
    for call, number in [*kills, ("", 0)]:
        script = KILLED.format(
            tests=str(Path(__file__).parent),
            program=str(whole.parent / "small.nn"),
            run=str(tmp_path / "run"),
            call=call,
            number=number,
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == (-9 if call else 0), done.stderr
    assert_same_run(whole, tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*.part"))
