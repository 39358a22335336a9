"""`net.fit(x, y)`: training on what a Python program has in hand, as often as it likes.

1. `_examples`    what is given is read and checked; the first time, classes, free sizes and fitted layers come from it
2. `_weighted`    `sample_weight` and `class_weight` become one weight for each row
3. `_step`        the program's graphs with the settings that were asked for, of weighted losses where there are weights
4. `fit`          a `Trainer` goes on from where the network stands
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nndsl.api.class_weights import row_weights
from nndsl.api.hooks import hooked
from nndsl.api.observers import observer_for
from nndsl.api.training import keeping, python_warning, run_state
from nndsl.api.tuning import Tune, tuning_for
from nndsl.compiler import compile_network
from nndsl.data.dataset import Dataset
from nndsl.data.given import Given, frame_columns, given_data, given_dataset, refuse_other_sizes
from nndsl.data.index_range import refuse_out_of_range
from nndsl.diagnostics import Failure
from nndsl.errors.api import NothingToWeight, NoValidation
from nndsl.errors.commands import BadOption, NotMonitored
from nndsl.errors.values import ConstantTarget
from nndsl.model.check import check
from nndsl.model.index_range import index_ranges
from nndsl.model.network import Facts
from nndsl.model.overrides import copies
from nndsl.model.sections import TrainSection
from nndsl.model.values import LARGEST
from nndsl.training import callbacks as builtin
from nndsl.training import loop
from nndsl.training.callbacks import Callback, Checkpoint, Timed
from nndsl.training.history import History
from nndsl.training.identity import identity
from nndsl.training.run_folder import RunFolder, new_run
from nndsl.training.store import save
from nndsl.training.tuning import TUNING, Tuning
from nndsl.transform.step import Step
from nndsl.transform.weighting import has_loss_of_examples, weight_of, weighted

if TYPE_CHECKING:
    from nndsl.api.net import Net
    from nndsl.api.run import Run


@dataclass(frozen=True)
class Asked:
    """The arguments of `fit` that say what to train on."""

    x: Any = None
    y: Any = None
    validation_data: Any = None
    validation_split: float = 0.0
    sample_weight: Any = None
    class_weight: Any = None


def fit(
    net: Net,
    asked: Asked,
    asked_settings: Mapping[str, int | None],
    *,
    callbacks: Iterable[Any],
    verbose: bool | int | str,
    out: str | os.PathLike[str] | None,
    max_memory: int | None,
    tune: Tune,
) -> Run:
    """Train as `Net.fit` says."""
    from nndsl.api.run import Run

    settings, observer = _settings(asked_settings), observer_for(verbose)
    if net.seed is not None:
        settings = {"seed": net.seed, **settings}
    train, validation = _examples(net, asked)
    has_weights = _has_weights(asked)
    if has_weights:
        train, validation = _weighted(net, asked, weight_of(net.declared.declared).name, train, validation)
    step = _step(net, settings, train, has_weights)
    for split in filter(None, (train, validation)):
        refuse_out_of_range(split, index_ranges(step.network))
    actions = [*_program_callbacks(step, validation is not None), *hooked(callbacks, net)]
    overrides = (*net.overrides, *_texts(settings))
    with ExitStack() as made:
        net.begin(train, step.train.seed, max_memory)
        net.seed = settings.get("seed")
        for warning in (*net.given_warnings, *net.fitting_warnings):
            python_warning(warning)
        tuning: Tuning | None = None
        if tune is not False:
            tuning = tuning_for(net, tune, net.state, train, step, backend=net.backend, provider=net.provider)
            net.choices = tuning.chosen
            if observer is not None:
                observer.tuned(tuning)
        session, examples = net.live_session(step), loop.Examples(train, validation)
        folder: RunFolder | None = None
        if out is not None:
            folder = made.enter_context(_folder(net, os.fspath(out), overrides, examples, actions))
            if tuning is not None:
                save(folder.path, {TUNING: tuning.to_json()})
        epochs = net.progress.epoch + step.train.epochs
        path = folder.path if folder else None
        trainer = loop.Trainer(session, step, examples, actions, observer, epochs=epochs, folder=path, recorder=folder)
        trainer.restore(replace(net.progress, state=session.state(), history=tuple(net.history.epochs)))
        net.attach(trainer)
        try:
            outcome = trainer.run()
        finally:  # also where a callback or the keyboard ended it
            net.remember(trainer)
        history = History([*net.history.epochs])
        run = Run(path, net, session.state(), history, net.backend, net.provider, outcome.stopped)
        run.overrides = overrides
        if folder is not None and (outcome.diverged is None or net.progress.steps):
            run.save()
            folder.end("diverged" if outcome.diverged else "finished", outcome.stopped)
    if outcome.diverged is not None:
        kept = f"\nthe network keeps its weights after epoch {len(history)}" if len(history) else ""
        raise Failure(replace(outcome.diverged, kept=kept))
    run.plot()
    return run


@contextmanager
def _folder(
    net: Net, out: str, overrides: Sequence[str], examples: loop.Examples, actions: list[Callback]
) -> Iterator[RunFolder]:
    """The folder of a new run, which has the logs and checkpoints that `train` would write."""
    session = net.live_session()
    program = copies(net.program, overrides)
    with new_run(out, run_state(net, program, net.backend, net.provider), program, python_warning) as folder:
        folder.identity = cache(lambda: identity(program, examples, session, net.backend, net.provider))
        folder.keeping = keeping(actions)
        if not any(isinstance(action, Checkpoint) for action in actions):
            actions.append(Timed())
        yield folder


# ---------------------------------------------------------------- 1: examples


def _examples(net: Net, asked: Asked) -> tuple[Dataset, Dataset | None]:
    """What to train on and what to validate on; the first examples make the network's facts."""
    share = asked.validation_split
    if asked.validation_data is not None and share:
        raise Failure(BadOption(None, "validation_split", "there is validation_data already"))
    if not isinstance(share, int | float) or not 0 <= share < 1:
        raise Failure(
            BadOption(None, "validation_split", f"it is a share of the rows from 0 to less than 1, not {share!r}")
        )
    net.given_warnings = ()
    if asked.x is None:
        return _own_examples(net, asked)
    section, trained = net.declared.data, net.is_trained
    declared = net.declared.declared
    if trained:
        declared = (*net.checked.network.inputs, *net.checked.network.targets)
    weight = weight_of(declared) if _has_weights(asked) else None
    data = given_data(
        section,
        declared,
        Given(asked.x, asked.y, asked.sample_weight),
        _validation(asked.validation_data),
        split=share,
        weight=weight,
        model=net.declared.name,
        span=net.program.model(net.model).name.span,
        columns=net.facts.columns if trained and net.facts else {},
    )
    columns = frame_columns(data.parts["train"])
    if trained:
        for part in data.parts.values():
            refuse_other_sizes(part, net.facts)
        facts = replace(net.facts or Facts(), rows=data.facts.rows)
    else:
        facts = data.facts
    facts = replace(facts, columns=facts.columns or columns)
    net.learn_facts(facts)
    splits = data.splits(facts)
    net.given_warnings = tuple(
        warning
        for warning in splits.warnings
        if not (weight and isinstance(warning, ConstantTarget) and warning.name == weight.name)
    )
    return splits.train, splits.validation


