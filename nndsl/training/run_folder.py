"""A run's folder while it trains: the lock, the record, logs that grow by an epoch, checkpoints."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.runs import CheckpointDamaged, CheckpointNotWritten, LogNotWritten, NotResumable
from nndsl.training.callbacks import Best
from nndsl.training.checkpoint import (
    Checkpoint,
    Identity,
    file_name,
    found_in,
    read_checkpoint,
    write_checkpoint,
)
from nndsl.training.history import History
from nndsl.training.lock import Lock
from nndsl.training.record import FOLDER, NAME, RunState, State, run_state, seconds_trained, write_state
from nndsl.training.results import log_line, log_text
from nndsl.training.safetensors import Damaged
from nndsl.training.snapshot import Snapshot
from nndsl.training.store import HISTORY, RECORD, cannot_write, new_folder, reason_of, save
from nndsl.training.tuning import TUNING

KEPT = 2
"""The newest checkpoints that stay, besides the best."""

LOG = "train.log"
PARTS = ".*.part"
"""What a process that was killed was writing (`nndsl.files`)."""

Warn = Callable[[Diagnostic], object]


@dataclass
class Keeping:
    """Which checkpoint is the best: by what, and the best value so far with its file."""

    best: Best
    path: Path | None = None

    def look(self, snapshot: Snapshot, path: Path) -> None:
        """Take note of a checkpoint; within an epoch there is nothing to compare."""
        if snapshot.batch or not snapshot.history:
            return
        logs = snapshot.history[-1]
        value = logs.get(self.best.monitor, logs["loss"])
        if self.path == path or self.best.improves(value, snapshot.epoch):
            self.path = path


class RunFolder:
    """Implements `nndsl.training.loop.Recorder` for one run that this process trains.

    `identity` gives what the run depends on; it is asked when the first checkpoint is written. What cannot be written
    while training is a warning: training goes on.
    """

    def __init__(self, path: Path, state: RunState, warn: Warn):
        self.path, self.state, self.warn = path, state, warn
        self.checkpoints = path / FOLDER
        self.identity: Callable[[], Identity] = dict
        self.keeping = Keeping(Best("val_loss"))
        self._since = time.monotonic()
        self._columns: list[str] = []
        self._warned: set[str] = set()

    # ------------------------------------------------------------ what training writes

    def begin(self, history: History) -> None:
        """The logs as they were at the moment that training goes on from."""
        self._columns = history.names
        try:
            save(self.path, {HISTORY: history.to_csv(), LOG: log_text(history, "")})
        except Failure as failure:
            self._log_failed(failure)

    def epoch(self, history: History) -> None:
        """One more line in each log; a column that is new takes a new file."""
        number, logs = len(history), history.epochs[-1]
        if not logs.keys() <= {*self._columns}:
            self.begin(history)
            return
        lines = {HISTORY: history.row(number, self._columns), LOG: log_line(number, logs)}
        try:
            for name, line in lines.items():
                with (self.path / name).open("a", encoding="utf-8", newline="") as file:
                    file.write(line)
        except OSError as error:
            self._log_failed(cannot_write(str(self.path), error))

    def save(self, snapshot: Snapshot) -> Path | None:
        """A checkpoint, and none of the older ones that need not stay."""
        path = self.checkpoints / file_name(snapshot)
        try:
            write_checkpoint(path, snapshot, self.identity())
        except OSError as error:
            kept = found_in(self.checkpoints)
            last = f"{kept[-1].name} is the last good checkpoint" if kept else "there is no checkpoint yet"
            self._once("checkpoint", CheckpointNotWritten(None, str(path), reason_of(error), last))
            return None
        self._warned.discard("checkpoint")
        self.keeping.look(snapshot, path)
        stay = {*found_in(self.checkpoints)[-KEPT:], path, self.keeping.path}
        for other in found_in(self.checkpoints):
            if other not in stay:
                with suppress(OSError):
                    other.unlink()
        return path

    def _log_failed(self, failure: Failure) -> None:
        (found,) = failure.diagnostics
        facts: Any = found
        self._once("logs", LogNotWritten(None, facts.path, facts.reason))

    def _once(self, what: str, warning: Diagnostic) -> None:
        """Say it once, until it went well again."""
        if what not in self._warned:
            self._warned.add(what)
            self.warn(warning)

    # ------------------------------------------------------------ what it goes on from

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; damaged ones are told and removed. None where there is none.

        Raises `Failure` where one cannot be read.
        """
        found: Checkpoint | None = None
        for path in reversed(found_in(self.checkpoints)):
            try:
                checkpoint = read_checkpoint(path)
            except Damaged as damage:
                instead = "the run goes on from the one before, or begins anew where there is none"
                self.warn(CheckpointDamaged(None, str(path), str(damage), instead))
                path.unlink()
            except OSError as error:
                raise Failure(NotResumable(None, str(self.path), f"{path.name}: {reason_of(error)}")) from None
            else:
                self.keeping.look(checkpoint.snapshot, path)
                found = found or checkpoint
        return found

    def end(self, state: State, stopped: str) -> None:
        """Write down how the run ended."""
        trained = 0.0 if state == "running" else time.monotonic() - self._since
        self.state = replace(self.state, state=state, stopped=stopped, seconds=self.state.seconds + trained)
        try:
            (self.path / FOLDER).mkdir(exist_ok=True)  # it may have been removed since
            write_state(self.path, self.state)
        except OSError as error:
            raise cannot_write(str(self.path), error) from None


