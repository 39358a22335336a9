"""The training loop: epochs of batches through a session, sums of what the batches report, callbacks in between."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nndsl.codegen.backend import Arrays, Session
from nndsl.data.batches import count_batches, epoch_batches
from nndsl.data.dataset import Dataset
from nndsl.diagnostics import Failure
from nndsl.errors.commands import Diverged
from nndsl.graph.evaluate import evaluate as evaluate_graph
from nndsl.model.sections import TrainSection
from nndsl.training.callbacks import Callback, Control
from nndsl.training.history import History
from nndsl.transform.step import MetricPlan, Step


class Observer(Protocol):
    """Is told how training goes, to show it."""

    def start(self, step: Step, epochs: int, batches: int) -> None: ...

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        """After each batch; `loss` is the mean over the epoch's rows so far."""
        ...

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None: ...

    def stop(self, reason: str) -> None: ...


class Sums:
    """What batches report, added up in float64: losses weighted by rows, accumulators as they are."""

    def __init__(self, metrics: Sequence[MetricPlan]):
        self.metrics = metrics
        self.rows = 0
        self.losses: dict[str, float] = {}
        self.accumulators: dict[str, Any] = {}

    def add(self, results: Arrays, rows: int) -> None:
        self.rows += rows
        for name, value in results.items():
            if name == "loss" or name.startswith("loss."):
                self.losses[name] = self.losses.get(name, 0.0) + float(value) * rows
            elif name.startswith("metric."):
                self.accumulators[name] = self.accumulators.get(name, 0.0) + np.asarray(value, np.float64)

    @property
    def loss(self) -> float:
        """The mean loss over the rows so far."""
        return self.losses["loss"] / self.rows

    def finish(self, prefix: str = "") -> dict[str, float]:
        """The epoch's numbers: each loss over all rows, and each metric of the whole epoch."""
        logs = {prefix + name: total / self.rows for name, total in self.losses.items()}
        for metric in self.metrics:
            sums = {name: self.accumulators[name] for name in metric.accumulators}
            logs[prefix + metric.name] = float(evaluate_graph(metric.finish, sums, float_dtype="f64")["value"])
        return logs


@dataclass(frozen=True)
class Examples:
    """The rows to train on, and those to validate on after each epoch, if any."""

    train: Dataset
    validation: Dataset | None = None


def fit(
    session: Session, step: Step, examples: Examples, callbacks: Sequence[Callback], observer: Observer | None = None
) -> History:
    """Train as the program's `train` section says; the session holds the result.

    Raises `Failure` with NN501 as soon as an epoch's loss is not finite.
    """
    settings = step.train
    data = examples.train
    batch_size = min(settings.batch_size or data.rows, data.rows)
    history = History()
    control = Control(session)
    taken = 0
    span = settings.spans.get("drop_last", settings.span)
    batches = count_batches(data.rows, settings.batch_size, drop_last=settings.drop_last, span=span)
    if observer:
        observer.start(step, settings.epochs, batches)
    for epoch in range(settings.epochs):
        sums = Sums(step.metrics if settings.train_metrics else ())
        lr = math.nan
        for number, rows in enumerate(batches_of_epoch(settings, data.rows, epoch)):
            if taken == settings.steps:
                break
            gather(session, data, rows)
            results = session.train_step(len(rows), taken, control.lr_scale)
            sums.add(results, len(rows))
            if not math.isfinite(sums.losses["loss"]):
                raise Failure(Diverged(None, str(float(results["loss"])), taken, epoch + 1, str(results["nndsl.lr"])))
            lr = float(results["nndsl.lr"])
            taken += 1
            if observer:
                observer.batch(epoch, number, sums.loss)
        logs = sums.finish()
        if examples.validation:
            logs |= evaluate(session, step, examples.validation, batch_size, prefix="val_")
        history.add({**logs, "lr": lr})
        if observer:
            observer.epoch(epoch, logs)
        for callback in callbacks:
            callback.on_epoch_end(epoch, logs, control)
        if taken == settings.steps:
            control.stop = f"{taken} steps are done"
        if control.stop:
            break
    for callback in callbacks:
        callback.on_train_end(control)
    if observer:
        observer.stop(control.stop)
    return history


def training_batches(settings: TrainSection, rows: int) -> Iterator[np.ndarray[Any, Any]]:
    """The row numbers of every batch of a whole training run, in order."""
    for epoch in range(settings.epochs):
        yield from batches_of_epoch(settings, rows, epoch)


def batches_of_epoch(settings: TrainSection, rows: int, epoch: int) -> Iterator[np.ndarray[Any, Any]]:
    """The row numbers of an epoch's batches: a pure function of the seed and the epoch."""
    return epoch_batches(
        rows,
        settings.batch_size,
        shuffle=settings.shuffle,
        seed=settings.seed,
        epoch=epoch,
        drop_last=settings.drop_last,
    )


def evaluate(session: Session, step: Step, data: Dataset, batch_size: int, prefix: str = "") -> dict[str, float]:
    """Losses and metrics over all rows, in prediction mode."""
    sums = Sums(step.metrics)
    for rows in _in_order(data.rows, batch_size):
        gather(session, data, rows)
        sums.add(session.evaluate(len(rows)), len(rows))
    return sums.finish(prefix)


def predict(session: Session, data: Dataset, batch_size: int = 1024) -> dict[str, np.ndarray[Any, Any]]:
    """The outputs for all rows, in order."""
    parts: dict[str, list[np.ndarray[Any, Any]]] = {}
    for rows in _in_order(data.rows, batch_size):
        gather(session, data, rows)
        for name, value in session.predict(len(rows)).items():
            parts.setdefault(name, []).append(np.array(value))
    return {name: np.concatenate(values) for name, values in parts.items()}


def gather(session: Session, data: Dataset, rows: np.ndarray[Any, Any]) -> None:
    """Copy the rows of a batch into the session's buffers."""
    for name, buffer in session.buffers(len(rows)).items():
        if name in data.arrays:
            np.take(data.arrays[name], rows, axis=0, out=buffer, mode="clip")


def _in_order(rows: int, batch_size: int) -> list[np.ndarray[Any, Any]]:
    numbers = np.arange(rows)
    return [numbers[start : start + batch_size] for start in range(0, rows, batch_size)]
