"""What `tune` asks for: measured before training, or found by an earlier run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nndsl.api.options import BackendName
from nndsl.codegen.backend import Arrays, Session
from nndsl.codegen.onnx.choices import Choices, questions
from nndsl.data.dataset import Dataset
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.training.tuning import Tuning, read_tuning, tune
from nndsl.transform.step import Step

if TYPE_CHECKING:
    from nndsl.api.program import Program

Tune = bool | str | os.PathLike[str]
"""Whether to measure; or a run's folder, or its `tuning.json`, whose choices are taken. False leaves them to the cost
model, or to what was found before."""


def tuning_for(
    net: Program, asked: Tune, state: Arrays, train: Dataset, step: Step, *, backend: str, provider: str
) -> Tuning:
    """The choices that training from this state is to begin with, as asked for.

    Raises `Failure` (NN511) where there is nothing to choose, or the run has nothing that was found.
    """
    if backend != "onnx" or provider != "cpu":
        reason = "the numpy backend's threads are those of its library" if backend != "onnx" else "cuda has no threads"
        raise Failure(BadOption(None, "tune", f"{reason}: there is something to choose with onnx on the CPU only"))
    if not isinstance(asked, bool):
        return read_tuning(Path(asked))

    def open(name: str, choices: Choices) -> Session:
        return net.session(state, cast(BackendName, name), "cpu", step, choices)

    sizes = net.facts.sizes if net.facts else {}
    return tune(open, questions(step, net.rows_together(step.train), sizes), step, train)
