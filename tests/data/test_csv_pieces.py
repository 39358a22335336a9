"""A CSV file in pieces: the same records at the same lines as when it is read at once, wherever it is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from data_files import Files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndsl.data.csv import open_csv
from nndsl.data.csv_pieces import CsvFile, end_of_records
from nndsl.data.table import Table
from nndsl.diagnostics import Failure

PLAIN = ["1", "-2.5e3", "", " ", "é", "inf", 'in"side', '5"', "日本"]
QUOTED = ['"a,b"', '"line\nend"', '"say ""hi"""', '""', '"\n\n"', '","', '""""']
WRONG = ['"open', '"shut"up']
FORMS = [("\n", "utf-8"), ("\r\n", "utf-8"), ("\r", "utf-8"), ("\r\n", "utf-8-sig"), ("\n", "utf-16"), ("\n", "cp1252")]

CELLS = st.sampled_from(PLAIN) | st.sampled_from(QUOTED)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Records of one to three cells, blank lines between them; now and then a ragged one, or quotes that do not fit."""
    width = draw(st.integers(1, 3))
    lines = [",".join(f"c{i}" for i in range(width))]
    for _ in range(draw(st.integers(0, 8))):
        cells = draw(st.lists(CELLS, min_size=width, max_size=width))
        odd = draw(st.integers(0, 60))
        if odd == 0:
            cells = cells[1:] or ["1", "2"]
        elif odd == 1:
            cells[-1] = draw(st.sampled_from(WRONG))
        lines.append("" if odd in (2, 3, 4, 5) else ",".join(cells))
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n\n"]))


Read = tuple[tuple[str, ...], list[list[str | None]], list[str]] | str
"""The names, the cells (None where one is missing) and where each record stands; or what is wrong."""


def read(tables: Any) -> Read:
    names: tuple[str, ...] = ()
    cells: list[list[str | None]] = []
    places: list[str] = []
    try:
        for table in tables():
            assert isinstance(table, Table)
            names = table.names
            coded, _ = table.coded(names)
            cells += [[coded.distinct[code] if code >= 0 else None for code in row] for row in coded.codes.tolist()]
            places += [table.row_place(row) for row in range(table.rows(names[0]))]
    except Failure as failure:
        return str(failure)
    return names, cells, places


@given(text=texts(), form=st.sampled_from(FORMS), header=st.booleans(), rows=st.sampled_from([1, 2, 5, 1000]))
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_are_the_whole(files: Files, text: str, form: tuple[str, str], header: bool, rows: int) -> None:
    end, encoding = form
    options: dict[str, Any] = {"separator": ",", "header": header}
    if encoding == "cp1252":
        text, options = text.replace("日本", "fin"), {**options, "encoding": encoding}
    Path("a.csv").write_bytes(text.replace("\n", end).encode(encoding))
    whole = read(lambda: [open_csv("a.csv", None, 10**9, **options)])
    assert read(lambda: CsvFile("a.csv", None, 10**9, **options).pieces(rows)) == whole


def test_pieces_are_about_as_large_as_they_should_be(files: Files) -> None:
    Path("a.csv").write_text("x,y\n" + "1234,5678\n" * 1000)
    sizes = [piece.rows("x") for piece in CsvFile("a.csv", None, 10**9).pieces(100)]
    assert sum(sizes) == 1000
    assert max(sizes) <= 100
    assert len(sizes) < 15


def test_places_of_the_whole_file_are_found_through_its_pieces(files: Files) -> None:
    Path("a.csv").write_text('x,y\n1,"2\n3"\n\n4,5\n')
    table = CsvFile("a.csv", None, 10**9)
    assert table.rows("x") == 2
    assert table.place(["x", "y"], (1, 1)) == 'a.csv, line 5, column "y"'


@pytest.mark.parametrize(
    ("block", "records"),
    [
        (b"1,2\n3,4", b"1,2\n"),
        (b'1,"2\n3",4', b""),
        (b'1,"2\n3"\n4,"5\n', b'1,"2\n3"\n'),
        (b'1,"2""\n3"\n4', b'1,"2""\n3"\n'),
        (b'5" pipe,1\n6,2', b'5" pipe,1\n'),
        (b'5" pipe,"a\nb"\n6" pipe,"c\n', b'5" pipe,"a\nb"\n'),
        (b"1\n\n\n", b"1\n"),
        (b"\n\n", b""),
        (b"no end", b""),
    ],
)
def test_where_the_last_whole_record_ends(block: bytes, records: bytes) -> None:
    assert block[: end_of_records(block, b",")] == records


def test_an_encoding_of_several_bytes_is_cut_between_characters(files: Files) -> None:
    """In Big5 the second byte of 許 is 0x5C, and in UTF-16 every byte may be anything."""
    rows = [["許", "功"], ["蓋", '"']] * 5
    for encoding in ("big5", "utf-16-le", "shift_jis"):
        text = "a|b\n" + "".join("|".join(row) + "\n" for row in rows if encoding != "shift_jis" or row[0] != "許")
        Path("a.csv").write_bytes(text.replace('"', "x").encode(encoding))
        options: dict[str, Any] = {"separator": "|", "encoding": encoding}
        found = read(lambda options=options: CsvFile("a.csv", None, 10**9, **options).pieces(1))
        assert found == read(lambda options=options: [open_csv("a.csv", None, 10**9, **options)])
