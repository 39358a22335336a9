"""Callbacks that write down how training goes: `report` and `csv_log`."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nndsl.model.formula import Formula
from nndsl.training.callbacks import Callback, Control


class Report(Callback):
    """Log an expression of an epoch's logged numbers under a name of its own: it is printed with the others, stands in
    `history.csv`, and callbacks can watch it."""

    def __init__(self, name: str, value: Formula):
        self.name = name
        self.value = value

    @property
    def watches(self) -> tuple[str, ...]:
        return self.value.names

    def measures(self, logs: Mapping[str, float]) -> Mapping[str, float]:
        return {self.name: self.value(logs)}


class CsvLog(Callback):
    """Write a row into a CSV file in the run's folder after each epoch: `epoch` (from 1) and all that is logged
    (Keras: CSVLogger).

    The file is begun anew, or with `append` continued where there is one. It is always there up to the last epoch;
    where a run is resumed, rows that came after its checkpoint are taken away. A run without a folder writes nothing.
    """

    def __init__(self, path: str, separator: str = ",", append: bool = False):
        self.path = path
        self.separator = separator
        self.append = append
        self.columns: list[str] = []
        self.size: int | None = None
        """The file's length after the last epoch, once this run has begun it."""

    def on_train_begin(self, control: Control) -> None:
        if control.folder is None:
            return
        file = control.folder / self.path
        found = file.stat().st_size if file.is_file() else 0
        if self.size is None:
            self.size = found if self.append else 0
        self.size = min(self.size, found)
        if found:
            os.truncate(file, self.size)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        if control.folder is None:
            return
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator, lineterminator="\n")
        if not self.columns:
            self.columns = list(logs)
        if not self.size:  # also where the file has gone since
            writer.writerow(["epoch", *self.columns])
        writer.writerow([epoch + 1, *(repr(logs[name]) if name in logs else "" for name in self.columns)])
        self.size = _append(control.folder / self.path, text.getvalue())

    def state(self) -> dict[str, Any]:
        return {"columns": list(self.columns), "size": self.size}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.columns, self.size = list(state["columns"]), state["size"]


def _append(file: Path, text: str) -> int:
    """Add to the end of a file; its length then."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        stream.write(text.encode())
        return stream.tell()
