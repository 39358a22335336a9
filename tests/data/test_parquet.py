"""Parquet and Arrow files: columns of every type against what pyarrow wrote, pieces, and every way to be wrong."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from data_files import Files, binary, f32, i64, kinds, refusals, section, select, share, told
from hypothesis import assume, given
from hypothesis import strategies as st

from nndsl.data.binding import bind
from nndsl.data.kinds import read
from nndsl.data.load import load
from nndsl.data.parquet import GivenArrow, open_arrow, open_parquet
from nndsl.data.sources import open_sources
from nndsl.data.table import Coded
from nndsl.diagnostics import Diagnostics, Failure
from nndsl.graph.sizes import symbol
from nndsl.model.network import Declared
from nndsl.model.sections import SourceCall


def stream(table: pa.Table, path: str) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def ipc_file(table: pa.Table, path: str) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)


WRITERS: dict[str, tuple[str, Callable[..., None]]] = {
    "parquet": ("parquet", lambda table, path: pq.write_table(table, path, row_group_size=3)),
    "feather, compressed": ("arrow", lambda table, path: feather.write_feather(table, path, chunksize=3)),
    "arrow file": ("arrow", ipc_file),
    "arrow stream": ("arrow", stream),
}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest, files: Files) -> Callable[..., SourceCall]:
    """Writes columns in one of the formats, three rows together, and gives the source."""
    kind, writer = WRITERS[request.param]

    def written(columns: dict[str, Any] | pa.Table, name: str = "a", **renames: str) -> SourceCall:
        writer(columns if isinstance(columns, pa.Table) else pa.table(columns), f"{name}.{kind}")
        return files.call(kind, f"{name}.{kind}", renames)

    return written


def parquet(files: Files, columns: Any, name: str = "a.parquet", **options: Any) -> SourceCall:
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), name, **options)
    return files.call("parquet", name)


# ---------------------------------------------------------------- what is read


NUMBERS = [1, 0, 2, 5, 3, 1, 0]


@pytest.mark.parametrize("type", ["int8", "int64", "uint8", "uint64", "float16", "float32", "float64"])
def test_numbers_of_every_type(write: Callable[..., SourceCall], type: str) -> None:
    source = write({"x": pa.array(np.array(NUMBERS, type))})
    data = load(section(source), [f32("x")]).train.arrays["x"]
    assert (data.dtype, data.tolist()) == (np.float32, NUMBERS)


@pytest.mark.parametrize(
    "type", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str
)
def test_text_of_every_type_is_kinds(files: Files, type: Any) -> None:
    words = ["b", "a", "c", "a", "b", "c", "a"]
    feather.write_feather(pa.table({"c": pa.chunked_array([words[:3], words[3:]]).cast(type)}), "a.arrow")
    data = load(section(files.call("arrow", "a.arrow")), [kinds("c")])
    assert data.facts.classes["c"].names == ("a", "b", "c")
    assert data.train.arrays["c"].tolist() == [1, 0, 2, 0, 1, 2, 0]


def test_booleans_are_binary_numbers_and_kinds(write: Callable[..., SourceCall]) -> None:
    source = write({"b": [True, False, True, True]})
    declared = [binary("b"), Declared("x", "input", "f32", (), None), kinds("c", 2)]  # type: ignore[arg-type]
    bindings = {"x": select("column", "b"), "c": select("column", "b")}
    arrays = load(section(source, bindings=bindings), declared).train.arrays
    assert arrays["b"].tolist() == arrays["x"].tolist() == arrays["c"].tolist() == [1, 0, 1, 1]


def test_whole_numbers_beyond_float64_stay_exact(write: Callable[..., SourceCall]) -> None:
    large = [2**53 + 1, 2**53, None, -(2**63), 2**63 - 1]
    source = write({"k": pa.array(large, pa.int64())})
    data = load(section(source, missing="drop"), [i64("k")]).train.arrays["k"]
    assert data.tolist() == [number for number in large if number is not None]
    unsigned = write({"k": pa.array([2**64 - 1, 2**53 + 1, 2**53], pa.uint64())}, "b")
    names = load(section(unsigned), [kinds("k")]).facts.classes["k"].names
    assert names == (str(2**64 - 1), str(2**53), str(2**53 + 1))  # beyond i64 they are names, as in a CSV


def test_nulls_and_nan_are_missing(write: Callable[..., SourceCall]) -> None:
    columns = {
        "i": pa.array([1, None, 3, 4, 5], pa.int32()),
        "f": pa.array([1.5, 2.5, None, float("nan"), 5.5]),
        "c": pa.array(["a", "b", "a", "b", None]).dictionary_encode(),
    }
    source = write(columns)
    declared = [f32("i"), f32("f"), kinds("c")]
    assert load(section(source, missing="drop"), declared).train.numbers.tolist() == [0]
    kept = load(section(source, missing="keep"), declared[:2]).train.arrays
    np.testing.assert_array_equal(kept["i"], np.float32([1, np.nan, 3, 4, 5]))
    np.testing.assert_array_equal(kept["f"], np.float32([1.5, 2.5, np.nan, np.nan, 5.5]))
    (third,) = refusals(section(source), declared)  # kinds come first: without them, sizes are not known
    first, second = refusals(section(source), declared[:2])
    name = source.paths[0]
    assert first.message == f'{name}, row 1 (from 0), column "i" is empty or NaN'
    assert second.message == f'{name}, row 2 (from 0), column "f" is empty or NaN (and 1 more value)'
    assert third.message == f'{name}, row 4 (from 0), column "c" is empty or NaN'


def test_columns_by_pattern_and_another_order_in_another_file(write: Callable[..., SourceCall]) -> None:
    first = write({"p1": [1, 2], "p2": [3.5, 4.5], "y": ["u", "v"]})
    second = write({"y": ["v"], "p2": [6.5], "p1": [5]}, "b")
    bindings = {"x": select("columns", "p*")}
    train = load(section(first, second, bindings=bindings), [f32("x", 2), kinds("y")]).train
    assert train.arrays["x"].tolist() == [[1, 3.5], [2, 4.5], [5, 6.5]]
    assert train.arrays["y"].tolist() == [0, 1, 1]


def test_only_what_is_bound_is_read(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that nothing is bound to may be of a type that no network takes."""
    source = parquet(files, {"x": [1.0, 2.0], "day": [datetime.date(2026, 1, 1)] * 2, "unused": [1, 2]})
    asked: list[list[str]] = []
    iterate = pq.ParquetFile.iter_batches

    def spied(self: Any, *args: Any, columns: list[str], **options: Any) -> Any:
        asked.append(columns)
        return iterate(self, *args, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spied)
    assert load(section(source), [f32("x")]).train.arrays["x"].tolist() == [1, 2]
    assert asked == [["x"]]


