"""Files are written whole or not at all, and nothing that a command did not make is written over."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

Command = Callable[..., Any]

ARTIFACTS = ["small.train.onnx", "small.eval.onnx", "small.predict.onnx", "small.state.safetensors", "small.py"]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---------------------------------------------------------------- compile


def test_compile_writes_both_targets(nndsl: Command, folder: Path) -> None:
    done = nndsl("compile", "small.nn", "-o", "deep/build")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == [f"deep/build/{name}" for name in ARTIFACTS]
    assert sorted(contents(folder / "deep" / "build")) == sorted(ARTIFACTS)


@pytest.mark.parametrize(("target", "names"), [("onnx", ARTIFACTS[:4]), ("numpy", ARTIFACTS[4:])])
def test_compile_writes_one_target(nndsl: Command, folder: Path, target: str, names: list[str]) -> None:
    assert nndsl("compile", "small.nn", "--target", target).code == 0
    assert sorted(contents(folder / "build")) == sorted(names)


def test_compile_gives_the_same_bytes(nndsl: Command, folder: Path) -> None:
    for out in ("one", "two", "one"):
        assert nndsl("compile", "small.nn", "-o", out).code == 0
    assert contents(folder / "one") == contents(folder / "two")


def test_compile_leaves_a_module_alone_that_it_did_not_write(nndsl: Command, folder: Path) -> None:
    (folder / "small.py").write_text("print('mine')\n")
    before = contents(folder)
    done = nndsl("compile", "small.nn", "-o", ".")
    assert done.code == 2
    assert "small.py is there already" in done.err
    assert contents(folder) == before


# ---------------------------------------------------------------- places that cannot be written


@pytest.mark.parametrize("place", ["file", "file/below", "full", "link", "/proc/nndsl", "n" * 300, "/dev/null"])
def test_training_refuses_the_place_before_it_trains(nndsl: Command, folder: Path, place: str) -> None:
    (folder / "file").write_text("mine")
    (folder / "full").mkdir()
    (folder / "full" / "mine").touch()
    (folder / "link").symlink_to("nowhere")
    before = sorted(folder.rglob("*"))
    done = nndsl("train", "small.nn", "-o", place)
    assert done.code in (1, 2)
    assert "NN502" in done.err or "NN503" in done.err
    assert "epoch" not in done.out
    assert sorted(folder.rglob("*")) == before


def test_an_empty_folder_will_do(nndsl: Command, folder: Path) -> None:
    (folder / "run").mkdir()
    assert nndsl("train", "small.nn", "-o", "run").code == 0


@pytest.mark.parametrize("place", ["folder", "/dev/null", "file/below", "/proc/out.csv"])
def test_predictions_replace_files_only(nndsl: Command, folder: Path, place: str) -> None:
    nndsl("train", "small.nn", "-o", "run")
    (folder / "folder").mkdir()
    (folder / "file").write_text("mine")
    before = sorted(folder.rglob("*"))
    done = nndsl("predict", "run", "small.csv", "-o", place)
    assert done.code == 1
    assert "NN502" in done.err
    assert sorted(folder.rglob("*")) == before
    assert not os.path.isfile("/dev/null")


def test_predictions_do_not_replace_the_data(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    (folder / "same.csv").hardlink_to(folder / "small.csv")
    before = contents(folder)
    for place in ("small.csv", "./small.csv", "same.csv"):
        done = nndsl("predict", "run", "small.csv", "-o", place)
        assert done.code == 2
        assert "NN503" in done.err
    assert contents(folder) == before


def test_a_link_stays_a_link(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    (folder / "target.csv").write_text("old")
    (folder / "link.csv").symlink_to("target.csv")
    assert nndsl("predict", "run", "small.csv", "-o", "link.csv").code == 0
    assert (folder / "link.csv").is_symlink()
    assert (folder / "target.csv").read_text().startswith("p")


# ---------------------------------------------------------------- failures while writing


@pytest.fixture(params=["write", "fsync", "chmod", "replace"])
def full_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """`full_disk(n)`: from the n-th call on, this step of writing a file fails as on a full disk."""

    def fail_from(count: int) -> None:
        calls = 0
        name = request.param
        real = os.fdopen if name == "write" else getattr(os, name)

        def limited(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls >= count:
                if name == "write":
                    os.close(arguments[0])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **options)

        monkeypatch.setattr(os, "fdopen" if name == "write" else name, limited)

    yield fail_from
    monkeypatch.undo()


@pytest.mark.parametrize("count", [1, 3])
def test_a_disk_that_fills_up_leaves_no_part_of_a_run(
    nndsl: Command, folder: Path, full_disk: Callable[[int], None], count: int
) -> None:
    before = sorted(folder.rglob("*"))
    full_disk(count)
    done = nndsl("train", "small.nn")
    assert done.code == 1
    assert "cannot write runs/small-001: no space left on device" in done.err
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("count", [1, 3])
def test_a_disk_that_fills_up_leaves_no_part_of_what_is_compiled(
    nndsl: Command, folder: Path, full_disk: Callable[[int], None], count: int
) -> None:
    before = sorted(folder.rglob("*"))
    full_disk(count)
    assert nndsl("compile", "small.nn").code == 1
    assert sorted(folder.rglob("*")) == before


def test_a_disk_that_fills_up_leaves_the_old_predictions(
    nndsl: Command, folder: Path, full_disk: Callable[[int], None]
) -> None:
    nndsl("train", "small.nn", "-o", "run")
    (folder / "out.csv").write_text("old\n")
    before = contents(folder)
    full_disk(1)
    assert nndsl("predict", "run", "small.csv", "-o", "out.csv").code == 1
    assert contents(folder) == before


def test_the_record_comes_last(nndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds `run.json` finds the rest: so a kill at any moment leaves a run or what is recognisably none."""
    named: list[str] = []
    real = os.replace

    def replace(source: Any, target: Any) -> None:
        if Path(target).parent.name == "run":
            named.append(Path(target).name)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    nndsl("train", "small.nn", "-o", "run")
    assert [name for name in named if name != "history.png"][-1] == "run.json"
    assert named[-1] in ("run.json", "history.png")
    (folder / "run" / "run.json").unlink()
    done = nndsl("eval", "run")
    assert done.code == 2
    assert "run.json is gone" in done.err


