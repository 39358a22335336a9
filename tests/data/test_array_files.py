"""Sources of one array a file, `idx` and `npy`: what they read, and every way in which such a file can be wrong."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from data_files import Files, f32, kinds, refusals, section, span, told

from nndsl.data.load import load
from nndsl.diagnostics import Failure
from nndsl.model.check import check, load_program
from nndsl.model.sections import SourceCall
from nndsl.source import Source

IDX_TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(array: np.ndarray) -> bytes:
    """The array in MNIST's format."""
    head = struct.pack(">HBB", 0, IDX_TYPES[array.dtype.str[1:]], array.ndim)
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def source(kind: str, **files: str) -> SourceCall:
    return SourceCall(kind, (), {}, {}, span('csv("a.csv")'), {name: (path,) for name, path in files.items()})


# ---------------------------------------------------------------- right ones


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_images_and_labels_of_idx_files(files: Files, packed: bool) -> None:
    images = np.random.default_rng(1).integers(0, 256, (5, 4, 3), np.uint8)
    labels = np.array([3, 0, 1, 2, 1], np.uint8)
    for name, array in {"images": images, "labels": labels}.items():
        content = idx_bytes(array)
        Path(name).write_bytes(gzip.compress(content, mtime=0) if packed else content)
    train = load(section(source("idx", image="images", label="labels")), [f32("image", 4, 3), kinds("label", 4)]).train
    np.testing.assert_array_equal(train.arrays["image"], images)
    assert train.arrays["label"].tolist() == [3, 0, 1, 2, 1]


@pytest.mark.parametrize("type", IDX_TYPES)
def test_every_type_of_idx(files: Files, type: str) -> None:
    array = np.array([[1, 100], [-3, 7]]).astype(type)
    Path("x").write_bytes(idx_bytes(array))
    train = load(section(source("idx", x="x")), [f32("x", 2)]).train
    np.testing.assert_array_equal(train.arrays["x"], array.astype(np.float32))


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_files(files: Files, order: str) -> None:
    x = np.asarray(np.arange(12.0).reshape(3, 4), order=order)  # type: ignore[call-overload]
    np.save("x.npy", x)
    np.save("y.npy", np.array(["b", "a", "b"]))
    train = load(section(source("npy", x="x.npy", y="y.npy")), [f32("x", 4), kinds("y")]).train
    np.testing.assert_array_equal(train.arrays["x"], x)
    assert train.arrays["y"].tolist() == [1, 0, 1]


def test_separate_splits_and_files_joined_by_rows(files: Files) -> None:
    for name, rows in {"a": 2, "b": 3, "c": 4}.items():
        np.save(f"{name}.npy", np.full((rows, 2), rows))
    program = section(train=(source("npy", x="a.npy"), source("npy", x="b.npy")), test=(source("npy", x="c.npy"),))
    splits = load(program, [f32("x", 2)])
    assert splits.train.arrays["x"][:, 0].tolist() == [2, 2, 3, 3, 3]
    assert splits.test is not None
    assert splits.test.rows == 4


# ---------------------------------------------------------------- wrong ones

IDX_HELP = "such a file begins with two zero bytes, a type (8 for bytes) and the number of axes; it may be gzipped"
GOOD = idx_bytes(np.arange(6, dtype=np.uint8).reshape(3, 2))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not in the idx format"),
        (b"\0\0\x07\x01\0\0\0\x01\0", "it is not in the idx format"),
        (b"pixels,digit\n1,2\n", "it is not in the idx format"),
        (GOOD[:9], "it ends too early"),
        (GOOD[:-1], "its length is not what its header says"),
        (GOOD + b"\0", "its length is not what its header says"),
        (gzip.compress(GOOD[:-1], mtime=0), "its length is not what its header says"),
        (gzip.compress(GOOD + b"\0", mtime=0), "its length is not what its header says"),
        (gzip.compress(GOOD, mtime=0)[:-12], "it is compressed with gzip, and damaged"),
        (gzip.compress(GOOD, mtime=0)[:12], "it is compressed with gzip, and damaged"),
        (
            gzip.compress(GOOD, mtime=0)[:-6] + b"\xff\xff" + gzip.compress(GOOD, mtime=0)[-4:],
            "it is compressed with gzip, and damaged",
        ),
        (b"\x1f\x8bnothing", "it is compressed with gzip, and damaged"),
    ],
)
def test_damaged_idx_files(files: Files, content: bytes, reason: str) -> None:
    Path("x.gz").write_bytes(content)
    (diagnostic,) = refusals(section(source("idx", x="x.gz")), [f32("x", 2)])
    assert told(diagnostic) == (f"x.gz: {reason}", IDX_HELP)