# ---------------------------------------------------------------- vectors


VECTORS = np.arange(30, dtype=np.float32).reshape(5, 2, 3)


def nested(type: Any) -> Any:
    return pa.array(VECTORS.tolist(), type)


@pytest.mark.parametrize(
    "type",
    [
        pa.list_(pa.list_(pa.float32(), 3), 2),
        pa.list_(pa.list_(pa.float64())),
        pa.large_list(pa.list_(pa.int16(), 3)),
    ],
    ids=str,
)
def test_lists_of_one_length_are_arrays(write: Callable[..., SourceCall], type: Any) -> None:
    source = write({"v": nested(type)})
    np.testing.assert_array_equal(load(section(source), [f32("v", 2, 3)]).train.arrays["v"], VECTORS)
    bound = section(source, bindings={"x": select("array", "v")})
    np.testing.assert_array_equal(load(bound, [f32("x", 2, 3)]).train.arrays["x"], VECTORS)


def test_tensors_of_arrow(write: Callable[..., SourceCall]) -> None:
    source = write({"v": pa.FixedShapeTensorArray.from_numpy_ndarray(VECTORS)})
    np.testing.assert_array_equal(load(section(source), [f32("v", 2, 3)]).train.arrays["v"], VECTORS)


def test_a_vector_solves_a_free_size(files: Files) -> None:
    source = parquet(files, {"v": [[1.0, 2.0, 3.0]] * 4})
    assert load(section(source), [f32("v", symbol("n"))]).facts.sizes == {"n": 3}


def test_lists_of_words_are_kinds(files: Files) -> None:
    source = parquet(files, {"tags": [["a", "b"], ["b", "b"]]})
    assert load(section(source), [kinds("tags", None, 2)]).train.arrays["tags"].tolist() == [[0, 1], [1, 1]]


def test_a_row_without_a_vector_is_missing(files: Files) -> None:
    source = parquet(files, {"v": [None, [1.0, 2.0], [3.0, None]], "w": [[1, 2], None, [5, 6]]})
    declared = [f32("v", 2), i64("w", 2)]
    first, second = refusals(section(source), declared)
    assert first.message == 'a.parquet, row 0 (from 0), column "v"[0] is empty or NaN (and 2 more values)'
    assert second.message == 'a.parquet, row 1 (from 0), column "w"[0] is empty or NaN (and 1 more value)'
    kept = load(section(source, missing="keep"), declared[:1]).train.arrays["v"]
    np.testing.assert_array_equal(kept, np.float32([[np.nan, np.nan], [1, 2], [3, np.nan]]))


