"""Files that are programs, and those that are none: each told apart without a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndsl.diagnostics import Diagnostic, Failure
from nndsl.render import render
from nndsl.syntax.parse import parse
from nndsl.syntax.read import LARGEST, decode, read_source


def failure(path: str | Path) -> Diagnostic:
    with pytest.raises(Failure) as caught:
        read_source(path)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def test_line_ends_and_byte_order_mark_are_evened_out(tmp_path: Path) -> None:
    file = tmp_path / "a.nn"
    file.write_bytes(b"\xef\xbb\xbfconst a = 1\r\nconst b = 2\rconst c = 3\n")
    assert read_source(file).text == "const a = 1\nconst b = 2\nconst c = 3\n"
    assert read_source(file).name == str(file)
    assert read_source(file, "a.nn").name == "a.nn"


def test_a_mebibyte_is_the_most(tmp_path: Path) -> None:
    file = tmp_path / "a.nn"
    file.write_bytes(b"#" * LARGEST)
    assert len(read_source(file).text) == LARGEST
    file.write_bytes(b"#" * (LARGEST + 1))
    assert failure(file).code == "NN103"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a\nb\xff", "line 2 holds the byte 0xFF"),
        (b"\n\n\0", "line 3 holds a zero byte"),
        ("größe".encode("latin-1"), "0xF6"),
        ("a".encode("utf-16"), "line 1"),
    ],
)
def test_what_is_not_utf_8(tmp_path: Path, data: bytes, words: str) -> None:
    file = tmp_path / "a.nn"
    file.write_bytes(data)
    assert failure(file).code == "NN102"
    assert words in failure(file).message


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "there is no such file" in failure(tmp_path / "none.nn").message
    assert "there is no folder" in failure(tmp_path / "none" / "a.nn").message
    assert "it is a folder" in failure(tmp_path).message
    assert "no file can have this name" in failure("a\0b").message
    assert failure(tmp_path / ("a" * 5000)).code == "NN101"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a thing of POSIX")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nn")
    assert "no regular file" in failure(tmp_path / "pipe.nn").message
    assert "no regular file" in failure("/dev/null").message


@given(st.binary(max_size=300))
def test_any_bytes_give_a_program_or_diagnostics(data: bytes) -> None:
    found: tuple[Diagnostic, ...]
    try:
        _, found = parse(decode(data, "bytes.nn"))
    except Failure as failed:
        found = failed.diagnostics
    assert bool(render(found)) == bool(found)
