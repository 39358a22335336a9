"""How training shows itself: a bar for each epoch on a terminal, plain lines otherwise, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from nndsl.cli.signals import Stopping
from nndsl.training.loop import Observer, StopTraining
from nndsl.training.results import format_logs
from nndsl.transform.step import Step


class Quiet:
    """Shows nothing; ends training when the user asks for it."""

    def __init__(self, stopping: Stopping) -> None:
        self.stopping = stopping
        self.epochs = 0
        self.batches = 0

    def start(self, step: Step, epochs: int, batches: int) -> None:
        self.epochs, self.batches = epochs, batches

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        if self.stopping.asked is not None:
            raise StopTraining(f"interrupted in epoch {epoch + 1}, after {batch + 1} of its {self.batches} steps")

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        if self.stopping.asked is not None:
            raise StopTraining(f"interrupted after epoch {epoch + 1}")

    def stop(self, reason: str) -> None:
        pass


class Lines(Quiet):
    """One line an epoch."""

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        self.say(f"epoch {epoch + 1:>{len(str(self.epochs))}}/{self.epochs}  {format_logs(without_lr(logs))}")
        super().epoch(epoch, logs)

    def stop(self, reason: str) -> None:
        if reason:
            self.say(f"stopped: {reason}")

    def say(self, line: str) -> None:
        print(line, flush=True)


class Bars(Lines):
    """A bar that fills with the epoch, below a line for each epoch that is done."""

    REFRESH = 0.05
    """Seconds between two looks of the bar, so that showing it costs training nothing."""

    def __init__(self, stopping: Stopping) -> None:
        super().__init__(stopping)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=32, style="bright_black", complete_style="cyan", finished_style="cyan"),
            TextColumn("{task.fields[done]}  {task.fields[rate]}  loss {task.fields[loss]}  {task.fields[left]} left"),
            console=Console(highlight=False, markup=False, emoji=False, soft_wrap=True),
            transient=True,
            auto_refresh=False,
        )
        self.shown = self.began = 0.0
        self.task: Any = None

    def start(self, step: Step, epochs: int, batches: int) -> None:
        super().start(step, epochs, batches)
        self.began = self.shown = time.monotonic()

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        super().batch(epoch, batch, loss)
        now = time.monotonic()
        if now - self.shown < self.REFRESH:
            return
        self.shown = now
        done = epoch * self.batches + batch + 1
        rate = done / (now - self.began)
        fields: dict[str, Any] = {
            "epoch": f"{epoch + 1:>{len(str(self.epochs))}}/{self.epochs}",
            "done": f"{batch + 1:>{len(str(self.batches))}}/{self.batches}",
            "loss": f"{loss:.4f}" if 1e-3 <= abs(loss) < 1e4 else f"{loss:.3e}",
            "rate": f"{rate:>6,.0f} steps/s" if rate >= 10 else f"{rate:>6.2g} steps/s",
            "left": duration((self.epochs * self.batches - done) / rate),
        }
        if self.task is None:
            self.task = self.progress.add_task("", total=self.batches, **fields)
            self.progress.start()
        self.progress.update(self.task, completed=batch + 1, refresh=True, **fields)

    def stop(self, reason: str) -> None:
        self.progress.stop()
        super().stop(reason)

    def say(self, line: str) -> None:
        self.progress.console.print(line)


def without_lr(logs: Mapping[str, float]) -> dict[str, float]:
    """What an epoch reports, without the learning rate, which `history.csv` has."""
    return {name: value for name, value in logs.items() if name != "lr"}


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `3:05:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def observer(quiet: bool, stopping: Stopping) -> Observer:
    """What suits where the output goes."""
    if quiet:
        return Quiet(stopping)
    return Bars(stopping) if sys.stdout.isatty() else Lines(stopping)
