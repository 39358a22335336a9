"""Wrong files and wrong combinations of them: what is refused before, or after, their values are looked at."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from data_files import Files, binary, f32, kinds, refusals, section, select, told

from nndsl.data.load import load_inputs
from nndsl.diagnostics import Edit, Failure, Help
from nndsl.graph.sizes import symbol
from nndsl.model.sections import Selection
from nndsl.source import Source, Span

XY = [f32("x"), f32("y", role="target")]
XC = [f32("x"), kinds("c")]


# ---------------------------------------------------------------- files themselves


def test_a_file_that_is_missing_is_told_with_its_neighbour(files: Files) -> None:
    files.csv("x,y\n1,2\n", "digits.csv")
    (diagnostic,) = refusals(section(files.call("csv", "digit.csv")), XY)
    assert told(diagnostic) == ("there is no file digit.csv", "did you mean digits.csv?")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (os.mkdir, "a is a folder, not a file"),
        (os.mkfifo, "a is a named pipe, not a file"),
        (lambda path: os.symlink("/dev/zero", path), "a is a device, not a file"),
        (lambda path: os.symlink("a", path), "a cannot be read: its links lead in a circle"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_only_regular_files_are_opened(files: Files, make: Callable[[str], None], message: str, kind: str) -> None:
    make("a")
    (diagnostic,) = refusals(section(files.call(kind, "a")), XY)
    assert diagnostic.message == message


@pytest.mark.parametrize(
    ("name", "message"),
    [("x" * 5000, "the name is too long"), ("a\0b", "the path holds characters that no file name may")],
)
def test_impossible_names(files: Files, name: str, message: str) -> None:
    (diagnostic,) = refusals(section(files.call("csv", name)), XY)
    assert diagnostic.message.endswith(f"cannot be read: {message}")


def test_an_unreadable_file(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    source = files.csv("x,y\n1,2\n")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # tests may run as root, who may read everything
    (diagnostic,) = refusals(section(source), XY)
    assert diagnostic.message == "a.csv cannot be read: permission denied"


def test_an_enormous_csv_is_refused_by_its_size_alone(files: Files) -> None:
    with open("a.csv", "wb") as file:
        file.truncate(10**12)  # a hole: it takes no room on the disk
    (diagnostic,) = refusals(section(files.call("csv", "a.csv")), XY)
    assert diagnostic.message == "a.csv takes 6.0 TB of memory, but 4.0 GB are allowed"


# ---------------------------------------------------------------- several sources, sizes, splits


def test_an_unknown_source(files: Files) -> None:
    (diagnostic,) = refusals(section(files.call("cvs", "a.csv")), XY)
    assert told(diagnostic) == ("there is no data source `cvs`", "did you mean `csv`?")


def test_a_misspelt_column_comes_with_its_edit(files: Files) -> None:
    source = Source("program.nn", 'x = columns("width", "heigth")')
    place = Span(source, 4, len(source.text))
    bindings = {"x": Selection("columns", ("width", "heigth"), place)}
    (diagnostic,) = refusals(section(files.csv("width,height\n1,2\n"), bindings=bindings), [f32("x", 2)])
    assert diagnostic.help() == Help('did you mean "height"?', Edit(place, 'columns("width", "height")'))


def test_joined_files_must_have_the_same_columns(files: Files) -> None:
    program = section(
        files.csv("p1,p2\n1,2\n"), files.csv("p1,p3\n1,2\n", "b.csv"), bindings={"x": select("columns", "p*")}
    )
    (diagnostic,) = refusals(program, [f32("x", 2)])
    assert (
        diagnostic.message == '`x` is made of other columns in b.csv than in a.csv: "p2" and "p3" only in one of them'
    )


def test_a_free_size_has_one_value(files: Files) -> None:
    time = symbol("time")
    program = section(files.npz({"x": np.zeros((3, 5, 2)), "y": np.zeros((3, 6))}))
    (diagnostic,) = refusals(program, [f32("x", time, 2), f32("y", time)])
    assert diagnostic.message == "the size `time` is 5 in `x` (a.npz), but 6 in `y` (a.npz)"


def test_a_size_that_nothing_determines(files: Files) -> None:
    n, m = symbol("n"), symbol("m")
    (first, second) = refusals(section(files.npz({"x": np.zeros((3, 6))})), [f32("x", n * m)])
    assert first.message == "the data do not say how large `m` is"
    assert second.message == "the data do not say how large `n` is"


def test_a_size_of_a_half(files: Files) -> None:
    n = symbol("n")
    (diagnostic,) = refusals(section(files.npz({"x": np.zeros((3, 5))})), [f32("x", n * 2)])
    assert diagnostic.message == "the data do not say how large `n` is"


def test_a_kind_that_training_never_saw(files: Files) -> None:
    train = files.csv("x,c\n1,cat\n2,dog\n", "train.csv")
    test = files.csv("x,c\n1,cat\n2,cow\n", "test.csv")
    (diagnostic,) = refusals(section(train=(train,), test=(test,)), XC)
    assert diagnostic.message == 'test.csv, line 3, column "c": "cow" is not a kind of `c`'
    assert next(iter(diagnostic.labels())).text == 'its kinds are "cat" and "dog"'


def test_everything_that_is_wrong_is_told_at_once(files: Files) -> None:
    program = section(files.csv("x,y,b,c\n1,,2,0\nq,2,yes,5\n"))
    declared = [*XY, binary("b"), kinds("c", 3)]
    assert [diagnostic.message for diagnostic in refusals(program, declared)] == [
        'a.csv, line 3, column "x": "q" is not a number',
        'a.csv, line 2, column "b": "2" is not binary',
    ]


def test_no_rows_to_train_on(files: Files) -> None:
    (diagnostic,) = refusals(section(test=(files.csv("x,y\n1,2\n"),)), XY)
    assert diagnostic.message == "`data` names no rows to train on"


def test_a_source_that_no_split_takes(files: Files) -> None:
    source = files.csv("x,y\n1,2\n")
    (diagnostic,) = refusals(section(source, train=(source,)), XY)
    assert diagnostic.message == "no split takes rows of `source`"


# ---------------------------------------------------------------- data to predict


@pytest.mark.parametrize(
    ("given", "declared", "message"),
    [
        ({"y": [1.0]}, f32("x"), 'the given data has no array "x"'),
        ({"x": [[1.0], [1.0, 2.0]]}, f32("x"), '"x" in the given data is no array: its rows have different shapes'),
        ({"x": 3.0}, f32("x"), 'the given data, "x" holds no rows'),
        ({"x": np.zeros(64)}, f32("x", 64), '`x` is f32[64], but "x" in the given data has the shape [] for each row'),
        ({"x": ["a"]}, f32("x"), '"x" in the given data holds text, but `x` is f32'),
        ({"x": [{}]}, f32("x"), "the given data, x[0] is of Python's type dict, which is no value for a network"),
        ({"x": [1.0, np.nan]}, f32("x"), "the given data, x[1] is empty or NaN"),
        ({"c": ["a", "z"]}, kinds("c", ["a", "b"]), 'the given data, c[1]: "z" is not a kind of `c`'),
    ],
)
def test_given_arrays(given: dict[str, Any], declared: Any, message: str) -> None:
    with pytest.raises(Failure) as failure:
        load_inputs(given, None, [declared])
    assert [diagnostic.message for diagnostic in failure.value.diagnostics] == [message]


def test_a_file_of_an_unknown_kind_to_predict(files: Files) -> None:
    with pytest.raises(Failure) as failure:
        load_inputs("rows.docx", None, [f32("x")])
    assert failure.value.diagnostics[0].message == "there is no file rows.docx"
    open("rows.docx", "w").close()
    with pytest.raises(Failure) as failure:
        load_inputs("rows.docx", None, [f32("x")])
    assert failure.value.diagnostics[0].message == 'rows.docx ends in ".docx", which says nothing about what it holds'
