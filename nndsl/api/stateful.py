"""A program with the state of its network: weights to read and set, on an engine once something asks for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nndsl.api.layers import Layers
from nndsl.api.options import BackendName, Overrides, Provider
from nndsl.api.program import Program
from nndsl.api.weights import Weights
from nndsl.codegen.backend import Array, Arrays, Session
from nndsl.codegen.onnx.choices import USUAL
from nndsl.compiler import compile_network
from nndsl.data.batches import count_batches
from nndsl.data.dataset import Dataset
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.api import NotFitted
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
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step
from nndsl.transform.weighting import weighted

if TYPE_CHECKING:
    from nndsl.api.run import Run

KEPT = (
    *("program", "overrides", "model", "facts", "history", "progress", "is_trained", "seed"),
    *("backend", "provider", "choices", "_set"),
)
"""What a copy has besides the state itself: nothing that is compiled or open."""


class Stateful(Program):
    """What a network is between two calls: its state, how far training has come, what it is compiled to."""

    def __init__(self, program: Loaded, overrides: Overrides = (), model: str | None = None):
        super().__init__(program, overrides, model)
        self.history = History()
        """What was logged after each epoch, of all that the network was trained."""
        self.progress = Snapshot({})
        """How far training has come: epochs, steps, the scale of the learning rate (without the state itself)."""
        self.is_trained = False
        """Whether it has weights from training: then its classes, free sizes and fitted layers stay as they are."""
        self.seed: int | None = None
        """The seed that `fit` was given: later calls keep it. None if the program's counts."""
        self.given_warnings: tuple[Diagnostic, ...] = ()
        """What looks wrong with the rows that the last `fit` was given."""
        self.stop_training = False
        """Set by a callback of `fit` to end training after the epoch."""
        self.backend: BackendName = "onnx"
        self.provider: Provider = "cpu"
        self._set: dict[str, Array] = {}  # weights that were set before any training
        self._state: dict[str, Array] | None = None  # the state while there is no session
        self._session: Session | None = None
        self._session_of: tuple[object, ...] = ()
        self.weighs = False  # whether the session's losses take weights

    @property
    def warnings(self) -> Sequence[Diagnostic]:
        """What the checker warns of, and what looks wrong with data that were read or given."""
        return (*super().warnings, *self.given_warnings)

    # ------------------------------------------------------------ state

    @property
    def state(self) -> dict[str, Array]:
        """A copy of all that training changes, by name: parameters, statistics, optimizer slots.

        Raises `Failure` (NN551) where a layer has to be fitted to data that are not there yet.
        """
        if self._session is not None:
            return dict(self._session.state())
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

    def take_weights(self, values: Arrays) -> None:
        """All weights of an earlier training. Fitted layers are among them, so the network counts as trained; slots of
        the optimizer stay as they are."""
        before = self.state if self.is_trained else initial_state(self.step.states, self.step.train.seed)
        averages = {f"{name}.{EMA}": value for name, value in values.items()}
        state = {**before, **{name: value for name, value in {**averages, **values}.items() if name in before}}
        if self._session is not None:
            self._session.set_state(state)
        else:
            self._state = state
        self.is_trained, self._set = True, {}

    @property
    def waits_for_data(self) -> Diagnostic | None:
        """What the network cannot be without, and only the rows that `fit` is given will say; None if it is complete.

        Raises `Failure` where the program is wrong in another way.
        """
        waiting = self.waits_for_facts
        if waiting is not None or self.facts is not None or self.declared.data is not None or self.is_trained:
            return waiting
        states = self.stages.step.states if self.is_complete else ()
        return next((NotFitted(None, f"`{spec.name}`") for spec in states if spec.fit), None)

    @property
    def waits_for_facts(self) -> Diagnostic | None:
        """As `waits_for_data`, of what the program cannot even be compiled without."""
        if self.facts is not None or self.declared.data is not None:
            return None
        try:
            if self.is_complete:
                self.stages  # noqa: B018 - compiled, or not
        except Failure as failure:
            waiting = [error for error in failure.diagnostics if isinstance(error, NeedsData)]
            # Shapes may be wrong only because sizes are not known yet; whatever else is wrong stays so.
            wrong = [error for error in failure.diagnostics if not error.code.startswith(("NN238", "NN3"))]
            if wrong or not waiting:
                raise Failure(*(wrong or failure.diagnostics)) from None
            return NotFitted(waiting[0].span, waiting[0].what)
        return None

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

    def begin(self, train: Dataset, seed: int, max_memory: int | None = None) -> None:
        """The state before the first step, fitted to the rows of `train`; weights that were set stay."""
        if not self.is_trained:
            self._state, self._session = {**self.initial_state(max_memory, train, seed), **self._set}, None

    def _fitted(self, state: Arrays, train: Dataset | None) -> dict[str, Array]:
        if train is None and self.is_trained:  # once fitted, layers stay so
            known = self.state
            return {spec.name: known[spec.name] for spec in self.step.states if spec.fit}
        return super()._fitted(state, train)

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
            key = (*made, self.backend, self.provider, self.choices)
            if self._session is None or key != self._session_of:
                self._session = self.session(self.state, self.backend, self.provider, step)
                self._session_of, self._state = key, None
                self.weighs = len(step.network.targets) > len(self.checked.network.targets)
        return self._session

    @contextmanager
    def anew(self) -> Iterator[None]:
        """The network as if nothing had been done with it; it is what it was again where the block fails."""
        with self.or_as_before():
            stages = ("checked", "stages", "weighted_step", *(["data"] if self.is_trained else []))
            self.facts, self.is_trained, self._set, self._state, self._session = None, False, {}, None, None
            self.seed, self.choices = None, USUAL
            for stage in stages:
                self.__dict__.pop(stage, None)
            yield

    @contextmanager
    def or_as_before(self) -> Iterator[None]:
        """The network is what it was again where the block fails."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

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

    def attach(self, trainer: loop.Trainer) -> None:
        """A trainer begins: callbacks that look at the network see what it has come to."""
        if self._session is not trainer.session:
            self._session, self._session_of, self.weighs = trainer.session, (), False
        self.stop_training, self.is_trained, self.history = False, True, trainer.history

    def remember(self, trainer: loop.Trainer) -> None:
        """How far a trainer of this network's session has come."""
        at = trainer.control
        self.progress = Snapshot({}, epoch=at.epoch, steps=at.steps, lr=trainer.lr, lr_scale=at.lr_scale)

    # ------------------------------------------------------------ copies

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle has: the program and the network's state, nothing that is compiled or open."""
        made = self._state if self._session is None else dict(self._session.state())
        kept = {name: getattr(self, name) for name in KEPT}
        return {**kept, "_state": made}

    def __setstate__(self, kept: Mapping[str, Any]) -> None:
        self.__init__(kept["program"])  # type: ignore[misc]
        self.__dict__.update(kept)
