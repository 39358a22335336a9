"""A cell is the same number, or the same mistake, in whichever way it is read; Python's `float` is the oracle."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nndsl.data import csv_cells, csv_records
from nndsl.data.csv import CsvTable
from nndsl.data.csv_records import Records, read_records
from nndsl.data.csv_text import Layout

WRITTEN = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*|\s*[+-]?inf(inity)?\s*", re.IGNORECASE | re.ASCII)


def oracle(cell: str, decimal: str) -> float | None:
    """What a cell is by the documented rules: a number, NaN where it is missing, None where it is wrong."""
    word = cell.strip()
    if not word or word.lower() in ("nan", "+nan", "-nan"):
        return float("nan")
    if decimal == ",":
        word = "wrong" if "." in word else word.replace(",", ".")
    return float(word) if WRITTEN.fullmatch(word) else None


@pytest.fixture(params=["pyarrow", "numpy"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Files of any size by pyarrow where it is sure, or as where it is not installed; blocks of a few lines."""
    monkeypatch.setattr(csv_cells, "MUCH", 0)
    monkeypatch.setattr(csv_records, "BLOCK", 40)
    if request.param == "numpy":
        monkeypatch.setattr(csv_cells, "_pyarrow", lambda characters: None)
    return str(request.param)


def table(rows: list[list[str]], separator: str = ",", decimal: str = ".") -> CsvTable:
    layout = Layout(separator, decimal, len(rows[0]), None)
    text = "\n".join(separator.join(row) for row in rows)
    return CsvTable("a.csv", None, read_records(text, "a.csv", None, layout))


def bits(values: list[float]) -> bytes:
    """Their bits, with one NaN for all."""
    return np.array([np.nan if value != value else value for value in values]).tobytes()


digits = st.text("0123456789", max_size=25)
plain = st.builds("{}{}.{}".format, st.sampled_from(["", "-"]), digits, digits)
scaled = st.builds("{}e{}".format, plain, st.integers(-250, 310))
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map("{:.6f}".format),
    st.integers(-(2**70), 2**70).map(str),
    plain,
    scaled,
)
ODD = """
nan NaN -nan +NAN nan(1) nan() inf -Inf +infinity Infinity infinit +1 +.5 ++1 -+1 --1 - . e5 1e 1e+ 1e5. 1. .5 -0 -0.0
007 NA N/A null None #N/A 1_000 1__0 _1 0x1F 0X1p3 1d5 1f 1L 1,5 0b1 true 1e400 -1e400 1e-400 8.5e-1074 1e23
2.2250738585072014e-308 1.7976931348623159e308 9007199254740993 ٣ １"""
odd = st.sampled_from([*ODD.split(), "", " ", " 1", "1  ", "\t1", "\f1", "1\xa0", "\xa0"])


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=12).map(lambda rows: [*map(list, rows)]))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_are_those_of_python(rows: list[list[str]]) -> None:
    values, misfit = table(rows).numbers(["column_3", "column_1"])
    wrong = [cell for row in rows for cell in row[::2] if oracle(cell, ".") is None]
    if wrong:  # a sign or a point alone
        assert misfit
        assert misfit.more == len(wrong) - 1
    else:
        assert misfit is None
        assert values.tobytes() == np.array([[float(row[2]), float(row[0])] for row in rows]).tobytes()


@given(st.lists(st.tuples(st.one_of(odd, numbers), st.one_of(odd, plain)).map(list), min_size=1, max_size=8))
@example([["1", "nan(1)"]])
@example([["", ""], ["1", ""]])
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_cells_are_the_same_in_every_way_of_reading(rows: list[list[str]]) -> None:
    for separator, decimal in ((";", "."), (";", ","), ("\t", "."), ("|", ",")):
        if any(separator in cell for row in rows for cell in row):
            continue
        values, misfit = table(rows, separator, decimal).numbers(["column_1", "column_2"])
        expected = [[oracle(cell, decimal) for cell in row] for row in rows]
        wrong = [(i, j) for i, row in enumerate(expected) for j, value in enumerate(row) if value is None]
        if wrong:
            i, j = wrong[0]
            assert misfit
            assert (misfit.index, misfit.text, misfit.more) == ((i, j), rows[i][j], len(wrong) - 1)
        else:
            assert misfit is None
        found = [0.0 if expected[i][j] is None else values[i, j] for i in range(len(rows)) for j in range(2)]
        assert bits(found) == bits([0.0 if value is None else value for row in expected for value in row])


@given(st.lists(st.one_of(odd, numbers, st.just("")), min_size=1, max_size=8).filter(lambda cells: cells[-1] != ""))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_blank_line_of_one_column_is_a_missing_number(cells: list[str]) -> None:
    values, misfit = table([[cell] for cell in cells], ";").numbers(["column_1"])
    expected = [oracle(cell, ".") for cell in cells]
    assert (misfit is None) == (None not in expected)
    if misfit is None:
        assert bits(values[:, 0].tolist()) == bits([value for value in expected if value is not None])


words = st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n",'), max_size=6)


@given(st.lists(st.tuples(words, st.one_of(odd, words)).map(list), min_size=1, max_size=12))
@example([["nan", "NaN"], ["", " "], ["ａ", "é"], ["null", "NULL"], ["1", "1.0"], ["true", "\x1f"]])
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kinds_are_the_cells_as_they_are_written(rows: list[list[str]]) -> None:
    rows = [[cell.replace(",", ";") for cell in row] for row in rows]
    coded, misfit = table(rows).coded(["column_2", "column_1"])
    assert misfit is None
    found = [[None if code < 0 else coded.distinct[code] for code in row] for row in coded.codes.tolist()]
    assert found == [[None if oracle(cell, ".") != oracle(cell, ".") else cell for cell in row[::-1]] for row in rows]
    assert len(set(coded.distinct)) == len(coded.distinct)


def test_common_numbers_and_gaps_go_the_quick_way(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By pyarrow; by NumPy where it is not there; cell by cell only what neither is sure of."""
    ways: list[str] = []
    for name in ("_by_numpy", "_by_cell"):
        way = getattr(csv_cells, name)
        monkeypatch.setattr(csv_cells, name, lambda *block, way=way, name=name: ways.append(name) or way(*block))
    gaps = table([["0.5", "1"], ["-3e4", "nan"], ["", ""]])
    assert gaps.numbers(["column_1", "column_2"])[1] is None
    assert table([["0.5", "1"]]).numbers(["column_1"])[1] is None
    assert ways == ([] if reader == "pyarrow" else ["_by_numpy"] * 2)
    assert table([[" ", "1"]]).numbers(["column_1"])[1] is None
    assert ways[-2:] == ["_by_numpy", "_by_cell"]


def test_records_are_cut_into_blocks_between_lines() -> None:
    records = table([[str(i), "x" * (i % 7)] for i in range(100)]).records
    assert isinstance(records, Records)
    blocks = list(records.blocks())
    assert len(blocks) > 5
    assert "\n".join(block.text or "" for block in blocks) == records.text
    assert [cell for block in blocks for cell in block.columns([0])[0]] == [str(i) for i in range(100)]
    assert sum(block.rows for block in blocks) == len(records) == 100
