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
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
from nndsl.errors.commands import BadOption, NothingToTrainOn, OutOfMemory, TooLarge
from nndsl.graph.text import print_graph
from nndsl.model.check import Checked, Declarations, Loaded, check, declarations, load_program
from nndsl.model.network import Facts
from nndsl.model.overrides import copies
from nndsl.model.text import print_network
from nndsl.training import callbacks, checking, loop, store
from nndsl.training.batches import training_batches
from nndsl.training.history import History
from nndsl.training.plot import can_plot, history_png
from nndsl.training.results import bytes_text, format_logs, log_text, summary_text
from nndsl.transform.memory import Memory, estimate
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

BackendName = Literal["onnx", "numpy"]
STAGES = ("syntax", "model", "forward", "gradients", "graph", "apply", "evaluate", "predict", "numpy", "onnx")
"""What `show` knows: forward and gradients as they are before simplification, the graphs after `graph` after it."""

Provider = Literal["cpu", "cuda"]
PROVIDERS = ("cpu", "cuda")
Split = Literal["train", "validation", "test"]
SPLITS = ("train", "validation", "test")
Overrides = Mapping[str, object] | Sequence[str]
"""`{"train.epochs": 5}`, or the command line's `["train.epochs=5"]`."""

MACHINE_SHARE = 0.8
"""Of the machine's memory: what a step may take unless a limit is given."""

