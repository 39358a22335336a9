"""Wrong input: an exit code, a message with its place, nothing written; no traceback (the `nndsl` fixture looks)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture
def unchanged(folder: Path) -> Callable[[], bool]:
    """Whether the working directory holds what it held when this was asked for."""
    before = sorted(folder.rglob("*"))
    return lambda: sorted(folder.rglob("*")) == before


# ---------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian", "small.nn"], "did you mean `train`?"),
        (["train"], "Missing argument 'PROGRAM'"),
        (["train", "small.nn", "--frobnicate"], "see nndsl train --help"),
        (["train", "small.nn", "--epochs", "5"], "settings are overridden by --set train.epochs=…"),
        (["train", "small.nn", "--batch-size=5"], "--set train.batch_size=…"),
        (["summary", "small.nn", "--epoch=5"], "--set train.epochs=…"),
        (["data", "small.nn", "--validation=5"], "--set data.validation=…"),
        (["train", "small.nn", "--lr", "0.1"], "--set train.optimizer=…"),
        (["eval", "run", "--epochs", "5"], "see nndsl eval --help"),
        (["compile", "small.nn", "--target", "numpy", "--split-step"], "split_step: the step in two graphs is onnx"),
        (["train", "small.nn", "--backend", "torch"], "'torch' is not one of"),
        (["train", "small.nn", "--provider", "tpu"], "'tpu' is not one of"),
        (["train", "small.nn", "--max-memory", "5XB"], "'5XB' is not a size such as 500MB"),
        (["train", "small.nn", "--max-memory", "9" * 400], "is not a size"),
        (["train", "small.nn", "--backend", "numpy", "--provider", "cuda"], "the CPU only"),
        (["train", "small.nn", "--model", "large{x}"], "no model called `large{x}`"),
        (["show", "small.nn", "--stage", "{}"], "'{}' is not one of"),
        (["check", "small.nn", "--backends", "--steps", "0"], "0 is not in the range"),
        (["eval", "small.nn"], "it is a file"),
        (["eval", "nowhere"], "there is no such folder"),
        (["eval", "."], "it has no run.json"),
        (["predict", "nowhere", "small.csv"], "there is no such folder"),
        (["explain", "NN999"], "no message with the code NN999"),
        (["explain", "{x}"], "no message with the code {x}"),
    ],
)
def test_wrong_arguments(nndsl: Command, unchanged: Callable[[], bool], arguments: list[str], words: str) -> None:
    done = nndsl(*arguments)
    assert done.code == 2
    assert words in done.err
    assert done.out == ""
    assert unchanged()


def test_of_many_errors_a_hundred_are_shown(nndsl: Command, folder: Path) -> None:
    lines = "".join(f"  a{i} = x + unknown_{i}\n" for i in range(3000))  # minutes if each were compared with all
    (folder / "many.nn").write_text(f"model m {{\n  input x: f32[4]\n{lines}  output o = x\n}}\n")
    done = nndsl("check", "many.nn")
    assert done.code == 2
    assert done.err.count("error[NN201]") == 100
    assert done.err.endswith("\n3000 errors, of which 2900 are not shown\n")
    assert len(json.loads(nndsl("check", "many.nn", "--format", "json").err)) == 3000


def test_messages_as_json_are_one_list_whatever_happens(nndsl: Command, folder: Path) -> None:
    assert json.loads(nndsl("check", "small.nn", "--format", "json").err) == []
    unused = (folder / "small.nn").read_text().replace("const", "const unused = 3\nconst")
    (folder / "unused.nn").write_text(unused)
    (warning,) = json.loads(nndsl("check", "unused.nn", "--format=json").err)
    assert (warning["severity"], warning["line"]) == ("warning", 1)
    both = json.loads(nndsl("eval", "nowhere", "--format", "json").err)
    assert [message["code"] for message in both] == ["NN504"]
    (usage,) = json.loads(nndsl("check", "--format", "json").err)
    assert "PROGRAM" in usage["message"]
    warned, failed = json.loads(nndsl("train", "unused.nn", "--max-memory", "1", "--format", "json").err)
    assert (warned["severity"], failed["code"]) == ("warning", "NN508")


# ---------------------------------------------------------------- the program's file


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def enormous(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)  # a hole: it takes no room


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [binary, enormous, dangling, circle, device, Path.mkdir, os.mkfifo, Path.touch])
@pytest.mark.parametrize("command", ["train", "check", "compile", "show"])
def test_what_is_no_program(nndsl: Command, folder: Path, make: Callable[[Path], None], command: str) -> None:
    make(folder / "p.nn")
    done = nndsl(command, "p.nn")
    assert done.code == 2
    assert "p.nn" in done.err
    assert not {"runs", "build"} & {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("make", [binary, enormous, dangling, circle, device, Path.mkdir, os.mkfifo, Path.touch])
def test_what_is_no_data(nndsl: Command, folder: Path, make: Callable[[Path], None]) -> None:
    (folder / "small.csv").unlink()
    make(folder / "small.csv")
    done = nndsl("train", "small.nn")
    assert done.code == 2
    assert "--> small.nn:10:12" in done.err
    assert not (folder / "runs").exists()


HOSTILE = [
    "{x}{0}.nn",
    "a\nb.nn",
    "\x1b[31mred.nn",
    '"q".nn',
    "--> x.nn",
    "%s%n.nn",
    "é\u202e.nn",
    os.fsdecode(b"\xff.nn"),
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_only_names(nndsl: Command, folder: Path, name: str) -> None:
    missing = nndsl("train", "--", name)
    assert missing.code == 2
    assert not {"\x1b", "\u202e"} & set(missing.err)
    (folder / "small.nn").rename(folder / name)
    made = nndsl("train", "-o", f"run {name}", "--", name)
    assert made.code == 0
    assert not {"\x1b", "\u202e"} & set(made.out)
    assert nndsl("eval", "--", f"run {name}").code == 0
    assert nndsl("predict", "-o", f"out {name}", "--", f"run {name}", "small.csv").code == 0
    assert nndsl("compile", "-o", f"build {name}", "--", name).code == 0


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("train.optimiser=sgd(0.1)", "did you mean `optimizer`?"),
        ("train.optimizer=sgdd(0.1)", "sgdd"),
        ("train.epochs=-1", "at least 0"),
        ("train.epochs=1e3", "whole number"),
        ("train.batch_size=0", "at least 1"),
        ("train.batch_size=99999999999999999999", "too large"),
        ("train.steps=0", "at least 1"),
        ("data.validation=100%", "a share"),
        ("data.validation=14", "rows"),
        ('data.source=csv("no{x}.csv")', "no{x}.csv"),
        ('data.x=columns("q*")', "q*"),
        ("train.callbacks=[early_stopping(accuracy)]", "accuracy"),
        ("depth=3", "no const `depth`"),
        ("\x1b[31m{x}=3", "not NAME=value"),
        ("train.epochs=" + "(" * 100 + "1" + ")" * 100, "nested"),
    ],
)
def test_wrong_settings(nndsl: Command, unchanged: Callable[[], bool], setting: str, words: str) -> None:
    done = nndsl("train", "small.nn", "--set", setting)
    assert done.code == 2
    assert words in done.err
    assert unchanged()


def test_errors_of_the_program_and_of_its_data_come_together(nndsl: Command, folder: Path) -> None:
    text = (folder / "small.nn").read_text()
    (folder / "small.nn").write_text(text.replace("mse(p, y)", "mse(q, y)").replace("small.csv", "none.csv"))
    done = nndsl("train", "small.nn")
    assert done.code == 2
    assert "called `q`" in done.err
    assert "no file none.csv" in done.err


def test_a_program_without_data(nndsl: Command, folder: Path) -> None:
    text = (folder / "small.nn").read_text()
    (folder / "small.nn").write_text(text[: text.index("data {")])
    for arguments in (["train"], ["check", "--grad"], ["check", "--backends"]):
        done = nndsl(arguments[0], "small.nn", *arguments[1:])
        assert done.code == 2
        assert "--> small.nn:2:7" in done.err
    assert nndsl("compile", "small.nn").code == 0


@pytest.mark.parametrize(("cut", "words"), [("loss mse(p, y)", "no loss"), ("output p", "no output")])
def test_what_a_model_lacks_is_an_error_of_who_needs_it(nndsl: Command, folder: Path, cut: str, words: str) -> None:
    text = (folder / "small.nn").read_text().replace(cut, cut.removeprefix("output ") if "output" in cut else "")
    (folder / "small.nn").write_text(text)
    checked = nndsl("check", "small.nn")
    assert checked.code == 0
    assert words in checked.out
    assert nndsl("show", "small.nn", "--stage", "model").code == 0
    for command in ("train", "compile", "summary"):
        done = nndsl(command, "small.nn")
        assert done.code == 2
        assert words in done.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("validation = 2", ""), "validation split"),
        (("epochs = 2", "epochs = 2\n  train_metrics = false"), "train_metrics"),
    ],
)
def test_a_callback_that_watches_what_is_not_reported(
    nndsl: Command, folder: Path, change: tuple[str, str], words: str
) -> None:
    monitor = "val_loss" if "validation" in change[0] else "mae"
    text = (folder / "small.nn").read_text().replace(*change)
    (folder / "small.nn").write_text(text)
    done = nndsl("train", "small.nn", "--set", f"train.callbacks=[early_stopping({monitor})]")
    assert done.code == 2
    assert words in done.err
    assert not (folder / "runs").exists()


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize("width", ["10_000_000_000", "2^62", "10^9 * 10^9"])
@pytest.mark.parametrize("command", [["train"], ["compile"], ["show", "--stage", "numpy"], ["check", "--grad"]])
def test_sizes_beyond_memory_are_refused_before_anything_is_allocated(
    nndsl: Command, unchanged: Callable[[], bool], width: str, command: list[str]
) -> None:
    done = nndsl(*command, "small.nn", "--set", f"width={width}")
    assert done.code == 2
    assert "memory" in done.err
    assert unchanged()


def test_the_limit_of_memory_can_be_chosen(nndsl: Command) -> None:
    for limit, code in (("0", 2), ("100", 2), ("0.5kB", 2), ("1 MB", 0), ("1.5GiB", 0)):
        assert nndsl("train", "small.nn", "--max-memory", limit).code == code
        assert nndsl("compile", "small.nn", "--max-memory", limit).code == code


# ---------------------------------------------------------------- divergence and environment


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_divergence_names_step_epoch_and_the_first_wrong_value(nndsl: Command, folder: Path, backend: str) -> None:
    text = (folder / "small.nn").read_text().replace("mse(p, y)\n  metric", "mean(exp(p * 1000))\n  metric")
    (folder / "small.nn").write_text(text)
    done = nndsl("train", "small.nn", "--backend", backend)
    assert done.code == 3
    assert done.err.startswith("error[NN501]: the loss became ")
    assert "(epoch 1)" in done.err
    assert "is the first that is not finite: inf" in done.err
    assert not (folder / "runs").exists()


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_divergence_keeps_the_last_good_epoch(nndsl: Command, folder: Path, backend: str) -> None:
    """A learning rate that is fine for an epoch (3 steps of 10 rows) and then multiplied by 10^30 by a callback."""
    plateau = "reduce_lr_on_plateau(loss, factor = 1e30, patience = 0, min_delta = 100)"
    settings = ["--set", "train.epochs=9", "--set", f"train.callbacks=[{plateau}]"]
    done = nndsl("train", "small.nn", "-o", "run", "--backend", backend, *settings)
    assert done.code == 3
    epochs = len((folder / "run" / "history.csv").read_text().splitlines()) - 1
    assert epochs >= 1
    assert f"run keeps the weights after epoch {epochs}" in done.err
    values = json.loads(nndsl("eval", "run", "--split", "validation", "--json").out)
    last = (folder / "run" / "history.csv").read_text().splitlines()[-1].split(",")
    assert values["loss"] == pytest.approx(float(last[3]), rel=1e-6)  # evaluated on the other backend


def test_a_weight_that_is_no_number_after_the_last_step_is_divergence(nndsl: Command, folder: Path) -> None:
    """The slope of sqrt at 0 is infinite, though the loss, seen once before the only step, is fine."""
    text = (folder / "small.nn").read_text().replace("loss mse(p, y)", "loss sqrt(0 * mse(p, y))")
    (folder / "small.nn").write_text(text)
    done = nndsl("train", "small.nn", "--set", "train.epochs=1", "--set", "train.batch_size=all")
    assert done.code == 3
    assert "`p.dense_1.W` became nan at step 1" in done.err
    assert "--> small.nn:6:8" in done.err


def test_cuda_without_cuda(nndsl: Command, unchanged: Callable[[], bool]) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("there is a CUDA provider here")
    done = nndsl("train", "small.nn", "--provider", "cuda")
    assert done.code == 4
    assert "has no CUDA provider" in done.err
    assert "onnxruntime-gpu" in done.err
    assert unchanged()
