"""The callbacks of `train`: what each takes, what it may watch, what it may report, and where it may write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from nndsl.diagnostics import Edit
from nndsl.errors.calls import WrongArgument
from nndsl.errors.suggest import closest
from nndsl.model.calls import bind
from nndsl.model.evaluate import given
from nndsl.model.expectations import Expectation
from nndsl.model.formula import Formula, FormulaReader
from nndsl.model.reports import refuse_outside, refuse_report_name, report_names
from nndsl.model.sections import Configured
from nndsl.model.settings import Settings, unknown
from nndsl.model.values import POISON, Found, Given, Silenced, describe
from nndsl.syntax import tree


def _optional(**parameters: tuple[type, Any]) -> tuple[Expectation, ...]:
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


TEXT = Expectation("", False, True, False, kinds=frozenset({str}), words=("a string",))


CALLBACKS: Mapping[str, tuple[Expectation, ...]] = {
    "early_stopping": _optional(
        monitor=(str, "val_loss"),
        patience=(int, 0),
        min_delta=(float, 0.0),
        restore_best=(bool, False),
        mode=(str, "auto"),
        start_from=(int, 0),
    ),
    "reduce_lr_on_plateau": _optional(
        monitor=(str, "val_loss"),
        factor=(float, 0.1),
        patience=(int, 10),
        min_delta=(float, 1e-4),
        cooldown=(int, 0),
        min_scale=(float, 0.0),
        mode=(str, "auto"),
    ),
    "checkpoint": _optional(monitor=(str, "val_loss"), best_only=(bool, False), every=(int, 0), mode=(str, "auto")),
    "terminate_on_nan": (),
    "report": (replace(TEXT, name="name", required=True), Expectation("value", True, True, False)),
    "csv_log": (
        replace(TEXT, name="path", required=True),
        replace(TEXT, name="separator", default=","),
        *_optional(append=(bool, False)),
    ),
    "tensorboard": (
        replace(TEXT, name="folder", default="tensorboard"),
        *_optional(histograms=(bool, True), graph=(bool, True)),
    ),
}
"""Callbacks with what they take; `monitor` is a reported name, the value of a report a `Formula`."""


class CallbackReader:
    """Reads the list of callbacks; `reported` are the names that a run reports besides `loss`."""

    def __init__(self, settings: Settings, reported: Sequence[str], program: str):
        self.settings = settings
        self.checker = settings.checker
        self.program = program
        self.logged = [prefix + name for prefix in ("", "val_") for name in ("loss", *reported)]
        self.reports: list[str] = []
        """What reports add to it."""
        self.taken = {"epoch", "lr", *self.logged}
        """Names that a report cannot have."""
        self.written: set[str] = set()
        """What callbacks write, in the run's folder."""
        self.readers: Mapping[str, Callable[[Given, Expectation, str], Any]] = {
            "monitor": self.monitor,
            "report.name": self.report_name,
            "report.value": self.formula,
            "csv_log.separator": self.separator,
            "csv_log.path": partial(self.path, example="log.csv"),
            "tensorboard.folder": partial(self.path, example="tensorboard"),
        }
        """Arguments that are read in a way of their own, by name or callback and name."""

    def read(self, items: Sequence[tree.Expression], name: str) -> tuple[Configured, ...]:
        self.reports = report_names(items)
        found: list[Configured] = []
        for item in items:
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
                read = self.readers.get(f"{word}.{e.name}") or self.readers.get(e.name) or self.argument
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
        """A reported name: `loss`, a metric, either with `val_` before it, or a report."""
        known = [*self.logged, *self.reports]
        expression = given.expression
        written = expression.span.text if isinstance(expression, tree.Name | tree.Attribute) else None
        if isinstance(expression, tree.Literal) and isinstance(expression.value, str):
            written = expression.value
        if written not in known:
            near = closest(written or "", known)
            advice = f"did you mean `{near}`?" if near else f"there are {', '.join(known)}"
            edit = Edit(given.span, near if near in self.logged else f'"{near}"') if near else None
            found = f"`{written}`" if written else "something else"
            raise Found(WrongArgument(given.span, callee, e.name, "a name that is reported", found, advice, edit))
        return written

    def report_name(self, given: Given, e: Expectation, callee: str) -> str:
        known = {*self.settings.environment.known()}
        if isinstance(given.expression, tree.Name) and given.expression.text not in known:
            edit = Edit(given.span, f'"{given.expression.text}"')
            found, advice = "a name without them", "what a report is called stands in quotes"
            raise Found(WrongArgument(given.span, callee, e.name, "a string in quotes", found, advice, edit))
        name: str = self.argument(given, e, callee)
        refuse_report_name(name, given.span, self.taken)
        self.taken.add(name)
        return name

    def formula(self, given: Given, e: Expectation, callee: str) -> Formula:
        """What a report calculates: an expression of logged numbers and of the learning rate."""
        assert given.expression is not None, "an argument of a callback is written"
        return FormulaReader(self.checker, self.settings.place, [*self.logged, "lr"]).read(given.expression)

    def path(self, given: Given, e: Expectation, callee: str, example: str) -> str:
        """A path in the run's folder."""
        value: str = self.argument(given, e, callee)
        refuse_outside(value, given.span, callee, (self.program, *self.written), example)
        self.written.add(value)
        return value

    def separator(self, given: Given, e: Expectation, callee: str) -> str:
        value: str = self.argument(given, e, callee)
        if len(value) != 1 or not (value.isprintable() or value == "\t") or value in '"0123456789.+-e':
            expects = 'one character, such as ";", that stands in no number'
            raise Found(WrongArgument(given.span, callee, e.name, expects, describe(value)))
        return value
