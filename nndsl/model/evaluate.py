"""Expressions: static values are calculated, tensors become terms. Nothing here raises for what a program says:
errors are reported, and the value is `POISON`."""

from __future__ import annotations

from typing import NoReturn

from nndsl.diagnostics import SHOWN
from nndsl.errors.calls import NotAFunction
from nndsl.errors.names import ForeignName, UnknownName, UsedBeforeBound
from nndsl.errors.static import NotStatic, WrongValue
from nndsl.errors.suggest import INSTEAD, closest
from nndsl.graph.sizes import symbol
from nndsl.library.registry import FOREIGN
from nndsl.model import static
from nndsl.model.attributes import Attributes
from nndsl.model.expectations import is_word, vocabulary
from nndsl.model.scope import Environment, Place
from nndsl.model.values import (
    POISON,
    Found,
    Given,
    Silenced,
    Value,
    Word,
    describe,
    has_term,
    is_static,
    is_tensor,
)
from nndsl.source import Span
from nndsl.syntax import tree


class Evaluator(Attributes):
    """Evaluates expressions."""

    def evaluate(self, expression: tree.Expression, place: Place) -> Value:
        self.work.spend(1, expression.span)
        try:
            return self._evaluate(expression, place)
        except Found as found:
            self.work.report(found.diagnostic)
        except Silenced:
            pass
        return POISON

    def _evaluate(self, expression: tree.Expression, place: Place) -> Value:
        match expression:
            case tree.Literal():
                return expression.value
            case tree.Name():
                return self.name(expression, place.environment)
            case tree.Pipe():
                return self.pipe(expression, place)
            case tree.Call():
                return self.call(expression.function, given(expression, place), expression.span, place)
            case tree.Chain():
                return self.chain(expression, place)
            case tree.Unary():
                return self.unary(expression, place)
            case tree.Attribute():
                return self.attribute(expression, place)
            case tree.Index():
                return self.index(expression, place.inner())
            case tree.List():
                items = tuple(self.evaluate(item, place.inner()) for item in expression.items)
                return POISON if POISON in items else static.limited(items, expression.span)
            case tree.Map():
                return self.map(expression, place.inner())
            case tree.Conditional():
                branch = self.branch(expression, place.inner())
                return POISON if branch is None else self.evaluate(branch, place)
            case tree.Hole():
                return POISON

    # ---------------------------------------------------------------- names

    def name(self, name: tree.Name, environment: Environment) -> Value:
        """What a name stands for: a value of the model or block, a const or block, a free size, a vocabulary word."""
        entry = environment.names.get(name.text)
        if entry is not None:
            return entry.value
        return self._other(name, environment)

    def callee(self, name: tree.Name, environment: Environment) -> Value:
        entry = environment.names.get(name.text)
        if entry is None:
            return self._other(name, environment)
        if entry.value is POISON or not (has_term(entry.value) or is_static(entry.value)):
            return entry.value
        found = self.global_value(name.text, environment)
        if found is None and is_word(name.text):
            return Word(name.text)
        if found is None:
            raise Found(NotAFunction(name.span, f"`{name.text}`", f"this is {describe(entry.value)}"))
        return found

    def _other(self, name: tree.Name, environment: Environment) -> Value:
        found = self.global_value(name.text, environment)
        if found is not None:
            return found
        if name.text in environment.sizes:
            fixed = self.work.fixed.get(name.text)
            return symbol(name.text) if fixed is None else fixed
        if is_word(name.text):
            return Word(name.text)
        self.unknown(name, environment)
        return None

    def unknown(self, name: tree.Name, environment: Environment) -> NoReturn:
        if name.text in FOREIGN:
            raise Found(ForeignName(name.span, name.text, FOREIGN[name.text]))
        later = environment.later.get(name.text)
        if later is not None:
            raise Found(UsedBeforeBound(name.span, name.text, later))
        if environment.kind == "block" and name.text in self.work.values:
            hint = f"a block sees no value of a model: make `{name.text}` a parameter of the block"
            raise Found(UnknownName(name.span, None, "value", name.text, environment.words, hint))
        kind = "name" if environment.kind == "section" else "value or layer"
        if name.text.lower() in INSTEAD:
            hint = INSTEAD[name.text.lower()]
            raise Found(UnknownName(name.span, None, kind, name.text, environment.words, hint))
        near = None
        if len(self.work.found) < SHOWN:  # nobody is shown more, and each is measured against all names
            near = closest(name.text, [*environment.known(), "true", "false", "none"])
            near = near or closest(name.text, vocabulary())
        raise Found(UnknownName(name.span, near, kind, name.text, environment.words))

    # ---------------------------------------------------------------- pipes

    def pipe(self, pipe: tree.Pipe, place: Place) -> Value:
        inner = place.inner()
        value = self.evaluate(pipe.head, inner)
        span = pipe.head.span
        for index, stage in enumerate(pipe.stages):
            last = index == len(pipe.stages) - 1
            value = self.stage(value, span, stage, place if last else inner)
            span = stage.span
        return value

    def stage(self, value: Value, span: Span, stage: tree.Stage, place: Place) -> Value:
        """What a stage makes of the value that is handed on to it, which stands at `span`."""
        self.work.spend(1, stage.span)
        handed = Given(None, span, value=value)
        try:
            match stage:
                case tree.Repeat():
                    return self.repeat(value, span, stage, place)
                case tree.Pipe():
                    for inner in (stage.head, *stage.stages):
                        value, span = self.stage(value, span, inner, place.inner()), inner.span
                    return value
                case tree.Conditional():
                    branch = self.branch(stage, place.inner())
                    return POISON if branch is None else self.stage(value, span, branch, place)
                case tree.Hole():
                    return POISON
                case tree.Call():
                    return self.call(stage.function, [handed, *given(stage, place)], stage.span, place)
                case _:
                    return self.call(stage, [handed], stage.span, place)
        except Found as found:
            self.work.report(found.diagnostic)
        except Silenced:
            pass
        return POISON

    def repeat(self, value: Value, span: Span, repeat: tree.Repeat, place: Place) -> Value:
        count = self.static(
            repeat.count, place.inner(), "the count of `repeat`", "it decides how many layers there are"
        )
        if count is POISON:
            return POISON
        times = static.whole(count, "the count of `repeat`", repeat.count.span)
        if times < 0:
            raise Found(WrongValue(repeat.count.span, "the count of `repeat`", "at least 0", describe(times)))
        for iteration in range(times):
            at = place.repeated(iteration)
            for index, stage in enumerate(repeat.stages):
                last = iteration == times - 1 and index == len(repeat.stages) - 1
                value, span = self.stage(value, span, stage, at if last else at.inner()), stage.span
            if value is POISON:
                break
        return value

    # ---------------------------------------------------------------- static values

    def static(self, expression: tree.Expression, place: Place, what: str, remedy: str) -> Value:
        """A value that must not depend on data; reports a tensor."""
        value = self.evaluate(expression, place)
        if has_term(value):
            self.work.report(NotStatic(expression.span, what, describe(value), remedy))
            return POISON
        return POISON if value is POISON else value

    def branch(self, expression: tree.Conditional, place: Place) -> tree.Expression | None:
        """The branch that a static condition takes, or None after an error."""
        remedy = "to choose by the numbers in a tensor, there is where(condition, a, b)"
        value = self.static(expression.condition, place, "the condition of `if`", remedy)
        if value is POISON:
            return None
        if not isinstance(value, bool):
            where = expression.condition.span
            self.work.report(WrongValue(where, "the condition of `if`", "true or false", describe(value)))
            return None
        return expression.yes if value else expression.no

    def map(self, expression: tree.Map, place: Place) -> Value:
        entries: dict[Value, Value] = {}
        for key, value in expression.items:
            k, v = self.evaluate(key, place), self.evaluate(value, place)
            if k is POISON or v is POISON:
                return POISON
            if not isinstance(k, str | int | float | bool):
                raise Found(WrongValue(key.span, "a map's key", "a string or a number", describe(k)))
            entries[k] = v
        return entries

    def index(self, expression: tree.Index, place: Place) -> Value:
        value = self.evaluate(expression.object, place)
        indices = [
            self.static(
                i, place, "an index", "tensors are picked from with slice(x, start, stop) and gather(x, indices)"
            )
            for i in expression.indices
        ]
        if value is POISON or POISON in indices:
            return POISON
        if is_tensor(value):
            advice = "write slice(x, start, stop) for a part of it, or gather(x, indices)"
            raise Found(WrongValue(expression.object.span, "what is indexed", "a list or map", describe(value), advice))
        for index, where in zip(indices, expression.indices, strict=True):
            value = static.element(value, index, where.span)
        return value


def given(call: tree.Call, place: Place) -> list[Given]:
    """The arguments of a call, not evaluated yet."""
    return [Given(argument.name, argument.value.span, argument.value, place) for argument in call.arguments]
