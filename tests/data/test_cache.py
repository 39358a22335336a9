"""The cache beside a program: made once and whole, found again, made anew when it no longer fits; if not, in words."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import Files, f32, kinds, section, select

from nndsl.data import cache as caches
from nndsl.data.cache import ENTRY, FOLDER, Cache
from nndsl.data.load import load
from nndsl.data.storing import _Writer
from nndsl.data.table import Array
from nndsl.diagnostics import FAILED, Failure
from nndsl.model.sections import DataSection, SourceCall

TEXT = "x,c\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20))


def cache(program: str = "program.nn") -> Cache:
    return Cache(Path(FOLDER), program, above=0)


def read(program: DataSection, used: Cache | None = None) -> Array:
    return load(program, [f32("x"), kinds("c")], cache=used or cache()).train.arrays["x"][:]


def entries() -> list[str]:
    return sorted(path.parent.name for path in Path(FOLDER).glob(f"*/{ENTRY}"))


def leftovers() -> list[str]:
    return [path.name for path in Path(FOLDER).glob("making-*")]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was stored, one item each time."""
    found: list[str] = []
    original = caches.store

    def store(bounds: Any, folder: Path, piece: int) -> Any:
        found.append(",".join(bounds))
        return original(bounds, folder, piece)

    monkeypatch.setattr(caches, "store", store)
    return found


def test_an_entry_is_made_once(files: Files, made: list[str]) -> None:
    program = section(files.csv(TEXT))
    first = read(program)
    assert first.tolist() == list(range(20))
    assert read(program).tolist() == first.tolist()
    assert made == ["x,c"]
    assert (Path(FOLDER) / ".gitignore").read_text() == "*\n"
    assert not leftovers()


def test_a_file_of_another_time_but_the_same_content_needs_no_new_entry(files: Files, made: list[str]) -> None:
    program = section(files.csv(TEXT))
    read(program)
    os.utime("a.csv", ns=(1, 1))
    read(program)
    assert made == ["x,c"]
    (entry,) = Path(FOLDER).glob(f"*/{ENTRY}")
    assert json.loads(entry.read_text())["files"][0]["time"] == 1, "so that it is not hashed again next time"


def test_a_folder_may_move(files: Files, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read(section(files.csv(TEXT)))
    os.mkdir("elsewhere")
    for name in ("a.csv", FOLDER):
        shutil.move(name, "elsewhere")
    monkeypatch.chdir("elsewhere")
    assert read(section(files.call("csv", "a.csv"))).tolist() == list(range(20))
    assert made == ["x,c"]


def test_a_changed_file_gets_a_new_entry_in_place_of_the_old(files: Files, made: list[str]) -> None:
    read(section(files.csv(TEXT)))
    before = entries()
    assert read(section(files.csv(TEXT.replace("7,b", "70,b")))).tolist()[7] == 70
    assert len(made) == 2
    assert len(entries()) == 1
    assert entries() != before


def test_so_does_a_file_that_is_read_in_another_way(files: Files, made: list[str]) -> None:
    """Another program's entry of the same file stays."""
    read(section(files.csv(TEXT)))
    read(section(files.csv(TEXT)), cache("other.nn"))
    assert len(made) == 1, "what two programs read alike is stored once"
    bindings = {"x": select("column", "c"), "c": select("column", "x")}
    load(section(files.csv(TEXT.replace("a", "1").replace("b", "2")), bindings=bindings), [f32("x")], cache=cache())
    assert len(entries()) == 1
    text = section(files.csv(TEXT, "b.csv"), bindings={"x": select("column", "x")})
    for name in ("program.nn", "other.nn"):
        declared = [f32("x")] if name == "other.nn" else [f32("x"), kinds("c")]
        load(text, declared, cache=cache(name))
    assert len(entries()) == 3


def test_options_are_part_of_how_a_file_is_read(files: Files) -> None:
    plain = read(section(files.csv("x;c\n1.5;a\n2.5;b\n")))
    comma = read(section(files.csv("x;c\n1.5;a\n2.5;b\n".replace(".", ","), decimal=",")))
    np.testing.assert_array_equal(plain, comma)


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "0").write_bytes(b"short"),
        lambda entry: (entry / "1").unlink(),
        lambda entry: (entry / ENTRY).write_text('{"version": 1, "rea'),
        lambda entry: (entry / ENTRY).write_text("[1]"),
        lambda entry: (entry / ENTRY).write_text('{"version": 1}'),
        lambda entry: (entry / ENTRY).write_text((entry / ENTRY).read_text().replace('"kinds": null', '"kinds": []')),
        lambda entry: (entry / ENTRY).write_text('{"version": 99, "reading": 0, "files": 0}'),
        lambda entry: (entry / ENTRY).write_bytes(b"\xff\xfe"),
        lambda entry: (entry / ENTRY).unlink(),
    ],
    ids=[
        "cut",
        "file gone",
        "half a list of contents",
        "another list",
        "empty",
        "changed by hand",
        "another version",
        "no text",
        "gone",
    ],
)
def test_a_damaged_entry_is_made_again(files: Files, made: list[str], damage: Callable[[Path], Any]) -> None:
    program = section(files.csv(TEXT))
    read(program)
    (entry,) = (path.parent for path in Path(FOLDER).glob(f"*/{ENTRY}"))
    damage(entry)
    assert read(program).tolist() == list(range(20))
    assert len(made) == 2
    assert entries() == [entry.name]