def test_a_compressed_bomb_is_refused_by_its_header_alone(files: Files) -> None:
    Path("x.gz").write_bytes(gzip.compress(idx_bytes(np.zeros((10_000, 200), np.uint8))))
    (diagnostic,) = refusals(section(source("idx", x="x.gz")), [f32("x", 200)], limit=10**6)
    assert diagnostic.message == "x.gz takes 2.0 MB of memory, but 1.0 MB are allowed"


def test_no_more_is_unpacked_than_the_header_says(files: Files) -> None:
    Path("x.gz").write_bytes(gzip.compress(GOOD + bytes(50_000_000), mtime=0))
    (diagnostic,) = refusals(section(source("idx", x="x.gz")), [f32("x", 2)], limit=10**6)
    assert diagnostic.message == "x.gz: its length is not what its header says"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([{}, {}], dtype=object), "x.npy holds pickled Python objects, which are never read"),
        (np.zeros((0, 2)), "x.npy holds no rows"),
        (np.float32(1), "x.npy holds no rows"),
        (np.array([[1, np.nan]]), "x.npy[0, 1] is empty or NaN"),
        (np.array([[1, 2], [np.inf, 3]]), 'x.npy[1, 0]: "inf" is infinite'),
        (np.zeros((3, 4)), '`x` is f32[2], but "x" in npy(x) has the shape [4] for each row'),
    ],
)
def test_wrong_npy_arrays(files: Files, array: np.ndarray, message: str) -> None:
    np.save("x.npy", array)
    (diagnostic,) = refusals(section(source("npy", x="x.npy")), [f32("x", 2)])
    assert diagnostic.message == message


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_cut_npy_files(files: Files, cut: int) -> None:
    np.save("x.npy", np.zeros((3, 2)))
    Path("x.npy").write_bytes(Path("x.npy").read_bytes()[:cut])
    (diagnostic,) = refusals(section(source("npy", x="x.npy")), [f32("x", 2)])
    assert diagnostic.code == "NN425"


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("(1000000000000, 1000)", "x.npy: its length is not what its header says"),
        ("(-1, -1)", "x.npy: its length is not what its header says"),
        ("__import__('os').system('touch pwned')", "x.npy: it is no .npy file, or damaged"),
    ],
)
def test_forged_npy_headers(files: Files, shape: str, message: str) -> None:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    Path("x.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    (diagnostic,) = refusals(section(source("npy", x="x.npy")), [f32("x", 2)])
    assert diagnostic.message == message
    assert not Path("pwned").exists()


def test_files_of_different_lengths_and_files_that_are_not_there(files: Files) -> None:
    np.save("x.npy", np.zeros((3, 2)))
    np.save("y.npy", np.zeros(4))
    (rows,) = refusals(section(source("npy", x="x.npy", y="y.npy")), [f32("x", 2), f32("y")])
    assert rows.message == 'npy(x, y): "x" has 3 rows, but "y" has 4 rows'
    (missing,) = refusals(section(source("npy", x="z.npy")), [f32("x", 2)])
    assert told(missing) == ("there is no file z.npy", "did you mean x.npy?")
    (name,) = refusals(section(source("npy", z="x.npy")), [f32("x", 2)])
    assert told(name) == ('npy(z) has no array "x"', 'bind it: `x = array("…")` in `data`; its arrays are "z"')


# ---------------------------------------------------------------- as a program says it

PROGRAM = """
model m {
  input  image: f32[2]
  target label: class[3]
  logits = image -> dense(3)
  output probability = softmax(logits)
  loss cross_entropy(logits, label)
}
"""


def test_a_program_names_the_file_of_each_array(tmp_path: Path) -> None:
    text = PROGRAM + 'data {\ntrain = npy(image = "x.npy", label = "sub/../y.npy")\n}\n'
    (tmp_path / "program.nn").write_text(text)
    data = check(load_program(tmp_path / "program.nn")).data
    assert data is not None
    (call,) = data.splits["train"]  # type: ignore[misc]
    assert call.files == {"image": (str(tmp_path / "x.npy"),), "label": (str(tmp_path / "y.npy"),)}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('idx("x.gz")', '`path` must be given with the name of its array: idx(image = "…")'),
        ("npy()", '`path` must be given with its name: npy(x = "…")'),
        ("npy(image = 3)", "`path` must be a string"),
    ],
)
def test_files_without_names_are_refused(written: str, message: str) -> None:
    with pytest.raises(Failure) as failure:
        check(load_program(Source("program.nn", PROGRAM + f"data {{\nsource = {written}\n}}\n")))
    assert [diagnostic.message for diagnostic in failure.value.diagnostics] == [message]
