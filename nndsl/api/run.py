"""A trained network and the folder it lives in."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np

from nndsl import __version__
from nndsl.api import answers
from nndsl.api.net import Net
from nndsl.api.options import BackendName, Provider, Split, backend_named
from nndsl.codegen.backend import Array, Arrays, Session
from nndsl.compiler import compile_network
from nndsl.data.endings import Paths, open_arrays, open_like
from nndsl.data.files import UNLIMITED
from nndsl.data.load import sources_of
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.model.check import load_program
from nndsl.model.network import Facts
from nndsl.model.overrides import copies
from nndsl.source import Source
from nndsl.training import store
from nndsl.training.classification import Report, class_report
from nndsl.training.history import History
from nndsl.training.plot import can_plot, history_png
from nndsl.training.record import refuse_untrained
from nndsl.training.results import format_logs, log_text
from nndsl.transform.decisions import counting_decisions


class Run:
    """What training made of a network, and the folder it lives in (`path`; None where nothing was written).

    `state` is the trained state by name, `history` what was logged after each epoch, `stopped` why training ended
    before its last epoch (empty if it did not).
    """

    def __init__(
        self,
        path: Path | None,
        net: Net,
        state: Arrays,
        history: History,
        backend: BackendName = "onnx",
        provider: Provider = "cpu",
        stopped: str = "",
    ):
        self.path = path
        self.net = net
        self.state = dict(state)
        self.history = history
        self.backend = backend
        self.provider = provider
        self.stopped = stopped
        self.overrides = net.overrides

    def __repr__(self) -> str:
        last = f", {format_logs(self.history.epochs[-1])}" if len(self.history) else ""
        return f"<Run {self.path or self.net.program.source.name}: {len(self.history)} epochs{last}>"

    def _repr_html_(self) -> str:
        from nndsl.notebook import run_html

        return run_html(self)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, backend: BackendName = "onnx", provider: Provider = "cpu") -> Run:
        """The run in a folder; raises `Failure` (NN504) where it is not one, or its files do not fit together,
        and NN541 where it is still being trained or was killed."""
        folder = Path(path)
        refuse_untrained(folder)
        record = store.read_record(folder)
        program = load_program(folder / record.program, data_folder=record.data_folder)
        net = Net(program, (), record.model)
        net.facts = record.facts
        state = store.read_weights(folder, net.step.states)
        return cls(folder, net, state, store.read_history(folder), backend, provider, record.stopped)

    def save(self) -> None:
        """Write everything into the run's folder, all or nothing; then the picture, if plotting is installed."""
        from nndsl.codegen.onnx.trained import trained_model

        if self.path is None:
            raise Failure(BadOption(None, "save", "this run has no folder: `run.net.save(path)` makes one"))
        program = copies(self.net.program, self.overrides)
        text = Source(self.net.program.name, program[self.net.program.name])
        step = replace(self.net.step, source=text)  # with overrides, as whoever resumes the run has it
        record = {
            "nndsl": __version__,
            "model": step.network.name,
            "program": self.net.program.name,
            "data_folder": self.net.program.folder,
            "backend": self.backend,
            "provider": self.provider,
            "stopped": self.stopped,
            "python": platform.python_version(),
            "numpy": np.__version__,
        }
        (module,) = backend_named("numpy").artifacts(step, self.state).values()
        files: dict[str, bytes | str] = {
            **program,
            "model.onnx": trained_model(step, self.state),
            "model.py": module,
            "weights.npz": store.npz_bytes(self.state),
            store.WEIGHTS: store.safetensors_bytes(self.state),
            store.HISTORY: self.history.to_csv(),
            "train.log": log_text(self.history, self.stopped),
            store.RECORD: store.record_text(record, self.net.facts or Facts()),
        }
        store.save(self.path, files)

    def plot(self, tables: Mapping[str, Array] = MappingProxyType({})) -> Path | None:
        """Draw `history.png`; None where plotting is not installed or there is nothing to draw.

        `tables` are metrics of the test rows that are tables, such as a confusion matrix, to be drawn with it.
        """
        if self.path is None or not can_plot() or not len(self.history):
            return None
        store.save(self.path, {"history.png": history_png(self.history, tables)})
        return self.path / "history.png"

    @cached_property
    def session(self) -> Session:
        """The trained network on its engine."""
        return self.net.session(self.state, self.backend, self.provider)

    def evaluate(self, split: Split = "test", *, data: answers.Data | None = None) -> dict[str, float | Array]:
        """Loss and metrics over one split of the program's data, `test`, `validation` or `train`, or over other `data`:
        arrays by input and target name, a frame, or the path of a data file.

        A metric that is a table, such as a confusion matrix, is an array.
        """
        pieces = answers.pieces_of(self.net, split, data)
        return answers.measured_in_pieces(self.net, self.session, self.net.step, pieces)[1]

    def report(self, split: Split = "test", *, data: answers.Data | None = None, kind: str | None = None) -> Report:
        """What `evaluate` gives, and of each class or binary target the confusion matrix, and precision, recall and F1
        of its classes.

        `kind` says what the files of `data` are where their names do not.
        """
        pieces = answers.pieces_of(self.net, split, data, kind)
        network, targets = counting_decisions(self.net.checked.network)
        session, step = self.session, self.net.step
        if targets:
            step = compile_network(network, self.net.checked.train, self.net.program.source).step
            session = self.net.session(self.state, self.backend, self.provider, step)
        rows, values = answers.measured_in_pieces(self.net, session, step, pieces)
        classes = tuple(class_report(declared, np.asarray(values.pop(name))) for name, declared in targets.items())
        return Report(rows, values, classes)

    def predict(self, data: answers.Data) -> dict[str, Array]:
        """The outputs by name for all rows of `data`: arrays by input name, one array or a frame where there is one
        input, or the path of a data file.

        A scalar output is [rows], another [rows, …]. Classes that have names are given by name.
        """
        return answers.predictions(self.net, self.session, answers.inputs_of(self.net, data))

    def predictions(
        self, data: Paths, *, kind: str | None = None, keep: Sequence[str] = (), arrays: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, Array]]:
        """What `predict` gives for data files, in order and a piece of rows at a time: files of any size take the same
        memory.

        `kind` says what the files are where their names do not (`csv`, `npz`, `npy`, `idx`, `parquet`, `arrow`,
        `images`). `keep` are columns, or patterns of them, that come along before the outputs. `arrays` are files of
        one array each by the names of the inputs, in place of `data`. Raises `Failure` where something is wrong, after
        the pieces before it.
        """
        network, sources = self.net.checked.network, sources_of(self.net.declared.data)
        if arrays:
            opened = open_arrays(arrays, UNLIMITED, kind)
        else:
            opened = open_like(data, sources, network.inputs, UNLIMITED, kind=kind, in_pieces=True)
        return answers.predictions_in_pieces(self.net, self.session, opened, keep)
