"""How long a million rows of thirty columns take to be loaded from CSV, next to pyarrow and pandas.

python benchmarks/csv_reading.py [rows]

`nndsl` is what a program does before it trains: the file opened and bound, every cell a checked float32, splits drawn.
`pyarrow` is `pyarrow.csv.read_csv` and its columns side by side in one NumPy array. Medians of five rounds, in which
each takes its turn.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas
import pyarrow.csv

from nndsl.data import csv_cells
from nndsl.data.load import load
from nndsl.model.network import Declared
from nndsl.model.sections import DataSection, Selection, SourceCall
from nndsl.source import Source, Span

ROUNDS = 5
SPAN = Span(Source("benchmark.nn", ""), 0, 0)


def write(folder: Path, rows: int) -> dict[str, Path]:
    """Twenty columns of numbers with six decimals and ten of whole numbers: as they are, with gaps, and gzipped."""
    rng = np.random.default_rng(0)
    table = np.concatenate([rng.random((rows, 20)), rng.integers(0, 1000, (rows, 10))], axis=1)
    form = ",".join(["%.6f"] * 20 + ["%d"] * 10)
    lines = [form % tuple(row) for row in table.tolist()]
    header = ",".join(f"x{i}" for i in range(30))
    files = {name: folder / f"{name}.csv" for name in ("plain", "gaps")}
    files["plain"].write_text("\n".join([header, *lines, ""]))
    lines[::1000] = [line.partition(",")[2].join(("", ",")) for line in lines[::1000]]  # the last cell is empty
    files["gaps"].write_text("\n".join([header, *lines, ""]))
    files["gzip"] = folder / "plain.csv.gz"
    files["gzip"].write_bytes(gzip.compress(files["plain"].read_bytes(), 6))
    return files


def nndsl(path: Path, together: bool = True) -> Any:
    """One input of thirty columns, or thirty inputs of one."""
    source = SourceCall("csv", (str(path),), {}, {}, SPAN)
    bindings = {"x": Selection("columns", ("*",), SPAN)} if together else {}
    names = {"x": (30,)} if together else {f"x{i}": () for i in range(30)}
    declared = [Declared(name, "input", "f32", shape, SPAN) for name, shape in names.items()]
    return load(DataSection(SPAN, (source,), {}, bindings, missing="keep"), declared)


def without_pyarrow(path: Path, together: bool = True) -> Any:
    found = csv_cells._pyarrow
    csv_cells._pyarrow = lambda characters: None  # type: ignore[assignment]
    try:
        return nndsl(path, together)
    finally:
        csv_cells._pyarrow = found


def by_pyarrow(path: Path) -> Any:
    table = pyarrow.csv.read_csv(path)
    return np.column_stack([column.to_numpy() for column in table.columns])


WAYS: dict[str, Callable[[dict[str, Path]], Any]] = {
    "pyarrow.csv.read_csv alone": lambda files: pyarrow.csv.read_csv(files["plain"]),
    "pyarrow, to NumPy": lambda files: by_pyarrow(files["plain"]),
    "pandas.read_csv": lambda files: pandas.read_csv(files["plain"]),
    "nndsl": lambda files: nndsl(files["plain"]),
    "nndsl, thirty inputs": lambda files: nndsl(files["plain"], together=False),
    "nndsl, a gap in each thousandth row": lambda files: nndsl(files["gaps"]),
    "pyarrow, to NumPy, gzip": lambda files: by_pyarrow(files["gzip"]),
    "nndsl, gzip": lambda files: nndsl(files["gzip"]),
    "nndsl without pyarrow": lambda files: without_pyarrow(files["plain"]),
    "nndsl without pyarrow, thirty inputs": lambda files: without_pyarrow(files["plain"], together=False),
    "nndsl without pyarrow, gaps": lambda files: without_pyarrow(files["gaps"]),
}


def main(rows: int = 1_000_000) -> None:
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), rows)
        print(f"{rows} rows, {files['plain'].stat().st_size / 1e6:.0f} MB")
        for _ in range(ROUNDS):
            for name, read in WAYS.items():
                start = time.perf_counter()
                read(files)
                times[name].append(time.perf_counter() - start)
    unit = median(times["pyarrow, to NumPy"])
    for name, found in times.items():
        print(f"{name:<40}{median(found):6.2f} s{median(found) / unit:7.2f}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
