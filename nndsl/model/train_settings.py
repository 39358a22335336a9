"""The `train` section: the optimizer, how long and in what batches to train, callbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nndsl.diagnostics import Edit
from nndsl.errors.calls import WrongArgument
from nndsl.errors.programs import BadSetting
from nndsl.errors.static import NeedsData
from nndsl.errors.suggest import closest
from nndsl.library.registry import ALIASES, OPTIMIZERS
from nndsl.model.calls import bind
from nndsl.model.consts import Checker, names_in
from nndsl.model.evaluate import given
from nndsl.model.expectations import Expectation
from nndsl.model.program import Loaded
from nndsl.model.scope import Entry
from nndsl.model.sections import TRAIN_SETTINGS, Configured, TrainSection
from nndsl.model.settings import Settings, unknown
from nndsl.model.values import POISON, Found, Given, Silenced, Value, Word, WordCall, describe
from nndsl.syntax import tree


def _callback(**parameters: tuple[type, Any]) -> tuple[Expectation, ...]:
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "`auto`, `min` or `max`"}
    return tuple(
        Expectation(
            name,
            required=False,
            positional=True,
            variadic=False,
            default=default,
            kinds=frozenset() if kind is str else frozenset({kind}),
            choices=("auto", "min", "max") if name == "mode" else (),
            words=(words[kind],),
        )
        for name, (kind, default) in parameters.items()
    )


CALLBACKS: Mapping[str, tuple[Expectation, ...]] = {
    "early_stopping": _callback(
        monitor=(str, "val_loss"),
        patience=(int, 0),
        min_delta=(float, 0.0),
        restore_best=(bool, False),
        mode=(str, "auto"),
        start_from=(int, 0),
    ),
    "reduce_lr_on_plateau": _callback(
        monitor=(str, "val_loss"),
        factor=(float, 0.1),
        patience=(int, 10),
        min_delta=(float, 1e-4),
        cooldown=(int, 0),
        min_scale=(float, 0.0),
        mode=(str, "auto"),
    ),
}
"""Callbacks with what they take; `monitor` is a reported name."""

OPTIMIZER = Expectation(
    "optimizer", True, True, False, marker="Optimizer", words=("an optimizer, such as adam(lr = 1e-3)",)
)


def train_section(
    checker: Checker, loaded: Loaded, overrides: Sequence[tree.Setting], metrics: Sequence[str], rows: int | None
) -> TrainSection:
    """The `train` section with its defaults; `metrics` are what callbacks can monitor besides the loss."""
    settings = Settings(checker, "train", loaded, overrides, TRAIN_SETTINGS)
    reader = _TrainReader(settings, metrics)
    section = TrainSection(
        Configured("adam", {}, None),
        settings.span,
        batch_size=settings.value("batch_size", 32, _BatchSize(settings)),
        drop_last=settings.value("drop_last", False, settings.truth),
        accumulate=settings.value("accumulate", 1, settings.whole(1)),
        spans=settings.spans,
    )
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

    def __init__(self, settings: Settings, metrics: Sequence[str]):
        self.settings = settings
        self.checker = settings.checker
        self.metrics = metrics

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
        found = []
        for item in expression.items:
            try:
                found.append(self.callback(item, name))
            except Found as error:
                self.checker.work.report(error.diagnostic)
            except Silenced:
                pass
        return tuple(found)

    def callback(self, expression: tree.Expression, name: str) -> Configured:
        call = expression if isinstance(expression, tree.Call) else None
        head = call.function if call is not None else expression
        word = head.text if isinstance(head, tree.Name) else ""
        if word not in CALLBACKS:
            expects = "a list of callbacks such as early_stopping(val_loss)"
            raise unknown(head, name, expects, CALLBACKS, f"there are {', '.join(CALLBACKS)}")
        arguments = given(call, self.settings.place) if call is not None else []
        bound = bind(word, CALLBACKS[word], arguments, expression.span, piped=False)
        found: dict[str, Any] = {}
        for e in CALLBACKS[word]:
            argument = bound.get(e.name)
            if isinstance(argument, Given):
                read = self.monitor if e.name == "monitor" else self.argument
                found[e.name] = read(argument, e, word)
        return Configured(word, found, expression.span)

    def argument(self, given: Given, e: Expectation, callee: str) -> Any:
        value = self.checker.argument(given, e, callee, self.settings.place)
        if value is POISON:
            raise Silenced
        if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
            raise Found(WrongArgument(given.span, callee, e.name, f"{e.expects} of at least 0", describe(value)))
        return value

    def monitor(self, given: Given, e: Expectation, callee: str) -> str:
        """A reported name: `loss`, a metric, or either with `val_` before it."""
        known = [prefix + name for prefix in ("", "val_") for name in ("loss", *self.metrics)]
        expression = given.expression
        written = expression.text if isinstance(expression, tree.Name) else None
        if isinstance(expression, tree.Literal) and isinstance(expression.value, str):
            written = expression.value
        if written not in known:
            near = closest(written or "", known)
            advice = f"did you mean `{near}`?" if near else f"there are {', '.join(known)}"
            edit = Edit(given.span, near) if near else None
            found = f"`{written}`" if written else "something else"
            raise Found(WrongArgument(given.span, callee, e.name, "a name that is reported", found, advice, edit))
        return written
