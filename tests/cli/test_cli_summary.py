"""`nndsl summary`: the table, and pictures of the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

Command = Callable[..., Any]


def test_the_table_is_printed(nndsl: Command) -> None:
    done = nndsl("summary", "small.nn")
    assert done.code == 0
    assert done.out.startswith("layer")
    assert "small: 17 parameters" in done.out


def test_pictures_are_printed(nndsl: Command) -> None:
    assert ElementTree.fromstring(nndsl("summary", "small.nn", "--svg").out).tag.endswith("svg")
    assert nndsl("summary", "small.nn", "--mermaid").out.startswith("flowchart TD\n  n0([")


def test_pictures_are_written(nndsl: Command, folder: Path) -> None:
    done = nndsl("summary", "small.nn", "--svg", "new/small.svg", "--mermaid", "small.mmd")
    assert (done.code, done.out) == (0, "new/small.svg\nsmall.mmd\n")
    assert (folder / "new" / "small.svg").read_text() == nndsl("summary", "small.nn", "--svg").out
    assert (folder / "small.mmd").read_text() == nndsl("summary", "small.nn", "--mermaid").out


@pytest.mark.parametrize("option", ["--svg", "--mermaid"])
def test_a_picture_never_takes_the_place_of_another_kind_of_file(nndsl: Command, folder: Path, option: str) -> None:
    before = (folder / "kinds.nn").read_text()
    done = nndsl("summary", "small.nn", option, "kinds.nn")
    assert done.code == 2
    assert "the file's name must end in" in done.err
    assert (folder / "kinds.nn").read_text() == before


def test_a_forgotten_program_is_asked_for(nndsl: Command) -> None:
    done = nndsl("summary", "--svg", "small.nn")
    assert done.code == 2
    assert "Missing argument 'PROGRAM'" in done.err
