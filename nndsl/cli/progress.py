"""How training shows itself: a bar per epoch on a terminal, plain lines otherwise, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from nndsl.training.loop import Observer
from nndsl.training.results import format_logs
from nndsl.transform.step import Step


class Lines:
    """One line an epoch."""

    def __init__(self) -> None:
        self.epochs = 0

    def start(self, step: Step, epochs: int, batches: int) -> None:
        self.epochs = epochs

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        pass

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        self.say(f"epoch {epoch + 1:>{len(str(self.epochs))}}/{self.epochs}  {format_logs(logs)}")

    def stop(self, reason: str) -> None:
        if reason:
            self.say(f"stopped: {reason}")

    def say(self, line: str) -> None:
        print(line, flush=True)


class Bars(Lines):
    """A bar for the epoch that runs, above it a line for each that is done."""

    REFRESH = 0.05
    """Seconds between two looks of the bar, so that showing it costs training nothing."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.console = Console()
        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            auto_refresh=False,
        )
        self.shown = 0.0
        self.began = 0.0
        self.batches = 0
        self.task: Any = None

    def start(self, step: Step, epochs: int, batches: int) -> None:
        super().start(step, epochs, batches)
        self.batches = batches
        self.began = time.monotonic()
        self.task = self.progress.add_task("", total=epochs * batches, epoch=f"1/{epochs}", loss="", rate="")
        self.progress.start()

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        now = time.monotonic()
        if now - self.shown < self.REFRESH:
            return
        self.shown = now
        done = epoch * self.batches + batch + 1
        rate = done / max(now - self.began, 1e-9)
        self.progress.update(
            self.task,
            completed=done,
            epoch=f"{epoch + 1}/{self.epochs}",
            loss=f"{loss:.4g}",
            rate=f"{rate:,.0f} steps/s",
            refresh=True,
        )

    def stop(self, reason: str) -> None:
        self.progress.stop()
        super().stop(reason)

    def say(self, line: str) -> None:
        self.progress.console.print(line, highlight=False, markup=False)


def observer(quiet: bool) -> Observer | None:
    """What suits where the output goes."""
    if quiet:
        return None
    return Bars() if sys.stdout.isatty() else Lines()
