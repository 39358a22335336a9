"""The `train` section: the optimizer, how long and in what batches to train, callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nndsl.errors.programs import BadSetting
from nndsl.errors.static import NeedsData
from nndsl.library.registry import ALIASES, OPTIMIZERS
from nndsl.model.callback_settings import CallbackReader
from nndsl.model.consts import Checker, names_in
from nndsl.model.expectations import Expectation
from nndsl.model.program import Loaded
from nndsl.model.scope import Entry
from nndsl.model.sections import TRAIN_SETTINGS, Configured, TrainSection
from nndsl.model.settings import Settings
from nndsl.model.values import POISON, Found, Silenced, Value, Word, WordCall, describe
from nndsl.syntax import tree

OPTIMIZER = Expectation(
    "optimizer", True, True, False, marker="Optimizer", words=("an optimizer, such as adam(lr = 1e-3)",)
)


def train_section(
    checker: Checker, loaded: Loaded, overrides: Sequence[tree.Setting], reported: Sequence[str], rows: int | None
) -> TrainSection:
    """The `train` section with its defaults; `reported` are what callbacks can monitor besides the loss."""
    settings = Settings(checker, "train", loaded, overrides, TRAIN_SETTINGS)
    reader = _TrainReader(settings, reported, loaded.name)
    section = TrainSection(
        Configured("adam", {}, None),
        settings.span,
        batch_size=settings.value("batch_size", 32, _BatchSize(settings)),
        drop_last=settings.value("drop_last", False, settings.truth),
        accumulate=settings.value("accumulate", 1, settings.whole(1)),
        spans=settings.spans,
    )
    settings.value("precision", "f32", settings.word("f32"))  # there is no other
    reader.define_epoch(section.updates(rows) if rows else None)  # the settings below may say `epoch`
    return replace(
        section,
        optimizer=settings.value("optimizer", section.optimizer, reader.optimizer),
        epochs=settings.value("epochs", 10, settings.whole(0)),
        seed=settings.value("seed", 0, settings.whole(0)),
        shuffle=settings.value("shuffle", True, settings.truth),
        callbacks=settings.value("callbacks", (), reader.callbacks),
        steps=settings.value("steps", None, settings.optional(settings.whole(1))),
        clip_norm=settings.value("clip_norm", None, settings.optional(settings.positive)),
        clip_value=settings.value("clip_value", None, settings.optional(settings.positive)),
        ema=settings.value("ema", None, settings.optional(settings.share)),
        train_metrics=settings.value("train_metrics", True, settings.truth),
    )


class _BatchSize:
    def __init__(self, settings: Settings):
        self.settings = settings

    def __call__(self, expression: tree.Expression, name: str) -> int | None:
        if isinstance(expression, tree.Name) and expression.text == "all":
            return None
        return self.settings.whole(1)(expression, name)


class _TrainReader:
    """Reads the values that only `train` has."""

    def __init__(self, settings: Settings, reported: Sequence[str], program: str):
        self.settings = settings
        self.checker = settings.checker
        self.program = program
        self.reported = reported

    def define_epoch(self, updates: int | None) -> None:
        """Give `epoch` its value, the updates of one, if a setting uses it."""
        used = next((name for name in names_in(list(self.settings.values.values())) if name.text == "epoch"), None)
        if used is None:
            return
        value: Value = POISON
        if updates is None:
            remedy = "write the number of steps, or give the program data"
            self.checker.work.report(NeedsData(used.span, "how many steps an epoch has", "asked for here", remedy))
        else:
            value = updates
        self.settings.environment.names["epoch"] = Entry(value, "value", used.span)

    def optimizer(self, expression: tree.Expression, name: str) -> Configured:
        value = self.checker.named(expression, OPTIMIZER, "train", self.settings.place)
        if value is POISON:
            raise Silenced
        composite = OPTIMIZERS.get(ALIASES.get(value.name, value.name)) if isinstance(value, Word | WordCall) else None
        if composite is None:
            raise Found(BadSetting(expression.span, name, OPTIMIZER.expects, describe(value)))
        return Configured(composite.name, self.checker.configure(composite, value, expression.span), expression.span)

    def callbacks(self, expression: tree.Expression, name: str) -> tuple[Configured, ...]:
        expression = self.settings.origin(expression)
        if not isinstance(expression, tree.List):
            remedy = f"write [{expression.span.text}]" if isinstance(expression, tree.Call) else ""
            raise Found(BadSetting(expression.span, name, "a list of callbacks", "something else", remedy))
        return CallbackReader(self.settings, self.reported, self.program).read(expression.items, name)
