"""The Python API; the commands are thin over it.

net = nndsl.load("digits.nn", set={"train.epochs": 5})
net.compile("build")
run = net.train()
run.evaluate()                                  # {"loss": …, "accuracy": …} on the test split
run.predict({"pixels": images})["label"]
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

__all__ = ["STAGES", "Net", "Run", "load"]


def load(
    path: str | os.PathLike[str], *, set: Overrides = (), model: str | None = None, root: str | None = None
) -> Net | Run:
    """A program (`digits.nn`) as a `Net`, or the folder of a run (`runs/digits-001`) as a `Run`.

    `set` overrides consts and settings of a program: `{"train.epochs": 5, "train.optimizer": "sgd(0.1)"}`; texts are
    expressions of the language, other values are written as such. `model` chooses among several models; imports must
    lie in `root` (the program's own folder if None).

    Raises `nndsl.Failure` where the file cannot be read or the folder is not a run's. What is wrong in the program
    itself is raised by what is first asked of the `Net`, every error at once.
    """
    if Path(path).is_dir():
        if set or model or root:
            raise Failure(BadOption(None, "set, model, root", f"{path} is a run, whose program is what it is"))
        return Run.open(path)
    return Net(load_program(os.fspath(path), root=root), set, model)
