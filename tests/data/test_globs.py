"""Several files and patterns in a source: which files they are, in which order, and what is wrong with some."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from data_files import Files, f32, kinds, refusals, section, share, span, told

from nndsl.data.load import load
from nndsl.data.paths import matching
from nndsl.diagnostics import Failure
from nndsl.model.check import check, load_program
from nndsl.model.overrides import copies
from nndsl.model.sections import SourceCall
from nndsl.source import Source

X = [f32("x")]


def csv(*paths: str) -> SourceCall:
    return SourceCall("csv", paths, {}, {}, span('csv("a.csv")'))


def write(**texts: str) -> None:
    """Files whose names have `__` for `/` and `_` for `.`."""
    for name, text in texts.items():
        path = Path(name.replace("__", "/").replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


# ---------------------------------------------------------------- which files, in which order


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.csv", ["B.csv", "a.csv", "part-1.csv", "part-10.csv", "part-2.csv"]),
        ("part-?.csv", ["part-1.csv", "part-2.csv"]),
        ("part-*", ["part-1.csv", "part-10.csv", "part-2.csv"]),
        ("*/*.csv", ["d-1/y.csv", "d/x.csv"]),
        (
            "**/*.csv",
            ["B.csv", "a.csv", "d-1/y.csv", "d/e/z.csv", "d/x.csv", "part-1.csv", "part-10.csv", "part-2.csv"],
        ),
        ("d/**", ["d/e/z.csv", "d/x.csv"]),
        (".*.csv", [".hidden.csv"]),
        ("d*/?.csv", ["d-1/y.csv", "d/x.csv"]),
    ],
)
def test_patterns_match_in_the_order_of_code_points_name_by_name(
    files: Files, pattern: str, expected: list[str]
) -> None:
    names = ("part-2.csv", "part-10.csv", "part-1.csv", "a.csv", "B.csv", ".hidden.csv", "d/x.csv", "d-1/y.csv")
    for name in (*names, "d/e/z.csv"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n1\n")
    expected = sorted(expected, key=lambda path: path.split("/"))  # `d` comes before `d-1`, though `-` before `/`
    assert matching([pattern], None) == expected
    assert matching([os.path.abspath(pattern)], None) == [os.path.abspath(path) for path in expected]


def test_a_name_that_is_there_as_it_is_written_is_no_pattern(files: Files) -> None:
    for name in ("a*.csv", "ab.csv"):
        Path(name).write_text("x\n1\n")
    assert matching(["a*.csv"], None) == ["a*.csv"]
    assert matching(["a[b].csv"], None) == ["a[b].csv"]  # as in column patterns, brackets are letters


def test_patterns_below_a_folder_with_a_star_in_its_name(files: Files) -> None:
    Path("run*1").mkdir()
    Path("run*1/a.csv").write_text("x\n1\n")
    Path("run-11").mkdir()
    Path("run-11/b.csv").write_text("x\n2\n")
    assert matching(["run*1/*.csv"], None) == ["run*1/a.csv"]


def test_two_stars_do_not_follow_links_or_enter_hidden_folders(files: Files) -> None:
    write(d__x_csv="x\n1\n")
    os.symlink(".", "d/loop")
    Path("d/.git").mkdir()
    Path("d/.git/y.csv").write_text("x\n1\n")
    assert matching(["d/**/*.csv"], None) == ["d/x.csv"]


def test_files_are_joined_in_order_and_rows_keep_their_places(files: Files) -> None:
    write(p2_csv="x,c\n3,b\n4,a\n", p1_csv="c,x\na,1\nb,2\n", z_csv="x,c\n5,a\n")
    data = load(section(csv("p*.csv", "z.csv")), [*X, kinds("c")])
    assert data.train.arrays["x"].tolist() == [1, 2, 3, 4, 5]
    assert data.train.arrays["c"].tolist() == [0, 1, 1, 0, 0]
    write(p2_csv="x,c\n3,b\nfour,a\n")
    (diagnostic,) = refusals(section(csv("p*.csv", "z.csv")), [*X, kinds("c")])
    assert told(diagnostic)[0].startswith('p2.csv, line 3, column "x": "four" is not a number')


def test_splits_run_over_all_files(files: Files) -> None:
    write(**{f"p{i}_csv": f"x\n{i}\n{i + 10}\n" for i in range(5)})
    data = load(section(csv("p?.csv"), test=share(3), shuffle=False), X)
    assert data.test is not None
    assert sorted([*data.train.arrays["x"].tolist(), *data.test.arrays["x"].tolist()]) == [*range(5), *range(10, 15)]


def test_arrays_in_several_files_each(files: Files) -> None:
    for i in range(3):
        np.save(f"x-{i}.npy", np.full((2, 4), i))
        np.save(f"y-{i}.npy", np.array([i, i]))
    paths = {"x": ("x-*.npy",), "y": ("y-0.npy", "y-1.npy", "y-2.npy")}
    train = load(section(SourceCall("npy", (), {}, {}, span(""), paths)), [f32("x", 4), kinds("y", 3)]).train
    assert train.arrays["x"][:, 0].tolist() == train.arrays["y"].tolist() == [0, 0, 1, 1, 2, 2]
    short = SourceCall("npy", (), {}, {}, span(""), {**paths, "y": ("y-0.npy",)})
    (diagnostic,) = refusals(section(short), [f32("x", 4), kinds("y", 3)])
    assert diagnostic.message == "`x` has 3 files, but `y` has 1 file"


# ---------------------------------------------------------------- wrong ones


@pytest.mark.parametrize(
    ("pattern", "message", "help"),
    [
        ("prat-*.csv", "no file matches prat-*.csv", 'did you mean "part-1.csv" for "prat-*.csv"?'),
        ("d/*.txt", "no file matches d/*.txt", 'd holds "x.parquet"'),
        ("dd/*.csv", "no file matches dd/*.csv", "there is no folder dd"),
        ("part-1.csv/*.csv", "no file matches part-1.csv/*.csv", "there is no folder part-1.csv"),
        ("empty/*.csv", "no file matches empty/*.csv", "empty is empty"),
        ("*/y.csv", "no file matches */y.csv", 'd holds "x.parquet"'),
    ],
)
def test_a_pattern_that_matches_nothing(files: Files, pattern: str, message: str, help: str) -> None:
    write(d__x_parquet="")
    Path("part-1.csv").write_text("x\n1\n")
    Path("empty").mkdir()
    (diagnostic,) = refusals(section(csv(pattern)), X)
    assert told(diagnostic) == (message, help)


@pytest.mark.parametrize("second", ["a.csv", "*.csv", "./a.csv"])
def test_a_file_named_twice(files: Files, second: str) -> None:
    write(a_csv="x\n1\n")
    for program in (section(csv("a.csv", second)), section(csv("a.csv"), csv(second))):
        (diagnostic,) = refusals(program, X)
        assert diagnostic.message == "a.csv is named twice"


def test_a_link_is_a_file_of_its_own(files: Files) -> None:
    write(a_csv="x\n1\n")
    os.symlink("a.csv", "b.csv")
    assert load(section(csv("?.csv")), X).train.arrays["x"].tolist() == [1, 1]


def test_one_archive_may_be_read_twice_for_other_arrays(files: Files) -> None:
    first = files.npz({"x1": np.zeros(2), "x2": np.ones(3)}, renames={"x": "x1"})
    second = files.call("npz", "a.npz", {"x": "x2"})
    assert load(section(first, second), X).train.arrays["x"].tolist() == [0, 0, 1, 1, 1]


def test_a_folder_that_matches_is_no_file(files: Files) -> None:
    write(a_csv="x\n1\n")
    Path("b.csv").mkdir()
    (diagnostic,) = refusals(section(csv("*.csv")), X)
    assert diagnostic.message == "b.csv is a folder, not a file"


def test_too_many_names(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    write(**{f"p{i}_csv": "x\n1\n" for i in range(5)})
    monkeypatch.setattr("nndsl.data.paths.MOST_FILES", 4)
    (diagnostic,) = refusals(section(csv("*.csv")), X)
    assert diagnostic.message == "*.csv matches more than 4 files and folders"


def test_a_folder_that_may_not_be_read(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)  # tests may run as root, who may read everything
    (diagnostic,) = refusals(section(csv("d/*.csv")), X)
    assert diagnostic.message == "d cannot be read: permission denied"


def test_a_file_that_lacks_a_column_of_the_others(files: Files) -> None:
    write(a_csv="x,y\n1,2\n", b_csv="x,z\n3,4\n")
    (diagnostic,) = refusals(section(csv("?.csv")), [*X, f32("y", role="target")])
    assert diagnostic.message == 'b.csv has no column "y"'


# ---------------------------------------------------------------- in programs

MODEL = "model m {\ninput x: f32\noutput y = x\nloss y\n}\n"


def test_paths_in_programs(files: Files) -> None:
    """Patterns and lists start at the program's folder, for files of tables and of arrays."""
    text = f'{MODEL}data {{\nsource = csv("d/*.csv", ["b.csv", "../c.csv"])\ntest = npy(x = ["x-?.npy", "y.npy"])\n}}\n'
    Path("p.nn").write_text(text)
    data = check(load_program("p.nn")).data
    assert data is not None
    here = os.getcwd()
    (source,) = data.source
    assert source.paths == (f"{here}/d/*.csv", f"{here}/b.csv", f"{os.path.dirname(here)}/c.csv")
    (test,) = data.splits["test"]  # type: ignore[misc]
    assert test.files == {"x": (f"{here}/x-?.npy", f"{here}/y.npy")}