# ---------------------------------------------------------------- pieces


COLUMNS = {
    "x": pa.array([0.5 * i for i in range(20)]),
    "k": pa.array([i * 2**53 + i if i % 7 else None for i in range(20)]),
    "c": pa.array(["ab"[i % 2] for i in range(20)]),
    "v": pa.array([[i, i + 1] for i in range(20)], pa.list_(pa.int32(), 2)),
}


@pytest.mark.parametrize("rows", [1, 4, 7, 20, 100])
def test_pieces_are_the_table(write: Callable[..., SourceCall], rows: int) -> None:
    source = write(COLUMNS)
    declared = [f32("x"), i64("k"), kinds("c"), f32("v", 2)]
    (opened,) = open_sources([source], 10**9)
    bound = bind([opened], declared, {}, Diagnostics())
    pieces = list(opened.table.pieces(rows))
    assert [piece.rows("x") for piece in pieces] == [min(rows, 20 - start) for start in range(0, 20, rows)]
    for each in declared:
        (whole,) = bound[each.name]
        values: list[Any] = []
        for piece in opened.table.pieces(rows):
            part = read(type(whole)(whole.declared, piece, whole.names, whole.stacked, whole.span)).data
            values += [part.distinct[code] for code in part.codes] if isinstance(part, Coded) else part.tolist()
        expected = read(whole).data
        if isinstance(expected, Coded):
            assert values == [expected.distinct[code] for code in expected.codes]
        else:
            assert values == expected.tolist()


def test_a_piece_may_pass_over_columns_and_be_asked_twice(write: Callable[..., SourceCall]) -> None:
    (opened,) = open_sources([write(COLUMNS)], 10**9)
    seen = []
    for number, piece in enumerate(opened.table.pieces(6)):
        if number != 1:
            again = [piece.numbers(["x"])[0][:, 0].tolist() for _ in range(2)]
            assert again[0] == again[1]
            seen += again[0]
        assert piece.row_place(0).endswith(f"row {6 * number} (from 0)")
    assert seen == [0.5 * i for i in range(20) if not 6 <= i < 12]


def test_places_in_pieces_count_over_the_file(files: Files) -> None:
    source = parquet(files, {"v": [[1.0, 2.0]] * 9 + [[1.0]]})
    (opened,) = open_sources([source], 10**9)
    with pytest.raises(Failure) as failure:
        [piece.numbers(["v"]) for piece in opened.table.pieces(4)]
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.message == ('a.parquet, row 9 (from 0), column "v" holds a list of 1, but the first list is of 2')


# ---------------------------------------------------------------- wrong ones


@pytest.mark.parametrize(
    ("values", "type", "found", "help"),
    [
        ([datetime.date(2026, 1, 1)], pa.date32(), "date32[day]", "the year, the weekday"),
        ([0], pa.timestamp("us", "UTC"), "timestamp[us, tz=UTC]", "the hour"),
        ([0], pa.duration("s"), "duration[s]", "a number of seconds"),
        ([Decimal("1.50")], pa.decimal128(10, 2), "decimal128(10, 2)", "write it as float64"),
        ([{"a": 1}], pa.struct({"a": pa.int64()}), "struct<a: int64>", "columns of their own"),
        ([[("a", 1)]], pa.map_(pa.string(), pa.int64()), "map<string, int64", "columns of their own"),
        ([b"a"], pa.binary(), "binary", "write it as text"),
        ([[datetime.time(1)]], pa.list_(pa.time32("ms")), "time32[ms]", "the hour"),
    ],
)
@pytest.mark.parametrize("declared", [f32("x"), kinds("x")], ids=["f32", "class"])
def test_types_that_are_no_values(
    files: Files, values: list[Any], type: Any, found: str, help: str, declared: Declared
) -> None:
    (diagnostic,) = refusals(section(parquet(files, {"x": pa.array(values, type)})), [declared])
    assert diagnostic.message.startswith(f'"x" in a.parquet holds elements of Arrow\'s type {found}')
    assert diagnostic.message.endswith(f", but `x` is {declared.kind}")
    assert help in told(diagnostic)[1]


