"""How a run was started, and how it ended: `checkpoints/record.json`, there from the first moment on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from nndsl.files import write_whole
from nndsl.training.lock import holder

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
    stopped: str = ""
    """Why it ended before its last epoch; empty if it did not."""
    process: int = 0
    """The process that trains it, 0 if none does."""


def write_state(folder: Path, state: RunState) -> None:
    """Write it down in the run's folder; raises `OSError`."""
    plain = {name: value for name, value in asdict(state).items() if name != "process"}
    write_whole(folder / FOLDER / NAME, json.dumps(plain, indent=2) + "\n")


def run_state(folder: Path) -> RunState | None:
    """What is known of the run in a folder: also of one that runs, or was killed. None where there is no such run."""
    try:
        plain = json.loads((folder / FOLDER / NAME).read_bytes())
        found = RunState(**{name: str(plain[name]) for name in RunState.__match_args__ if name != "process"})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    process = holder(folder / FOLDER)
    if process is not None:
        return RunState(**{**asdict(found), "state": "running", "process": process})
    if found.state == "running":  # so its process wrote, and is gone
        return RunState(**{**asdict(found), "state": "interrupted"})
    return found
