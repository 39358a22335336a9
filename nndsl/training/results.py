"""What a run or a program looks like as text: lines of the log, what was measured, layers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nndsl.training.history import History
from nndsl.transform.memory import Memory
from nndsl.transform.step import Step
from nndsl.transform.summary import layer_table


def log_text(history: History, stopped: str) -> str:
    """One line an epoch, and why training ended before its last one."""
    width = len(str(len(history)))
    lines = [log_line(number, logs, width) for number, logs in enumerate(history.epochs, 1)]
    return "".join(lines) + (f"stopped: {stopped}\n" if stopped else "")


def log_line(number: int, logs: Mapping[str, float], width: int = 0) -> str:
    """The line of one epoch (from 1)."""
    return f"epoch {number:>{width}}  {format_logs(logs)}\n"


def epoch_line(epoch: int, epochs: int, logs: Mapping[str, float]) -> str:
    """What is shown of an epoch (from 0) while training: all but the learning rate, which the history has."""
    shown = {name: value for name, value in logs.items() if name != "lr"}
    return f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}  {format_logs(shown)}"


Measured = Mapping[str, float | np.ndarray[Any, Any]]
"""What an evaluation gives by name: numbers, and tables such as a confusion matrix."""


def format_logs(logs: Measured) -> str:
    """`loss 0.1234  accuracy 0.9876  val_loss …`, four significant digits; tables are left out."""
    return "  ".join(f"{name} {value:.4g}" for name, value in logs.items() if isinstance(value, float))


def measured_text(split: str, values: Measured) -> str:
    """What was measured over a split as a table, and below it what is a table itself."""
    numbers = [(name, f"{value:.6g}") for name, value in values.items() if isinstance(value, float)]
    return "\n\n".join([text_table([("name", split), *numbers], frozenset({1})), *table_texts(values)])


def table_texts(values: Measured) -> list[str]:
    """Each table that was measured: its name, and below it its rows."""
    texts = []
    for name, value in values.items():
        if not isinstance(value, float):
            rows = [[f"{number:g}" for number in row] for row in np.atleast_2d(value)]
            width = max(len(number) for row in rows for number in row)
            texts.append("\n".join([name, *("  ".join(number.rjust(width) for number in row) for row in rows)]))
    return texts


def summary_text(step: Step, memory: Memory, batch_size: int | None) -> str:
    """The layers with their shapes and parameters, then the memory of a step at that batch size."""
    rows = [("layer", "kind", "output", "parameters", "of")]
    for row in layer_table(step):
        parameters = f"{row.parameters:,}" if row.parameters else ""
        rows.append((row.name, row.kind, row.shape, parameters, ", ".join(row.inputs)))
    total = sum(state.size for state in step.parameters)
    trainable = sum(state.size for state in step.trainable)
    frozen = f" ({total - trainable:,} of them not trained)" if total != trainable else ""
    size = "of all rows" if batch_size is None else f"of {batch_size}"
    lines = [
        text_table(rows, numbers=frozenset({3})),
        "",
        f"{step.network.name}: {total:,} parameters{frozen}, {bytes_text(memory.parameters)}",
        f"training on batches {size}: {bytes_text(memory.total)} "
        f"(optimizer slots {bytes_text(memory.slots)}, activations and gradients {bytes_text(memory.activations)})",
    ]
    return "\n".join(lines)


def text_table(rows: Sequence[Sequence[str]], numbers: frozenset[int] = frozenset()) -> str:
    """Columns padded to the widest cell; the columns in `numbers` are flush right. The first row is the header."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(w) if i in numbers else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    return "\n".join([line(rows[0]), "  ".join("─" * width for width in widths), *map(line, rows[1:])])


def bytes_text(count: int) -> str:
    """`1.5 MB` and the like (powers of 1000)."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{count} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} GB"
