"""The Python API; the commands are thin over it.

net = nndsl.load("digits.nn", set={"train.epochs": 5})
net.compile("build")
run = net.train()
run.evaluate()                                  # {"loss": …, "accuracy": …} on the test split
run.predict({"pixels": images})["label"]
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nndsl import __version__
from nndsl.codegen.backend import Arrays, Backend, Session
from nndsl.compiler import Stages, compile_network
from nndsl.data.dataset import Dataset, Splits
from nndsl.data.load import Data, load_inputs
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.commands import BadOption, NothingToTrainOn, TooLarge
from nndsl.graph.text import print_graph
from nndsl.model.check import Checked, Declarations, Loaded, check, declarations, load_program
from nndsl.model.network import Facts
from nndsl.model.overrides import copies
from nndsl.model.text import print_network
from nndsl.training import callbacks, checking, loop, store
from nndsl.training.history import History
from nndsl.training.loop import training_batches
from nndsl.training.plot import can_plot, history_png
from nndsl.training.results import log_text, summary_text
from nndsl.transform.memory import Memory, estimate
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

BackendName = Literal["onnx", "numpy"]
STAGES = ("syntax", "model", "forward", "gradients", "graph", "apply", "evaluate", "predict", "numpy", "onnx")
"""What `show` knows: forward and gradients as they are before simplification, the graphs after `graph` after it."""

Provider = Literal["cpu", "cuda"]
Overrides = Mapping[str, object] | Sequence[str]
"""`{"train.epochs": 5}`, or the command line's `["train.epochs=5"]`."""


def load(
    path: str | os.PathLike[str], *, set: Overrides = (), model: str | None = None, root: str | None = None
) -> Net | Run:
    """A program (`digits.nn`), or the folder of a run (`runs/digits-001`).

    Raises `nndsl.Failure` with every error that the program has.
    """
    if Path(path).is_dir():
        return Run.open(Path(path))
    return Net(load_program(os.fspath(path), root=root), set, model)


def backend_named(name: str) -> Backend:
    """The backend of that name; its engine is imported when it is used."""
    if name == "onnx":
        from nndsl.codegen.onnx.backend import OnnxBackend

        return OnnxBackend()
    if name == "numpy":
        from nndsl.codegen.numpy.backend import NumpyBackend

        return NumpyBackend()
    raise Failure(BadOption(None, "backend", f"there is no backend `{name}`; there are onnx and numpy"))


