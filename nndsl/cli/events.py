"""`nndsl train --json`: what happens as one JSON object a line, on standard output and nothing else there.

    {"event": "tune", "chosen": {"threads": 1, …}, "measured": [{"threads": 1, …, "microseconds": 31.2}, …], …}
    {"event": "start", "model": …, "run": …, "epochs": …, "batches": …, "epoch": …, "rows": {…}, "parameters": …}
    {"event": "epoch", "epoch": 1, "epochs": 30, "values": {"loss": 0.5, "val_loss": 0.6, "lr": 0.001}, "seconds": 1.2}
    {"event": "checkpoint", "path": …}
    {"event": "stop", "reason": …}
    {"event": "test", "values": {…}, "tables": {…}}
    {"event": "warning", …} and {"event": "error", …}      the fields of messages for tools
    {"event": "end", "run": …, "exit": 0}                   always the last one

`docs/commands.md` describes the fields. A number that is not finite is null.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

from nndsl.cli.output import Messages
from nndsl.cli.progress import Quiet
from nndsl.cli.signals import Stopping
from nndsl.cli.streams import though_nobody_reads
from nndsl.diagnostics import Diagnostic
from nndsl.training.loop import Trainer
from nndsl.training.results import Measured
from nndsl.training.tuning import Tuning


def emit(event: str, **fields: Any) -> None:
    """Print one event, at once."""
    with though_nobody_reads():
        click.echo(json.dumps({"event": event, **finite(fields)}, ensure_ascii=True, allow_nan=False))


def emit_message(diagnostic: Diagnostic) -> None:
    """A warning or an error as an event."""
    from nndsl.render import as_json

    fields = as_json(diagnostic)
    emit(fields.pop("severity"), **fields)


def finite(value: Any) -> Any:
    """The same with plain numbers and lists, and null for what is not finite, which JSON has no word for."""
    match value:
        case Mapping():
            return {str(name): finite(item) for name, item in value.items()}
        case list() | tuple():
            return [finite(item) for item in value]
        case np.ndarray() | np.generic():
            return finite(value.tolist())
        case float() if not math.isfinite(value):
            return None
        case Path():
            return str(value)
    return value


def emit_test(measured: Measured) -> None:
    """What was measured over the test rows: numbers, and tables such as a confusion matrix."""
    values = {name: value for name, value in measured.items() if isinstance(value, float)}
    emit("test", values=values, tables={name: value for name, value in measured.items() if name not in values})


class Events(Quiet):
    """Tells of training event by event."""

    def __init__(self, stopping: Stopping) -> None:
        super().__init__(stopping)
        self.began = 0.0

    def tuned(self, tuning: Tuning) -> None:
        emit("tune", **json.loads(tuning.to_json()))

    def start(self, trainer: Trainer) -> None:
        super().start(trainer)
        self.began = time.monotonic()
        folder = trainer.control.folder
        click.get_current_context().ensure_object(Messages).run = None if folder is None else str(folder)
        validation = trainer.examples.validation
        emit(
            "start",
            model=trainer.step.network.name,
            run=folder,
            epochs=trainer.epochs,
            batches=trainer.batches,
            epoch=trainer.control.epoch,
            rows={"train": trainer.examples.train.rows, "validation": validation.rows if validation else 0},
            parameters=sum(state.size for state in trainer.step.parameters),
        )

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        seconds = round(time.monotonic() - self.began, 3)
        emit("epoch", epoch=epoch + 1, epochs=self.epochs, values=logs, seconds=seconds)
        super().epoch(epoch, logs)

    def checkpoint(self, path: Path) -> None:
        emit("checkpoint", path=path)

    def stop(self, reason: str) -> None:
        if reason:
            emit("stop", reason=reason)
