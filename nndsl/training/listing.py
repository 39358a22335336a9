"""The runs in a folder, as `nndsl runs` lists them: also those that run, were killed, or cannot be read."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from nndsl.diagnostics import Failure
from nndsl.training.callbacks import Best
from nndsl.training.history import History
from nndsl.training.record import FOLDER, NAME, run_state, seconds_trained
from nndsl.training.store import HISTORY, RECORD, read_history

RunState = Literal["running", "finished", "interrupted", "killed", "diverged", "broken"]


@dataclass(frozen=True)
class BestValue:
    """The best value of a logged number, and the epoch (from 1) that had it."""

    name: str
    value: float
    epoch: int


@dataclass(frozen=True)
class ListedRun:
    """What is known of a run; a broken one has only its folder and why it cannot be read."""

    folder: Path
    state: RunState
    model: str = ""
    program: str = ""
    started: datetime | None = None
    seconds: float | None = None
    """How long it was trained; None where that is not written down."""
    epochs: int = 0
    best: BestValue | None = None
    stopped: str = ""
    """Why training ended before its last epoch, or what is wrong with the folder."""


def list_runs(folder: Path) -> list[ListedRun]:
    """The runs in a folder, those that were started last at the end; of a folder that is a run, only that.

    Folders that hold nothing of a run are left out; files too. Raises `OSError` where the folder cannot be read.
    """
    if _is_run(folder):
        return [_listed(folder)]
    found = [_listed(path) for path in sorted(folder.iterdir()) if path.is_dir() and _is_run(path)]
    return sorted(found, key=lambda run: (run.started or datetime.min.replace(tzinfo=UTC), run.folder))


def best_value(history: History) -> BestValue | None:
    """The best of what tells most of a run: the first metric of the validation rows, else their loss, else the same of
    the training rows. None where there is none that is finite."""
    names = [name for name in history.names if name != "lr"]
    ranked = sorted(names, key=lambda name: (not name.startswith("val_"), _is_loss(name), names.index(name)))
    for name in ranked:
        best = Best(name)
        for epoch, logs in enumerate(history.epochs):
            if math.isfinite(value := logs.get(name, math.nan)):
                best.improves(value, epoch)
        if best.epoch >= 0:
            return BestValue(name, best.value, best.epoch + 1)
    return None


def _is_loss(name: str) -> bool:
    bare = name.removeprefix("val_")
    return bare == "loss" or bare.startswith("loss.")


def _is_run(folder: Path) -> bool:
    """Whether there is something of a run in a folder."""
    return any((folder / name).exists() for name in (FOLDER, RECORD, HISTORY))


def _listed(folder: Path) -> ListedRun:
    try:
        history = read_history(folder)
    except Failure as failure:
        return ListedRun(folder, "broken", stopped=_reason(failure))
    state = run_state(folder)
    epochs, best = len(history), best_value(history)
    if state is None:
        if (folder / FOLDER / NAME).exists():
            return ListedRun(folder, "broken", stopped=f"{FOLDER}/{NAME} is not what training wrote")
        return _fitted(folder, epochs, best)
    return ListedRun(
        folder,
        "killed" if state.was_killed else state.state,
        state.model,
        state.program,
        _moment(state.started),
        seconds_trained(folder, state),
        epochs,
        best,
        state.stopped,
    )


def _fitted(folder: Path, epochs: int, best: BestValue | None) -> ListedRun:
    """A run that Python's `fit` left: it has no checkpoints, and is written when it has ended."""
    path = folder / RECORD
    try:
        plain = json.loads(path.read_bytes())
        model, program, stopped = (str(plain[name]) for name in ("model", "program", "stopped"))
        moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return ListedRun(folder, "broken", stopped=f"it has neither {RECORD} nor {FOLDER}/{NAME}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ListedRun(folder, "broken", stopped=f"{RECORD} is not what training wrote")
    return ListedRun(folder, "finished", model, program, moment, None, epochs, best, stopped)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _reason(failure: Failure) -> str:
    (found,) = failure.diagnostics
    return str(getattr(found, "reason", found.message))
