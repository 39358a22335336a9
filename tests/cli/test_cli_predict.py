"""`nndsl predict`: every kind of file in, every format out, in order, a piece at a time, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image

import nndsl as api
from nndsl.api import answers
from nndsl.cli.main import run
from nndsl.data import inputs
from nndsl.training.predictions import TEXTS, CsvWriter

Command = Callable[..., Any]

PICTURES = """\
model pictures {
  input image: f32[2, 3, 1]
  target bright: binary
  z = image -> flatten -> dense(1)
  output p = sigmoid(z)
  loss binary_cross_entropy(z, bright)
}
data { source = npz("pictures.npz") }
train { epochs = 1 }
"""

PAIRS = """\
model pairs {
  input left: f32[2]
  input right: f32[2]
  target y: f32
  output sum = concat(left, right) -> dense(1)
  loss mse(sum, y)
}
data { source = npz("pairs.npz") }
train { epochs = 1 }
"""

SERIES = """\
model series {
  input x: f32[time, 2]
  target y: f32
  output o = x -> flatten -> dense(1)
  loss mse(o, y)
}
data { source = npz("series.npz") }
train { epochs = 1 }
"""


@pytest.fixture
def kinds(nndsl: Command) -> Command:
    """A trained run in `run`, whose inputs are the columns a and b, and whose label has names."""
    assert nndsl("train", "kinds.nn", "-o", "run", "--quiet").code == 0
    return nndsl


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Sets what is on standard input."""

    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def nothing_left(folder: Path, name: str) -> bool:
    """Neither the file nor a part of it."""
    return not [path for path in folder.rglob("*") if name in path.name]


def frame_of(folder: Path) -> pandas.DataFrame:
    return pandas.read_csv(folder / "kinds.csv")


# ---------------------------------------------------------------- what comes out


@pytest.mark.parametrize("file", ["o.csv", "o.jsonl", "o.ndjson", "o.npz", "o.parquet", "deep/o.PQ"])
def test_the_ending_says_what_is_written(kinds: Command, folder: Path, file: str) -> None:
    done = kinds("predict", "run", "kinds.csv", "-o", file)
    assert (done.code, done.out, done.err) == (0, f"{file}: 12 rows\n", "")
    path = folder / file
    expected = rows(kinds("predict", "run", "kinds.csv").out)
    labels = [row["label"] for row in expected]
    probabilities = [[np.float32(row[f"probability_{i}"]) for i in range(3)] for row in expected]
    match path.suffix.lower():
        case ".csv":
            found = pandas.read_csv(path)
        case ".npz":
            with np.load(path) as archive:
                assert archive["probability"].tolist() == np.array(probabilities).tolist()
                assert archive["label"].tolist() == labels
            return
        case ".parquet" | ".pq":
            found = pandas.read_parquet(path)
        case _:
            found = pandas.read_json(path, lines=True, precise_float=True)
            found[[f"probability_{i}" for i in range(3)]] = found["probability"].tolist()
    assert found["label"].tolist() == labels
    columns = found[[f"probability_{i}" for i in range(3)]].to_numpy(np.float32)
    assert columns.tolist() == np.array(probabilities).tolist()


def test_a_name_that_says_nothing_is_csv(kinds: Command, folder: Path) -> None:
    for name in ("out", "out.txt"):
        assert kinds("predict", "run", "kinds.csv", "-o", name).code == 0
        assert (folder / name).read_text() == kinds("predict", "run", "kinds.csv").out


@pytest.mark.parametrize("format", ["csv", "jsonl", "npz", "parquet"])
def test_standard_output_is_the_file(folder: Path, capfdbinary: Any, format: str) -> None:
    assert run(["train", "kinds.nn", "-o", "run"]) == 0
    assert run(["predict", "run", "kinds.csv", "-o", "out", "--to", format]) == 0
    for arguments in ([], ["-o", "-"]):
        capfdbinary.readouterr()
        assert run(["predict", "run", "kinds.csv", "--to", format, *arguments]) == 0
        assert capfdbinary.readouterr().out == (folder / "out").read_bytes()


