"""What pictures of a history show, in a window or a terminal: one panel for each logged number, best epoch, scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nndsl.training.history import History

DECADES = 2.0
"""A loss or learning rate that spans so many powers of ten is drawn on a logarithmic scale."""

Curve = Sequence[float]
"""A value for each epoch, NaN where there is none."""


@dataclass(frozen=True)
class Panel:
    """A number over the epochs: its `curves` by the rows that they are of, "training" and "validation"; one alone needs
    no name."""

    name: str
    curves: Mapping[str, Curve]
    logarithmic: bool = False


def panels(history: History) -> list[Panel]:
    """The losses, then the metrics and reports in the order they are logged, then the learning rate if it changes."""
    names = history.names
    shown = []
    for name in names:
        if name == "lr" or (name.startswith("val_") and name.removeprefix("val_") in names):
            continue
        validation = f"val_{name}"
        if name.startswith("val_"):  # `train_metrics = false` leaves a metric to the validation rows
            name, curves = name.removeprefix("val_"), {"validation": _curve(history, name)}
        elif validation in names:
            curves = {"training": _curve(history, name), "validation": _curve(history, validation)}
        else:
            curves = {"": _curve(history, name)}
        is_loss = name == "loss" or name.startswith("loss.")
        shown.append(Panel(name, curves, is_loss and _spans_decades(curves)))
    rates = {"": _curve(history, "lr")}
    if len({rate for rate in rates[""] if math.isfinite(rate)}) > 1:
        shown.append(Panel("lr", rates, _spans_decades(rates)))
    return shown


def best_epoch(history: History) -> int | None:
    """The epoch (from 0) of the lowest validation loss; None where there is none."""
    losses = [(loss, epoch) for epoch, loss in enumerate(_curve(history, "val_loss")) if math.isfinite(loss)]
    return min(losses)[1] if losses else None


def _curve(history: History, name: str) -> Curve:
    return [logs.get(name, math.nan) for logs in history.epochs]


def _spans_decades(curves: Mapping[str, Curve]) -> bool:
    values = [value for curve in curves.values() for value in curve if math.isfinite(value)]
    return bool(values) and min(values) > 0 and math.log10(max(values) / min(values)) >= DECADES
