"""A program and the network that it describes: trained, asked, looked into and saved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nndsl.api import answers
from nndsl.api.fitting import Asked, fit, with_weights
from nndsl.api.layers import Layers
from nndsl.api.options import BackendName, Overrides, Provider, Split
from nndsl.api.program import Program
from nndsl.api.saving import save
from nndsl.api.training import Wish, python_warning
from nndsl.api.training import train as train_in_folder
from nndsl.api.weights import Weights
from nndsl.codegen.backend import Array, Arrays, Session
from nndsl.compiler import compile_network
from nndsl.data.batches import count_batches
from nndsl.data.dataset import Dataset
from nndsl.data.given import Given, given_dataset
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.api import NotFitted
from nndsl.errors.commands import BadOption
from nndsl.errors.static import NeedsData
from nndsl.model.check import Loaded
from nndsl.model.network import Facts
from nndsl.training import loop
from nndsl.training.checkpoint import found_in, read_checkpoint
from nndsl.training.history import History
from nndsl.training.record import FOLDER
from nndsl.training.safetensors import Damaged
from nndsl.training.snapshot import Snapshot
from nndsl.transform.names import EMA
from nndsl.transform.step import Step
from nndsl.transform.weighting import weight_of, weighted

if TYPE_CHECKING:
    from nndsl.api.run import Run


class Net(Program):
    """A program and the network that it describes, with its weights.

    A new one has initial weights; `fit` and `train` change them, `predict` and `evaluate` use them as they are.
    Whatever is wrong with the program, its data or an argument is raised as `nndsl.Failure`.
    """

    def __init__(self, program: Loaded, overrides: Overrides = (), model: str | None = None):
        super().__init__(program, overrides, model)
        self.history = History()
        """What was logged after each epoch, of all that the network was trained."""
        self.progress = Snapshot({})
        """How far training has come: epochs, steps, the scale of the learning rate (without the state itself)."""
        self.is_trained = False
        """Whether it has weights from training: then its classes, free sizes and fitted layers stay as they are."""
        self.stop_training = False
        """Set by a callback of `fit` to end training after the epoch."""
        self.backend: BackendName = "onnx"
        self.provider: Provider = "cpu"
        self._set: dict[str, Array] = {}  # weights that were set before any training
        self._state: dict[str, Array] | None = None  # the state while there is no session
        self._session: Session | None = None
        self._session_of: tuple[object, ...] = ()
        self._weighs = False  # whether the session's losses take weights

    # ------------------------------------------------------------ state

    @property
    def state(self) -> dict[str, Array]:
        """A copy of all that training changes, by name: parameters, statistics, optimizer slots.

        Raises `Failure` (NN551) where a layer has to be fitted to data that are not there yet.
        """
        if self._session is not None:
            return self._session.state()
        if self._state is None:
            self._refuse_unfitted()
            self._state = {**self.initial_state(), **self._set}
        return {name: array.copy() for name, array in self._state.items()}

    def set_state(self, values: Arrays) -> None:
        """Change some of the state, or all of it; names and shapes are those of `state`."""
        averages = {f"{name}.{EMA}": value for name, value in values.items()}  # what predictions take, where there are
        state = self.state
        changed = {name: value for name, value in {**averages, **values}.items() if name in state}
        if not self.is_trained:
            self._set |= changed
        state |= changed
        if self._session is not None:
            self._session.set_state(state)
        else:
            self._state = state

    @property
    def waits_for_data(self) -> Diagnostic | None:
        """What the network cannot be without, and only the rows that `fit` is given will say; None if it is complete.

        Raises `Failure` where the program is wrong in another way.
        """
        if self.facts is not None or self.declared.data is not None:
            return None
        try:
            states = self.stages.step.states if self.is_complete else ()
        except Failure as failure:
            waiting = [error for error in failure.diagnostics if isinstance(error, NeedsData)]
            # Shapes may be wrong only because sizes are not known yet; whatever else is wrong stays so.
            wrong = [error for error in failure.diagnostics if not error.code.startswith(("NN238", "NN3"))]
            if wrong or not waiting:
                raise Failure(*(wrong or failure.diagnostics)) from None
            return NotFitted(waiting[0].span, waiting[0].what)
        return next((NotFitted(None, f"`{spec.name}`") for spec in states if spec.fit), None)

    def _refuse_unfitted(self) -> None:
        waiting = self.waits_for_data
        if waiting is not None:
            raise Failure(waiting)

    @property
    def weights(self) -> Weights:
        """Parameters and statistics by name, to read and to set: `net.weights["hidden.W"]`."""
        return Weights(self)

    @property
    def layers(self) -> Layers:
        """The layers in the program's order, each with its name, kind, output shape, parameters and weights."""
        return Layers(self)

    def learn_facts(self, facts: Facts) -> None:
        """Take classes and free sizes from the rows that training begins with, and how many rows there are."""
        known, self.facts = self.facts, facts
        same = known and (known.sizes, known.classes) == (facts.sizes, facts.classes)
        if not known or not same or (self.declared.counts_steps and known.rows != facts.rows):
            self._forget_stages()

    def _forget_stages(self) -> None:
        """What is compiled is compiled again when it is next asked for; the state stays, if it is of any use."""
        self._state, self._session = self.state if self.is_trained else None, None
        for stage in ("checked", "stages", "weighted_step"):
            self.__dict__.pop(stage, None)

    def begin(self, train: Dataset, max_memory: int | None = None) -> None:
        """The state before the first step, fitted to the rows of `train`; weights that were set stay."""
        if not self.is_trained:
            self._state, self._session = {**self.initial_state(max_memory, train), **self._set}, None

    @cached_property
    def weighted_step(self) -> Step:
        """The graphs of a training step whose losses are multiplied by the weight of each example."""
        return compile_network(weighted(self.checked.network), self.checked.train, self.program.source).step

    def live_session(self, step: Step | None = None) -> Session:
        """The network with its state on its engine; `step` for the graphs of one `fit`."""
        if step is not None or self._session is None:
            self._refuse_unfitted()
            step = step or self.step
            made = (step.gradients, step.apply, step.train.seed, self.rows_together(step.train))
            key = (*made, self.backend, self.provider)
            if self._session is None or key != self._session_of:
                self._session = self.session(self.state, self.backend, self.provider, step)
                self._session_of, self._state = key, None
                self._weighs = len(step.network.targets) > len(self.checked.network.targets)
        return self._session

    def go_on_from(self, run: Run) -> None:
        """Take the state of a run of this program, and how far it had come."""
        self.backend, self.provider = run.backend, run.provider
        self.history = History([*run.history.epochs])
        self.progress = self._last_moment(run)
        self.is_trained = True
        self._state, self._session = dict(run.state), None

    def _last_moment(self, run: Run) -> Snapshot:
        """What the newest checkpoint says besides the state; where there is none, what the history does."""
        for path in reversed(found_in(run.path / FOLDER) if run.path else []):
            with suppress(Damaged, OSError):
                at = read_checkpoint(path).snapshot
                return Snapshot({}, epoch=at.epoch, steps=at.steps, lr=at.lr, lr_scale=at.lr_scale)
        train, rows = self.checked.train, self.facts.rows.get("train", 0) if self.facts else 0
        batches = count_batches(rows, train.batch_size, drop_last=train.drop_last) if rows else 0
        return Snapshot({}, epoch=len(run.history), steps=len(run.history) * -(-batches // train.accumulate))

    def remember(self, trainer: loop.Trainer) -> None:
        """How far a trainer of this network's session has come."""
        at = trainer.control
        self.progress = Snapshot({}, epoch=at.epoch, steps=at.steps, lr=trainer.lr, lr_scale=at.lr_scale)

    # ------------------------------------------------------------ training

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation_data: Any = None,
        validation_split: float = 0.0,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Iterable[Any] = (),
        verbose: bool | int | str = "auto",
        seed: int | None = None,
        backend: BackendName | None = None,
        provider: Provider | None = None,
        out: str | os.PathLike[str] | None = None,
        max_memory: int | None = None,
    ) -> Run:
        """Train on what a Python program has in hand, as Keras's `fit`; a second call goes on where the first ended.

        - `x`, `y`: arrays, `[rows, …]`; mappings from names to arrays where there are several inputs or targets; or
          frames (pandas, polars, arrow), whose columns go where the program says, or all to its one input. Without `y`,
          `x` holds the targets too; without `x`, the program's own data are taken.
        - `epochs`, `batch_size`, `seed`: instead of the program's. Epochs are those of this call.
        - `validation_data`: `(x, y)` or `(x, y, sample_weight)`. `validation_split`: that share of the rows, from the
          end, before anything is shuffled.
        - `sample_weight`: a weight for each row, which multiplies its losses: sum(w l) / rows of the batch.
          `class_weight`: `"balanced"`, or a mapping or list of a weight for each class; both together are multiplied.
          Metrics are not weighted, validation has the weights of `validation_data` only.
        - `callbacks`: objects with some of `on_train_begin`, `on_epoch_begin(epoch, logs)`, `on_batch_end(batch,
          logs)`, `on_epoch_end(epoch, logs)`, `on_train_end`, beside those of the program. Each has this network as
          `net`; it ends training with `net.stop_training = True`, or by raising `nndsl.StopTraining("why")`.
        - `verbose`: True for a line an epoch, in a notebook for a curve; "auto" does so in a terminal or notebook only.
        - `out`: a folder for the run, as that of `train`; without it nothing is written.

        The first call settles what is read from data: the kinds of a bare `class`, free sizes, fitted layers (these see
        the training rows only). The run has `history`, `stopped`, and the network as `net`. Raises `Failure` where what
        is given does not fit the program, and with NN501 where training diverges: the last good weights then stay.
        """
        engine = self.backend, self.provider
        self.backend, self.provider = backend or self.backend, provider or self.provider
        asked = Asked(x, y, validation_data, validation_split, sample_weight, class_weight)
        settings = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
        try:
            return fit(self, asked, settings, callbacks=callbacks, verbose=verbose, out=out, max_memory=max_memory)
        except Failure:
            self.backend, self.provider = engine
            raise

    def train(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        resume: str | os.PathLike[str] | None = None,
        force: bool = False,
        backend: BackendName | None = None,
        provider: Provider | None = None,
        observer: loop.Observer | None = None,
        max_memory: int | None = None,
        picture: bool = True,
        warn: Callable[[Diagnostic], object] = python_warning,
    ) -> Run:
        """Train as the program says; gives the run, whose folder is `out` (`runs/NAME-001` and so on if not given).

        With `resume`, the folder of a run that was stopped or killed, training goes on from its newest checkpoint and
        ends as it would have ended: bit for bit, with the same program, data, backend, threads and versions. `force`
        goes on although one of these changed. Without an own wish a resumed run keeps its backend (else `onnx`).

        The `observer` is told of every batch and epoch (`nndsl.training.loop.Observer`), and can end training; `warn`
        of what goes wrong without ending it, such as a checkpoint that could not be written. The trained model is
        written when training has ended, and last `history.png`, unless `picture` is false or plotting is not
        installed. Raises `Failure`, among others with NN501 where training diverges; the run then has the last good
        weights.
        """
        wish = Wish(out, resume, force, backend, provider, observer, max_memory, warn)
        run = train_in_folder(self, wish)
        self.go_on_from(run)
        if picture:
            run.plot()
        return run

    # ------------------------------------------------------------ answers

    def predict(self, x: Any) -> dict[str, Array]:
        """The outputs by name for all rows of `x`: `{"label": [rows], "probability": [rows, …]}`.

        `x` is what `fit` takes, or the path of a data file. Classes that have names are given by name.
        """
        return answers.predictions(self, self.live_session(), answers.inputs_of(self, x))

    def evaluate(
        self, x: Any = None, y: Any = None, *, split: Split = "test", sample_weight: Any = None
    ) -> dict[str, float | Array]:
        """Loss and metrics by name over the rows of `x` and `y`, or of a split of the program's own data.

        `x` and `y` are what `fit` takes, or `x` is the path of a data file. A metric that is a table is an array.
        """
        if sample_weight is not None and not self._weighs:
            self.live_session(replace(self.weighted_step, train=self.step.train))
        session, weight = self.live_session(), weight_of(self.declared.declared)
        if x is None or isinstance(x, str | os.PathLike):
            for name, value in (("y", y), ("sample_weight", sample_weight)):
                if value is not None:
                    raise Failure(BadOption(None, name, "it belongs to an array `x`, and none is given"))
            data = answers.examples_of(self, split, x)
        else:
            network, section = self.checked.network, self.declared.data
            given, own = Given(x, y, sample_weight), (*network.inputs, *network.targets)
            asked = weight if sample_weight is not None else None
            data = given_dataset(given, section, own, self.facts, weight=asked, model=network.name)
        return answers.measured(self, session, with_weights(data, weight.name) if self._weighs else data)

    # ------------------------------------------------------------ files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a file, whole or not at all, in place of one that is there:

        - `digits.onnx`: the trained model: raw data in, weights and fitted preprocessing inside;
        - `digits.safetensors`, `digits.npz`: its state by name;
        - a path without an ending: the folder of a run, which `nndsl.load` reads again. It must not be there yet.
        """
        save(self, os.fspath(path))

    # ------------------------------------------------------------ notebooks

    def _repr_html_(self) -> str:
        from nndsl.notebook import net_html

        return net_html(self)

    # ------------------------------------------------------------ copies

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle has: the program and the network's state, nothing that is compiled or open."""
        made = self._state if self._session is None else self._session.state()
        kept = {name: getattr(self, name) for name in KEPT}
        return {**kept, "_state": made}

    def __setstate__(self, kept: Mapping[str, Any]) -> None:
        self.__init__(kept["program"])  # type: ignore[misc]
        self.__dict__.update(kept)


KEPT = ("program", "overrides", "model", "facts", "history", "progress", "is_trained", "backend", "provider", "_set")
