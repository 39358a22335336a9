"""Frames of pandas and polars, tables of Arrow, and columns of any of them, as data from Python."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from data_files import Files, binary, f32, i64, kinds, section, select
from hypothesis import given
from hypothesis import strategies as st

from nndsl.data.frames import Given, GivenArrays, given_frame
from nndsl.data.given import Given as Examples
from nndsl.data.given import given_dataset
from nndsl.data.load import load_inputs
from nndsl.data.table import Coded
from nndsl.diagnostics import Failure
from nndsl.model.network import Declared, Facts
from nndsl.model.sections import DataSection

FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "pandas, nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "pandas over arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda columns: pl.DataFrame(columns, strict=False),
    "arrow": lambda columns: pa.table(columns),
    "arrow batches": lambda columns: pa.RecordBatchReader.from_batches(
        pa.table(columns).schema, pa.table(columns).to_batches(max_chunksize=2)
    ),
}

COLUMNS: dict[str, list[Any]] = {
    "number": [0.5, None, 2.5, 3.5],
    "whole": [1, 2, None, 4],
    "plain": [4, 3, 2, 1],
    "city": ["Rome", None, "Bern", "Rome"],
    "truth": [True, False, None, True],
}


@pytest.fixture(params=FRAMES)
def frame(request: pytest.FixtureRequest) -> Callable[[dict[str, list[Any]]], Any]:
    return FRAMES[request.param]


def answered(frame: Any, *declared: Declared, program: DataSection | None = None, facts: Facts | None = None) -> Any:
    return given_dataset(Examples(frame), program, declared, facts, model="m").arrays


def refused(data: Any, *declared: Declared) -> str:
    with pytest.raises(Failure) as failure:
        answered(data, *declared)
    (diagnostic,) = failure.value.diagnostics
    return diagnostic.message


# ---------------------------------------------------------------- frames


def test_columns_of_every_kind_with_their_gaps(frame: Callable[..., Any]) -> None:
    """The same values whatever library holds them; gaps of any sort are missing."""
    table = given_frame(frame(COLUMNS))
    assert table is not None
    assert table.names == tuple(COLUMNS)
    np.testing.assert_array_equal(table.numbers(["number"])[0][:, 0], [0.5, np.nan, 2.5, 3.5])
    np.testing.assert_array_equal(table.numbers(["whole"])[0][:, 0], [1, 2, np.nan, 4])
    for name, expected in {
        "whole": [1, 2, None, 4],
        "plain": [4, 3, 2, 1],
        "city": ["Rome", None, "Bern", "Rome"],
        "truth": [1, 0, None, 1],
    }.items():
        coded, misfit = table.coded([name])
        assert misfit is None
        assert decoded(coded) == expected
    assert table.row_place(2) == "the given data, row 2 (from 0)"


def decoded(coded: Coded) -> list[str | int | None]:
    return [None if code < 0 else coded.distinct[code] for code in coded.codes[:, 0].tolist()]


@pytest.mark.parametrize("library", ["pandas, nullable", "pandas over arrow", "polars", "arrow"])
def test_whole_numbers_with_gaps_stay_exact(library: str) -> None:
    large = [2**53 + 1, None, -(2**62) - 1]
    if library.startswith("pandas"):
        frame: Any = pd.DataFrame({"k": pd.array(large, "Int64" if "nullable" in library else "int64[pyarrow]")})
    else:
        frame = FRAMES[library]({"k": large})
    table = given_frame(frame)
    assert table is not None
    assert decoded(table.coded(["k"])[0]) == large


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["b", None, "a"], dtype="category"),
        pd.Series(["b", None, "a"], dtype="string"),
        pd.Series(["b", np.nan, "a"], dtype=object),
        pl.Series(["b", None, "a"], dtype=pl.Categorical),
        pl.Series(["b", None, "a"], dtype=pl.Enum(["a", "b", "c"])),
        pa.chunked_array([["b", None], ["a"]]).dictionary_encode(),
        pa.array(["b", None, "a"], pa.large_string()),
        np.array(["b", None, "a"], object),
        ["b", None, "a"],
        ["b", " ", "a"],
    ],
    ids=lambda column: f"{type(column).__module__.split('.')[0]} {getattr(column, 'dtype', '')}",
)
def test_a_column_alone_is_an_array(column: Any) -> None:
    coded, _ = GivenArrays({"c": column}).coded(["c"])
    assert decoded(coded) == ["b", None, "a"]
    place = GivenArrays({"c": column}).place(["c"], (1, 0))
    assert place == "the given data, c[1]"


@pytest.mark.parametrize("dtype", ["i1", "u8", "f2", "f8", "?", ">i4"])
def test_numbers_of_every_type_and_shape(dtype: str) -> None:
    array = np.array([[[1, 0], [1, 1]], [[0, 0], [1, 0]]], dtype)
    for values in (array, array.tolist(), pd.Series(list(array)), pl.Series(array.astype(dtype.replace(">", "")))):
        table = GivenArrays({"x": values})
        assert (table.rows("x"), table.shape("x")) == (2, (2, 2))
        np.testing.assert_array_equal(table.numbers(["x"])[0][:, 0], array)


def test_a_frame_binds_like_a_csv_file(files: Files, frame: Callable[..., Any]) -> None:
    program = section(
        files.csv("p1,p2,t\n1,2,a\n"), bindings={"x": select("columns", "p*"), "town": select("column", "city")}
    )
    arrays = answered(
        frame({"p2": [1.5, 2.5], "city": ["a", "b"], "other": [None, None], "p1": [3, 4]}),
        f32("x", 2),
        kinds("town", ["a", "b"]),
        program=program,
    )
    assert arrays["x"].tolist() == [[1.5, 3], [2.5, 4]]
    assert arrays["town"].tolist() == [0, 1]


def test_the_only_input_takes_a_frame_as_its_array(frame: Callable[..., Any]) -> None:
    data = {"a": [1, 2], "b": [0.5, 1.5]}
    assert answered(frame(data), f32("x", 2))["x"].tolist() == [[1, 0.5], [2, 1.5]]
    assert answered(frame({"a": [1, 2]}), f32("a"))["a"].tolist() == [1, 2]


def test_columns_of_frames_by_name(frame: Callable[..., Any]) -> None:
    made = frame({"a": [1, 2], "b": [True, False]})
    if isinstance(made, pa.RecordBatchReader):
        made = made.read_all()
    data = load_inputs({"x": made["a"], "y": made["b"]}, None, [f32("x"), binary("y", role="input")])
    assert [data.arrays[name].tolist() for name in "xy"] == [[1, 2], [1, 0]]


def test_lists_in_columns_are_vectors() -> None:
    vectors = [[1.0, 2.0], [3.0, 4.0]]
    for frame in (
        pd.DataFrame({"v": vectors}),
        pd.DataFrame({"v": [np.array(v) for v in vectors]}),
        pl.DataFrame({"v": vectors}),
        pl.DataFrame({"v": vectors}, schema={"v": pl.Array(pl.Float32, 2)}),
        pa.table({"v": vectors}),
    ):
        assert answered(frame, f32("v", 2))["v"].tolist() == vectors


def test_a_row_without_a_vector_is_missing() -> None:
    for frame in (pd.DataFrame({"v": [[1.0, 2.0], None]}), pl.DataFrame({"v": [[1.0, 2.0], None]})):
        message = refused(frame, f32("v", 2))
        assert message == 'the given data, row 1 (from 0), column "v"[0] is empty or NaN (and 1 more value)'


def test_labels_need_not_be_text() -> None:
    frame = pd.DataFrame(np.arange(6).reshape(2, 3))
    table = given_frame(frame)
    assert table is not None
    assert table.names == ("0", "1", "2")
    assert table.numbers(["2", "0"])[0].tolist() == [[2, 0], [5, 3]]


def test_columns_that_are_not_bound_are_left_alone(frame: Callable[..., Any]) -> None:
    data = {"x": [1, 2], "day": [datetime.date(2026, 1, 1)] * 2, "z": [3, 4]}
    arrays = answered(frame(data), f32("x"), f32("z"))
    assert (arrays["x"].tolist(), arrays["z"].tolist()) == ([1, 2], [3, 4])


def test_pandas_and_polars_need_no_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [FRAMES["pandas"](COLUMNS), FRAMES["polars"](COLUMNS)]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for frame in frames:
        table = given_frame(frame)
        assert isinstance(table, Given)
        assert decoded(table.coded(["city"])[0]) == COLUMNS["city"]
    with pytest.raises(Failure) as failure:
        given_frame(pa.table({"x": [1]}))
    assert failure.value.diagnostics[0].code == "NN507"


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int64", "uint64"])
@given(data=st.data())
def test_whole_numbers_of_any_width_are_themselves_as_kinds(dtype: str, data: st.DataObject) -> None:
    """Also at the ends of a type, where differences overflow."""
    ends = (False, True) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    near = st.sampled_from([*range(int(ends[0]), int(ends[0]) + 2), *range(int(ends[1]) - 1, int(ends[1]) + 1)])
    numbers = data.draw(st.lists(near | st.integers(int(ends[0]), int(ends[1])), min_size=1, max_size=8))
    coded, _ = GivenArrays({"x": np.array(numbers, dtype)}).coded(["x"])
    assert decoded(coded) == [int(number) for number in np.array(numbers, dtype)]


# ---------------------------------------------------------------- wrong ones


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([datetime.date(2026, 1, 1)], "date32[day]|datetime64|type date"),
        ([datetime.datetime(2026, 1, 1)], "timestamp|datetime64"),
        ([Decimal("1.5")], "decimal128|type Decimal"),
        ([{"a": 1}], "struct|type dict"),
        ([b"a"], "binary|type bytes"),
    ],
    ids=lambda values: type(values[0]).__name__ if isinstance(values, list) else "",
)
def test_columns_that_are_no_values(frame: Callable[..., Any], values: list[Any], message: str) -> None:
    said = refused(frame({"x": values, "z": [1.0]}), f32("x"), f32("z"))
    assert any(part in said for part in message.split("|")), said


@pytest.mark.parametrize(
    ("given", "declared", "message"),
    [
        ({"x": pd.Series(["a"])}, f32("x"), '"x" in the given data holds text, but `x` is f32'),
        (
            {"x": pd.Series(["a", 1, 2], dtype=object)},
            kinds("x"),
            "the given data, x[1] is of Python's type int, but the given data, x[0] is of type str",
        ),
        (
            pd.DataFrame({"x": [1, None, True], "z": [1, 1, 1]}, dtype=object),
            f32("x"),
            'the given data, row 2 (from 0), column "x" is of Python\'s type bool, but the given data, row 0 (from 0), '
            'column "x" is of type int',
        ),
        ({"x": [2**64]}, i64("x"), 'array "x" of the given data is of whole numbers beyond 64 bits'),
        ({"x": [2**63]}, i64("x"), 'the given data, x[0]: "9223372036854775808" is too large for i64'),
        ({"x": [1.5]}, i64("x"), 'the given data, x[0]: "1.5" is not a whole number'),
        ({"x": [[1], [1, 2]]}, f32("x", 1), '"x" in the given data is no array: its rows have different shapes'),
        ({"x": pl.Series([[1], [1, 2]])}, f32("x", 1), '"x" in the given data is no array: its rows have different'),
        ({"x": pa.array([[1], [1, 2]])}, f32("x", 1), 'row 1 (from 0), column "x" holds a list of 2, but the first'),
        ({"x": pd.Series([], dtype=float)}, f32("x"), 'the given data, "x" holds no rows'),
        ({"x": pd.Series([1, None], dtype="Int64")}, f32("x"), "the given data, x[1] is empty or NaN"),
        ({"x": np.ma.array([1, 2, 9], mask=[0, 0, 1])}, f32("x"), "the given data, x[2] is empty or NaN"),
        ({"x": np.ma.array([[1.0, 2.0]], mask=[[0, 1]])}, f32("x", 2), "the given data, x[0, 1] is empty or NaN"),
        ({"x": np.ma.array(["a", "b"], mask=[1, 0])}, kinds("x"), "the given data, x[0] is empty or NaN"),
        ({"x": [None, None]}, f32("x"), "the given data, x[0] is empty or NaN (and 1 more value)"),
        (pl.DataFrame({"a": [1], "b": [2]}), f32("x"), "`x` is f32, but 2 columns"),
        ({"x": np.array([1 + 2j])}, f32("x"), "elements of NumPy's type complex128"),
        ({"x": None}, f32("x"), '"x" in the given data is no array: it is of type NoneType'),
        ({1, 2}, f32("x"), '"x" in the given data is no array: it is of type set'),
        (pl.LazyFrame({"x": [1]}), f32("x"), "no array: it is of type LazyFrame (collect it first)"),
    ],
)
def test_wrong_columns(given: Any, declared: Declared, message: str) -> None:
    assert message in refused(given, declared)


def test_what_helps_with_dates(frame: Callable[..., Any]) -> None:
    with pytest.raises(Failure) as failure:
        answered(frame({"x": [datetime.datetime(2026, 1, 1)], "z": [1]}), f32("x"), f32("z"))
    help = failure.value.diagnostics[0].help()
    assert help is not None
    assert help.text.startswith("write what the network is to learn from as numbers")


def test_two_columns_of_one_label() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"])
    assert answered(frame, f32("b"))["b"].tolist() == [3]
    assert refused(frame, f32("a")) == 'the given data has 2 columns called "a"'