def test_columns_are_kept_beside_the_outputs(kinds: Command, folder: Path) -> None:
    (folder / "new.csv").write_text('id,b,note,a\n007,-1,,1\n008,-2,"x, y",2\n')
    kept = rows(kinds("predict", "run", "new.csv", "--keep", "id", "--keep", "note").out)
    assert list(kept[0])[:3] == ["id", "note", "label"]
    assert [(row["id"], row["note"]) for row in kept] == [("007", ""), ("008", "x, y")]
    everything = rows(kinds("predict", "run", "new.csv", "--keep", "*").out)
    assert list(everything[0])[:5] == ["id", "b", "note", "a", "label"]
    line = json.loads(kinds("predict", "run", "new.csv", "--keep", "i?", "--to", "jsonl").out.splitlines()[0])
    assert (line["id"], list(line)) == ("007", ["id", "label", "probability"])


def test_typed_columns_are_kept_with_their_type(kinds: Command, folder: Path) -> None:
    frame = frame_of(folder).assign(id=np.arange(12) + 2**53, name=[f"n{i}" for i in range(12)])
    frame.to_parquet(folder / "in.parquet")
    kinds("predict", "run", "in.parquet", "--keep", "id", "--keep", "name", "-o", "out.parquet")
    found = pandas.read_parquet(folder / "out.parquet")
    assert found["id"].tolist() == frame["id"].tolist()
    assert found["name"].tolist() == frame["name"].tolist()


# ---------------------------------------------------------------- what goes in


