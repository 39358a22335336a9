"""How a run was started, and how it ended: `checkpoints/record.json`, there from the first moment on."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from nndsl.diagnostics import Failure
from nndsl.errors.runs import NotTrained
from nndsl.files import write_whole
from nndsl.training.lock import holder
from nndsl.training.store import HISTORY, RECORD

FOLDER, NAME = "checkpoints", "record.json"

State = Literal["running", "interrupted", "diverged", "finished"]


@dataclass(frozen=True)
class RunState:
    """What a run's folder says of it."""

    state: State
    """`interrupted` is any run that can be resumed: stopped, or its process was killed."""
    model: str
    program: str
    """The name of the program's copy in the folder."""
    data_folder: str
    """Where the paths of its data start."""
    backend: str
    provider: str
    program_hash: str
    """Of the program's files with all overrides."""
    started: str = ""
    """When it was started first, as ISO 8601 in UTC with seconds."""
    begun: str = ""
    """When the process that trains it, or trained it last, began."""
    seconds: float = 0.0
    """How long it was trained, by all processes that came to an end of their own."""
    stopped: str = ""
    """Why it ended before its last epoch; empty if it did not."""
    process: int = 0
    """The process that trains it, 0 if none does."""

    @property
    def was_killed(self) -> bool:
        """Whether its last process did not come to write why it ended."""
        return self.state == "interrupted" and not self.stopped


def write_state(folder: Path, state: RunState) -> None:
    """Write it down in the run's folder; raises `OSError`."""
    plain = {name: value for name, value in asdict(state).items() if name != "process"}
    write_whole(folder / FOLDER / NAME, json.dumps(plain, indent=2) + "\n")


def run_state(folder: Path) -> RunState | None:
    """What is known of the run in a folder: also of one that runs, or was killed. None where there is no such run."""
    try:
        plain = json.loads((folder / FOLDER / NAME).read_bytes())
        texts = [name for name in RunState.__match_args__ if name not in ("seconds", "process")]
        fields: dict[str, Any] = {name: str(plain[name]) for name in texts}
        found = RunState(**fields, seconds=float(plain["seconds"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    process = holder(folder / FOLDER)
    if process is not None:
        return RunState(**{**asdict(found), "state": "running", "process": process})
    if found.state == "running":  # so its process wrote, and is gone
        return RunState(**{**asdict(found), "state": "interrupted"})
    return found


def refuse_untrained(folder: Path) -> None:
    """Raise `Failure` (NN541) for a run that has no trained model, or none of its last epoch, since it is being trained
    or was killed."""
    state = run_state(folder)
    if state is None or _has_its_model(folder, state):
        return
    if state.state == "running":
        reason = f"it is being trained by {f'process {state.process}' if state.process else 'another process'}"
        remedy = "wait until that has ended, or stop it: it saves what it has learnt"
    else:
        reason = "its training was killed" if state.was_killed else f"{RECORD} is gone"
        remedy = f"`nndsl train --resume {folder}` goes on with it"
    raise Failure(NotTrained(None, str(folder), reason, remedy))


def _has_its_model(folder: Path, state: RunState) -> bool:
    """Whether there is a trained model, and no process went on with the training after it was written."""
    try:
        written = (folder / RECORD).stat().st_mtime
    except OSError:
        return False
    try:
        return not (state.state == "running" or state.was_killed) or written >= _begun(state)
    except ValueError:  # it is not written when that was
        return True


def _begun(state: RunState) -> float:
    return datetime.fromisoformat(state.begun).timestamp()


def seconds_trained(folder: Path, state: RunState) -> float:
    """How long a run has been trained: until now if it runs, until its last epoch if its process was killed."""
    if state.state != "running" and not state.was_killed:
        return state.seconds
    try:
        until = time.time() if state.state == "running" else (folder / HISTORY).stat().st_mtime
        return state.seconds + max(until - _begun(state), 0.0)
    except (OSError, ValueError):
        return state.seconds