def test_a_picture_that_fails_does_not_cost_the_model(
    nndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def history_png(*arguments: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("nndsl.api.run.can_plot", lambda: True)
    monkeypatch.setattr("nndsl.api.run.history_png", history_png)
    done = nndsl("train", "small.nn", "-o", "run")
    assert done.code == 130
    assert done.out.splitlines()[-1] == "run"
    assert nndsl("eval", "run").code == 0


# ---------------------------------------------------------------- runs that are none


def damaged(text: str) -> Callable[[Path], object]:
    return lambda run: (run / "run.json").write_text(text)


def without(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).unlink()


def record_with(**changes: Any) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        record = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(json.dumps(record | changes))

    return change


def weights(**arrays: np.ndarray[Any, Any]) -> Callable[[Path], object]:
    return lambda run: save_file(arrays, run / "weights.safetensors")


def pipe(name: str) -> Callable[[Path], object]:
    def replace(run: Path) -> None:
        (run / name).unlink()
        os.mkfifo(run / name)

    return replace


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damaged(""), "run.json is not what training wrote"),
        (damaged("{}"), "run.json is not what training wrote"),
        (damaged("[]"), "run.json is not what training wrote"),
        (damaged("[" * 10**5), "run.json is not what training wrote"),
        (damaged('{"facts": null}'), "run.json is not what training wrote"),
        (lambda run: (run / "run.json").write_bytes(b"\xff\xfe"), "run.json is not what training wrote"),
        (record_with(facts={"sizes": {}, "classes": {"y": 3}, "rows": {}}), "run.json is not what training wrote"),
        (record_with(program="../small.nn"), "a program outside of it"),
        (record_with(program="other.nn"), "other.nn"),
        (record_with(model="large"), "large"),
        (pipe("run.json"), "run.json is not a file"),
        (pipe("weights.safetensors"), "weights.safetensors is not a file"),
        (without("weights.safetensors"), "it has no weights.safetensors"),
        (without("history.csv"), "it has no history.csv"),
        (without("small.nn"), "small.nn"),
        (lambda run: (run / "weights.safetensors").write_bytes(b"\xff" * 100), "weights.safetensors cannot be read"),
        (lambda run: (run / "weights.safetensors").write_bytes(b""), "weights.safetensors cannot be read"),
        (lambda run: (run / "history.csv").write_text("epoch,loss\n1,x\n"), "history.csv is not what"),
        (lambda run: (run / "history.csv").write_bytes(b"\xff"), "history.csv is not what"),
        (weights(), "weights.safetensors has no `p.dense_1.W`"),
        (weights(**{"p.dense_1.W": np.zeros((4, 2), np.float32)}), "`p.dense_1.W` is float32 [4, 2], not"),
        (weights(**{"p.dense_1.W": np.zeros((2, 4))}), "`p.dense_1.W` is float64 [2, 4], not"),
    ],
)
def test_a_damaged_run_is_said_to_be_one(
    nndsl: Command, folder: Path, damage: Callable[[Path], object], words: str
) -> None:
    nndsl("train", "small.nn", "-o", "run")
    damage(folder / "run")
    for command in (["eval", "run"], ["predict", "run", "small.csv"]):
        done = nndsl(*command)
        assert done.code == 2
        assert words in done.err


def test_a_run_without_its_data_still_predicts(nndsl: Command, folder: Path) -> None:
    nndsl("train", "small.nn", "-o", "run")
    (folder / "small.csv").rename(folder / "new.csv")
    assert nndsl("predict", "run", "new.csv").code == 0
    done = nndsl("eval", "run")
    assert done.code == 2
    assert "--> run/small.nn:10:12" in done.err
