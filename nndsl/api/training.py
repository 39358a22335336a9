"""Training a program into a run's folder: from the beginning, or on from the newest checkpoint."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nndsl.api.hooks import hooked
from nndsl.api.options import BackendName, Overrides, Provider
from nndsl.api.tuning import Tune, tuning_for
from nndsl.codegen.backend import Arrays, Session
from nndsl.data.dataset import Dataset
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.commands import BadOption
from nndsl.errors.runs import BeginsAnew, Changed, HasFinished, OtherState
from nndsl.model.check import load_program
from nndsl.model.overrides import copies
from nndsl.training import callbacks, loop
from nndsl.training.callbacks import Best, Checkpoint, Timed
from nndsl.training.identity import MEANING, changes, changes_text, identity, program_change, program_hash
from nndsl.training.record import RunState
from nndsl.training.run_folder import Keeping, RunFolder, new_run, restart, resumable, resumed_run
from nndsl.training.snapshot import Snapshot
from nndsl.training.store import read_history, save
from nndsl.training.tuning import TUNING, Tuning, read_tuning
from nndsl.transform.step import Step

if TYPE_CHECKING:
    from nndsl.api.net import Net
    from nndsl.api.run import Run

PathLike = str | os.PathLike[str]


def python_warning(warning: Diagnostic) -> None:
    """Shows a warning as Python shows its own."""
    warnings.warn(str(Failure(warning)), stacklevel=2)


@dataclass(frozen=True)
class Wish:
    """What a training is asked for besides its program; `Net.train` says what each means."""

    out: PathLike | None = None
    resume: PathLike | None = None
    force: bool = False
    backend: BackendName | None = None
    provider: Provider | None = None
    observer: loop.Observer | None = None
    max_memory: int | None = None
    warn: Callable[[Diagnostic], object] = python_warning
    callbacks: Iterable[Any] = ()
    tune: Tune = False


def net_of_run(path: PathLike, overrides: Overrides = (), model: str | None = None) -> Net:
    """The program that a run was started with, from its folder; raises `Failure` (NN531) where there is none."""
    from nndsl.api.net import Net

    state = resumable(Path(path))
    return Net(load_program(Path(path) / state.program, data_folder=state.data_folder), overrides, model or state.model)


def train(net: Net, asked: Wish) -> Run:
    """Train the program as asked; gives the run, which is saved."""
    from nndsl.api.run import Run

    program = copies(net.program, net.overrides)
    with ExitStack() as open:
        folder: RunFolder | None = None
        backend, provider = asked.backend or "onnx", asked.provider or "cpu"
        if asked.resume is not None:
            if asked.out is not None:
                raise Failure(BadOption(None, "out", "a run that is resumed stays in its folder"))
            if asked.tune is not False:
                raise Failure(BadOption(None, "tune", "a run that is resumed keeps what it was tuned to"))
            folder = open.enter_context(resumed_run(Path(asked.resume), asked.warn))
            backend = asked.backend or cast(BackendName, folder.state.backend)
            provider = asked.provider or cast(Provider, folder.state.provider)
            if folder.state.program_hash == program_hash(program):
                if folder.state.state == "finished":
                    asked.warn(HasFinished(None, str(folder.path)))
                    return Run.open(folder.path, backend=backend, provider=provider)
            elif not asked.force:
                raise Failure(_changed(folder, "", program))

        data, step = net.read_examples(), net.step
        actions = callbacks.build(step.train, loop.reported(step, validated=data.validation is not None))
        actions += hooked(asked.callbacks, net)
        session, tuning = _session(net, asked, folder, data.train, backend, provider)
        for warning in net.fitting_warnings:
            asked.warn(warning)
        examples = loop.Examples(data.train, data.validation)
        state = run_state(net, program, backend, provider)
        if folder is None:
            out = None if asked.out is None else os.fspath(asked.out)
            folder = open.enter_context(new_run(out, state, program, asked.warn))
            if tuning is not None:
                save(folder.path, {TUNING: tuning.to_json()})
                if asked.observer is not None:
                    asked.observer.tuned(tuning)
        folder.identity = cache(lambda: identity(program, examples, session, backend, provider))
        folder.keeping = keeping(actions)
        if not any(isinstance(action, Checkpoint) for action in actions):
            actions.append(Timed())
        trainer = loop.Trainer(session, step, examples, actions, asked.observer, folder=folder.path, recorder=folder)
        if asked.resume is not None:
            _go_on(trainer, folder, program, force=asked.force)
            restart(folder, state, program)

        net.attach(trainer)
        outcome = trainer.run()
        run = Run(folder.path, net, session.state(), outcome.history, backend, provider, outcome.stopped)
        run.session = session
        if outcome.diverged is None:
            run.save()
            folder.end("interrupted" if outcome.interrupted else "finished", outcome.stopped)
            return run
        kept = ""
        if trainer.control.steps:
            run.save()
            folder.end("diverged", outcome.stopped)
            moment = f"step {trainer.control.steps}" if trainer.batch else f"epoch {trainer.control.epoch}"
            kept = f"\n{folder.path} keeps the weights after {moment}"
        raise Failure(replace(outcome.diverged, kept=kept))


def _session(
    net: Net, asked: Wish, folder: RunFolder | None, train: Dataset, backend: BackendName, provider: Provider
) -> tuple[Session, Tuning | None]:
    """What trains, in its initial state, and what it was tuned to: now, or when the run in `folder` began."""
    state, tuning = net.initial_state(asked.max_memory), None
    if folder is not None and (folder.path / TUNING).exists():
        tuning = read_tuning(folder.path)
    elif asked.tune is not False:
        tuning = tuning_for(net, asked.tune, state, train, net.step, backend=backend, provider=provider)
    if tuning is not None:
        net.choices = tuning.chosen
    return net.session(state, backend, provider), tuning


def run_state(net: Net, program: Mapping[str, str], backend: BackendName, provider: Provider) -> RunState:
    """What is written down of a run when it begins; `program` are its files."""
    model, source = net.step.network.name, net.program
    return RunState("running", model, source.name, source.folder, backend, provider, program_hash(program))


def keeping(actions: list[callbacks.Callback]) -> Keeping:
    """By what the best checkpoint is found: as the program's `checkpoint` says."""
    asked = next((action.best for action in actions if isinstance(action, Checkpoint)), Best("val_loss"))
    return Keeping(Best(asked.monitor, asked.mode))


