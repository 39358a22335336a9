"""Batches on their way into a session: which rows, and the copy into its buffers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nndsl.codegen.backend import Session
from nndsl.data.batches import epoch_batches
from nndsl.data.dataset import Dataset
from nndsl.model.sections import TrainSection

Rows = np.ndarray[Any, Any]


def training_batches(settings: TrainSection, rows: int) -> Iterator[Rows]:
    """The row numbers of every batch of a whole training run, in order."""
    for epoch in range(settings.epochs):
        yield from batches_of_epoch(settings, rows, epoch)


def batches_of_epoch(settings: TrainSection, rows: int, epoch: int) -> Iterator[Rows]:
    """The row numbers of an epoch's batches: a pure function of the seed and the epoch."""
    return epoch_batches(
        rows,
        settings.batch_size,
        shuffle=settings.shuffle,
        seed=settings.seed,
        epoch=epoch,
        drop_last=settings.drop_last,
    )


def batches_in_order(rows: int, batch_size: int) -> Iterator[Rows]:
    """The row numbers of batches that go through all rows once."""
    for start in range(0, rows, batch_size):
        yield np.arange(start, min(start + batch_size, rows))


def gather(session: Session, data: Dataset, rows: Rows) -> None:
    """Copy the rows of a batch into the session's buffers."""
    for name, buffer in session.buffers(len(rows)).items():
        values = data.arrays.get(name)
        if isinstance(values, np.ndarray):
            values.take(rows, 0, buffer, "clip")
        elif values is not None:
            values.take(rows, buffer)