def _own_examples(net: Net, asked: Asked) -> tuple[Dataset, Dataset | None]:
    """Those of the program's data section, with other validation rows if some are given."""
    for name in ("y", "sample_weight", "validation_split"):
        value = getattr(asked, name)
        if value is not None and not (isinstance(value, float | int) and not value):
            raise Failure(BadOption(None, name, "it belongs to an `x`, and none is given"))
    data = net.read_data()
    validation = data.validation
    if asked.validation_data is not None:
        network = net.checked.network
        weight = weight_of(net.declared.declared) if _has_weights(asked) else None
        given, declared = _validation(asked.validation_data), (*network.inputs, *network.targets)
        assert given is not None
        validation = given_dataset(given, net.declared.data, declared, net.facts, weight=weight, model=network.name)
    return data.train, validation


def _validation(given: Any) -> Given | None:
    """`(x, y)`, `(x, y, weights)`, or what holds inputs and targets by name."""
    if given is None:
        return None
    if not isinstance(given, tuple | list):
        return Given(given)
    if len(given) not in (2, 3):
        raise Failure(
            BadOption(None, "validation_data", f"it is (x, y) or (x, y, sample_weight), not {len(given)} things")
        )
    return Given(*given)


# ---------------------------------------------------------------- 2: weights


def _has_weights(asked: Asked) -> bool:
    given = asked.validation_data
    return (
        asked.sample_weight is not None
        or asked.class_weight is not None
        or (isinstance(given, tuple | list) and len(given) == 3 and given[2] is not None)
    )