@pytest.mark.parametrize(
    ("columns", "declared", "message"),
    [
        ({"x": ["1", "2"]}, f32("x"), '"x" in a.parquet holds text, but `x` is f32'),
        ({"x": [1.0, 2.5]}, kinds("x"), 'a.parquet, row 1 (from 0), column "x": "2.5" is not a whole number'),
        ({"x": [1.0, 2.5]}, i64("x"), 'a.parquet, row 1 (from 0), column "x": "2.5" is not a whole number'),
        (
            {"x": pa.array([2**63], pa.uint64())},
            i64("x"),
            'a.parquet, row 0 (from 0), column "x": "9223372036854775808" is too large',
        ),
        ({"x": [1.0, float("inf")]}, f32("x"), 'a.parquet, row 1 (from 0), column "x": "inf" is infinite'),
        ({"x": [1.0, 1e300]}, f32("x"), 'a.parquet, row 1 (from 0), column "x": "1e+300" is too large'),
        ({"x": ["a", "b", "maybe"]}, binary("x"), 'a.parquet, row 0 (from 0), column "x": "a" is'),
        ({"y": [1]}, f32("x"), 'a.parquet has no column "x"'),
        ({"x": [[1], [1, 2]]}, f32("x", 1), 'row 1 (from 0), column "x" holds a list of 2, but the first list is of 1'),
        ({"x": [None, None]}, f32("x"), 'a.parquet, row 0 (from 0), column "x" is empty or NaN (and 1 more value)'),
        (
            {"x": pa.array([None, None], pa.list_(pa.int8()))},
            f32("x", 2),
            'row 0 (from 0), column "x" holds no list, but its lists have no length to go by',
        ),
        ({"x": [[[1], None]]}, f32("x", 2, 1), 'column "x" holds a list with a gap'),
        ({"x": [[1, 2]]}, f32("x", 3), '`x` is f32[3], but "x" in a.parquet has the shape [2] for each row'),
        ({"x": [1, 2]}, f32("x", 3), '`x` is f32[3], but 1 column ("x") of a.parquet are bound to it'),
        ({"x": pa.array([], pa.float32())}, f32("x"), "a.parquet holds no rows"),
    ],
)
def test_values_that_do_not_fit(files: Files, columns: dict[str, Any], declared: Declared, message: str) -> None:
    (diagnostic, *_) = refusals(section(parquet(files, columns)), [declared])
    assert message in diagnostic.message


def test_two_columns_of_one_name(files: Files) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], ["x", "x", "y"])
    source = parquet(files, table)
    assert load(section(source), [f32("y")]).train.arrays["y"].tolist() == [3]
    (diagnostic,) = refusals(section(source), [f32("x")])
    assert diagnostic.message == 'a.parquet has 2 columns called "x"'


def test_names_with_dots_are_names(files: Files) -> None:
    source = parquet(files, {"a": [1], "a.b": [2], "a.b.c": [3]})
    bindings = {"x": select("column", "a.b"), "y": select("column", "a")}
    arrays = load(section(source, bindings=bindings), [f32("x"), f32("y")]).train.arrays
    assert (arrays["x"].tolist(), arrays["y"].tolist()) == ([2], [1])


def test_text_in_one_file_and_numbers_in_the_other(files: Files) -> None:
    sources = parquet(files, {"c": [1, 2]}), parquet(files, {"c": ["a", "b"]}, "b.parquet")
    (diagnostic,) = refusals(section(*sources), [kinds("c")])
    assert diagnostic.message == "`c` is text in b.parquet, but whole numbers in a.parquet"


def test_a_column_is_taken_by_column_and_a_vector_by_array(files: Files) -> None:
    source = parquet(files, {"x": [1], "v": [[1, 2]]})
    (diagnostic,) = refusals(section(source, bindings={"x": select("array", "x")}), [f32("x")])
    assert told(diagnostic) == ('"x" in a.parquet is a column, not an array', 'take it with `column("x")`')
    (diagnostic,) = refusals(section(source, bindings={"x": select("column", "v")}), [f32("x", 2)])
    assert told(diagnostic)[1] == 'take it with `array("v")`'


# ---------------------------------------------------------------- damaged files


def whole_file(files: Files, kind: str) -> bytes:
    table = pa.table({"x": np.arange(1000.0), "c": ["a", "b"] * 500})
    WRITERS[kind][1](table, "whole")
    return Path("whole").read_bytes()


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_files_that_are_cut(files: Files, kind: str, kept: float) -> None:
    content = whole_file(files, kind)
    Path("a").write_bytes(content[: int(kept * len(content))])
    (diagnostic,) = refusals(section(files.call(WRITERS[kind][0], "a")), [f32("x"), kinds("c")])
    assert diagnostic.message.startswith("a: it is no ") or diagnostic.message == "a holds no rows"