def test_columns_stay_readable_when_their_entry_is_replaced(files: Files) -> None:
    """As when another process trains on the old one."""
    splits = load(section(files.csv(TEXT)), [f32("x"), kinds("c")], cache=cache())
    read(section(files.csv(TEXT.replace("7,b", "70,b"))))
    assert splits.train.arrays["x"][:].tolist() == list(range(20))


def make(folder: str, started: Any, going: Any) -> None:
    os.chdir(folder)
    original = caches.store

    def slow(*arguments: Any) -> Any:
        started.put(os.getpid())
        going.wait()
        return original(*arguments)

    caches.store = slow  # type: ignore[assignment]
    source = SourceCall("csv", ("a.csv",), {}, {}, section().span)
    read(section(source))


def test_two_processes_make_one_entry_between_them(files: Files) -> None:
    files.csv(TEXT)
    context = multiprocessing.get_context("spawn")
    started, going = context.Queue(), context.Event()
    processes = [context.Process(target=make, args=(os.getcwd(), started, going)) for _ in range(2)]
    for process in processes:
        process.start()
    started.get(timeout=60)
    going.set()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert started.empty()
    assert len(entries()) == 1


def test_a_process_that_was_killed_leaves_nothing_behind_for_long(files: Files) -> None:
    files.csv(TEXT)
    context = multiprocessing.get_context("spawn")
    started, going = context.Queue(), context.Event()
    process = context.Process(target=make, args=(os.getcwd(), started, going))
    process.start()
    started.get(timeout=60)
    process.kill()
    process.join(60)
    assert len(leftovers()) == 1
    assert not entries()
    read(section(files.csv(TEXT)))
    assert not leftovers()
    assert len(entries()) == 1


# ---------------------------------------------------------------- what can go wrong


def refusal(program: DataSection) -> Failure:
    with pytest.raises(Failure) as raised:
        read(program)
    assert raised.value.exit_code == FAILED
    assert not entries()
    assert not leftovers()
    return raised.value


def test_a_full_disk_leaves_nothing(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: _Writer, *_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_Writer, "add", full)
    (diagnostic,) = refusal(section(files.csv(TEXT))).diagnostics
    assert diagnostic.message == ".nndsl-cache cannot be written: the disk is full"
    assert diagnostic.code == "NN443"


def test_a_folder_that_must_not_be_written(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, **_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refused)
    (diagnostic,) = refusal(section(files.csv(TEXT))).diagnostics
    assert diagnostic.message == ".nndsl-cache cannot be written: permission denied"


def test_a_file_in_place_of_the_folder(files: Files) -> None:
    Path(FOLDER).write_text("mine")
    with pytest.raises(Failure) as raised:
        read(section(files.csv(TEXT)))
    assert raised.value.diagnostics[0].message == ".nndsl-cache cannot be written: file exists"
    assert Path(FOLDER).read_text() == "mine"


def test_what_does_not_fit_on_the_disk_is_not_begun(
    files: Files, monkeypatch: pytest.MonkeyPatch, made: list[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 10**6, 999))
    np.savez_compressed("a.npz", x=np.zeros(1000), c=np.zeros(1000, np.uint8))
    (diagnostic,) = refusal(section(files.call("npz", "a.npz"))).diagnostics
    assert diagnostic.message == "a.npz takes 8.0 kB in .nndsl-cache, but 999 bytes are free there"
    assert made == []


def test_a_file_that_changes_while_it_is_read(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    original = caches.store

    def store(*arguments: Any) -> Any:
        stored = original(*arguments)
        with open("a.csv", "a") as file:
            file.write("20,a\n")
        os.utime("a.csv", ns=(time.time_ns(), time.time_ns()))
        return stored

    monkeypatch.setattr(caches, "store", store)
    (diagnostic,) = refusal(section(files.csv(TEXT))).diagnostics
    assert diagnostic.message == "a.csv changed while it was read"