def test_every_kind_of_table_gives_the_same_answers(kinds: Command, folder: Path) -> None:
    frame = frame_of(folder)
    text = (folder / "kinds.csv").read_text()
    (folder / "k.csv.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "k.tsv").write_text(frame[["b", "a"]].to_csv(index=False, sep="\t"))
    frame.to_parquet(folder / "k.parquet")
    frame.to_feather(folder / "k.arrow")
    np.savez(folder / "k.npz", a=frame["a"], b=frame["b"])
    x = frame[["a", "b"]].to_numpy(np.float64)
    np.save(folder / "x.npy", x)
    expected = kinds("predict", "run", "kinds.csv").out
    for file in ("k.csv.gz", "k.tsv", "k.parquet", "k.arrow", "k.npz"):
        assert kinds("predict", "run", file).out == expected, file
    np.savez(folder / "x.npz", x=x, other=x)
    for array in ("x.npy", "x=x.npy", "x.npz"):  # what the program binds are columns, which other files have
        assert kinds("predict", "run", array).out == expected, array


def test_an_archive_with_some_of_the_columns_lacks_the_others(kinds: Command, folder: Path) -> None:
    """It is no archive of what is declared, though that is in it."""
    frame = frame_of(folder)
    np.savez(folder / "k.npz", a=frame["a"], x=frame[["a", "b"]].to_numpy())
    done = kinds("predict", "run", "k.npz")
    assert done.code == 2
    assert 'k.npz has no array "b"' in done.err


def test_an_array_stands_for_the_only_input(nndsl: Command, folder: Path) -> None:
    (folder / "pictures.nn").write_text(PICTURES)
    images = np.random.default_rng(0).integers(0, 256, (8, 2, 3, 1), np.uint8)
    np.savez(folder / "pictures.npz", image=images, bright=np.arange(8) % 2)
    nndsl("train", "pictures.nn", "-o", "run")
    np.save(folder / "x.npy", images)
    header = b"\0\0\x08\x04" + b"".join(n.to_bytes(4, "big") for n in images.shape)
    (folder / "x-idx4-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
    expected = nndsl("predict", "run", "pictures.npz").out
    assert len(rows(expected)) == 8
    for arguments in (["x.npy"], ["x-idx4-ubyte.gz"], ["image=x.npy"]):
        assert nndsl("predict", "run", *arguments).out == expected


def test_images_are_a_folder_a_pattern_or_files(nndsl: Command, folder: Path) -> None:
    (folder / "pictures.nn").write_text(PICTURES)
    images = np.random.default_rng(0).integers(0, 256, (4, 2, 3, 1), np.uint8)
    np.savez(folder / "pictures.npz", image=images, bright=np.arange(4) % 2)
    nndsl("train", "pictures.nn", "-o", "run")
    (folder / "shots").mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(folder / "shots" / f"{i}.png")
    expected = nndsl("predict", "run", "pictures.npz").out
    files = [f"shots/{i}.png" for i in range(4)]
    for arguments in (["shots"], ["shots/*.png"], files):
        assert nndsl("predict", "run", *arguments).out == expected
    kept = rows(nndsl("predict", "run", "shots", "--keep", "file").out)
    assert [row["file"] for row in kept] == files


def test_several_inputs_are_given_by_name(nndsl: Command, folder: Path) -> None:
    (folder / "pairs.nn").write_text(PAIRS)
    random = np.random.default_rng(0)
    left, right = random.normal(size=(2, 6, 2)).astype(np.float32)
    np.savez(folder / "pairs.npz", left=left, right=right, y=left[:, 0])
    nndsl("train", "pairs.nn", "-o", "run")
    np.save(folder / "l.npy", left)
    np.save(folder / "r.npy", right)
    assert nndsl("predict", "run", "left=l.npy", "right=r.npy").out == nndsl("predict", "run", "pairs.npz").out
    for arguments, words in (
        (["left=l.npy"], 'no array "right"'),
        (["left=l.npy", "left=r.npy"], "`left` is given twice"),
        (["left=l.npy", "right=kinds.csv"], "a file of one array is .npy or .idx"),
        (["left=l.npy", "r.npy"], "NAME=FILE for each input"),
        (["l.npy"], "NN489"),
    ):
        done = nndsl("predict", "run", *arguments)
        assert (done.code, done.out) == (2, "")
        assert words in done.err


def test_several_files_come_one_after_another(kinds: Command, folder: Path) -> None:
    frame = frame_of(folder)
    frame[:5].to_csv(folder / "part-1.csv", index=False)
    frame[5:9].to_parquet(folder / "part-2.parquet")
    frame[["b", "a"]][9:].to_csv(folder / "part-3.csv", index=False)
    whole = kinds("predict", "run", "kinds.csv").out
    csvs = kinds("predict", "run", "part-1.csv", "part-3.csv").out.splitlines()
    assert csvs == [*whole.splitlines()[:6], *whole.splitlines()[10:]]
    assert kinds("predict", "run", "part-*.csv").out.splitlines() == csvs


# ---------------------------------------------------------------- standard input


def test_standard_input_is_csv(kinds: Command, folder: Path, given: Callable[[bytes], None]) -> None:
    given((folder / "kinds.csv").read_bytes())
    assert kinds("predict", "run", "-").out == kinds("predict", "run", "kinds.csv").out


def test_standard_input_may_be_anything(kinds: Command, folder: Path, given: Callable[[bytes], None]) -> None:
    expected = kinds("predict", "run", "kinds.csv").out
    given(gzip.compress((folder / "kinds.csv").read_bytes()))
    assert kinds("predict", "run", "-").out == expected
    frame_of(folder).to_parquet(folder / "k.parquet")
    given((folder / "k.parquet").read_bytes())
    assert kinds("predict", "run", "-", "--from", "parquet").out == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "standard input holds no rows"),
        (b"a,b\n", "standard input has a header, but"),
        (b"a,c\n1,2\n", 'standard input has no column "b"'),
        (b"a,b\n1,2\n1,x\n", 'standard input, line 3, column "b": "x" is not a number'),
        (b"\x89PNG\r\n\x1a\n\0\0", "standard input"),
        (b"PAR1\0\0", "it is a parquet file"),
    ],
)
def test_wrong_standard_input(kinds: Command, given: Callable[[bytes], None], content: bytes, words: str) -> None:
    given(content)
    done = kinds("predict", "run", "-", "-o", "out.csv")
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "/nndsl-" not in done.err