@pytest.mark.parametrize("kind", ["parquet", "feather, compressed", "arrow file"])
def test_bytes_that_are_changed_are_read_or_refused(files: Files, kind: str) -> None:
    """Whatever pyarrow makes of them, no exception but a `Failure` comes out."""
    content = whole_file(files, kind)
    generator = np.random.default_rng(3)
    for _ in range(60):
        damaged = bytearray(content)
        for place in generator.integers(0, len(content), 4):
            damaged[place] ^= 1 << int(generator.integers(8))
        Path("a").write_bytes(bytes(damaged))
        with suppress(Failure):
            load(section(files.call(WRITERS[kind][0], "a")), [f32("x"), kinds("c")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x,y\n1,2\n", "a: it is no {what}, or damaged"),
        (b"PK\x03\x04", "a: it is no {what}, or damaged"),
        (b"PAR1PAR1", "a: it is no {what}, or damaged"),
        (b"ARROW1ARROW1", "a: it is no {what}, or damaged"),
    ],
)
@pytest.mark.parametrize(("kind", "what"), [("parquet", "parquet file"), ("arrow", "Arrow file")])
def test_other_files(files: Files, content: bytes, message: str, kind: str, what: str) -> None:
    Path("a").write_bytes(content)
    (diagnostic,) = refusals(section(files.call(kind, "a")), [f32("x")])
    assert diagnostic.message == message.format(what=what)


def test_encrypted_parquet(files: Files) -> None:
    Path("a").write_bytes(b"PARE" + bytes(100) + b"PARE")
    (diagnostic,) = refusals(section(files.call("parquet", "a")), [f32("x")])
    assert told(diagnostic) == ("a: it is encrypted", "write it without encryption")


def test_the_first_version_of_feather(files: Files) -> None:
    Path("a").write_bytes(b"FEA1" + bytes(100))
    (diagnostic,) = refusals(section(files.call("arrow", "a")), [f32("x")])
    assert diagnostic.message == "a: it is of the first version of Feather, which Arrow has given up"


@pytest.mark.parametrize("open", [open_parquet, open_arrow])
def test_a_missing_library_is_named(files: Files, monkeypatch: pytest.MonkeyPatch, open: Callable[..., Any]) -> None:
    Path("a").write_bytes(b"")
    for module in ("pyarrow", "pyarrow.parquet", "pyarrow.ipc"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Failure) as failure:
        open("a", None, 10**9)
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.code == "NN507"


def test_values_larger_than_allowed_are_refused_by_the_schema(files: Files) -> None:
    source = parquet(files, {"x": np.arange(1000.0), "y": np.arange(1000.0)})
    (diagnostic,) = refusals(section(source), [f32("x"), f32("y")], limit=20_000)
    assert diagnostic.message == "what is read from here takes 24.0 kB of memory, but 20.0 kB are allowed"


def test_splits_of_a_parquet_file(files: Files) -> None:
    source = parquet(files, {"x": np.arange(40.0), "c": ["a", "b"] * 20})
    data = load(section(source, test=share(0.25), stratify="c"), [f32("x"), kinds("c")])
    assert data.test is not None
    assert np.bincount(data.test.arrays["c"]).tolist() == [5, 5]


# ---------------------------------------------------------------- any columns


@st.composite
def columns(draw: st.DrawFn) -> pa.ChunkedArray:
    """A column of some type with gaps, cut into chunks and slices."""
    elements, type = draw(
        st.sampled_from(
            [
                (st.integers(-(2**63), 2**63 - 1), pa.int64()),
                (st.integers(0, 2**64 - 1), pa.uint64()),
                (st.integers(-128, 127), pa.int8()),
                (st.booleans(), pa.bool_()),
                (st.sampled_from(["a", "b", "", " ", "ä", "a b"]), pa.string()),
                (st.sampled_from(["a", "b"]), pa.dictionary(pa.int32(), pa.string())),
                (st.integers(-5, 5).map(float), pa.float64()),
            ]
        )
    )
    chunks = draw(st.lists(st.lists(st.none() | elements, max_size=6), min_size=1, max_size=4))
    start = draw(st.integers(0, 2))
    return pa.chunked_array([pa.array(chunk, type) for chunk in chunks], type).slice(start)


@given(columns())
def test_any_column_is_what_arrow_says(column: pa.ChunkedArray) -> None:
    """Held against `to_pylist`; blank text is missing, as in a CSV."""
    assume(len(column))
    coded, misfit = GivenArrow(pa.table({"x": column})).coded(["x"])
    assert misfit is None
    found = [None if code < 0 else coded.distinct[code] for code in coded.codes[:, 0]]
    assert found == [None if isinstance(x, str) and not x.strip() else x for x in column.to_pylist()]
