"""How training shows itself: a bar for each epoch on a terminal, plain lines otherwise, nothing when quiet."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from nndsl.cli.output import wants_colour
from nndsl.cli.signals import Stopping
from nndsl.cli.streams import though_nobody_reads
from nndsl.training.chart import history_chart
from nndsl.training.history import History
from nndsl.training.loop import Observer, StopTraining, Trainer
from nndsl.training.results import epoch_line
from nndsl.training.tuning import Tuning

WIDEST_CHART = 100


class Quiet(Observer):
    """Shows nothing; ends training when the user asks for it."""

    def __init__(self, stopping: Stopping) -> None:
        self.stopping = stopping
        self.epochs = 0
        self.batches = 0

    def start(self, trainer: Trainer) -> None:
        self.epochs, self.batches = trainer.epochs, trainer.batches

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        if self.stopping.asked is not None:
            raise StopTraining(f"interrupted in epoch {epoch + 1}, after {batch + 1} of its {self.batches} steps")

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        if self.stopping.asked is not None:
            raise StopTraining(f"interrupted after epoch {epoch + 1}")


class Lines(Quiet):
    """One line an epoch."""

    def tuned(self, tuning: Tuning) -> None:
        with though_nobody_reads():
            self.say(tuning.text())

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        with though_nobody_reads():
            self.say(epoch_line(epoch, self.epochs, logs))
        super().epoch(epoch, logs)

    def stop(self, reason: str) -> None:
        if reason:
            with though_nobody_reads():
                self.say(f"stopped: {reason}")

    def say(self, line: str) -> None:
        print(line, flush=True)


class Bars(Lines):
    """A bar that fills with the epoch, below a line for each epoch that is done.

    It shows the loss and metrics of the epoch's rows so far, and how long the rest of training will take at the pace so
    far, validation included.
    """

    REFRESH = 0.05
    """Seconds between two looks of the bar, so that showing it costs training nothing."""

    NARROW, WIDE = 12, 32
    """The bar's width: as wide as the terminal leaves room for."""

    def __init__(self, stopping: Stopping) -> None:
        super().__init__(stopping)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self.bar = BarColumn(bar_width=self.WIDE, style="bright_black", complete_style="cyan", finished_style="cyan")
        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            self.bar,
            TextColumn("{task.fields[text]}"),
            console=self.console,
            transient=True,
            auto_refresh=False,
        )
        self.shown = self.began = 0.0
        self.first = 0
        """How many batches were done when training began: some, where it goes on."""
        self.task: Any = None
        self.trainer: Trainer | None = None

    def start(self, trainer: Trainer) -> None:
        super().start(trainer)
        self.trainer = trainer
        self.first = trainer.control.epoch * trainer.batches + trainer.batch
        self.began = self.shown = time.monotonic()

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        super().batch(epoch, batch, loss)
        now = time.monotonic()
        if now - self.shown < self.REFRESH or self.trainer is None:
            return
        self.shown = now
        done = epoch * self.batches + batch + 1
        rate = (done - self.first) / (now - self.began)
        left = duration((self.epochs * self.batches - done) / rate)
        count = f"{batch + 1:>{len(str(self.batches))}}/{self.batches}"
        parts = [count, rate_text(rate), f"{left} left", *measured_texts(self.trainer.sums.finish())]
        label = f"{epoch + 1:>{len(str(self.epochs))}}/{self.epochs}"
        room = self.console.width - len(f"epoch {label}") - 3
        while len(parts) > 1 and len("  ".join(parts)) + self.NARROW > room:
            parts.pop()  # what the line has no room for
        text = "  ".join(parts)
        self.bar.bar_width = max(min(self.WIDE, room - len(text)), 1)
        fields: dict[str, Any] = {"epoch": label, "text": text}
        with though_nobody_reads():
            if self.task is None:
                self.task = self.progress.add_task("", total=self.batches, **fields)
                self.progress.start()
            self.progress.update(self.task, completed=batch + 1, refresh=True, **fields)

    def stop(self, reason: str) -> None:
        with though_nobody_reads():
            self.progress.stop()
        super().stop(reason)

    def say(self, line: str) -> None:
        self.console.print(line)


def measured_texts(logs: Mapping[str, float]) -> list[str]:
    """Each number with its name, of a width that does not change from one look to the next."""
    return [f"{name} {_steady(value)}" for name, value in logs.items()]


def _steady(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"


def rate_text(rate: float) -> str:
    return f"{rate:,.0f} steps/s" if rate >= 10 else f"{rate:.2g} steps/s"


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


def chart_text(history: History) -> str:
    """Charts of a history that suit where the output goes: its width, its characters, its colours."""
    unicode = True
    try:
        "⠿┤─".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        unicode = False
    width = min(shutil.get_terminal_size().columns, WIDEST_CHART)
    return history_chart(history, width, unicode=unicode, colour=wants_colour(sys.stdout))
