"""The Python API; the commands are thin over it.

net = nndsl.load("digits.nn")
run = net.fit(x, y, epochs=30, validation_data=(xv, yv))
run.history["val_loss"]
net.predict(x)["label"]
net.save("digits.onnx")
"""

from __future__ import annotations

import os
from pathlib import Path

from nndsl.api.net import Net
from nndsl.api.options import Overrides
from nndsl.api.program import STAGES
from nndsl.api.run import Run
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.model.check import load_program
from nndsl.model.sources import kind_of
from nndsl.syntax.read import decode
from nndsl.training.loop import StopTraining

__all__ = ["STAGES", "Net", "Run", "StopTraining", "load", "loads", "open_run"]


def load(
    path: str | os.PathLike[str], *, set: Overrides = (), model: str | None = None, root: str | None = None
) -> Net:
    """A network: that of a program (`digits.nn`) with initial weights, or that of a run's folder (`runs/digits-001`)
    with the weights it was trained to.

    `set` overrides consts and settings of a program: `{"train.epochs": 5, "train.optimizer": "sgd(0.1)"}`; texts are
    expressions of the language, other values are written as such. `["train.epochs=5"]` says the same, and of one
    override `"train.epochs=5"`. `model` chooses among several models; imports must lie in `root` (the program's own
    folder if None).

    Raises `nndsl.Failure` where the file cannot be read or holds no such model, the folder is not a run's, or `set`,
    an input, a target or the `data` section is wrong. What else is wrong in the program is raised by what is first
    asked of the `Net`. Either way every error comes at once; data are not looked at yet.
    """
    if Path(path).is_dir():
        if set or model or root:
            raise Failure(BadOption(None, "set, model, root", f"{path} is a run, whose program is what it is"))
        run = open_run(path)
        run.net.go_on_from(run)
        return run.net
    _refuse_other_files(path)
    return _begun(Net(load_program(os.fspath(path), root=root), set, model))


def _refuse_other_files(path: str | os.PathLike[str]) -> None:
    """Raise a `Failure` for a file that is no program by its name, with what takes it instead."""
    name = os.fspath(path)
    match Path(name).suffix.lower(), kind_of(name):
        case ".onnx", _:
            reason = "is a compiled model, which onnxruntime runs; give its program, or the folder of its run"
        case ((".safetensors" | ".npz"), _):
            reason = "holds arrays; if they are weights, load their program and call `net.load_weights(path)`"
        case ".txt", _:
            return
        case _, str():
            reason = f"holds data; give a program, or have one made for them: nndsl new {name}"
        case _:
            return
    if Path(name).is_file():
        raise Failure(BadOption(None, "path", f"{name} {reason}"))


def _begun(net: Net) -> Net:
    """The network, what its program declares checked; with overrides, whatever can be checked without data."""
    declared = net.declared
    if net.overrides and not declared.needs_data:
        _ = net.checked
    return net


def loads(text: str, *, name: str = "program.nn", set: Overrides = (), model: str | None = None) -> Net:
    """The network of a program's text. Messages call it `name`; files that it names lie in the working directory.

    Otherwise as `load`.
    """
    if not isinstance(text, str):
        raise Failure(BadOption(None, "text", f"it is a text, not {type(text).__name__}"))
    return _begun(Net(load_program(decode(text.encode("utf-8", "surrogatepass"), name)), set, model))


def open_run(path: str | os.PathLike[str]) -> Run:
    """What a run's folder holds: its history, the state it ended with, why it stopped. `load` gives its network.

    Raises `nndsl.Failure` (NN504) where it is not the folder of a run, or its files do not fit together.
    """
    return Run.open(path)