class Net:
    """A program, with what compiling it gives; each stage is computed when it is first asked for."""

    def __init__(self, program: Loaded, overrides: Overrides = (), model: str | None = None):
        self.program = program
        self.overrides = _override_texts(overrides)
        self.model = model
        self.facts: Facts | None = None

    @cached_property
    def declared(self) -> Declarations:
        """The inputs, targets and the data section: what can be known before the data are looked at."""
        return declarations(self.program, self.overrides, self.model)

    @cached_property
    def checked(self) -> Checked:
        """The checked program. The data are looked at only if something in it needs them."""
        if self.facts is None and self.declared.needs_data and self.declared.data:
            self.facts = self._opened.facts
        return check(self.program, self.facts or Facts(), self.overrides, self.model)

    @cached_property
    def stages(self) -> Stages:
        return compile_network(self.checked.network, self.checked.train, self.program.source)

    @property
    def step(self) -> Step:
        """The graphs of a training step."""
        return self.stages.step

    @property
    def warnings(self) -> Sequence[Diagnostic]:
        return self.checked.warnings

    @cached_property
    def _opened(self) -> Data:
        section = self.declared.data
        if section is None:
            raise Failure(NothingToTrainOn(None, self.declared.name))
        return Data(section, self.declared.declared)

    @cached_property
    def data(self) -> Splits:
        """The examples, read, checked and split; raises `Failure` where there are none or they are wrong."""
        return self._opened.splits()

    def read_data(self) -> Splits:
        """Read the data before checking, so that it knows all they say: what training and checks on data begin with."""
        if self.facts is None:
            self.facts = self._opened.facts
            for stage in ("checked", "stages"):
                self.__dict__.pop(stage, None)
        return self.data

    @property
    def memory(self) -> Memory:
        """The memory of a training step at the program's batch size."""
        rows = self.facts.rows.get("train", 1) if self.facts else 1
        batch_size = self.checked.train.batch_size or rows
        return estimate(self.step, batch_size, dict(self.facts.sizes) if self.facts else None)

    def initial_state(self) -> dict[str, np.ndarray[Any, Any]]:
        """The state for the program's seed; fitted layers are fitted to the training split."""
        state = initial_state(self.step.states, self.step.train.seed)
        if any(spec.fit for spec in self.step.states):
            from nndsl.training.fitting import fit_statistics

            self.read_data()
            state |= fit_statistics(self.step, state, self.data.train)
        return state

    def compile(
        self,
        out: str | os.PathLike[str] = "build",
        target: Sequence[BackendName] = ("onnx", "numpy"),
        *,
        max_memory: int | None = None,
    ) -> list[Path]:
        """Write the artifacts of the targets into the folder `out`; gives their paths."""
        self.refuse_too_large(max_memory)
        state = self.initial_state()
        files: dict[str, bytes] = {}
        for name in target:
            files |= backend_named(name).artifacts(self.step, state)
        folder = Path(out)
        store.save(folder, files)
        return [folder / name for name in files]

    def train(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        backend: BackendName = "onnx",
        provider: Provider = "cpu",
        observer: loop.Observer | None = None,
        max_memory: int | None = None,
    ) -> Run:
        """Train as the program says; gives the run, whose folder is `out` (`runs/NAME-001` and so on if not given)."""
        data = self.read_data()
        self.refuse_too_large(max_memory)
        state = self.initial_state()
        session = self.session(state, backend, provider)
        folder = store.new_folder(self.step.network.name, os.fspath(out) if out is not None else None)
        history = loop.fit(
            session,
            self.step,
            loop.Examples(data.train, data.validation),
            callbacks.build(self.step.train.callbacks),
            observer,
        )
        run = Run(folder, self, session.state(), history, backend, provider)
        run.save()
        return run

    def summary(self) -> str:
        """The layers with shapes and parameters, and the memory of a step, as a table."""
        return summary_text(self.step, self.memory, self.checked.train.batch_size)

    def show(self, stage: str) -> str:
        """A stage of the compilation as text, one of `STAGES`."""
        match stage:
            case "syntax":
                from nndsl.syntax.print import print_program

                return print_program(self.program.main.tree)
            case "model":
                return print_network(self.checked.network)
            case "forward":
                return print_graph(self.stages.forward)
            case "gradients":
                return print_graph(self.stages.gradients)
            case "graph":
                return print_graph(self.step.gradients)
            case "apply" | "evaluate" | "predict":
                return print_graph(getattr(self.step, stage))
            case "numpy":
                files = backend_named("numpy").artifacts(self.step, self.initial_state())
                return files[f"{self.step.network.name}.py"].decode()
            case "onnx":
                from nndsl.codegen.onnx.text import training_graph_text

                return training_graph_text(self.step)
        raise Failure(BadOption(None, "stage", f"there is no stage `{stage}`; there are {', '.join(STAGES)}"))

    def check_gradients(self, rows: int = 8) -> Iterator[checking.GradientCheck]:
        """Each parameter's gradient against finite differences in float64, on the first rows of the training split."""
        data = self.read_data().train
        batch = {name: array[:rows] for name, array in data.arrays.items()}
        return checking.check_gradients(self.step, self.initial_state(), batch)

    def check_backends(self, steps: int = 20) -> Iterator[checking.BackendCheck]:
        """Train on ONNX Runtime, comparing each step's loss and gradients with NumPy's from the same state."""
        data, state = self.read_data().train, self.initial_state()
        sessions = [self.session(state, "onnx"), self.session(state, "numpy")]
        batches = islice(training_batches(self.step.train, data.rows), steps)
        return checking.check_backends(*sessions, self.step, data, batches)

    def session(self, state: Arrays, backend: BackendName, provider: str = "cpu") -> Session:
        """The program's network with this state, on an engine."""
        facts = self.facts or Facts()
        batch_size = self.step.train.batch_size or facts.rows.get("train", 1)
        return backend_named(backend).session(
            self.step, state, seed=self.step.train.seed, batch_size=batch_size, provider=provider, sizes=facts.sizes
        )

    def refuse_too_large(self, limit: int | None = None) -> None:
        """Raise `Failure` where a step would need more memory than `limit` bytes (80 % of the machine's if None)."""
        limit = limit or int(0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        memory = self.memory
        if memory.total > limit:
            largest = memory.largest
            detail = f"its largest value is {largest.type}" if largest else ""
            span = largest.origin.span if largest else None
            raise Failure(TooLarge(span, _gigabytes(memory.total), _gigabytes(limit), detail))


class Run:
    """A trained network and the folder it lives in."""

    def __init__(self, path: Path, net: Net, state: Arrays, history: History, backend: BackendName, provider: Provider):
        self.path = path
        self.net = net
        self.state = dict(state)
        self.history = history
        self.backend = backend
        self.provider = provider

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, backend: BackendName = "onnx", provider: Provider = "cpu") -> Run:
        """The run in a folder; raises `Failure` (NN504) where it is not one."""
        folder = Path(path)
        record, facts = store.read_record(folder)
        program = load_program(str(folder / record["program"]), data_folder=record["data_folder"])
        net = Net(program, (), record["model"])
        net.facts = facts
        return cls(folder, net, store.read_weights(folder), store.read_history(folder), backend, provider)

    def save(self) -> None:
        """Write everything into the run's folder."""
        step = self.net.step
        numpy_files = backend_named("numpy").artifacts(step, self.state)
        from nndsl.codegen.onnx.trained import trained_model

        record = {
            "nndsl": __version__,
            "model": step.network.name,
            "program": self.net.program.name,
            "data_folder": self.net.program.folder,
            "backend": self.backend,
            "provider": self.provider,
            "python": platform.python_version(),
            "numpy": np.__version__,
        }
        files: dict[str, bytes | str] = {
            **copies(self.net.program, self.net.overrides),
            "model.onnx": trained_model(step, self.state),
            "model.py": numpy_files[f"{step.network.name}.py"],
            "weights.npz": store.npz_bytes(self.state),
            "weights.safetensors": store.safetensors_bytes(self.state),
            "history.csv": self.history.to_csv(),
            "train.log": log_text(self.history),
            store.RECORD: store.record_text(record, self.net.facts or Facts()),
        }
        if can_plot():
            files["history.png"] = history_png(self.history)
        store.save(self.path, files)

    @cached_property
    def _session(self) -> Session:
        return self.net.session(self.state, self.backend, self.provider)

    def evaluate(self, split: Literal["train", "validation", "test"] = "test") -> dict[str, float]:
        """Loss and metrics over one split of the program's data."""
        data: Dataset | None = getattr(self.net.data, split)
        if data is None:
            raise Failure(BadOption(None, "split", f"the program's data have no {split} split"))
        return loop.evaluate(self._session, self.net.step, data, self.net.step.train.batch_size or data.rows)

    def predict(self, data: Mapping[str, Any] | str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
        """The outputs for arrays by input name, or for the rows of a data file; classes by their names."""
        inputs = load_inputs(data, self.net.declared.data, self.net.checked.network.inputs)
        outputs = loop.predict(self._session, inputs)
        for output in self.net.step.network.outputs:
            names = output.classes.classes.names if output.classes and output.classes.classes else None
            if names is not None:
                outputs[output.name] = np.array(names)[outputs[output.name]]
        return outputs


def _override_texts(overrides: Overrides) -> tuple[str, ...]:
    if isinstance(overrides, Mapping):
        return tuple(f"{name}={value}" for name, value in overrides.items())
    return tuple(overrides)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
