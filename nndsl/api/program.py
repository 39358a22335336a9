"""A program and what compiling it gives: checks, stages, artifacts, its data, initial states and sessions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nndsl.api.options import (
    PROVIDERS,
    BackendName,
    Overrides,
    Provider,
    backend_named,
    machine_memory,
    override_texts,
)
from nndsl.codegen.backend import Arrays, Session
from nndsl.codegen.onnx.choices import USUAL, Choices
from nndsl.compiler import Stages, compile_network
from nndsl.data.cache import FOLDER, Cache
from nndsl.data.dataset import Dataset, Splits
from nndsl.data.describe import describe
from nndsl.data.description import Description
from nndsl.data.histograms import histograms
from nndsl.data.index_range import refuse_out_of_range
from nndsl.data.load import Data
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.commands import BadOption, NothingToTrainOn, OutOfMemory, TooLarge
from nndsl.errors.static import NeedsData
from nndsl.graph.text import print_graph
from nndsl.model.check import Checked, Declarations, Loaded, check, declarations, raise_in_order
from nndsl.model.index_range import index_ranges
from nndsl.model.network import Facts
from nndsl.model.sections import TrainSection
from nndsl.model.text import print_network
from nndsl.training import checking, store
from nndsl.training.batches import training_batches
from nndsl.training.results import bytes_text, summary_text
from nndsl.transform.memory import Memory, estimate
from nndsl.transform.state import initial_state, with_fitted
from nndsl.transform.step import Step

STAGES = ("syntax", "model", "forward", "gradients", "graph", "apply", "evaluate", "predict", "numpy", "onnx")
"""What `show` knows: forward and gradients as they are before simplification, the graphs after `graph` after it."""


class Program:
    """A program, with what compiling it gives; each stage is computed when it is first asked for.

    Whatever is wrong with the program, its data or an argument is raised as `nndsl.Failure`. `optimise` may be set to
    False before anything is compiled: then all graphs stay as they were made, which gives the same numbers up to
    rounding, more slowly.
    """

    optimise = True

    def __init__(self, program: Loaded, overrides: Overrides = (), model: str | None = None):
        self.program = program
        self.overrides = override_texts(overrides)
        self.model = model
        self.facts: Facts | None = None
        self.fitting_warnings: tuple[Diagnostic, ...] = ()
        self.choices = USUAL
        """What sessions are told to do, where it was tuned."""

    def __repr__(self) -> str:
        overrides = f" with {', '.join(self.overrides)}" if self.overrides else ""
        return (
            f"<{type(self).__name__} {self.program.source.name}{f' ({self.model})' if self.model else ''}{overrides}>"
        )

    @cached_property
    def declared(self) -> Declarations:
        """The inputs, targets and the data section: what can be known before the data are looked at."""
        return declarations(self.program, self.overrides, self.model)

    @cached_property
    def checked(self) -> Checked:
        """The checked program; it may lack a loss or an output. The data are looked at only if something in it needs
        them."""
        if self.facts is None and self.declared.needs_data and self.declared.data:
            self.facts = self._opened.facts
        return self._check(needs=())

    def _check(self, needs: Sequence[str]) -> Checked:
        return check(self.program, self.facts or Facts(), self.overrides, self.model, needs=needs)

    @property
    def is_complete(self) -> bool:
        """Whether it has a loss and an output, which all need but `check` and the first stages of `show`."""
        return bool(self.checked.network.losses and self.checked.network.outputs)

    @cached_property
    def stages(self) -> Stages:
        """What each stage of the compilation made; needs a loss and an output."""
        if not self.is_complete:
            self._check(needs=("loss", "output"))  # raises what is missing
        return compile_network(self.checked.network, self.checked.train, self.program.source, optimise=self.optimise)

    @property
    def step(self) -> Step:
        """The graphs of a training step."""
        return self.stages.step

    @property
    def warnings(self) -> Sequence[Diagnostic]:
        """What the checker warns of, and what looks wrong with the data once they have been read, and layers fitted."""
        of_data = self.data.warnings if "data" in self.__dict__ else ()
        return (*self.checked.warnings, *of_data, *self.fitting_warnings)

    @cached_property
    def _opened(self) -> Data:
        section = self.declared.data
        if section is None:
            name = self.program.model(self.model).name
            raise Failure(NothingToTrainOn(name.span, name.text))
        cache = Cache(Path(self.program.folder) / FOLDER, self.program.name)
        return Data(section, self.declared.declared, cache=cache)

    @cached_property
    def data(self) -> Splits:
        """The examples, read, checked and split; raises `Failure` where there are none or they are wrong."""
        return self._opened.splits(self.facts)

    def describe_data(self) -> Description:
        """What the data hold: of each input and target the source, missing values, range, mean and spread, or classes;
        and the splits. The program may lack a loss and an output."""
        return self._description

    @cached_property
    def _description(self) -> Description:
        return describe(self._opened, self.data)

    def draw_data(self, kind: Literal["png", "svg", "pdf"] = "png") -> bytes:
        """A picture of the data, as a file's content: a histogram of each column and bars of classes, for each split.

        Raises `Failure` (NN507) where the extra `[plot]` is not installed.
        """
        from nndsl.training.data_picture import data_picture

        description = self._description
        title = f"{self.program.source.name}: {description.rows:,} rows"
        return data_picture(title, histograms(self.data, description), description.splits, kind)

    def read_data(self) -> Splits:
        """Read the data before checking, so that it knows all they say: what training and checks on data begin with.

        Where the data are wrong, the errors of the program are raised with theirs.
        """
        if self.facts is None:
            try:
                facts = self._opened.facts
            except Failure as failure:
                raise_in_order((*failure.diagnostics, *self._errors_without_data()), self.program)
            self.facts = facts
            for stage in ("checked", "stages"):
                self.__dict__.pop(stage, None)
        return self.data

    def read_examples(self) -> Splits:
        """The data, whose indices and classes all are in the ranges of what takes them: what running the network on
        them begins with."""
        data = self.read_data()
        ranges = index_ranges(self.checked.network)
        for name, split in (("train", data.train), ("validation", data.validation), ("test", data.test)):
            if split is not None:
                refuse_out_of_range(split, ranges, partial(self._opened.row_place, name))
        return data

    def _errors_without_data(self) -> Sequence[Diagnostic]:
        try:
            self._check(needs=("loss", "output"))
        except Failure as failure:
            return [error for error in failure.diagnostics if not isinstance(error, NeedsData)]
        return ()

    @property
    def batch_size(self) -> int:
        """Rows of a whole batch: the program's `batch_size`, or all; where data are known, no more than there are."""
        return self.rows_together(self.checked.train)

    def rows_together(self, train: TrainSection) -> int:
        """Rows of a whole batch as these settings have it."""
        rows = self.facts.rows.get("train") if self.facts else None
        return min(train.batch_size or rows or 1, rows or train.batch_size or 1)

    @property
    def memory(self) -> Memory:
        """The memory of a training step at the program's batch size."""
        return self.memory_of(self.batch_size)

    def memory_of(self, rows: int) -> Memory:
        """The memory of a training step on batches of `rows` rows."""
        return estimate(self.step, rows, dict(self.facts.sizes) if self.facts else None)

    def initial_state(
        self, max_memory: int | None = None, train: Dataset | None = None, seed: int | None = None
    ) -> dict[str, np.ndarray[Any, Any]]:
        """The state for a seed (the program's), by name; fitted layers are fitted to `train`, by default the program's
        own training split.

        Raises `Failure` (NN508) before anything is allocated where a step needs more than `max_memory` bytes.
        """
        self.refuse_too_large(max_memory)
        state = initial_state(self.step.states, self.step.train.seed if seed is None else seed)
        if any(spec.fit for spec in self.step.states):
            fitted = self._fitted(state, train)
            self.__dict__["stages"] = replace(self.stages, step=with_fitted(self.step, fitted))
            state |= fitted
        return state

    def _fitted(self, state: Arrays, train: Dataset | None) -> dict[str, np.ndarray[Any, Any]]:
        """What the fitted layers hold."""
        from nndsl.training.fitting import fit_statistics
        from nndsl.training.unvarying import unvarying_elements

        columns = self._opened.columns if train is None else {}
        fitted = fit_statistics(self.step, state, self.read_data().train if train is None else train, columns)
        self.fitting_warnings = tuple(unvarying_elements(self.step, fitted, columns))
        return fitted

    def compile(
        self,
        out: str | os.PathLike[str] = "build",
        target: BackendName | Sequence[BackendName] = ("onnx", "numpy"),
        *,
        split_step: bool = False,
        max_memory: int | None = None,
    ) -> list[Path]:
        """Write the artifacts of the targets into the folder `out`, all or none; gives their paths.

        `split_step` adds the training step in two graphs, `NAME.grads.onnx` and `NAME.apply.onnx`, where `onnx` is
        among the targets.
        Files of an earlier compilation are replaced; a module that nndsl did not write is left alone (`Failure`).
        """
        backends = [backend_named(name, "target") for name in ([target] if isinstance(target, str) else target)]
        if split_step and "onnx" not in ([target] if isinstance(target, str) else target):
            raise Failure(
                BadOption(None, "split_step", "the step in two graphs is onnx's, which is not among the targets")
            )
        state = self.initial_state(max_memory)
        files: dict[str, bytes | str] = {}
        for backend in backends:
            files |= backend.artifacts(self.step, state, split=split_step)
        folder = Path(out)
        store.refuse_foreign(folder, files)
        store.save(folder, files)
        return [folder / name for name in files]

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
                state = self.initial_state()
                (module,) = backend_named("numpy").artifacts(self.step, state).values()
                return str(module, "utf-8")
            case "onnx":
                from nndsl.codegen.onnx.text import training_graph_text

                text: str = training_graph_text(self.step)
                return text
        raise Failure(BadOption(None, "stage", f"there is no stage `{stage}`; there are {', '.join(STAGES)}"))

    def check_gradients(self, rows: int = 8) -> Iterator[checking.GradientCheck]:
        """Each parameter's gradient against finite differences in float64, on the first rows of the training split."""
        if rows < 1:
            raise Failure(BadOption(None, "rows", "at least one row is needed"))
        data = self.read_examples().train
        batch = {name: array[:rows] for name, array in data.arrays.items()}
        return checking.check_gradients(self.step, self.initial_state(), batch)

    def check_backends(self, steps: int = 20) -> Iterator[checking.BackendCheck]:
        """Train on ONNX Runtime, comparing each step's loss and gradients with NumPy's from the same state."""
        if steps < 1:
            raise Failure(BadOption(None, "steps", "at least one step is needed"))
        data, state = self.read_examples().train, self.initial_state()
        first, second = self.session(state, "onnx"), self.session(state, "numpy")
        batches = islice(training_batches(self.step.train, data.rows), steps)
        return checking.check_backends(first, second, self.step, data, batches)

    def session(
        self,
        state: Arrays,
        backend: BackendName,
        provider: Provider = "cpu",
        step: Step | None = None,
        choices: Choices | None = None,
    ) -> Session:
        """The program's network with this state, on an engine; or another `step` of the same states, or with other
        `choices` than it was tuned to."""
        if provider not in PROVIDERS:
            raise Failure(BadOption(None, "provider", f"there is no provider `{provider}`; there are cpu and cuda"))
        if backend == "numpy" and provider != "cpu":
            raise Failure(BadOption(None, "provider", "the numpy backend computes on the CPU only"))
        step = step or self.step
        sizes = self.facts.sizes if self.facts else {}
        made = backend_named(backend, choices=choices or self.choices)
        batch_size = self.rows_together(step.train)
        try:
            return made.session(
                step,
                state,
                seed=step.train.seed,
                batch_size=batch_size,
                provider=provider,
                sizes=sizes,
            )
        except MemoryError:
            raise Failure(OutOfMemory(None, f" for batches of {batch_size}")) from None

    def refuse_too_large(self, limit: int | None = None) -> None:
        """Raise `Failure` where a step would need more memory than `limit` bytes (80 % of the machine's if None)."""
        limit = machine_memory() if limit is None else limit
        memory = self.memory
        if memory.total > limit:
            largest = memory.largest
            detail = f"its largest value is {largest.type}" if largest else ""
            span = largest.origin.span if largest else None
            raise Failure(TooLarge(span, bytes_text(memory.total), bytes_text(limit), detail))