# ---------------------------------------------------------------- a piece at a time


@pytest.mark.parametrize("format", ["csv", "jsonl", "npz"])
def test_pieces_do_not_show_in_what_is_written(
    kinds: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    kinds("predict", "run", "kinds.csv", "--keep", "kind", "-o", "one", "--to", format)
    monkeypatch.setattr(inputs, "MOST_ROWS", 2)
    body = (folder / "kinds.csv").read_text().splitlines(keepends=True)
    (folder / "a.csv").write_text("".join(body[:6]))
    (folder / "b.csv").write_text("".join([body[0], *body[6:]]))
    kinds("predict", "run", "a.csv", "b.csv", "--keep", "kind", "-o", "two", "--to", format)
    assert (folder / "two").read_bytes() == (folder / "one").read_bytes()


@pytest.mark.parametrize("kind", ["csv", "npz", "parquet"])
def test_from_python_pieces_are_those_of_predict(
    kinds: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(inputs, "MOST_ROWS", 5)
    monkeypatch.setattr(answers, "PREDICTED_TOGETHER", 2)
    frame = frame_of(folder)
    frame.to_parquet(folder / "k.parquet")
    np.savez(folder / "k.npz", a=frame["a"], b=frame["b"])
    path = "kinds.csv" if kind == "csv" else f"k.{kind}"
    trained = api.Run.open("run")
    pieces = list(trained.predictions(path))
    assert len(pieces) > 1
    whole = trained.predict(path)
    for name, values in whole.items():
        assert np.concatenate([piece[name] for piece in pieces]).tolist() == values.tolist()


def test_what_is_printed_comes_as_it_goes(kinds: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows before a wrong one are out when it is found; a file has none of them."""
    monkeypatch.setattr(inputs, "MOST_ROWS", 4)
    monkeypatch.setattr(answers, "PREDICTED_TOGETHER", 2)
    body = "".join(f"{i},{i}\n" for i in range(50))
    (folder / "late.csv").write_text(f"a,b\n{body}1,oops\n")
    done = kinds("predict", "run", "late.csv")
    assert done.code == 2
    assert len(rows(done.out)) >= 40
    assert 'late.csv, line 52, column "b": "oops" is not a number' in done.err
    done = kinds("predict", "run", "late.csv", "-o", "out.csv")
    assert (done.code, done.out) == (2, "")
    assert nothing_left(folder, "out.csv")


# ---------------------------------------------------------------- what is wrong


@pytest.fixture
def untouched(folder: Path) -> Iterator[None]:
    """What was there stays as it was, whatever is refused."""
    (folder / "there.csv").write_text("mine")
    (folder / "folder.csv").mkdir()
    yield
    assert (folder / "there.csv").read_text() == "mine"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.csv"], 2, "there is no file none.csv"),
        ([], 2, "Missing argument 'DATA...'"),
        (["."], 2, "a folder stands for its images"),
        (["kinds.csv", "kinds.csv"], 2, "kinds.csv"),
        (["kinds.docx"], 2, ".docx"),
        (["none-*.csv"], 2, "none-*.csv"),
        (["kinds.csv", "-"], 2, "standard input stands alone"),
        (["kinds.csv", "-o", "kinds.csv"], 2, "kinds.csv, which holds the data"),
        (["kinds*", "-o", "./kinds.csv"], 2, "which holds the data"),
        (["kinds.csv", "-o", "folder.csv"], 1, "it is a folder"),
        (["kinds.csv", "-o", "there.csv/deep.csv"], 1, "there.csv"),
        (["kinds.csv", "-o", "out.jsonn"], 2, "did you mean .jsonl?"),
        (["kinds.csv", "-o", "out.xlsx"], 2, ".xlsx is nothing that can be written; there are .csv, .jsonl"),
        (["kinds.csv", "--to", "excel"], 2, "'excel' is not one of"),
        (["kinds.csv", "--from", "excel"], 2, "'excel' is not one of"),
        (["kinds.csv", "--from", "npz"], 2, "it is not an .npz archive"),
        (["kinds.csv", "--keep", "knid"], 2, 'did you mean "kind"?'),
        (["small.csv", "kinds.csv", "--keep", "y"], 2, 'kinds.csv has no column "y"'),
        (["other.csv", "--keep", "label"], 2, "is what an output of the model is called"),
        (["missing.csv", "-o", "there.csv"], 2, 'missing.csv, line 3, column "b" is empty or NaN'),
        (["ragged.csv", "-o", "there.csv"], 2, "ragged.csv, line 3"),
        (["infinite.csv", "-o", "there.csv"], 2, "is infinite"),
    ],
)
def test_wrong_arguments_of_predict(kinds: Command, folder: Path, arguments: list[str], code: int, words: str) -> None:
    (folder / "kinds.docx").touch()
    (folder / "other.csv").write_text("a,b,label\n1,2,3\n")
    (folder / "missing.csv").write_text("a,b\n1,2\n3,\n")
    (folder / "ragged.csv").write_text("a,b\n1,2\n3\n")
    (folder / "infinite.csv").write_text("a,b\n1,inf\n")
    before = sorted(folder.rglob("*"))
    done = kinds("predict", "run", *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert sorted(folder.rglob("*")) == before


def test_a_full_disk_leaves_nothing(kinds: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nndsl.files.os.fsync", full)
    done = kinds("predict", "run", "kinds.csv", "-o", "deep/out.csv")
    assert done.code == 1
    assert "no space left" in done.err
    assert not (folder / "deep").exists()


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt, 130), (SystemExit, 143)])
def test_who_interrupts_finds_nothing_half_written(
    kinds: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException], code: int
) -> None:
    (folder / "out.csv").write_text("mine")
    written = CsvWriter.write

    def interrupted(self: CsvWriter, rows: Any) -> None:
        written(self, rows)
        raise stop

    monkeypatch.setattr(CsvWriter, "write", interrupted)
    before = sorted(folder.rglob("*"))
    assert kinds("predict", "run", "kinds.csv", "-o", "out.csv").code == code
    assert sorted(folder.rglob("*")) == before
    assert (folder / "out.csv").read_text() == "mine"


def test_a_terminal_is_shown_no_binary(kinds: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    done = kinds("predict", "run", "kinds.csv", "--to", "npz")
    assert (done.code, done.out) == (2, "")
    assert "npz is not for a terminal" in done.err
    assert "npz" not in TEXTS


def test_a_size_that_the_model_was_not_made_for(nndsl: Command, folder: Path) -> None:
    (folder / "series.nn").write_text(SERIES)
    np.savez(folder / "series.npz", x=np.zeros((6, 5, 2)), y=np.arange(6.0))
    nndsl("train", "series.nn", "-o", "run")
    np.savez(folder / "new.npz", x=np.zeros((6, 4, 2)))
    done = nndsl("predict", "run", "new.npz")
    assert (done.code, done.out) == (2, "")
    assert '`x` is f32[5, 2], but "x" in new.npz has the shape [4, 2] for each row' in done.err


def test_an_unseen_kind_is_refused_or_other(nndsl: Command, folder: Path) -> None:
    program = (folder / "kinds.nn").read_text().replace("input x: f32[2]", "input x: f32[2]\n  input c: class")
    program = program.replace("x -> dense(3)", "concat(x, one_hot(c, c.classes)) -> dense(3)")
    (folder / "c.nn").write_text(program.replace("kinds.csv", "c.csv"))
    (folder / "c.csv").write_text("a,b,c,kind\n" + "".join(f"{i},{i},{'uv'[i % 2]},{'xyz'[i % 3]}\n" for i in range(9)))
    assert nndsl("train", "c.nn", "-o", "run").code == 0
    (folder / "new.csv").write_text("a,b,c\n1,2,u\n1,2,w\n")
    done = nndsl("predict", "run", "new.csv", "-o", "out.csv")
    assert done.code == 2
    assert 'new.csv, line 3, column "c": "w" is not a kind of `c`' in done.err
    assert nothing_left(folder, "out.csv")
