"""The training loop: epochs of batches through a session, sums of what the batches report, callbacks in between."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nndsl.codegen.backend import Session, all_finite
from nndsl.data.batches import count_batches
from nndsl.data.dataset import Dataset
from nndsl.errors.commands import Diverged
from nndsl.training.batches import Rows, batches_of_epoch, gather
from nndsl.training.callbacks import Callback, Control
from nndsl.training.divergence import explain_divergence
from nndsl.training.history import History
from nndsl.training.measuring import QUIETLY, add_rows
from nndsl.training.snapshot import Snapshot
from nndsl.training.sums import Sums
from nndsl.training.tuning import Tuning
from nndsl.transform.names import LR
from nndsl.transform.step import Step


class Observer:
    """Is told how training goes, to show it; hooks that do nothing. `batch` and `epoch` may raise `StopTraining`."""

    def tuned(self, tuning: Tuning) -> None:
        """Before training, where it was measured what to choose, or what an earlier run found was taken."""

    def start(self, trainer: Trainer) -> None:
        """Before the first step, also of a run that goes on: `trainer` has the program, the epochs and the batches of
        one, and from then on the sums of the epoch so far."""

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        """After each batch (both count from 0); `loss` is the mean over the epoch's rows so far."""

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """After each epoch, with all that it logs."""

    def checkpoint(self, path: Path) -> None:
        """After a checkpoint was written."""

    def stop(self, reason: str) -> None:
        """When training ends in whatever way; `reason` says why before the last epoch, and is empty otherwise."""


class Recorder(Protocol):
    """Writes down how training goes, so that it can be resumed."""

    def begin(self, history: History) -> None:
        """Before the first step: of epochs beyond these nothing holds."""
        ...

    def epoch(self, history: History) -> None:
        """After each epoch."""
        ...

    def save(self, snapshot: Snapshot) -> Path | None:
        """Where a callback asked for it, and where training ends; the file, or None if it could not be written."""
        ...


class StopTraining(Exception):
    """Raised by an observer: training ends after this step, and can be resumed there. Its text says why."""


@dataclass(frozen=True)
class Examples:
    """The rows to train on, and those to validate on after each epoch, if any."""

    train: Dataset
    validation: Dataset | None = None


@dataclass(frozen=True)
class Outcome:
    """How training ended; the session holds the state it ended with, the last good one if it diverged."""

    history: History
    stopped: str = ""
    """Why it ended before its last epoch; empty if it did not."""
    interrupted: bool = False
    """Whether an observer asked for the end: then there is something to resume."""
    diverged: Diverged | None = None


def reported(step: Step, *, validated: bool) -> set[str]:
    """The names that are logged after each epoch, with `val_…` where there are validation rows."""
    losses = ["loss", *(f"loss.{loss.name}" for loss in step.network.losses if loss.name)]
    metrics = [metric.name for metric in step.metrics if not metric.is_table]
    names = {*losses, *(metric.name for metric in step.training_metrics if not metric.is_table)}
    return names | ({f"val_{name}" for name in (*losses, *metrics)} if validated else set())


