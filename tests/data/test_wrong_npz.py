"""Wrong NumPy archives: arrays that do not fit, objects that could run code, bombs, forgeries and cut files."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from data_files import Case, Files, f32, i64, kinds, refusals, section, select, told

DROP_OR_KEEP = "`missing = drop` in `data` leaves such rows out, `missing = keep` leaves them to `impute`"


CASES: dict[str, Case] = {
    "missing array": Case(
        {"image": np.zeros((3, 2))},
        [f32("images", 2)],
        'a.npz has no array "images"',
        'did you mean "image" (`images = array("image")` in `data`)?',
    ),
    "wrong shape": Case(
        {"x": np.zeros((3, 2))},
        [f32("x", 4)],
        '`x` is f32[4], but "x" in a.npz has the shape [2] for each row',
    ),
    "wrong rank": Case(
        {"x": np.zeros((3, 28, 28))},
        [f32("x", 28, 28, 1)],
        '`x` is f32[28, 28, 1], but "x" in a.npz has the shape [28, 28] for each row',
        "an axis of 1 counts: declare `f32[28, 28]`; `x -> reshape([28, 28, 1])` gives it the axis",
    ),
    "channels first": Case(
        {"x": np.zeros((3, 1, 28, 14))},
        [f32("x", 28, 14, 1)],
        '`x` is f32[28, 14, 1], but "x" in a.npz has the shape [1, 28, 14] for each row',
        "its channels come first: save it with `numpy.moveaxis(array, 1, -1)`",
    ),
    "a column of one": Case(
        {"y": np.zeros((3, 1))},
        [f32("y")],
        '`y` is f32, but "y" in a.npz has the shape [1] for each row',
        "an axis of 1 counts: save `array.ravel()`, or declare `f32[1]`",
    ),
    "a column of classes": Case(
        {"y": np.zeros((3, 1))},
        [kinds("y", 3)],
        '`y` is class[3], but "y" in a.npz has the shape [1] for each row',
        "an axis of 1 counts: save `array.ravel()`, or declare `class[3][1]`",
    ),
    "rows disagree": Case(
        {"x": np.zeros((3, 2)), "y": np.zeros(4)},
        [f32("x", 2), f32("y")],
        'a.npz: "x" has 3 rows, but "y" has 4 rows',
    ),
    "no rows": Case(
        {"x": np.zeros((0, 2))},
        [f32("x", 2)],
        'a.npz, array "x" holds no rows',
    ),
    "a single number": Case(
        {"x": np.float32(3)},
        [f32("x")],
        'a.npz, array "x" holds no rows',
    ),
    "pickled objects": Case(
        {"x": np.array([{}, {}], dtype=object)},
        [f32("x")],
        'a.npz, array "x" holds pickled Python objects, which are never read',
        "save numbers, or text as `array.astype(str)`",
    ),
    "complex numbers": Case(
        {"x": np.zeros(3, complex)},
        [f32("x")],
        '"x" in a.npz holds elements of NumPy\'s type complex128, but `x` is f32',
    ),
    "all beyond i64": Case(
        {"x": np.array([2**63 + 1, 2**63], np.uint64)},
        [i64("x")],
        'a.npz, x[0]: "9223372036854775809" is too large for i64 (and 1 more value)',
    ),
    "dates": Case(
        {"x": np.zeros(3, "M8[D]")},
        [f32("x")],
        '"x" in a.npz holds elements of NumPy\'s type datetime64[D], but `x` is f32',
    ),
    "records": Case(
        {"x": np.zeros(3, [("a", "f4")])},
        [f32("x")],
        '"x" in a.npz holds elements of NumPy\'s type void32, but `x` is f32',
    ),
    "text for numbers": Case(
        {"x": np.array(["1", "2"])},
        [f32("x")],
        '"x" in a.npz holds text, but `x` is f32',
    ),
    "NaN": Case(
        {"x": np.array([[1, 2], [3, np.nan]])},
        [f32("x", 2)],
        "a.npz, x[1, 1] is empty or NaN",
        DROP_OR_KEEP,
    ),
    "infinity": Case(
        {"x": np.array([[1, 2], [np.inf, 4]])},
        [f32("x", 2)],
        'a.npz, x[1, 0]: "inf" is infinite',
    ),
    "beyond f32": Case(
        {"x": np.array([1, -1e300])},
        [f32("x")],
        'a.npz, x[1]: "-1e+300" is too large for f32',
    ),
    "beyond i64": Case(
        {"n": np.array([1, 2**64 - 1], np.uint64)},
        [i64("n")],
        'a.npz, n[1]: "18446744073709551615" is too large for i64',
    ),
    "label with a fraction": Case(
        {"c": np.array([0.0, 1.5])},
        [kinds("c", 3)],
        'a.npz, c[1]: "1.5" is not a whole number',
    ),
    "label of a pixel out of range": Case(
        {"c": np.array([[[0, 1], [2, 9]]] * 2)},
        [kinds("c", 3, 2, 2)],
        'a.npz, c[0, 1, 1]: "9" is not one of 0 to 2 (and 1 more value)',
        "`class[3]` counts from 0: 0 to 2",
    ),
    "column of an array": Case(
        {"x": np.zeros((3, 2))},
        [f32("x", 2)],
        '"x" in a.npz is an array of the shape [2] for each row, not a column',
        'take it with `array("x")`',
        settings={"bindings": {"x": select("column", "x")}},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_npz(files: Files, case: Case) -> None:
    assert isinstance(case.content, dict)
    (diagnostic,) = refusals(section(files.npz(case.content), **case.settings), case.declared)
    assert told(diagnostic) == (case.message, case.help)


def test_a_compressed_bomb_is_refused_by_its_header_alone(files: Files) -> None:
    np.savez_compressed("a.npz", x=np.zeros((1000, 1000)))
    assert os.path.getsize("a.npz") < 10_000
    (diagnostic,) = refusals(section(files.call("npz", "a.npz")), [f32("x", 1000)], limit=10**6)
    assert diagnostic.message == 'a.npz, array "x" takes 8.0 MB of memory, but 1.0 MB are allowed'


def write_npy(shape: str, descr: str = "'<f8'", data: bytes = b"", name: str = "x.npy") -> None:
    """An archive with a forged header."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    with zipfile.ZipFile("a.npz", "w") as archive:
        archive.writestr(name, header + data)


