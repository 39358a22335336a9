"""Files given to a trained model: each kind by the ending of its name, several at once, and what is wrong with some."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from data_files import Files, f32, section, select
from test_array_files import idx_bytes

from nndsl.data.endings import are_paths, kind_of
from nndsl.data.load import load_inputs
from nndsl.diagnostics import Failure

X = np.arange(6, dtype=np.float32).reshape(3, 2)
COLUMNS = {"a": X[:, 0], "b": X[:, 1]}
CSV = b"a;b\n0;1\n2;3\n4;5\n"


def write_stream(path: Path) -> None:
    table = pa.table(COLUMNS)
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "x.csv": lambda path: path.write_bytes(CSV),
    "x.TSV": lambda path: path.write_bytes(CSV.replace(b";", b"\t")),
    "x.txt.gz": lambda path: path.write_bytes(gzip.compress(CSV, mtime=0)),
    "x.parquet": lambda path: pq.write_table(pa.table(COLUMNS), path),
    "x.feather": lambda path: feather.write_feather(pa.table(COLUMNS), path),
    "x.arrows": write_stream,
    "x.npz": lambda path: np.savez(path, x=X),
    "x.npy": lambda path: np.save(path, X),
    "x.idx": lambda path: path.write_bytes(idx_bytes(X)),
    "X-images-idx2-ubyte": lambda path: path.write_bytes(idx_bytes(X.astype(np.uint8))),
    "x.idx2-ubyte.gz": lambda path: path.write_bytes(gzip.compress(idx_bytes(X.astype(np.uint8)), mtime=0)),
}
TABLES = ("csv", "parquet", "arrow")


def read(paths: Any) -> list[list[float]]:
    """The rows of `x: f32[2]`, which the program binds to two columns where there are columns."""
    several = isinstance(paths, list)
    columns = kind_of(paths[0] if several else paths) in TABLES
    program = section(bindings={"x": select("columns", "a", "b")} if columns else {})
    rows: list[list[float]] = load_inputs(paths, program, [f32("x", 2)]).arrays["x"][:].tolist()
    return rows


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_what_its_ending_says(files: Files, name: str) -> None:
    WRITERS[name](Path(name))
    assert read(name) == X.tolist()


@pytest.mark.parametrize("name", WRITERS)
def test_several_files_are_joined_in_the_order_given(files: Files, name: str) -> None:
    for folder in ("b", "a"):
        Path(folder).mkdir()
        WRITERS[name](Path(folder, name))
    assert read([f"b/{name}", Path("a", name)]) == 2 * X.tolist()
    assert read(f"*/{name}") == 2 * X.tolist()


def test_files_of_different_kinds_are_joined(files: Files) -> None:
    """In the order given, whatever their kinds."""
    for name in ("x.csv", "x.parquet"):
        WRITERS[name](Path(name))
    Path("y.csv").write_text("a,b\n8,9\n")
    assert read(["y.csv", "x.parquet", "x.csv"]) == [[8, 9], *X.tolist(), *X.tolist()]


def test_one_array_for_two_inputs(files: Files) -> None:
    np.save("x.npy", X)
    with pytest.raises(Failure) as failure:
        load_inputs("x.npy", None, [f32("wide", 2), f32("deep", 2)])
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.message == "x.npy holds one array, but the model has the inputs `wide` and `deep`"


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["x.csv", "x.csv"], "x.csv is named twice"),
        ("y*.csv", "no file matches y*.csv"),
        ("y.csv", "there is no file y.csv"),
        (["x.csv", "notes"], 'notes ends in "", which says nothing about what it holds'),
        ("folder", "no file matches folder/**"),
    ],
)
def test_files_that_cannot_be_read(files: Files, paths: Any, message: str) -> None:
    WRITERS["x.csv"](Path("x.csv"))
    Path("notes").write_text("")
    Path("folder").mkdir()
    with pytest.raises(Failure) as failure:
        read(paths)
    assert failure.value.diagnostics[0].message == message


def test_what_paths_are() -> None:
    assert all(map(are_paths, ("a.csv", Path("a.csv"), ["a.csv", Path("b.csv")], ("a.csv",))))
    assert not any(map(are_paths, ([], {}, {"a.csv": 1}, [1], ["a", 1], np.array(["a"]), None)))
