"""Losses and metrics over rows, and what a network predicts for them: passes that change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nndsl.codegen.backend import Session
from nndsl.data.dataset import Dataset
from nndsl.training.batches import batches_in_order, gather
from nndsl.training.sums import Sums
from nndsl.transform.step import Step

QUIETLY = np.errstate(all="ignore")
"""What is not finite is looked for, and told in a message: NumPy's own warnings of it would only come before."""


def measure(session: Session, step: Step, data: Dataset, batch_size: int) -> Sums:
    """What all rows report, in prediction mode."""
    return measure_pieces(session, step, (data,), batch_size)


@QUIETLY
def measure_pieces(session: Session, step: Step, pieces: Iterable[Dataset], batch_size: int) -> Sums:
    """What all rows of one piece after another report, in prediction mode."""
    sums = Sums(step.metrics)
    for data in pieces:
        add_rows(sums, session, data, batch_size)
    return sums


def add_rows(sums: Sums, session: Session, data: Dataset, batch_size: int) -> None:
    """Add what these rows report, in prediction mode."""
    for rows in batches_in_order(data.rows, batch_size):
        gather(session, data, rows)
        sums.add(session.evaluate(len(rows)), len(rows))


@QUIETLY
def predict(session: Session, data: Dataset, batch_size: int = 1024) -> dict[str, np.ndarray[Any, Any]]:
    """The outputs for all rows, in order."""
    parts: dict[str, list[np.ndarray[Any, Any]]] = {}
    for rows in batches_in_order(data.rows, batch_size):
        gather(session, data, rows)
        for name, value in session.predict(len(rows)).items():
            parts.setdefault(name, []).append(np.array(value))
    return {name: np.concatenate(values) for name, values in parts.items()}
