"""`nndsl data`: what it prints and draws; it needs inputs, targets and a `data` section, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nndsl as api

Command = Callable[..., Any]

BARE = """\
model passengers {
  input age: f32
  input port: class
  target survived: binary
}
data {
  source  = csv("passengers.csv")
  missing = drop
  test    = 1
}
"""

PASSENGERS = "age,port,survived\n1.5,S,0\n,C,1\n30,S,1\n4,C,no\n"


@pytest.fixture
def bare(folder: Path) -> Path:
    """A program that has no layer yet, and its data."""
    (folder / "bare.nn").write_text(BARE)
    (folder / "passengers.csv").write_text(PASSENGERS)
    return folder


def program(path: Path, input: str, target: str, *columns: str) -> None:
    """A program of an input `x` of these columns and a target `y`, over the CSV file of its own name."""
    taken = ", ".join(f'"{pattern}"' for pattern in columns)
    model = f"model m {{\n  input x: {input}\n  target y: {target}\n}}\n"
    path.write_text(f'{model}data {{\n  source = csv("{path.stem}.csv")\n  x = columns({taken})\n}}\n')


def test_a_line_for_each_column_and_for_each_class(nndsl: Command) -> None:
    done = nndsl("data", "small.nn")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "14 rows of small.csv"
    assert lines[1] == "train 10 (71.4%), validation 2 (14.3%), test 2 (14.3%)"
    assert lines[3].split() == ["name", "type", "column", "count", "missing", "min", "max", "mean", "std"]
    assert lines[5].split()[:8] == ["input", "x", "f32[2]", "a", "14", "0", "0", "13"]
    assert lines[6].split()[0] == "b"
    assert lines[7].split()[:4] == ["target", "y", "f32", "y"]
    kinds = [line.split("  ")[0] for line in nndsl("data", "kinds.nn").out.splitlines()]
    assert kinds[-3:] == ["blue, dark", "green", "red"]


def test_it_needs_no_loss_and_no_output(nndsl: Command, bare: Path) -> None:
    done = nndsl("data", "bare.nn")
    assert done.code == 0
    assert done.out.startswith("4 rows of passengers.csv; 1 dropped for a missing value\n")
    assert "1 of 4 rows dropped" in done.err
    assert "unused" not in done.err
    assert "has no loss" not in done.err


def test_a_model_with_errors_has_data_all_the_same(nndsl: Command, bare: Path) -> None:
    (bare / "bare.nn").write_text(BARE.replace("binary\n", "binary\n  h = age -> densse(3)\n"))
    assert nndsl("check", "bare.nn").code == 2
    assert nndsl("data", "bare.nn").code == 0


def test_json_is_the_description(nndsl: Command, bare: Path) -> None:
    plain = json.loads(nndsl("data", "bare.nn", "--json").out)
    net = api.load("bare.nn")
    assert isinstance(net, api.Net)
    assert plain == net.describe_data().to_json()
    assert (plain["rows"], plain["dropped"], plain["splits"]) == (4, 1, {"train": 2, "test": 1})
    assert plain["inputs"]["age"]["missing"] == 1
    assert [kind["class"] for kind in plain["inputs"]["port"]["classes"]] == ["C", "S"]


def test_overrides_say_which_data(nndsl: Command, bare: Path) -> None:
    (bare / "more.csv").write_text(PASSENGERS + "5,S,1\n")
    done = nndsl("data", "bare.nn", "--set", "data.test=2", "--set", 'data.source=csv("more.csv")', "--json")
    assert json.loads(done.out)["splits"] == {"train": 2, "test": 2}


def test_many_columns_and_classes_are_cut_short(nndsl: Command, folder: Path) -> None:
    head = ",".join(f"c{i}" for i in range(40))
    rows = "".join(",".join(str(i + j) for j in range(40)) + f",k{i}\n" for i in range(50))
    (folder / "wide.csv").write_text(f"{head},y\n{rows}")
    program(folder / "wide.nn", "f32[40]", "class", "c*")
    out = nndsl("data", "wide.nn").out
    assert "… 32 more" in out
    assert "all 40" in out
    assert "… 40 more" in out
    assert len(out.splitlines()) < 35
    assert len(json.loads(nndsl("data", "wide.nn", "--json").out)["inputs"]["x"]["each"]) == 40


def test_on_a_terminal_the_head_stands_out(nndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    assert "\x1b[1m" in nndsl("data", "small.nn").out
    monkeypatch.setenv("COLUMNS", "40")  # where it does not fit, nothing is cut
    assert "missing" in nndsl("data", "small.nn").out


def test_names_cannot_steer_the_terminal(nndsl: Command, folder: Path) -> None:
    (folder / "odd.csv").write_text("a,b\x1b[31m,y\n1,2,3\n4,5,6\n")
    program(folder / "odd.nn", "f32[2]", "f32", "a", "b*")
    done = nndsl("data", "odd.nn")
    assert done.code == 0
    assert "\x1b" not in done.out


# ---------------------------------------------------------------- the picture


@pytest.mark.parametrize(("file", "magic"), [("p.png", b"\x89PNG"), ("deep/p.SVG", b"<?xml"), ("p.pdf", b"%PDF")])
def test_a_picture_is_drawn(nndsl: Command, bare: Path, file: str, magic: bytes) -> None:
    done = nndsl("data", "bare.nn", "--plot", file)
    assert done.out.splitlines()[-1] == file
    assert (bare / file).read_bytes().startswith(magic)


def test_the_same_data_give_the_same_picture(nndsl: Command, folder: Path) -> None:
    nndsl("data", "kinds.nn", "--plot", "one.svg")
    nndsl("data", "kinds.nn", "--plot", "two.svg", "--json")
    assert (folder / "one.svg").read_bytes() == (folder / "two.svg").read_bytes()


def test_names_are_no_formulas(nndsl: Command, folder: Path) -> None:
    """matplotlib would read what stands between two dollars as mathematics, and refuse this."""
    (folder / "odd.csv").write_text("$\\frac$,y\n1.5,$_{\n2.5,$^$\n")
    program(folder / "odd.nn", "f32", "class", "*rac*")
    assert nndsl("data", "odd.nn", "--plot", "p.png").code == 0


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--plot", "p.jpg"], 2, "must end in .png, .svg or .pdf"),
        (["--plot", "folder.png"], 1, "it is a folder"),
        (["--set", 'data.source=csv("none.csv")'], 2, "none.csv"),
        (["--set", "data.missing=error"], 2, "is empty or NaN"),
        (["--set", "data.test=9"], 2, "rows"),
        (["--model", "other"], 2, "no model called `other`"),
    ],
)
def test_wrong_arguments_of_data(nndsl: Command, bare: Path, arguments: list[str], code: int, words: str) -> None:
    (bare / "folder.png").mkdir()
    before = sorted(bare.rglob("*"))
    done = nndsl("data", "bare.nn", *arguments)
    assert done.code == code
    assert words in done.err
    assert sorted(bare.rglob("*")) == before


def test_a_program_without_data(nndsl: Command, bare: Path) -> None:
    (bare / "bare.nn").write_text(BARE[: BARE.index("data {")])
    done = nndsl("data", "bare.nn")
    assert (done.code, done.out) == (2, "")
    assert "has no data" in done.err


def test_without_matplotlib_it_says_what_to_install(
    nndsl: Command, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    done = nndsl("data", "bare.nn", "--plot", "p.png")
    assert (done.code, done.out) == (4, "")
    assert 'pip install "nndsl[plot]"' in done.err