PREDICTED_TOGETHER = 1024
PREDICTION_MEMORY = 2**30
"""Prediction runs on this many rows at a time, or on as few as keep their activations within this many bytes."""


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
    """A program, with what compiling it gives; each stage is computed when it is first asked for.

    Whatever is wrong with the program, its data or an argument is raised as `nndsl.Failure`.
    """

    def __init__(self, program: Loaded, overrides: Overrides = (), model: str | None = None):
        self.program = program
        self.overrides = _override_texts(overrides)
        self.model = model
        self.facts: Facts | None = None

    def __repr__(self) -> str:
        overrides = f" with {', '.join(self.overrides)}" if self.overrides else ""
        return f"<Net {self.program.source.name}{f' ({self.model})' if self.model else ''}{overrides}>"

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
        """What the checker warns of, and what looks wrong with the data once they have been read."""
        return (*self.checked.warnings, *(self.data.warnings if "data" in self.__dict__ else ()))

    @cached_property
    def _opened(self) -> Data:
        section = self.declared.data
        if section is None:
            name = self.program.model(self.model).name
            raise Failure(NothingToTrainOn(name.span, name.text))
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
    def batch_size(self) -> int:
        """Rows of a whole batch: the program's `batch_size`, or all; where data are known, no more than there are."""
        rows = self.facts.rows.get("train") if self.facts else None
        asked = self.checked.train.batch_size
        return min(asked or rows or 1, rows or asked or 1)

    @property
    def memory(self) -> Memory:
        """The memory of a training step at the program's batch size."""
        return self._memory(self.batch_size)

    def _memory(self, rows: int) -> Memory:
        return estimate(self.step, rows, dict(self.facts.sizes) if self.facts else None)

    def initial_state(self, max_memory: int | None = None) -> dict[str, np.ndarray[Any, Any]]:
        """The state for the program's seed, by name; fitted layers are fitted to the training split.

        Raises `Failure` (NN508) before anything is allocated where a step needs more than `max_memory` bytes.
        """
        self.refuse_too_large(max_memory)
        state = initial_state(self.step.states, self.step.train.seed)
        if any(spec.fit for spec in self.step.states):
            from nndsl.training.fitting import fit_statistics

            self.read_data()
            state |= fit_statistics(self.step, state, self.data.train)
        return state

    def compile(
        self,
        out: str | os.PathLike[str] = "build",
        target: BackendName | Sequence[BackendName] = ("onnx", "numpy"),
        *,
        max_memory: int | None = None,
    ) -> list[Path]:
        """Write the artifacts of the targets into the folder `out`, all or none; gives their paths.

        Files of an earlier compilation are replaced; a module that nndsl did not write is left alone (`Failure`).
        """
        backends = [backend_named(name) for name in ([target] if isinstance(target, str) else target)]
        state = self.initial_state(max_memory)
        files: dict[str, bytes | str] = {}
        for backend in backends:
            files |= backend.artifacts(self.step, state)
        folder = Path(out)
        store.refuse_foreign(folder / f"{self.step.network.name}.py", files)
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
        picture: bool = True,
    ) -> Run:
        """Train as the program says; gives the run, whose folder is `out` (`runs/NAME-001` and so on if not given).

        The `observer` is told of every batch and epoch (`nndsl.training.loop.Observer`), and can end training. Nothing
        is written until training has ended; then all of it, and last `history.png`, unless `picture` is false or
        plotting is not installed. Raises `Failure`, among others with NN501 where training diverges; the run then has
        the weights of the last good epoch.
        """
        data = self.read_data()
        step = self.step
        reported = ["loss", *(f"loss.{loss.name}" for loss in step.network.losses if loss.name)]
        metrics = [metric.name for metric in step.metrics]
        known = {*reported, *(metrics if step.train.train_metrics else ())}
        if data.validation:
            known |= {f"val_{name}" for name in (*reported, *metrics)}
        actions = callbacks.build(step.train.callbacks, known)
        state = self.initial_state(max_memory)
        session = self.session(state, backend, provider)
        with store.new_folder(step.network.name, os.fspath(out) if out is not None else None) as folder:
            examples = loop.Examples(data.train, data.validation)
            outcome = loop.fit(session, step, examples, actions, observer)
            run = Run(folder, self, session.state(), outcome.history, backend, provider, outcome.stopped)
            run._session = session
            kept = ""
            if outcome.diverged is None or len(outcome.history):
                run.save()
                kept = f"\n{folder} keeps the weights after epoch {len(outcome.history)}"
            if outcome.diverged is not None:
                raise Failure(replace(outcome.diverged, kept=kept))
        if picture:
            run.plot()
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
                return str(files[f"{self.step.network.name}.py"], "utf-8")
            case "onnx":
                from nndsl.codegen.onnx.text import training_graph_text

                text: str = training_graph_text(self.step)
                return text
        raise Failure(BadOption(None, "stage", f"there is no stage `{stage}`; there are {', '.join(STAGES)}"))

    def check_gradients(self, rows: int = 8) -> Iterator[checking.GradientCheck]:
        """Each parameter's gradient against finite differences in float64, on the first rows of the training split."""
        if rows < 1:
            raise Failure(BadOption(None, "rows", "at least one row is needed"))
        data = self.read_data().train
        batch = {name: array[:rows] for name, array in data.arrays.items()}
        return checking.check_gradients(self.step, self.initial_state(), batch)

    def check_backends(self, steps: int = 20) -> Iterator[checking.BackendCheck]:
        """Train on ONNX Runtime, comparing each step's loss and gradients with NumPy's from the same state."""
        if steps < 1:
            raise Failure(BadOption(None, "steps", "at least one step is needed"))
        data, state = self.read_data().train, self.initial_state()
        first, second = self.session(state, "onnx"), self.session(state, "numpy")
        batches = islice(training_batches(self.step.train, data.rows), steps)
        return checking.check_backends(first, second, self.step, data, batches)

    def session(self, state: Arrays, backend: BackendName, provider: Provider = "cpu") -> Session:
        """The program's network with this state, on an engine."""
        if provider not in PROVIDERS:
            raise Failure(BadOption(None, "provider", f"there is no provider `{provider}`; there are cpu and cuda"))
        if backend == "numpy" and provider != "cpu":
            raise Failure(BadOption(None, "provider", "the numpy backend computes on the CPU only"))
        sizes = self.facts.sizes if self.facts else {}
        made = backend_named(backend)
        try:
            return made.session(
                self.step,
                state,
                seed=self.step.train.seed,
                batch_size=self.batch_size,
                provider=provider,
                sizes=sizes,
            )
        except MemoryError:
            raise Failure(OutOfMemory(None, f" for batches of {self.batch_size}")) from None

    def refuse_too_large(self, limit: int | None = None) -> None:
        """Raise `Failure` where a step would need more memory than `limit` bytes (80 % of the machine's if None)."""
        limit = _machine_memory() if limit is None else limit
        memory = self.memory
        if memory.total > limit:
            largest = memory.largest
            detail = f"its largest value is {largest.type}" if largest else ""
            span = largest.origin.span if largest else None
            raise Failure(TooLarge(span, bytes_text(memory.total), bytes_text(limit), detail))