def _weighted(
    net: Net, asked: Asked, name: str, train: Dataset, validation: Dataset | None
) -> tuple[Dataset, Dataset | None]:
    """Both with a weight for each row; those of classes are for training, as in Keras."""
    network = net.checked.network
    if not has_loss_of_examples(network):
        raise Failure(NothingToWeight(network.losses[0].span if network.losses else None, network.name))
    factor = np.ones(train.rows)
    if asked.class_weight is not None:
        factor = row_weights(asked.class_weight, network, train)
    return with_weights(train, name, factor), validation and with_weights(validation, name)


def with_weights(data: Dataset, name: str, factor: Any = 1.0) -> Dataset:
    """The examples with a weight for each row: those they have (or ones), times the factor."""
    own = np.asarray(data.arrays[name][:]) if name in data.arrays else np.ones(data.rows)
    return replace(data, arrays={**data.arrays, name: (own * factor).astype(np.float32)})


# ---------------------------------------------------------------- 3: the step


def _settings(asked: Mapping[str, int | None]) -> dict[str, int]:
    """The settings of `train` that are given, each a whole number."""
    least = {"epochs": 0, "batch_size": 1, "seed": 0}
    found = {}
    for name, value in asked.items():
        if value is None:
            continue
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not least[name] <= value <= LARGEST:
            shown = f"2^{int(value).bit_length() - 1} or more" if whole and value > LARGEST else repr(value)
            raise Failure(BadOption(None, name, f"it is a whole number from {least[name]}, below 2^63, not {shown}"))
        found[name] = int(value)
    return found


def _step(net: Net, settings: Mapping[str, int], train: Dataset, with_weight: bool) -> Step:
    """The graphs with these settings. Schedules that count epochs are compiled for the rows at hand."""
    step = net.weighted_step if with_weight else net.step
    section: TrainSection = replace(step.train, **settings)  # type: ignore[arg-type]
    if section.steps is not None:
        section = replace(section, steps=net.progress.steps + section.steps)
    if net.declared.counts_steps and section.batch_size != step.train.batch_size:
        facts = replace(net.facts or Facts(), rows={"train": train.rows})
        checked = check(net.program, facts, (*net.overrides, *_texts(settings)), net.model)
        network = weighted(checked.network) if with_weight else checked.network
        step = compile_network(network, checked.train, net.program.source).step
        section = replace(checked.train, steps=section.steps)
    return replace(step, train=section)


def _texts(settings: Mapping[str, int]) -> list[str]:
    """The settings as the command line says them."""
    return [f"train.{name}={value}" for name, value in settings.items()]


def _program_callbacks(step: Step, validated: bool) -> list[Callback]:
    """Those of the program; where one watches validation rows and there are none, the message says what `fit` takes."""
    try:
        return builtin.build(step.train, loop.reported(step, validated=validated))
    except Failure as failure:
        raise Failure(
            *(
                NoValidation(error.span, error.callback, error.monitor)
                if isinstance(error, NotMonitored) and error.monitor.startswith("val_") and not validated
                else error
                for error in failure.diagnostics
            )
        ) from None
