"""Callbacks: what happens between epochs. Each is a class with Keras's meaning of its arguments."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nndsl.codegen.backend import Arrays, Session
from nndsl.diagnostics import Failure
from nndsl.errors.commands import NotMonitored
from nndsl.model.sections import Configured, TrainSection
from nndsl.transform.step import Step

Mode = Literal["auto", "min", "max"]

HIGHER_IS_BETTER = ("accuracy", "auc", "precision", "recall", "f1", "r2", "iou")
"""Ends of names that `mode = auto` takes as better when higher; everything else is better when lower."""


@dataclass
class Control:
    """What a callback sees of a run, and may change: stop it, scale the learning rate, ask for a checkpoint."""

    session: Session
    step: Step
    """The compiled program."""
    folder: Path | None = None
    """The run's folder, for files of its own; None where training leaves nothing behind."""
    lr_scale: float = 1.0
    stop: str = ""
    """Why the run stops; empty while it goes on."""
    checkpoint: bool = False
    """Whether a checkpoint is to be written now."""
    epoch: int = 0
    """How many epochs are done."""
    steps: int = 0
    """How many updates are done since the run began."""


class Callback:
    """Base: hooks that do nothing.

    What a callback counts must be in `state`, so that a resumed run is the run that was never interrupted: `set_state`
    is then called before `on_train_begin`. Files of its own lie in `control.folder`; those it goes on with are cut back
    in `on_train_begin` to `control.epoch` epochs and `control.steps` steps.
    """

    monitor: str | None = None
    """The reported name that it watches, if any."""

    @property
    def watches(self) -> tuple[str, ...]:
        """All reported names that it needs."""
        return () if self.monitor is None else (self.monitor,)

    def on_train_begin(self, control: Control) -> None:
        """Before the first step, also of a run that is resumed."""

    def on_epoch_begin(self, epoch: int, control: Control) -> None:
        """Before the first batch of epoch `epoch` (from 0); not again where a run is resumed within it."""

    def on_batch_end(self, epoch: int, batch: int, logs: Mapping[str, float], control: Control) -> None:
        """After each batch (from 0), with the mean losses over the epoch's rows so far. Only a class that has this
        hook pays for it."""

    def measures(self, logs: Mapping[str, float]) -> Mapping[str, float]:
        """Numbers of its own that are logged with an epoch's, by name; `logs` are those that are known already."""
        return {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        """After epoch `epoch` (from 0) with its logged values; the last is `lr`, the learning rate of its last step."""

    def on_train_end(self, control: Control) -> None:
        """After the last epoch, before the trained model is saved, in whatever way training ended."""

    def state(self) -> dict[str, Any]:
        """What it counts: numbers, texts, lists and dicts of these, and arrays, which are not changed later."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""


@dataclass
class Best:
    """The best value seen of a monitored name."""

    monitor: str
    mode: Mode = "auto"
    min_delta: float = 0.0
    value: float = field(init=False)
    epoch: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        if self.mode == "auto":
            self.mode = "max" if self.monitor.endswith(HIGHER_IS_BETTER) else "min"
        self.value = -math.inf if self.mode == "max" else math.inf

    def improves(self, value: float, epoch: int) -> bool:
        """Whether `value` is better than the best so far by more than `min_delta`; then it is the best."""
        gain = value - self.value if self.mode == "max" else self.value - value
        if not gain > self.min_delta:
            return False
        self.value, self.epoch = value, epoch
        return True

    def state(self) -> dict[str, Any]:
        return {"value": self.value, "epoch": self.epoch}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.value, self.epoch = state["value"], state["epoch"]


class EarlyStopping(Callback):
    """Stop when a monitored value has not improved for `patience` epochs   (Keras: EarlyStopping).

    With `restore_best` the weights of the best epoch come back at the end, also when training ran all its epochs.
    Epochs before `start_from` are not counted.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        restore_best: bool = False,
        mode: Mode = "auto",
        start_from: int = 0,
    ):
        self.monitor = monitor
        self.best = Best(monitor, mode, abs(min_delta))
        self.patience = patience
        self.restore_best = restore_best
        self.start_from = start_from
        self.waited = 0
        self.best_state: Arrays | None = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        if epoch < self.start_from:
            return
        if self.best.improves(logs[self.best.monitor], epoch):
            self.waited = 0
            if self.restore_best:
                self.best_state = control.session.state()
            return
        self.waited += 1
        if self.waited >= self.patience and epoch > 0:
            control.stop = f"{self.best.monitor} has not improved for {self.waited} epochs"

    def on_train_end(self, control: Control) -> None:
        if self.best_state is not None:
            control.session.set_state(self.best_state)

    def state(self) -> dict[str, Any]:
        return {"best": self.best.state(), "waited": self.waited, "best_state": self.best_state}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.best.set_state(state["best"])
        self.waited, self.best_state = state["waited"], state["best_state"]


