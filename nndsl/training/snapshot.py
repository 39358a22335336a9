"""A moment of a training run: all that is needed to go on from it as if nothing had happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nndsl.codegen.backend import Array, Arrays


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Where a run stands: after `batch` batches of epoch `epoch` (from 0), whatever came before.

    Arrays are the snapshot's own; nothing of it changes as training goes on.
    """

    state: Arrays
    """Parameters, slots and statistics, by single names."""
    accumulated: Arrays = field(default_factory=dict)
    """The gradients added up since the last update (`accumulate`)."""
    epoch: int = 0
    batch: int = 0
    steps: int = 0
    """The updates since the run began."""
    lr: float = 0.0
    """The learning rate of the last update."""
    lr_scale: float = 1.0
    rows: int = 0
    """The rows of the unfinished epoch so far, and what they added up to."""
    losses: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    history: tuple[Mapping[str, float], ...] = ()
    callbacks: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Each callback's name and what it counts."""
    stop: str = ""
    """Why the run is over, although epochs are left; empty while it is not."""