class Run:
    """A trained network and the folder it lives in.

    `state` is the trained state by name, `history` what was logged after each epoch, `stopped` why training ended
    before its last epoch (empty if it did not).
    """

    def __init__(
        self,
        path: Path,
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

    def __repr__(self) -> str:
        last = f", {format_logs(self.history.epochs[-1])}" if len(self.history) else ""
        return f"<Run {self.path}: {len(self.history)} epochs{last}>"

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, backend: BackendName = "onnx", provider: Provider = "cpu") -> Run:
        """The run in a folder; raises `Failure` (NN504) where it is not one, or its files do not fit together."""
        folder = Path(path)
        record = store.read_record(folder)
        program = load_program(folder / record.program, data_folder=record.data_folder)
        net = Net(program, (), record.model)
        net.facts = record.facts
        state = store.read_weights(folder, net.step.states)
        return cls(folder, net, state, store.read_history(folder), backend, provider, record.stopped)

    def save(self) -> None:
        """Write everything into the run's folder, all or nothing; then the picture, if plotting is installed."""
        from nndsl.codegen.onnx.trained import trained_model

        step = self.net.step
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
        module = backend_named("numpy").artifacts(step, self.state)[f"{step.network.name}.py"]
        files: dict[str, bytes | str] = {
            **copies(self.net.program, self.net.overrides),
            "model.onnx": trained_model(step, self.state),
            "model.py": module,
            "weights.npz": store.npz_bytes(self.state),
            store.WEIGHTS: store.safetensors_bytes(self.state),
            store.HISTORY: self.history.to_csv(),
            "train.log": log_text(self.history, self.stopped),
            store.RECORD: store.record_text(record, self.net.facts or Facts()),
        }
        store.save(self.path, files)

    def plot(self) -> Path | None:
        """Draw `history.png`; None where plotting is not installed or there is nothing to draw."""
        if not can_plot() or not len(self.history):
            return None
        store.save(self.path, {"history.png": history_png(self.history)})
        return self.path / "history.png"

    @cached_property
    def _session(self) -> Session:
        return self.net.session(self.state, self.backend, self.provider)

    def evaluate(self, split: Split = "test") -> dict[str, float]:
        """Loss and metrics over one split of the program's data, `test`, `validation` or `train`."""
        if split not in SPLITS:
            raise Failure(BadOption(None, "split", f"there is no split `{split}`; there are {', '.join(SPLITS)}"))
        data: Dataset | None = getattr(self.net.data, split)
        if data is None:
            reason = f"the program's data have no {split} split; they have {', '.join(self._splits())}"
            raise Failure(BadOption(None, "split", reason))
        return loop.evaluate(self._session, self.net.step, data, self.net.batch_size)

    def _splits(self) -> list[str]:
        return [split for split in SPLITS if getattr(self.net.data, split) is not None]

    def predict(self, data: Mapping[str, Any] | str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
        """The outputs by name for all rows of `data`: arrays by input name, or the path of a data file.

        A scalar output is [rows], another [rows, …]. Classes that have names are given by name.
        """
        inputs = load_inputs(data, self.net.declared.data, self.net.checked.network.inputs)
        outputs = loop.predict(self._session, inputs, self._predicted_together)
        for output in self.net.step.network.outputs:
            classes = output.classes.classes if output.classes else None
            if classes is not None and classes.names is not None:
                other = ("other",) if classes.unknown == "other" else ()
                outputs[output.name] = np.array([*classes.names, *other])[outputs[output.name]]
        return outputs

    @cached_property
    def _predicted_together(self) -> int:
        needed = self.net._memory(PREDICTED_TOGETHER).activations
        return max(1, PREDICTED_TOGETHER * PREDICTION_MEMORY // max(needed, PREDICTION_MEMORY))


def _override_texts(overrides: Overrides) -> tuple[str, ...]:
    if isinstance(overrides, Mapping):
        return tuple(f"{name}={_expression(value)}" for name, value in overrides.items())
    return tuple(overrides)


def _expression(value: object) -> str:
    """A value as the language writes it; a text is an expression already."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_expression, value))}]"
    return str(value)


def _machine_memory() -> int:
    """What a step may take on this machine, in bytes; no limit where the system does not say what it has."""
    try:
        return int(MACHINE_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return sys.maxsize
