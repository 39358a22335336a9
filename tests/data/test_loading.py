"""From a `data` section to arrays: binding, classes, free sizes, missing rows, joined files, data to predict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import Files, binary, f32, i64, kinds, section, select, share, span

from nndsl.data.load import load, load_inputs
from nndsl.data.probe import probe
from nndsl.graph.sizes import symbol
from nndsl.model.network import Classes, Facts
from nndsl.model.sections import SourceCall

# ---------------------------------------------------------------- classes


@pytest.mark.parametrize(
    ("values", "declared", "classes", "indices"),
    [
        ("0 2 1 2", kinds("c"), Classes(3), [0, 2, 1, 2]),
        ("0 2 2", kinds("c", 5), Classes(5), [0, 2, 2]),
        ("1 4 2 4", kinds("c"), Classes(3, (1, 2, 4)), [0, 2, 1, 2]),
        ("10 9 10", kinds("c"), Classes(2, (9, 10)), [1, 0, 1]),
        ("b a c b", kinds("c"), Classes(3, ("a", "b", "c")), [1, 0, 2, 1]),
        ("b a B a", kinds("c"), Classes(3, ("B", "a", "b")), [2, 1, 0, 1]),
        ("b a c b", kinds("c", 3), Classes(3, ("a", "b", "c")), [1, 0, 2, 1]),
        ("yes no yes", kinds("c", ["no", "yes"]), Classes(2, ("no", "yes")), [1, 0, 1]),
        ("4 1 2", kinds("c", [1, 2, 4]), Classes(3, (1, 2, 4)), [2, 0, 1]),
        ("0.0 1.0 1", kinds("c"), Classes(2), [0, 1, 1]),
        ("1.0 1.1 1", kinds("c"), Classes(3, ("1", "1.0", "1.1")), [1, 2, 0]),
        ("007 7 07", kinds("c"), Classes(3, ("007", "07", "7")), [0, 2, 1]),
        ("0 1 x", kinds("c"), Classes(3, ("0", "1", "x")), [0, 1, 2]),
    ],
)
def test_classes_of_a_column(files: Files, values: str, declared: Any, classes: Classes, indices: list[int]) -> None:
    program = section(files.csv("c\n" + values.replace(" ", "\n") + "\n"))
    splits = load(program, [declared])
    assert splits.facts.classes == {"c": classes}
    assert splits.train.arrays["c"].tolist() == indices
    assert splits.train.arrays["c"].dtype == np.int64


@pytest.mark.parametrize(
    ("array", "classes", "indices"),
    [
        (np.array([2, 0, 1], np.uint8), Classes(3), [2, 0, 1]),
        (np.array([2.0, 0.0, 1.0]), Classes(3), [2, 0, 1]),
        (np.array([True, False]), Classes(2), [1, 0]),
        (np.array([10**12, -5, 10**12]), Classes(2, (-5, 10**12)), [1, 0, 1]),
        (np.array(["b", "a"]), Classes(2, ("a", "b")), [1, 0]),
        (np.array([b"b", b"a"]), Classes(2, ("a", "b")), [1, 0]),
    ],
)
def test_classes_of_an_array(files: Files, array: Any, classes: Classes, indices: list[int]) -> None:
    splits = load(section(files.npz({"c": array})), [kinds("c")])
    assert splits.facts.classes == {"c": classes}
    assert splits.train.arrays["c"].tolist() == indices


def test_names_are_those_of_the_training_rows_only(files: Files) -> None:
    train = files.csv("c\ndog\ncat\n", "train.csv")
    test = files.csv("c\nant\ncat\ndog\n", "test.csv")
    splits = load(section(train=(train,), test=(test,)), [kinds("c", unknown="other")])
    assert splits.facts.classes["c"] == Classes(2, ("cat", "dog"), "other")
    assert splits.test
    assert splits.test.arrays["c"].tolist() == [2, 0, 1]  # `ant`, which training never saw, comes after all others


def test_a_class_of_every_pixel(files: Files) -> None:
    masks = np.array([[[0, 1], [2, 1]], [[1, 1], [0, 0]]], np.uint8)
    array = load(section(files.npz({"mask": masks})), [kinds("mask", 3, 2, 2)]).train.arrays["mask"]
    np.testing.assert_array_equal(array, masks)


def test_the_classes_of_a_trained_model_are_kept(files: Files) -> None:
    program = section(files.csv("c\nb\nc\n"))
    splits = load(program, [kinds("c")], Facts(classes={"c": Classes(3, ("a", "b", "c"))}))
    assert splits.train.arrays["c"].tolist() == [1, 2]


# ---------------------------------------------------------------- binding and sizes


def test_renames_and_bindings_reach_the_same_thing(files: Files) -> None:
    arrays = {"x_train": np.ones((2, 3)), "y_train": np.array([0, 1])}
    declared = [f32("image", 3), kinds("digit", 2)]
    renamed = section(files.npz(arrays, renames={"image": "x_train", "digit": "y_train"}))
    bound = section(
        files.npz(arrays), bindings={"image": select("array", "x_train"), "digit": select("column", "y_train")}
    )
    for program in (renamed, bound):
        train = load(program, declared).train
        assert train.arrays["image"].tolist() == [[1, 1, 1], [1, 1, 1]]
        assert train.arrays["digit"].tolist() == [0, 1]


def test_two_names_may_swap(files: Files) -> None:
    source = files.csv("x,y\n1,2\n", renames={"x": "y", "y": "x"})
    train = load(section(source), [f32("x"), f32("y")]).train
    assert (train.arrays["x"].tolist(), train.arrays["y"].tolist()) == ([2], [1])


def test_brackets_are_no_pattern(files: Files) -> None:
    program = section(files.csv("p[0],p[1],p0\n1,2,3\n"), bindings={"x": select("columns", "p[*")})
    assert load(program, [f32("x", 2)]).train.arrays["x"].tolist() == [[1, 2]]


def test_arrays_of_one_number_a_row_side_by_side(files: Files) -> None:
    source = files.npz({"a": np.array([1, 2]), "b": np.array([3.5, 4])})
    program = section(source, bindings={"x": select("columns", "a", "b")})
    assert load(program, [f32("x", 2)]).train.arrays["x"].tolist() == [[1, 3.5], [2, 4]]


def test_free_sizes_are_solved(files: Files) -> None:
    time, n = symbol("time"), symbol("n")
    program = section(files.npz({"x": np.zeros((3, 5, 2)), "y": np.zeros((3, 11)), "z": np.zeros((3, 25))}))
    declared = [f32("z", n * time), f32("x", time, 2), f32("y", n * 2 + 1)]
    assert probe(program, declared).sizes == {"time": 5, "n": 5}


def test_columns_are_counted(files: Files) -> None:
    program = section(files.csv("p1,p2,p3\n1,2,3\n"), bindings={"x": select("columns", "p*")})
    assert probe(program, [f32("x", symbol("width"))]).sizes == {"width": 3}


def test_files_are_joined_by_rows_and_columns_by_name(files: Files) -> None:
    program = section(
        files.csv("p1,p2,c\n1,2,a\n"),
        files.csv("c,p2,p1\nb,4,3\na,6,5\n", "b.csv"),
        bindings={"x": select("columns", "p*")},
    )
    train = load(program, [f32("x", 2), kinds("c")]).train
    assert train.arrays["x"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert train.arrays["c"].tolist() == [0, 1, 0]
    assert train.numbers.tolist() == [0, 1, 2]


def test_a_probe_reads_no_more_than_it_must(files: Files) -> None:
    """Text among numbers is found by loading; the probe looks at classes only."""
    program = section(files.csv("x,c\noops,a\n2,b\n"))
    assert probe(program, [f32("x"), kinds("c")]) == Facts({}, {"c": Classes(2, ("a", "b"))}, {"train": 2})


def test_arrays_have_the_types_of_sessions(files: Files) -> None:
    arrays = {"x": np.zeros((2, 3)), "n": np.zeros((2, 3), np.int8), "c": np.zeros(2, np.int32), "b": np.zeros(2, bool)}
    train = load(section(files.npz(arrays)), [f32("x", 3), i64("n", 3), kinds("c", 2), binary("b")]).train
    assert {name: str(array.dtype) for name, array in train.arrays.items()} == {
        "x": "float32",
        "n": "int64",
        "c": "int64",
        "b": "float32",
    }


# ---------------------------------------------------------------- missing values and warnings


def test_dropped_rows_are_told(files: Files) -> None:
    source = files.csv("x,y\n1,2\n,3\n4,nan\n5,6\n")
    splits = load(section(source, missing="drop"), [f32("x"), f32("y", role="target")])
    assert splits.train.numbers.tolist() == [0, 3]
    assert splits.facts.rows == {"train": 2}
    assert [warning.message for warning in splits.warnings] == [
        "2 of 4 rows dropped: a cell is missing, first at a.csv, line 3"
    ]


def test_a_row_is_dropped_only_for_what_is_bound(files: Files) -> None:
    splits = load(section(files.csv("x,note\n1,\n2,\n"), missing="drop"), [f32("x")])
    assert splits.train.rows == 2
    assert splits.warnings == ()


def test_a_constant_target_is_told(files: Files) -> None:
    splits = load(section(files.csv("x,c\n1,cat\n2,cat\n")), [f32("x"), kinds("c")])
    assert [warning.message for warning in splits.warnings] == ['the target `c` is "cat" in every training row']


def test_a_pattern_that_shows_the_answer_is_told(files: Files) -> None:
    program = section(files.csv("a,b,y\n1,2,3\n4,5,6\n"), bindings={"x": select("columns", "*")})
    splits = load(program, [f32("x", 3), f32("y", role="target")])
    assert [warning.message for warning in splits.warnings] == ['the input `x` takes the column "y" of the target `y`']


# ---------------------------------------------------------------- data to predict


def test_a_file_to_predict_may_lack_the_target(files: Files) -> None:
    program = section(
        files.csv("p1;p2;c\n1,5;2;a\n3;4;b\n", decimal=","), bindings={"x": select("columns", "p*")}, test=share(1)
    )
    files.csv("p1;p2\n0,5;1\n", "new.csv")
    data = load_inputs("new.csv", program, [f32("x", 2)])
    assert data.arrays["x"].tolist() == [[0.5, 1]]


def test_arrays_to_predict(files: Files) -> None:
    declared = [f32("x", 2), kinds("city", ["Bern", "Rome"], unknown="other")]
    given = {"x": [[1, 2], [3, 4]], "city": np.array(["Rome", "Oslo"], dtype=object), "unused": [1]}
    data = load_inputs(given, None, declared)
    assert data.arrays["x"].tolist() == [[1, 2], [3, 4]]
    assert data.arrays["city"].tolist() == [1, 2]


def test_chunks_in_order(files: Files) -> None:
    data = load_inputs({"x": np.arange(5)}, None, [f32("x")])
    assert [chunk.arrays["x"].tolist() for chunk in data.chunks(2)] == [[0, 1], [2, 3], [4]]


def test_the_bundled_digits_load_from_both_files() -> None:
    """The archive holds the same rows as the table, as images of one channel."""
    examples = Path(__file__).parents[2] / "examples" / "data"
    table = section(
        SourceCall("csv", (str(examples / "digits.csv"),), {}, {}, span("")),
        bindings={"pixels": select("columns", "pixel_*")},
        test=share(0.15),
        stratify="digit",
    )
    archive = section(
        SourceCall("npz", (str(examples / "digits.npz"),), {}, {"pixels": "image"}, span("")),
        test=share(0.15),
        stratify="digit",
    )
    flat = load(table, [f32("pixels", 64), kinds("digit", 10)])
    images = load(archive, [f32("pixels", 8, 8, 1), kinds("digit", 10)])
    assert replace(flat.facts, columns={}) == images.facts
    np.testing.assert_array_equal(flat.train.arrays["pixels"], images.train.arrays["pixels"].reshape(-1, 64))
    np.testing.assert_array_equal(flat.train.arrays["digit"], images.train.arrays["digit"])
    np.testing.assert_array_equal(flat.train.numbers, images.train.numbers)
