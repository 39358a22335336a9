"""Data larger than memory: with the threshold forced to nothing, everything is as it is in memory, bit for bit."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from data_files import Case, Files, binary, f32, i64, kinds, section, select, share, told
from test_wrong_csv import CASES as WRONG_CSV
from test_wrong_npz import CASES as WRONG_NPZ

from nndsl.data.cache import FOLDER, Cache
from nndsl.data.columns import Column
from nndsl.data.dataset import Dataset, Splits
from nndsl.data.load import load
from nndsl.data.stored import Room
from nndsl.diagnostics import Failure
from nndsl.model.network import Declared
from nndsl.model.sections import DataSection, SourceCall

RNG = np.random.default_rng(0)
ROWS = 53
PIECES = [1, 100, 1 << 20]
"""Bytes of a piece: a row at a time, a few, all of them."""


def everything_streamed(piece: int = 1, room: int = 0) -> Cache:
    return Cache(Path(FOLDER), "program.nn", above=0, piece=piece, room=Room(room))


def same(streamed: Splits, in_memory: Splits) -> None:
    """Equal facts and warnings, equal rows in equal splits, and every array of the same type and bits."""
    assert streamed.facts == in_memory.facts
    assert [one.message for one in streamed.warnings] == [one.message for one in in_memory.warnings]
    for name in ("train", "validation", "test"):
        one, other = getattr(streamed, name), getattr(in_memory, name)
        assert (one is None) == (other is None)
        if one is None or other is None:
            continue
        np.testing.assert_array_equal(one.numbers, other.numbers)
        for key, expected in other.arrays.items():
            found = one.arrays[key]
            assert isinstance(found, Column)
            assert (found.shape, found.dtype, len(found)) == (expected.shape, expected.dtype, len(expected))
            order = RNG.permutation(len(found))
            assert found[order].tobytes() == expected[order].tobytes()
            assert found[2:5].tobytes() == expected[2:5].tobytes()


def loaded_both_ways(program: DataSection, declared: list[Declared], piece: int) -> Splits:
    streamed = load(program, declared, cache=everything_streamed(piece))
    same(streamed, load(program, declared))
    same(load(program, declared, cache=everything_streamed(piece)), streamed_as_arrays(streamed))
    return streamed


def streamed_as_arrays(splits: Splits) -> Splits:
    """What was streamed, taken into memory, to hold what is read from the entry against it."""
    sets = [
        part and Dataset({name: column[:] for name, column in part.arrays.items()}, part.numbers)
        for part in (splits.train, splits.validation, splits.test)
    ]
    assert sets[0]
    return Splits(splits.facts, sets[0], sets[1], sets[2], splits.warnings)


CITIES = ('"Köln"', "New York", '"a ""b"", c"', "x")
TEXT = "a,b,city,yes,n\n" + "".join(
    f"{i / 7},{'' if i % 10 == 3 else -i},{CITIES[i % 4]},{('no', 'Yes')[i % 2]},{i}\n" for i in range(ROWS)
)
COLUMNS = [
    f32("x", 2),
    kinds("city"),
    binary("yes"),
    i64("n"),
]
BINDINGS = {"x": select("columns", "a", "b")}


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("missing", ["drop", "keep"])
def test_csv(files: Files, piece: int, missing: Any) -> None:
    settings: dict[str, Any] = {"bindings": BINDINGS, "missing": missing, "validation": share(0.2), "test": share(7)}
    program = section(files.csv(TEXT), stratify="city", **settings)
    splits = loaded_both_ways(program, COLUMNS, piece)
    assert splits.train.rows + len(splits.validation or ()) + 7 == ROWS - (5 if missing == "drop" else 0)


@pytest.mark.parametrize("content", [TEXT.encode("utf-16"), gzip.compress(TEXT.replace("\n", "\r\n").encode())])
def test_csv_in_other_forms(files: Files, content: bytes) -> None:
    loaded_both_ways(section(files.csv(content), bindings=BINDINGS, missing="keep"), COLUMNS, 100)


def test_files_joined_by_rows_are_one_column(files: Files) -> None:
    lines = TEXT.splitlines(keepends=True)
    first, second = files.csv("".join(lines[:20]), "a.csv"), files.csv(lines[0] + "".join(lines[20:]), "b.csv")
    program = section(first, second, bindings=BINDINGS, missing="keep", validation=share(0.3))
    splits = loaded_both_ways(program, COLUMNS, 100)
    assert len(list(Path(FOLDER).glob("*/entry.json"))) == 2
    assert splits.train.rows == 37


def numbers(dtype: Any, *shape: int) -> Any:
    return (RNG.normal(size=(ROWS, *shape)) * 50).astype(dtype)


ARRAYS: dict[str, Mapping[str, Any]] = {
    "float32": {"x": numbers("f4", 3, 2)},
    "float64, and big endian": {"x": numbers(">f8", 3, 2)},
    "bytes": {"x": numbers("u1", 3, 2)},
    "column by column": {"x": np.asfortranarray(numbers("f4", 3, 2))},
    "no elements": {"x": numbers("f4", 3, 0)},
}


def declared_for(array: Any) -> list[Declared]:
    return [f32("x", *array.shape[1:]), kinds("c"), i64("n")]


def labels() -> dict[str, Any]:
    return {"c": np.array(["b", "a", "c"])[np.arange(ROWS) % 3], "n": np.arange(ROWS) - 10**12}


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("arrays", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize("kind", ["npy", "npz", "compressed npz"])
def test_arrays(files: Files, kind: str, arrays: Mapping[str, Any], piece: int) -> None:
    arrays = {**arrays, **labels()}
    if kind == "npy":
        for name, array in arrays.items():
            np.save(f"{name}.npy", array)
        source = SourceCall("npy", (), {}, {}, section().span, {name: (f"{name}.npy",) for name in arrays})
    else:
        (np.savez if kind == "npz" else np.savez_compressed)("a.npz", longer=np.zeros(99), **arrays)
        source = files.call("npz", "a.npz")
    loaded_both_ways(section(source, test=share(0.3)), declared_for(arrays["x"]), piece)


@pytest.mark.parametrize("packed", [False, True])
def test_idx(files: Files, packed: bool) -> None:
    header = b"\0\0\x08\x02" + ROWS.to_bytes(4, "big") + (5).to_bytes(4, "big")
    content = header + numbers("u1", 5).tobytes()
    Path("x").write_bytes(gzip.compress(content) if packed else content)
    source = SourceCall("idx", (), {}, {}, section().span, {"x": ("x",)})
    loaded_both_ways(section(source, test=share(0.3)), [f32("x", 5)], 20)


def test_parquet(files: Files) -> None:
    table = pyarrow.table({"x": numbers("f8"), "c": pyarrow.array(labels()["c"]), "n": labels()["n"]})
    pyarrow.parquet.write_table(table, "a.parquet", row_group_size=10)
    program = section(files.call("parquet", "a.parquet"), stratify="c", test=share(0.3))
    loaded_both_ways(program, [f32("x"), kinds("c"), i64("n")], 100)


def test_numbers_that_need_no_change_stay_in_their_file(files: Files) -> None:
    np.save("x.npy", numbers("f4", 100))
    source = SourceCall("npy", (), {}, {}, section().span, {"x": ("x.npy",)})
    load(section(source), [f32("x", 100)], cache=everything_streamed())
    (entry,) = Path(FOLDER).glob("*/entry.json")
    assert [path.name for path in entry.parent.iterdir()] == ["entry.json"]


# ---------------------------------------------------------------- what is wrong


def refusal(source: SourceCall, case: Case, cache: Cache | None) -> list[tuple[str, str]] | None:
    try:
        load(section(source, **case.settings), case.declared, cache=cache)
    except Failure as failure:
        return [told(diagnostic) for diagnostic in failure.diagnostics]
    return None


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("case", WRONG_CSV.values(), ids=WRONG_CSV)
def test_a_wrong_csv_file_is_told_in_the_same_words(files: Files, case: Case, piece: int) -> None:
    assert isinstance(case.content, str | bytes)
    source = files.csv(case.content, **case.options)
    assert refusal(source, case, everything_streamed(piece)) == refusal(source, case, None)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("case", WRONG_NPZ.values(), ids=WRONG_NPZ)
def test_a_wrong_archive_is_told_in_the_same_words(files: Files, case: Case, piece: int) -> None:
    assert isinstance(case.content, dict)
    source = files.npz(case.content)
    assert refusal(source, case, everything_streamed(piece)) == refusal(source, case, None)


@pytest.mark.parametrize("piece", PIECES)
def test_all_wrong_values_of_a_file_are_counted(files: Files, piece: int) -> None:
    """Of two checks that fail, the one that comes first in memory is told, wherever its values stand."""
    text = "x,y\n" + "1,2\n" * 20 + "inf,2\n" + "1,2\n" * 20 + "tall,inf\n1,1e99\ngross,-inf\n"
    source = files.csv(text)
    found = refusal(source, Case(text, [f32("x"), f32("y")], ""), everything_streamed(piece))
    assert found == refusal(source, Case(text, [f32("x"), f32("y")], ""), None)
    assert found
    assert [message for message, _ in found] == [
        'a.csv, line 43, column "x": "tall" is not a number (and 1 more value)',
        'a.csv, line 43, column "y": "inf" is infinite (and 1 more value)',
    ]
    assert not list(Path(FOLDER).glob("*/*"))


def test_what_takes_long_is_told_once(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    program = section(files.csv("x\n1\n2\n"))
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            load(program, [f32("x")], cache=everything_streamed())
    (entry,) = Path(FOLDER).glob("*/entry.json")
    assert caplog.messages == [
        "reading a.csv (6 bytes) once, into .nndsl-cache",
        f"made {entry.parent} (8 bytes) from a.csv; it is reused until the file changes",
    ]
