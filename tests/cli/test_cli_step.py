"""Options that say how a step is compiled: `--split-step`, `--no-opt`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def test_the_step_in_two_graphs_is_written_on_demand(nndsl: Command) -> None:
    assert nndsl("compile", "small.nn", "-o", "one", "--target", "onnx").code == 0
    done = nndsl("compile", "small.nn", "-o", "two", "--target", "onnx", "--split-step")
    assert [Path(line.split()[0]).name for line in done.out.splitlines()] == [
        "small.train.onnx",
        "small.grads.onnx",
        "small.apply.onnx",
        "small.eval.onnx",
        "small.predict.onnx",
        "small.state.safetensors",
    ]
    for path in Path("one").iterdir():
        assert (Path("two") / path.name).read_bytes() == path.read_bytes()


def test_the_module_is_the_same_where_the_step_is_split(nndsl: Command) -> None:
    nndsl("compile", "small.nn", "-o", "one", "--target", "numpy")
    nndsl("compile", "small.nn", "-o", "two", "--split-step")
    assert Path("one/small.py").read_bytes() == Path("two/small.py").read_bytes()


def test_without_optimisations_graphs_are_longer_and_the_backends_agree(nndsl: Command) -> None:
    for stage in ("graph", "onnx"):
        simplified, plain = (nndsl("show", "small.nn", "--stage", stage, *more).out for more in ((), ("--no-opt",)))
        assert len(plain.splitlines()) > len(simplified.splitlines())
    assert "gradients by" in nndsl("check", "small.nn", "--backends", "--no-opt", "--steps", "3").out
    assert nndsl("compile", "small.nn", "--no-opt", "-o", "plain").code == 0
    assert nndsl("compile", "small.nn", "-o", "fast").code == 0
    sizes = [Path(folder, "small.train.onnx").stat().st_size for folder in ("plain", "fast")]
    assert sizes[0] > sizes[1]