@pytest.mark.parametrize(
    ("shape", "descr", "message"),
    [
        ("(10**9, 10**9)", "'<f8'", 'a.npz, array "x": it is damaged'),
        ("(1000000000000, 1000)", "'<f8'", 'a.npz, array "x" takes 8.0 PB of memory, but 4.0 GB are allowed'),
        ("(1000000000000, 0)", "'<f8'", 'a.npz, array "x" takes 8.0 TB of memory, but 4.0 GB are allowed'),
        ("(1000000000000,)", "'<U0'", 'a.npz, array "x" takes 1.0 TB of memory, but 4.0 GB are allowed'),
        ("(100,)", "'<f8'", 'a.npz, array "x": its length is not what its header says'),
        ("(-1, -1)", "'<f8'", 'a.npz, array "x": its length is not what its header says'),
        ("(1,)", "'no such type'", 'a.npz, array "x": it is damaged'),
        ("__import__('os').system('touch pwned')", "'<f8'", 'a.npz, array "x": it is damaged'),
    ],
)
def test_forged_headers(files: Files, shape: str, descr: str, message: str) -> None:
    write_npy(shape, descr)
    (diagnostic,) = refusals(section(files.call("npz", "a.npz")), [f32("x")])
    assert diagnostic.message == message
    assert not Path("pwned").exists()


def test_archives_that_are_none_or_cut(files: Files) -> None:
    files.npz({"x": np.arange(100.0)})
    whole = Path("a.npz").read_bytes()
    for content in (b"", b"not an archive", whole[:100], whole[:-30], whole[:200] + b"\xff" * 100 + whole[300:]):
        Path("a.npz").write_bytes(content)
        (diagnostic,) = refusals(section(files.call("npz", "a.npz")), [f32("x")])
        assert diagnostic.code == "NN421", content[:20]
        assert diagnostic.message.endswith("it is not an .npz archive, or damaged")


def test_a_plain_npy_file_is_not_an_archive(files: Files) -> None:
    with open("a.npz", "wb") as file:
        np.save(file, np.zeros(3))
    (diagnostic,) = refusals(section(files.call("npz", "a.npz")), [f32("x")])
    assert diagnostic.message == "a.npz: it is not an .npz archive, or damaged"
