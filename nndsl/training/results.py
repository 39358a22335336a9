"""Predictions as a table: one column for each number of each output."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np


def outputs_csv(outputs: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """A CSV with a column `NAME` for an output of one value per row, `NAME_0`, `NAME_1`, `NAME_1_2`… for larger ones.

    Floats are written as short as they read back the same.
    """
    columns: dict[str, list[Any]] = {}
    for name, values in outputs.items():
        for index in product(*(range(length) for length in values.shape[1:])):
            columns["_".join([name, *map(str, index)])] = values[(slice(None), *index)].tolist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*([_shortest(v) for v in column] for column in columns.values()), strict=True))
    return text.getvalue()


def _shortest(value: Any) -> Any:
    return str(np.float32(value)) if isinstance(value, float) else value