@pytest.mark.parametrize(
    "written",
    ['npy(x = "x.npy")', 'npy(x = ["x.npy", "y.npy"])', 'csv(["a.csv", "b.csv"])', 'csv("a-*.csv", x = "x.npy")'],
)
def test_a_copy_of_the_program_finds_the_files_of_the_command_line(files: Files, written: str) -> None:
    Path("deep").mkdir()
    Path("deep/p.nn").write_text(MODEL)
    program = load_program("deep/p.nn")
    overrides = [f"data.source={written}"]
    Path("copy.nn").write_text(copies(program, overrides)["p.nn"])
    first, second = check(program, overrides=overrides).data, check(load_program("copy.nn")).data
    assert first is not None
    assert second is not None
    assert [(call.paths, call.files, call.renames) for call in first.source] == [
        (call.paths, call.files, call.renames) for call in second.source
    ]
    assert os.getcwd() in "".join((*first.source[0].paths, *(p for f in first.source[0].files.values() for p in f)))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('csv("a.csv", header = 1)', "`header` of `csv` must be true or false"),
        ('csv("a.csv", separator = true)', "`separator` of `csv` must be a string"),
        ('csv("a.csv", 3)', "`path` must be a string"),
        ('csv(["a.csv", 3])', "`path` must be a string"),
        ("npy(x = [])", "`x` must be given a file"),
        ("csv([])", '`path` must be given first: csv("examples.csv")'),
        ("images()", '`path` must be given first: images("folder/*/*.png")'),
        ('parquet("a.parquet", header = true)', "`parquet` has no argument `header`"),
    ],
)
def test_wrong_words_about_files(written: str, message: str) -> None:
    with pytest.raises(Failure) as failure:
        check(load_program(Source("p.nn", f"{MODEL}data {{\nsource = {written}\n}}\n")))
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.message == message
    assert diagnostic.span is not None
    assert diagnostic.span.text in written
