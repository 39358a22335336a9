"""Reading CSV: what a file's cells become, however they are written; the csv module is the oracle for quoting."""

from __future__ import annotations

import csv
import gzip
import io
from functools import partial
from typing import Any

import numpy as np
import pytest
from data_files import Files, binary, f32, i64, kinds, section, select
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndsl.data.csv_records import read_records
from nndsl.data.csv_text import Layout
from nndsl.data.load import load, load_inputs
from nndsl.source import Source, Span

WHERE = Span(Source("program.nn", ""), 0, 0)


def columns(files: Files, text: str | bytes, declared: list[Any], **options: Any) -> dict[str, list[Any]]:
    splits = load(section(files.csv(text, **options)), declared)
    return {name: array.tolist() for name, array in splits.train.arrays.items()}


XY = [f32("x"), f32("y")]
packed = partial(gzip.compress, mtime=0)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("x,y\n1,2\n3,4\n", {}),
        ("x,y\n1,2\n3,4", {}),
        ("x,y\r\n1,2\r\n3,4\r\n", {}),
        ("x,y\r1,2\r3,4\r", {}),
        ("\n\nx,y\n\n1,2\n\n3,4\n\n\n", {}),
        (b"\xef\xbb\xbfx,y\n1,2\n3,4\n", {}),
        ("x,y\n1,2\n3,4\n".encode("utf-16"), {}),
        (packed(b"x,y\n1,2\n3,4\n"), {}),
        (packed(b"x,y\n1,2\n") + packed(b"3,4\n"), {}),
        ("x;y\n1;2\n3;4\n", {}),
        ("x\ty\n1\t2\n3\t4\n", {}),
        ("x|y\n1|2\n3|4\n", {"separator": "|"}),
        ('"x","y"\n"1","2"\n"3","4"\n', {}),
        ('x,y\n 1 ,"2"\n3.0,4e0\n', {}),
        ("x;y\n1,0;2,00\n3;0,4e1\n", {"decimal": ","}),
        ('"x";"y"\n"1,0";"2"\n3;"4"\n', {"decimal": ","}),
        ("y,z,x\n2,tall,1\n4,short,3\n", {}),
        ("y,x,note\n2,1,\n4,3,\n", {}),
    ],
)
def test_the_same_numbers_however_they_are_written(files: Files, text: str | bytes, options: dict[str, Any]) -> None:
    assert columns(files, text, XY, **options) == {"x": [1, 3], "y": [2, 4]}


def test_without_a_header_columns_are_numbered(files: Files) -> None:
    declared = [f32("column_2"), f32("column_1")]
    assert columns(files, "1,2\n3,4\n", declared, header=False) == {"column_2": [2, 4], "column_1": [1, 3]}


def test_cells_with_separators_quotes_and_line_ends(files: Files) -> None:
    text = 'x,c\n1,"a,b"\n2,"say ""ah"""\n3,"two\nlines"\n4,"a,b"\n'
    splits = load(section(files.csv(text)), [f32("x"), kinds("c")])
    names = splits.facts.classes["c"].names
    assert names == ("a,b", 'say "ah"', "two\nlines")
    assert splits.train.arrays["c"].tolist() == [0, 1, 2, 0]


def test_encoding(files: Files) -> None:
    text = "x,c\n1,café\n2,thé\n".encode("latin-1")
    splits = load(section(files.csv(text, encoding="latin-1")), [f32("x"), kinds("c")])
    assert splits.facts.classes["c"].names == ("café", "thé")


def test_columns_keep_the_order_of_the_file_within_a_pattern_and_of_the_patterns_among_each_other(files: Files) -> None:
    program = section(
        files.csv("p_2,q,p_10,p_1\n1,2,3,4\n"),
        bindings={"x": select("columns", "q", "p_*")},
    )
    assert load(program, [f32("x", 4)]).train.arrays["x"].tolist() == [[2, 1, 3, 4]]


def test_numbers_are_rounded_once_to_the_nearest_f32(files: Files) -> None:
    texts = ["0.1", "16777217", "3.4028234e38", "1e-46", "-0.0", ".5", "5.", "+2"]
    values = columns(files, "x\n" + "\n".join(texts) + "\n", [f32("x")])["x"]
    assert values == [float(np.float32(text)) for text in texts]


def test_large_indices_are_exact(files: Files) -> None:
    numbers = [2**53 + 1, -(2**63), 2**63 - 1, 7]
    text = "n\n" + "\n".join(map(str, numbers)) + "\n"
    assert columns(files, text, [i64("n")])["n"] == numbers


def test_binary_words_in_any_case(files: Files) -> None:
    words = "1 true YES y T 1.0 0 False no N f 0.".split()
    text = "b\n" + "\n".join(words) + "\n"
    assert columns(files, text, [binary("b")])["b"] == [1.0] * 6 + [0.0] * 6


def test_several_columns_as_one_value(files: Files) -> None:
    program = section(files.csv("a,b\nyes,no\nno,no\n"), bindings={"flags": select("columns", "*")})
    assert load(program, [binary("flags", 2)]).train.arrays["flags"].tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(), (1,)])
def test_one_column_is_a_number_or_an_axis_of_one(files: Files, shape: tuple[int, ...]) -> None:
    array = load(section(files.csv("x\n1\n2\n")), [f32("x", *shape)]).train.arrays["x"]
    assert array.shape == (2, *shape)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@given(st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=6)))
@settings(deadline=None, max_examples=300)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]]) -> None:
    """Any text survives but line ends of old Macs, which are line ends here, and rows that are nothing but empty."""
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
        records = read_records(text.getvalue(), "a.csv", WHERE, Layout(",", ".", len(rows[0]), None))
        width = len(rows[0])
        (block,) = records.blocks()
        assert [list(row) for row in zip(*block.columns(range(width)), strict=True)] == rows


numbers = st.floats(width=64, allow_nan=False, allow_infinity=False, min_value=-3e38, max_value=3e38)


@given(
    st.lists(st.tuples(numbers, st.one_of(st.none(), numbers)), min_size=1, max_size=20),
    st.sampled_from([",", ";", "\t"]),
)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_missing_numbers_are_kept_in_their_rows(
    files: Files, rows: list[tuple[float, float | None]], sign: str
) -> None:
    """The fast way through NumPy and the way cell by cell give the same numbers."""
    text = f"x{sign}y\n" + "".join(f"{x!r}{sign}{'' if y is None else repr(y)}\n" for x, y in rows)
    arrays = load(section(files.csv(text), missing="keep"), XY).train.arrays
    np.testing.assert_array_equal(arrays["x"], np.array([x for x, _ in rows], np.float32))
    expected = np.array([np.nan if y is None else y for _, y in rows], np.float32)
    np.testing.assert_array_equal(arrays["y"], expected)


@pytest.mark.parametrize("name", ["new.csv.gz", "NEW.TSV.GZ", "new.tsv", "new.txt"])
def test_a_file_to_predict_is_text_by_its_ending(files: Files, name: str) -> None:
    content = b"x\ty\n1\t2\n3\t4\n"
    (files.folder / name).write_bytes(packed(content) if name.lower().endswith(".gz") else content)
    assert load_inputs(name, None, XY).arrays["y"].tolist() == [2, 4]