class Trainer:
    """Trains as the program's `train` section says; the session holds the result.

    Training ends early where a callback or the observer stops it, after `steps` updates, or as soon as the loss or a
    state is not finite. It begins with what the session holds, or goes on from a snapshot that was restored; `epochs`
    overrides the program's, counted from the run's beginning.
    """

    def __init__(
        self,
        session: Session,
        step: Step,
        examples: Examples,
        callbacks: Sequence[Callback] = (),
        observer: Observer | None = None,
        *,
        epochs: int | None = None,
        folder: Path | None = None,
        recorder: Recorder | None = None,
    ):
        settings, rows = step.train, examples.train.rows
        self._rows = examples.train
        self.session, self.step, self.examples = session, step, examples
        self.callbacks, self.observer, self.recorder = callbacks, observer, recorder
        self.epochs = settings.epochs if epochs is None else epochs
        span = settings.spans.get("drop_last", settings.span)
        self.batches = count_batches(rows, settings.batch_size, drop_last=settings.drop_last, span=span)
        self.control = Control(session, step, folder)
        self.history = History()
        self.batch = 0
        """How many batches of the epoch are done."""
        self.sums = Sums(step.training_metrics)
        self._validation = Sums(step.metrics)
        self.interrupted = ""
        """Why the observer stopped training; empty if it did not."""
        self._every = settings.accumulate
        self._limit = settings.steps or math.inf
        self._pending = 0  # rows whose gradients are added up
        self._lr: Any = math.nan
        self._watching = [each for each in callbacks if type(each).on_batch_end is not Callback.on_batch_end]
        self._good: Snapshot | None = None  # the last moment of which is known that everything was finite
        self._saved: Snapshot | None = None

    # ------------------------------------------------------------ snapshots

    def snapshot(self) -> Snapshot:
        """The moment between two batches."""
        control, sums = self.control, self.sums
        return Snapshot(
            state=self.session.state(),
            accumulated=self.session.accumulated() if self._pending else {},
            epoch=control.epoch,
            batch=self.batch,
            steps=control.steps,
            lr=self.lr,
            lr_scale=control.lr_scale,
            rows=sums.rows,
            losses=dict(sums.losses),
            numbers=dict(sums.numbers),
            arrays={name: array.copy() for name, array in sums.arrays.items()},
            history=tuple(self.history.epochs),
            callbacks=tuple((type(callback).__name__, callback.state()) for callback in self.callbacks),
            stop=control.stop,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; a callback that it does not know begins anew."""
        control, sums = self.control, self.sums
        self.session.set_state(snapshot.state)
        if self._every > 1:
            self.session.set_accumulated(snapshot.accumulated)
        self._pending = int(snapshot.accumulated.get("rows", 0))
        control.epoch, self.batch, control.steps = snapshot.epoch, snapshot.batch, snapshot.steps
        self._lr, control.lr_scale, control.stop = snapshot.lr, snapshot.lr_scale, snapshot.stop
        sums.rows, sums.losses, sums.numbers = snapshot.rows, dict(snapshot.losses), dict(snapshot.numbers)
        sums.arrays = {name: array.copy() for name, array in snapshot.arrays.items()}
        self.history.epochs[:] = map(dict, snapshot.history)
        self._good = None
        known = list(snapshot.callbacks)
        for callback in self.callbacks:
            found = next((entry for entry in known if entry[0] == type(callback).__name__), None)
            if found is not None:
                known.remove(found)
                callback.set_state(found[1])

    @property
    def lr(self) -> float:
        """The learning rate of the last step."""
        return _shortest(float(self._lr))

    # ------------------------------------------------------------ the loop

    @QUIETLY
    def run(self) -> Outcome:
        """Train to the end."""
        control, ended = self.control, ""
        if self.recorder:
            self.recorder.begin(self.history)
        for callback in self.callbacks:
            callback.on_train_begin(control)
        if self.observer:
            self.observer.start(self)
        self._good = self.snapshot()
        try:
            while control.epoch < self.epochs and not control.stop and not self.interrupted:
                if not self._train_epoch() or not (self.interrupted or self._end_epoch()):
                    failure = self._diverged(self._good)
                    ended = failure.message
                    return Outcome(self.history, ended, diverged=failure)
            ended = control.stop or self.interrupted
            self._save(self.snapshot() if self.batch else self._good)
            for callback in self.callbacks:
                callback.on_train_end(control)
            return Outcome(self.history, ended, interrupted=bool(self.interrupted))
        finally:
            if self.observer:
                self.observer.stop(ended)

    def _train_epoch(self) -> bool:
        """The epoch's batches, or those that are left of it; False as soon as something is not finite."""
        control, sums, observer, watching = self.control, self.sums, self.observer, self._watching
        epoch, limit, take = control.epoch, self._limit, self._update if self._every == 1 else self._share
        if not self.batch:
            for callback in self.callbacks:
                callback.on_epoch_begin(epoch, control)
        order, losses = batches_of_epoch(self.step.train, self.examples.train.rows, epoch), sums.losses
        try:
            for rows in islice(order, self.batch, None):
                take(rows)
                if not math.isfinite(losses["loss"]):
                    return False
                for callback in watching:
                    callback.on_batch_end(epoch, self.batch - 1, sums.means(), control)
                if control.checkpoint and not self._checkpoint():
                    return False
                if control.steps >= limit or control.stop:
                    break
                if observer:
                    observer.batch(epoch, self.batch - 1, sums.loss)
        except StopTraining as stop:
            self.interrupted = str(stop)
            return self.session.is_finite()
        return True

    def _update(self, rows: Rows) -> None:
        """A batch that makes an update."""
        session, control, count = self.session, self.control, len(rows)
        gather(session, self._rows, rows)
        results = session.train_step(count, control.steps, control.lr_scale)
        self._lr = results[LR]
        self.sums.add(results, count)
        self.batch += 1
        control.steps += 1

    def _share(self, rows: Rows) -> None:
        """A batch that makes a share of an update."""
        session, count = self.session, len(rows)
        gather(session, self._rows, rows)
        self.sums.add(session.accumulate(count, self.control.steps, self._pending), count)
        self._pending += count
        self.batch += 1
        if self.batch % self._every == 0:
            self._apply()

    def _apply(self) -> None:
        self._lr = self.session.apply(self.control.steps, self.control.lr_scale)[LR]
        self.control.steps += 1
        self._pending = 0

    def _end_epoch(self) -> bool:
        """What comes after an epoch's batches; False if a state is not finite."""
        control, epoch = self.control, self.control.epoch
        if self._pending:
            self._apply()
        if not self.session.is_finite():
            return False
        logs = self.sums.finish()
        if self.examples.validation:
            logs |= {f"val_{name}": value for name, value in self._validate(self.examples.validation).items()}
        lr = self.lr
        for callback in self.callbacks:
            logs |= callback.measures({**logs, "lr": lr})
        logs["lr"] = lr
        self.history.add(logs)
        if self.recorder:
            self.recorder.epoch(self.history)
        self.sums.clear()
        self.batch, control.epoch = 0, epoch + 1
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs, control)
        if control.steps >= self._limit:
            control.stop = f"{control.steps} steps are done"
        if self.observer:
            try:
                self.observer.epoch(epoch, logs)
            except StopTraining as stop:
                self.interrupted = str(stop)
        self._good = self.snapshot()
        if control.checkpoint:
            self._save(self._good)
        return True

    def _validate(self, data: Dataset) -> dict[str, float]:
        """What the validation rows measure, in batches of training's size."""
        self._validation.clear()
        rows = self.examples.train.rows
        add_rows(self._validation, self.session, data, min(self.step.train.batch_size or rows, rows))
        return self._validation.finish()

    def _checkpoint(self) -> bool:
        """Save the moment within an epoch, unless it is no good one: False."""
        snapshot = self.snapshot()
        if not self.session.is_finite() or not all_finite(snapshot.accumulated.values()):
            return False
        self._good = snapshot
        self._save(snapshot)
        return True

    def _save(self, snapshot: Snapshot) -> None:
        self.control.checkpoint = False
        if self.recorder and snapshot is not self._saved:
            path = self.recorder.save(snapshot)
            if self.observer and path is not None:
                self.observer.checkpoint(path)
        self._saved = snapshot

    def _diverged(self, good: Snapshot) -> Diverged:
        """What happened since the last good moment; the session holds the state of that one again."""
        self.restore(good)
        order = batches_of_epoch(self.step.train, self.examples.train.rows, good.epoch)
        failure = explain_divergence(
            self.session, self.step, self.examples.train, islice(order, good.batch, None), good
        )
        self.restore(good)
        if good.steps:
            self._save(good)
        for callback in self.callbacks:
            callback.on_train_end(self.control)
        self.session.set_state(good.state)
        return failure


@lru_cache(maxsize=1)
def _shortest(number: float) -> float:
    """The float32 as it is written: 0.001, not 0.0010000000474974513. It is mostly the learning rate of before."""
    return float(str(np.float32(number)))
