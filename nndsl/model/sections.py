"""The `data` and `train` sections as plain values: what the checker makes of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nndsl.source import Span


@dataclass(frozen=True)
class SourceCall:
    """`csv("a.csv", separator = ";")`: `paths` resolved against the program's folder; `renames`: NAME -> array.

    `idx(image = "a.gz")` has the files of each array in `files` instead. Paths may be patterns (`part-*.csv`).
    """

    kind: str
    paths: tuple[str, ...]
    options: Mapping[str, Any]
    renames: Mapping[str, str]
    span: Span
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """`column("c")`, `columns("pixel_*")` or `array("x_train")`."""

    kind: Literal["column", "columns", "array"]
    patterns: tuple[str, ...]
    span: Span


@dataclass(frozen=True)
class Share:
    """A share (0 < fraction < 1) or a count of rows."""

    fraction: float | None
    count: int | None
    span: Span


@dataclass(frozen=True)
class DataSection:
    """`data { … }`. `source` and separate splits are lists of sources joined by rows."""

    span: Span
    source: tuple[SourceCall, ...] = ()
    splits: Mapping[str, Share | tuple[SourceCall, ...]] = field(default_factory=dict)
    """By `train`, `validation`, `test`."""
    bindings: Mapping[str, Selection] = field(default_factory=dict)
    stratify: str | None = None
    shuffle: bool = True
    split_seed: int = 0
    missing: Literal["error", "drop", "keep"] = "error"
    spans: Mapping[str, Span] = field(default_factory=dict)
    """Where each setting stands, for errors."""


@dataclass(frozen=True)
class Configured:
    """An optimizer or callback with its arguments: `adam(lr = 1e-3)`; `monitor` expressions stay names."""

    name: str
    arguments: Mapping[str, Any]
    span: Span | None


@dataclass(frozen=True)
class TrainSection:
    """`train { … }` with its defaults filled in."""

    optimizer: Configured
    span: Span | None = None
    epochs: int = 10
    batch_size: int | None = 32
    """None: all rows (`all`)."""
    seed: int = 0
    shuffle: bool = True
    drop_last: bool = False
    callbacks: tuple[Configured, ...] = ()
    steps: int | None = None
    clip_norm: float | None = None
    """The most that the norm over all gradients may be."""
    clip_value: float | None = None
    """The most that an element of a gradient may be, either way."""
    accumulate: int = 1
    """How many batches an update takes: their gradients, weighted by rows, are those of one large batch."""
    ema: float | None = None
    """The share that averages of the parameters keep at each update; they are what evaluates and predicts."""
    train_metrics: bool = True
    spans: Mapping[str, Span] = field(default_factory=dict)

    def updates(self, rows: int) -> int:
        """The updates of an epoch of so many rows; the last one takes the batches that are left."""
        size = self.batch_size or rows
        batches = rows // size if self.drop_last else -(-rows // size)
        return -(-batches // self.accumulate)


DATA_SETTINGS = ("source", "train", "validation", "test", "stratify", "shuffle", "split_seed", "missing")
"""The settings of `data`, besides the inputs and targets that it binds."""

TRAIN_SETTINGS = (
    "optimizer",
    "epochs",
    "batch_size",
    "seed",
    "shuffle",
    "drop_last",
    "callbacks",
    "steps",
    "clip_norm",
    "clip_value",
    "accumulate",
    "ema",
    "precision",
    "train_metrics",
)
"""The settings of `train`."""