@contextmanager
def new_run(asked: str | None, state: RunState, program: Mapping[str, str], warn: Warn) -> Iterator[RunFolder]:
    """The folder of a new run with the program's files in it, locked; `asked`, or the next free `runs/NAME-001`.

    If the block fails before there is a checkpoint, all that training made goes again.
    """
    with new_folder(state.model, asked) as path:
        try:
            (path / FOLDER).mkdir()
            lock = Lock(path / FOLDER, path)
        except OSError as error:
            raise cannot_write(str(path), error) from None
        try:
            folder = RunFolder(path, replace(state, started=_now()), warn)
            _begin(folder, program)
            yield folder
        except BaseException:
            if not found_in(path / FOLDER) and not (path / RECORD).exists():
                _remove(path, program)
            raise
        finally:
            lock.release()


@contextmanager
def resumed_run(path: Path, warn: Warn) -> Iterator[RunFolder]:
    """The folder of a run that goes on, locked. Raises `Failure` where it is none, or another process trains it."""
    state = resumable(path)
    try:
        lock = Lock(path / FOLDER, path)
    except OSError as error:
        raise cannot_write(str(path), error) from None
    try:
        for half in (*path.glob(PARTS), *(path / FOLDER).glob(PARTS)):
            half.unlink()
        yield RunFolder(path, state, warn)
    finally:
        lock.release()


def resumable(path: Path) -> RunState:
    """How the run in a folder was started; raises `Failure` (NN531) where there is none."""
    state = run_state(path)
    if state is None and (path / FOLDER / NAME).exists():
        there = f"; the weights lie in {FOLDER} beside it" if found_in(path / FOLDER) else ""
        remedy = f"it says how the run was started: bring it back from a copy, or train anew{there}"
        raise Failure(NotResumable(None, str(path), f"{FOLDER}/{NAME} is damaged", remedy))
    if state is None:
        reason = f"it has no {FOLDER} that training left" if path.is_dir() else "there is no such folder"
        raise Failure(NotResumable(None, str(path), reason))
    return state


def restart(folder: RunFolder, state: RunState, program: Mapping[str, str]) -> None:
    """A run goes on: as `state` says, with this program."""
    before = folder.state
    folder.state = replace(state, started=before.started, seconds=seconds_trained(folder.path, before))
    _begin(folder, program)


def _begin(folder: RunFolder, program: Mapping[str, str]) -> None:
    save(folder.path, program)
    folder.state = replace(folder.state, begun=_now())
    folder.end("running", "")


def _remove(path: Path, program: Mapping[str, str]) -> None:
    """What training made in a folder that was empty, and no more than that."""
    shutil.rmtree(path / FOLDER, ignore_errors=True)
    for name in (HISTORY, LOG, TUNING, *program):
        with suppress(OSError):
            (path / name).unlink()
            for folder in (path / name).relative_to(path).parents[:-1]:
                (path / folder).rmdir()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