def _go_on(trainer: loop.Trainer, folder: RunFolder, program: Mapping[str, str], *, force: bool) -> None:
    """Let the trainer begin where the run in the folder had come to."""
    snapshot = _snapshot(folder, trainer.step, trainer.session.state(), program, force)
    if snapshot is not None:
        trainer.restore(snapshot)


def _snapshot(folder: RunFolder, step: Step, fresh: Arrays, program: Mapping[str, str], force: bool) -> Snapshot | None:
    """Where the run goes on, None at its beginning; `fresh` is the state there.

    Raises `Failure` (NN532) where something changed since, unless forced to go on (NN533 where that cannot be).
    """
    checkpoint = folder.newest()
    if checkpoint is None:
        with suppress(Failure):
            if len(read_history(folder.path)):
                folder.warn(BeginsAnew(None, str(folder.path)))
        return None
    snapshot, now = checkpoint.snapshot, folder.identity()
    changed = changes(checkpoint.identity, now)
    if changed and not force:
        raise Failure(_changed(folder, changes_text(changed, checkpoint.identity, now), program))
    if not MEANING & set(changed):
        return snapshot
    state = {}
    for spec in step.states:
        found = snapshot.state.get(spec.name)
        if found is not None and found.shape == tuple(spec.shape):
            state[spec.name] = found
        elif spec.role == "slot":
            state[spec.name] = fresh[spec.name]
        else:
            has = f"is {list(found.shape)} there, {list(spec.shape)} here" if found is not None else "is not there"
            raise Failure(OtherState(None, str(folder.path), f"`{spec.name}` {has}"))
    return Snapshot(
        state, {}, snapshot.epoch, 0, snapshot.steps, snapshot.lr, snapshot.lr_scale, history=snapshot.history
    )


def _changed(folder: RunFolder, what: str, program: Mapping[str, str]) -> Changed:
    """The message for a run that would not go on as it began; `what` besides the program is not as it was."""
    remedy = "--force, in Python `force=True`, goes on all the same, as another run"
    if not what:
        before = {}
        for name in {folder.state.program, *program}:
            with suppress(OSError, ValueError):
                before[name] = (folder.path / name).read_text(encoding="utf-8")
        what = program_change(before, program) or "its program is another"
        remedy = f"`nndsl train --resume {folder.path}` takes the run's own program; {remedy}"
    return Changed(None, str(folder.path), what, remedy)
