"""The training loop: epochs of batches through a session, sums of what the batches report, callbacks in between."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nndsl.codegen.backend import Arrays, Session
from nndsl.data.batches import count_batches
from nndsl.data.dataset import Dataset
from nndsl.errors.commands import Diverged
from nndsl.graph.evaluate import evaluate as evaluate_graph
from nndsl.training.batches import batches_in_order, batches_of_epoch, gather
from nndsl.training.callbacks import Callback, Control
from nndsl.training.divergence import explain_divergence, wrong_state
from nndsl.training.history import History
from nndsl.transform.step import MetricPlan, Step

QUIETLY = np.errstate(all="ignore")
"""What is not finite is looked for, and told in a message: NumPy's own warnings of it would only come before."""


class Observer(Protocol):
    """Is told how training goes, to show it; `batch` and `epoch` may raise `StopTraining`."""

    def start(self, step: Step, epochs: int, batches: int) -> None:
        """Before the first step; `batches` are those of an epoch."""
        ...

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        """After each batch (both count from 0); `loss` is the mean over the epoch's rows so far."""
        ...

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """After each epoch, with all that it reports."""
        ...

    def stop(self, reason: str) -> None:
        """When training ends in whatever way; `reason` says why before the last epoch, and is empty otherwise."""
        ...


class StopTraining(Exception):
    """Raised by an observer: training ends after this step as if it had been the last. Its text says why."""


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

    def finish(self) -> dict[str, float]:
        """The epoch's numbers: each loss over all rows, and each metric of the whole epoch that is a number."""
        logs = {name: total / self.rows for name, total in self.losses.items()}
        return logs | {metric.name: float(self._value(metric)) for metric in self.metrics if not metric.is_table}

    def tables(self) -> dict[str, np.ndarray[Any, Any]]:
        """The metrics of the whole epoch that are no numbers, such as a confusion matrix."""
        return {metric.name: self._value(metric) for metric in self.metrics if metric.is_table}

    def _value(self, metric: MetricPlan) -> np.ndarray[Any, Any]:
        sums = {name: self.accumulators[name] for name in metric.accumulators}
        return np.asarray(evaluate_graph(metric.finish, sums, float_dtype="f64")["value"])


@dataclass(frozen=True)
class Examples:
    """The rows to train on, and those to validate on after each epoch, if any."""

    train: Dataset
    validation: Dataset | None = None


@dataclass(frozen=True)
class Outcome:
    """How training ended; the session holds the state it ended with, that of the last good epoch if it diverged."""

    history: History
    stopped: str = ""
    """Why it ended before its last epoch; empty if it did not."""
    diverged: Diverged | None = None


def reported(step: Step, *, validated: bool) -> set[str]:
    """The names that are logged after each epoch, with `val_…` where there are validation rows."""
    losses = ["loss", *(f"loss.{loss.name}" for loss in step.network.losses if loss.name)]
    metrics = [metric.name for metric in step.metrics if not metric.is_table]
    names = {*losses, *(metrics if step.train.train_metrics else ())}
    return names | ({f"val_{name}" for name in (*losses, *metrics)} if validated else set())


@QUIETLY
def fit(
    session: Session, step: Step, examples: Examples, callbacks: Sequence[Callback], observer: Observer | None = None
) -> Outcome:
    """Train as the program's `train` section says; the session holds the result.

    Training ends early where a callback or the observer stops it, after `steps` steps, or as soon as the loss is not
    finite (other states are looked at after each epoch).
    """
    settings, data = step.train, examples.train
    history, control, taken = History(), Control(session), 0
    span = settings.spans.get("drop_last", settings.span)
    batches = count_batches(data.rows, settings.batch_size, drop_last=settings.drop_last, span=span)
    observer = observer or Unobserved()
    observer.start(step, settings.epochs, batches)
    try:
        for epoch in range(settings.epochs):
            good, first = session.state(), taken
            sums = Sums(step.metrics if settings.train_metrics else ())
            lr = math.nan
            try:
                for number, rows in enumerate(batches_of_epoch(settings, data.rows, epoch)):
                    gather(session, data, rows)
                    results = session.train_step(len(rows), taken, control.lr_scale)
                    taken += 1
                    sums.add(results, len(rows))
                    lr = float(str(np.float32(results["nndsl.lr"])))  # 0.001, not 0.0010000000474974513
                    if taken == settings.steps or not math.isfinite(sums.loss):
                        break
                    observer.batch(epoch, number, sums.loss)
            except StopTraining as stop:
                control.stop = str(stop)
            if not math.isfinite(sums.loss) or wrong_state(session.state()):
                session.set_state(good)
                batch_rows = batches_of_epoch(settings, data.rows, epoch)
                failure = explain_divergence(session, step, data, batch_rows, first, epoch, control.lr_scale)
                session.set_state(good)
                return Outcome(history, failure.message, failure)
            if control.stop:
                break
            logs = sums.finish()
            if examples.validation:
                batch_size = min(settings.batch_size or data.rows, data.rows)
                measured = measure(session, step, examples.validation, batch_size).finish()
                logs |= {f"val_{name}": value for name, value in measured.items()}
            history.add({**logs, "lr": lr})
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs, control)
            if taken == settings.steps:
                control.stop = f"{taken} steps are done"
            try:
                observer.epoch(epoch, logs)
            except StopTraining as stop:
                control.stop = str(stop)
            if control.stop:
                break
        for callback in callbacks:
            callback.on_train_end(control)
        return Outcome(history, control.stop)
    finally:
        observer.stop(control.stop)


class Unobserved:
    """An observer that does nothing."""

    def start(self, step: Step, epochs: int, batches: int) -> None: ...

    def batch(self, epoch: int, batch: int, loss: float) -> None: ...

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None: ...

    def stop(self, reason: str) -> None: ...


@QUIETLY
def measure(session: Session, step: Step, data: Dataset, batch_size: int) -> Sums:
    """What all rows report, in prediction mode."""
    sums = Sums(step.metrics)
    for rows in batches_in_order(data.rows, batch_size):
        gather(session, data, rows)
        sums.add(session.evaluate(len(rows)), len(rows))
    return sums


@QUIETLY
def predict(session: Session, data: Dataset, batch_size: int = 1024) -> dict[str, np.ndarray[Any, Any]]:
    """The outputs for all rows, in order."""
    parts: dict[str, list[np.ndarray[Any, Any]]] = {}
    for rows in batches_in_order(data.rows, batch_size):
        gather(session, data, rows)
        for name, value in session.predict(len(rows)).items():
            parts.setdefault(name, []).append(np.array(value))
    return {name: np.concatenate(values) for name, values in parts.items()}
