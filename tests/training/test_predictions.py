"""Predictions in files: what pandas, NumPy and Python read is what was written, whatever the pieces."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas
import pytest

from nndsl.diagnostics import Failure
from nndsl.training.predictions import FORMATS, columns_of, writer

ROWS = {
    "id": np.array(["007", None, "a,b", 'c"d\n', "naïve\u2028"], object),
    "label": np.array(["no", "yes", "no", "no", "yes"]),
    "digit": np.array([3, 1, 2**62 + 1, -4, 0]),
    "p": np.array([[0.1, 1 / 3], [1e-45, 3.4e38], [0, -0.0], [1, 16777216], [1e-7, 123456.7]], np.float32),
}


def written(kind: str, *pieces: Mapping[str, Any]) -> bytes:
    content = io.BytesIO()
    target = writer(kind, content)
    for piece in pieces:
        target.write(piece)
    target.finish()
    return content.getvalue()


def cut(rows: Mapping[str, Any], *ends: int) -> list[dict[str, Any]]:
    return [{name: values[a:b] for name, values in rows.items()} for a, b in zip((0, *ends), (*ends, 5), strict=True)]


def floats(texts: Any) -> list[list[float]]:
    """As float32 and exact: what is written short reads back the same."""
    return np.array(texts, np.float32).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "npz"])
def test_pieces_do_not_show(kind: str) -> None:
    assert written(kind, *cut(ROWS, 1, 4)) == written(kind, ROWS)


def test_csv_is_what_pandas_reads() -> None:
    frame = pandas.read_csv(io.BytesIO(written("csv", ROWS)), dtype=str, keep_default_na=False)
    assert list(frame) == ["id", "label", "digit", "p_0", "p_1"]
    assert frame["id"].tolist() == ["007", "", "a,b", 'c"d\n', "naïve\u2028"]
    assert frame["label"].tolist() == ROWS["label"].tolist()
    assert frame["digit"].map(int).tolist() == ROWS["digit"].tolist()
    assert frame["p_0"][0] == "0.1"
    assert floats(frame[["p_0", "p_1"]]) == ROWS["p"].tolist()


def test_json_lines_are_objects_with_lists() -> None:
    lines = [json.loads(line) for line in written("jsonl", ROWS).decode().split("\n")[:-1]]
    assert lines[0] == {"id": "007", "label": "no", "digit": 3, "p": [0.1, 0.33333334]}
    assert lines[1]["id"] is None
    assert lines[2]["digit"] == 2**62 + 1
    assert floats([line["p"] for line in lines]) == ROWS["p"].tolist()


def test_what_is_not_finite_is_null_in_json_and_itself_in_csv() -> None:
    rows = {"y": np.array([1.5, np.nan, -np.inf], np.float32)}
    assert [json.loads(line)["y"] for line in written("jsonl", rows).splitlines()] == [1.5, None, None]
    assert written("csv", rows).decode() == "y\n1.5\nnan\n-inf\n"


def test_an_archive_has_the_arrays() -> None:
    with np.load(io.BytesIO(written("npz", *cut(ROWS, 2)))) as archive:
        assert set(archive) == {"id", "label", "digit", "p"}
        assert archive["p"].dtype == np.float32
        assert archive["p"].tolist() == ROWS["p"].tolist()
        assert archive["digit"].tolist() == ROWS["digit"].tolist()
        assert archive["label"].tolist() == ROWS["label"].tolist()
        assert archive["id"].tolist() == ["007", "", "a,b", 'c"d\n', "naïve\u2028"]


def test_parquet_is_what_pandas_reads() -> None:
    frame = pandas.read_parquet(io.BytesIO(written("parquet", *cut(ROWS, 2, 3))))
    assert list(frame) == ["id", "label", "digit", "p_0", "p_1"]
    assert frame["p_0"].dtype == np.float32
    assert floats(frame[["p_0", "p_1"]]) == ROWS["p"].tolist()
    assert frame["digit"].tolist() == ROWS["digit"].tolist()
    assert frame["id"].isna().tolist() == [False, True, False, False, False]
    assert frame["id"].fillna("").tolist() == ["007", "", "a,b", 'c"d\n', "naïve\u2028"]


def test_a_parquet_column_that_changes_its_type_is_refused() -> None:
    with pytest.raises(Failure) as failure:
        written("parquet", {"x": np.array([1])}, {"x": np.array([1.5])})
    assert failure.value.diagnostics[0].code == "NN502"


@pytest.mark.parametrize("kind", FORMATS)
def test_rows_may_be_none(kind: str) -> None:
    assert written(kind, {name: values[:0] for name, values in ROWS.items()}) is not None


def test_columns_have_names_of_their_own() -> None:
    y = np.array([[1, 2], [3, 4]], np.float32)
    rows = {"y": y, "y_0": np.array([5, 6]), "z": np.array(["a", "b"]), "one": y[:, :1, None]}
    assert list(columns_of(rows)) == ["y__0", "y__1", "y_0", "z", "one"]
    cube = np.arange(4, dtype=np.int64).reshape(1, 2, 2)
    assert written("csv", {"c": cube}) == b"c_0_0,c_0_1,c_1_0,c_1_1\n0,1,2,3\n"
    assert written("csv", {"c": cube[:0]}) == b"c_0_0,c_0_1,c_1_0,c_1_1\n"


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(Failure) as failure:
        writer("parquet", io.BytesIO())
    assert failure.value.exit_code == 4
    assert 'pip install "nndsl[arrow]"' in str(failure.value)