class ReduceLrOnPlateau(Callback):
    """Multiply the learning rate by `factor` when a value has not improved for `patience` epochs
    (Keras: ReduceLROnPlateau)."""

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_scale: float = 0.0,
        mode: Mode = "auto",
    ):
        self.monitor = monitor
        self.best = Best(monitor, mode, min_delta)
        self.factor = factor
        self.patience = patience
        self.cooldown = cooldown
        self.min_scale = min_scale
        self.waited = 0
        self.cooling = 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        if self.cooling:
            self.cooling -= 1
            self.waited = 0
        if self.best.improves(logs[self.best.monitor], epoch):
            self.waited = 0
        elif not self.cooling:
            self.waited += 1
            if self.waited >= self.patience:
                control.lr_scale = max(control.lr_scale * self.factor, self.min_scale)
                self.cooling, self.waited = self.cooldown, 0

    def state(self) -> dict[str, Any]:
        return {"best": self.best.state(), "waited": self.waited, "cooling": self.cooling}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.best.set_state(state["best"])
        self.waited, self.cooling = state["waited"], state["cooling"]


class Checkpoint(Callback):
    """Write a checkpoint at the end of each epoch, or after every so many steps   (Keras: ModelCheckpoint).

    With `best_only` only at the end of epochs that improve the monitored value. In any case the two newest checkpoints
    stay, and the best. Without this callback one is written at an epoch's end when five seconds have passed since the
    last, and where training stops.
    """

    def __init__(self, monitor: str = "val_loss", best_only: bool = False, every: int = 0, mode: Mode = "auto"):
        self.monitor = monitor if best_only or monitor != "val_loss" else None
        self.best = Best(monitor, mode)
        self.best_only = best_only
        self.every = every
        self.newest = 0

    def on_train_begin(self, control: Control) -> None:
        self.newest = control.steps

    def on_batch_end(self, epoch: int, batch: int, logs: Mapping[str, float], control: Control) -> None:
        if self.every and control.steps >= self.newest + self.every and not self.best_only:
            self.newest += self.every
            control.checkpoint = True

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        due = self.best.improves(logs[self.best.monitor], epoch) if self.best_only else not self.every
        control.checkpoint = control.checkpoint or due

    def state(self) -> dict[str, Any]:
        return {"best": self.best.state()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.best.set_state(state["best"])


class Timed(Callback):
    """A checkpoint at an epoch's end when `seconds` have passed since the last one: what is done unless the program
    says otherwise."""

    def __init__(self, seconds: float = 5.0):
        self.seconds = seconds
        self.newest = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        if time.monotonic() - self.newest >= self.seconds:
            control.checkpoint = True
            self.newest = time.monotonic()


class TerminateOnNan(Callback):
    """Stop when the loss is not finite   (Keras: TerminateOnNaN). Training does so in any case."""


CALLBACKS: dict[str, type[Callback]] = {
    "early_stopping": EarlyStopping,
    "reduce_lr_on_plateau": ReduceLrOnPlateau,
    "checkpoint": Checkpoint,
    "terminate_on_nan": TerminateOnNan,
}


def known_callbacks() -> dict[str, type[Callback]]:
    """Every callback by its name in programs; those that write files, which build on this room, are imported here."""
    from nndsl.training.reports import CsvLog, Report
    from nndsl.training.tensorboard import TensorBoard

    return {**CALLBACKS, "report": Report, "csv_log": CsvLog, "tensorboard": TensorBoard}


def build(train: TrainSection, reported: Collection[str]) -> list[Callback]:
    """The callbacks that a program's `train` section lists, with fresh counters.

    Raises `Failure` where one watches what is not among the names that the run reports.
    """
    configured, known = train.callbacks, known_callbacks()
    built = [known[each.name](**each.arguments) for each in configured]
    logged = {*reported, "lr", *(each.arguments["name"] for each in configured if each.name == "report")}
    wrong = [
        _not_monitored(each, name, reported, train)
        for each, callback in zip(configured, built, strict=True)
        for name in callback.watches
        if name not in logged
    ]
    if wrong:
        raise Failure(*wrong)
    return built


def _not_monitored(callback: Configured, monitor: str, reported: Collection[str], train: TrainSection) -> NotMonitored:
    reason = "" if train.train_metrics else " (`train_metrics = false`)"
    remedy = f"it is not measured over the training rows{reason}: watch `val_{monitor}`"
    if "val_loss" in reported and f"val_{monitor.removeprefix('val_')}" not in reported:
        remedy = "it is a table: watch a metric that is a number"
    elif monitor.startswith("val_"):
        remedy = f"give `data` a validation split (validation = 15%), or watch `{monitor.removeprefix('val_')}`"
    return NotMonitored(callback.span, callback.name, monitor, remedy)
