"""Wrong data on the command line: exit code 2, a message with its place in the program and in the data, nothing made.

Each refusal has a test of its own in tests/data; here a sample of them is seen as a user sees it.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Command = Callable[..., Any]
packed = partial(gzip.compress, mtime=0)

GOOD = "a,b,y\n" + "".join(f"{i},{i * 2 % 7},{i * 0.5}\n" for i in range(14))
TABLE = 'csv("small.csv")'


def npz(compress: bool = False, **arrays: Any) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(file, **arrays)
    return file.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


IDX = b"\0\0\x0d\x02" + struct.pack(">II", 14, 2) + np.zeros((14, 2), ">f4").tobytes()
"""14 rows of two numbers in MNIST's format."""

ROWS = np.arange(28.0).reshape(14, 2)
INPUT = "  x = columns("
WITH_Y = {"y": np.arange(14.0)}

CASES: dict[str, tuple[bytes | str, str, str]] = {
    # what the file holds, the data section, what the message says
    "empty": ("", TABLE, "small.csv holds no rows"),
    "header only": ("a,b,y\n", TABLE, "small.csv has a header, but holds no rows"),
    "missing column": (GOOD.replace("a,b,y", "a,c,y"), TABLE, 'small.csv has no column "b"'),
    "duplicate header": (GOOD.replace("a,b,y", "a,b,a"), TABLE, 'small.csv has 2 columns called "a"'),
    "ragged row": (GOOD + "1,2\n", TABLE, "small.csv, line 16, has 2 cells, but the header has 3"),
    "text in numbers": (GOOD + "1,tall,2\n", TABLE, 'small.csv, line 16, column "b": "tall" is not a number'),
    "decimal comma": (
        GOOD.replace(",", ";") + "1;2,5;3\n",
        TABLE,
        'small.csv, line 16, column "b": "2,5" is not a number',
    ),
    "NaN": (GOOD + "1,NaN,2\n", TABLE, 'small.csv, line 16, column "b" is empty or NaN'),
    "infinity": (GOOD + "1,-inf,2\n", TABLE, 'small.csv, line 16, column "b": "-inf" is infinite'),
    "another encoding": (GOOD.encode() + b"1,2,caf\xe9\n", TABLE, "line 16, is not utf-8 text: byte 0xE9"),
    "open quote": (GOOD + '1,2,"3\n', TABLE, "small.csv, line 16: a quote is opened and never closed"),
    "damaged gzip": (packed(GOOD.encode())[:-12], TABLE, "small.csv is compressed with gzip, and it ends too early"),
    "spreadsheet": (b"PK\x03\x04....", TABLE, "it is a zip archive (or a spreadsheet)"),
    "no archive": (b"no archive", 'npz("small.csv")', "small.csv: it is not an .npz archive, or damaged"),
    "wrong rank": (npz(x=ROWS[:, :, None], **WITH_Y), 'npz("small.csv")', "has the shape [2, 1] for each row"),
    "rows disagree": (npz(x=ROWS[:9], **WITH_Y), 'npz("small.csv")', '"x" has 9 rows, but "y" has 14 rows'),
    "pickled": (
        npz(x=np.array([{}] * 14), **WITH_Y),
        'npz("small.csv")',
        'small.csv, array "x" holds pickled Python objects, which are never read',
    ),
    "a pickle itself": (npy(np.array([{}] * 14)), 'npy(x = "small.csv", y = "y.npy")', "pickled Python objects"),
    "idx that is cut": (IDX[:-1], 'idx(x = "small.csv", y = "y.npy")', "its length is not what its header says"),
    "missing file": (GOOD, 'csv("smal.csv")', "there is no file smal.csv"),
    "a folder": (GOOD, 'csv("folder.csv")', "folder.csv is a folder, not a file"),
    "a pipe": (GOOD, 'csv("pipe.csv")', "pipe.csv is a named pipe, not a file"),
}


def contents(folder: Path) -> dict[Path, int]:
    """What the folder holds, and how much of it."""
    return {path: path.stat().st_size if path.is_file() else 0 for path in folder.rglob("*")}


@pytest.mark.parametrize("case", CASES)
def test_training_on_wrong_data(nndsl: Command, folder: Path, case: str) -> None:
    content, source, words = CASES[case]
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "y.npy").write_bytes(npy(np.arange(14.0)))
    (folder / "small.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    text = (folder / "small.nn").read_text().replace(TABLE, source)
    if not source.startswith("csv"):
        text = "".join(line + "\n" for line in text.splitlines() if not line.startswith(INPUT))
    (folder / "small.nn").write_text(text)
    before = contents(folder)
    done = nndsl("train", "small.nn")
    assert done.code == 2
    assert words in done.err
    assert "--> small.nn:" in done.err
    assert done.out == ""
    assert contents(folder) == before


def test_a_label_out_of_range(nndsl: Command, folder: Path) -> None:
    program = (folder / "kinds.nn").read_text().replace("kind: class", "kind: class[3]")
    (folder / "kinds.nn").write_text(program)
    (folder / "kinds.csv").write_text("a,b,kind\n0,1,0\n1,1,1\n2,1,3\n")
    done = nndsl("train", "kinds.nn")
    assert done.code == 2
    assert 'kinds.csv, line 4, column "kind": "3" is not one of 0 to 2' in done.err


def test_a_class_of_one_row_under_stratify(nndsl: Command, folder: Path) -> None:
    program = (folder / "kinds.nn").read_text().replace("data {", "data {\n  stratify = kind\n  test = 2")
    (folder / "kinds.nn").write_text(program)
    (folder / "kinds.csv").write_text((folder / "kinds.csv").read_text() + "1,1,violet\n")
    done = nndsl("train", "kinds.nn")
    assert done.code == 2
    assert '`stratify = kind`: only one row has "violet" (kinds.csv, line 14)' in done.err


def test_fewer_rows_than_a_batch(nndsl: Command, folder: Path) -> None:
    """They are one batch, unless batches that are not full are left out."""
    program = (folder / "small.nn").read_text().replace("batch_size = 4", "batch_size = 50")
    (folder / "small.nn").write_text(program)
    assert nndsl("train", "small.nn", "-o", "run").code == 0
    done = nndsl("train", "small.nn", "-o", "other", "--set", "train.drop_last=true")
    assert done.code == 2
    assert "`drop_last` leaves no batch: there are 10 rows, and a batch has 50" in done.err
    assert not (folder / "other").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("new.csv", b"a,b\n1,2\n3,tall\n", 'new.csv, line 3, column "b": "tall" is not a number'),
        ("new.csv", b"a,b\n1,2\n3,\n", 'new.csv, line 3, column "b" is empty or NaN'),
        ("new.csv.gz", packed(b"a,b\n1,2\n3,4\n")[:-9], "new.csv.gz is compressed with gzip, and it ends too early"),
        ("new.csv", b"a\n1\n", 'new.csv has no column "b"'),
        ("new.docx", b"a,b\n1,2\n", 'new.docx ends in ".docx"'),
    ],
)
def test_answers_for_wrong_data_are_not_written_in_part(
    nndsl: Command, folder: Path, name: str, content: bytes, words: str
) -> None:
    assert nndsl("train", "small.nn", "-o", "run", "--quiet").code == 0
    (folder / name).write_bytes(content)
    done = nndsl("predict", "run", name, "-o", "answers.csv")
    assert done.code == 2
    assert words in done.err
    assert not (folder / "answers.csv").exists()
