"""Expressions: static values are calculated, tensors become terms. Nothing here raises for what a program says:
errors are reported, and the value is `POISON`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from nndsl.errors.names import (
    ForeignName,
    NeedsData,
    NoSuchElement,
    NotAFunction,
    NotStatic,
    UnknownAttribute,
    UnknownName,
    WrongOperands,
    WrongValue,
)
from nndsl.errors.shapes import UnusedSharedLayer
from nndsl.errors.suggest import closest
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.library.registry import FOREIGN, OPERATORS
from nndsl.model import static
from nndsl.model.calls import tensor
from nndsl.model.expectations import Expectation, vocabulary
from nndsl.model.invoke import Invoking
from nndsl.model.network import Input, Layer, LayerState, Term
from nndsl.model.scope import Entry, Environment, Place
from nndsl.model.scores import note
from nndsl.model.values import (
    POISON,
    Found,
    Given,
    Shared,
    Silenced,
    Value,
    Word,
    describe,
    has_term,
    is_poisoned,
    is_tensor,
    show,
)
from nndsl.source import Span
from nndsl.syntax import tree

OPERAND = Expectation("operand", required=True, positional=True, variadic=False, tensor=True, words=("a tensor",))


class Evaluator(Invoking):
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
                return static.limited(items, expression.span)
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
        if found is None and name.text in vocabulary():
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
        if name.text in vocabulary():
            return Word(name.text)
        self.unknown(name, environment)
        return None

    def unknown(self, name: tree.Name, environment: Environment) -> NoReturn:
        if name.text in FOREIGN:
            raise Found(ForeignName(name.span, name.text, FOREIGN[name.text]))
        near = closest(name.text, [*environment.known(), "true", "false", "none"])
        near = near or closest(name.text, vocabulary())
        kind = "name" if environment.kind == "section" else "value or layer"
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
                    arguments = given(stage, place)
                    if is_poisoned(value):
                        self.abandoned(stage.function, arguments, place.environment)
                    return self.call(stage.function, [handed, *arguments], stage.span, place)
                case _:
                    return self.call(stage, [handed], stage.span, place)
        except Found as found:
            self.work.report(found.diagnostic)
        except Silenced:
            pass
        return POISON

    def abandoned(self, callee: tree.Expression, arguments: Sequence[Given], environment: Environment) -> NoReturn:
        """A stage whose operand is lost: what can still be wrong with it is found."""
        if isinstance(callee, tree.Name):
            self.callee(callee, environment)
        self.abandon(arguments)
        raise Silenced

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
            for stage in repeat.stages:
                value, span = self.stage(value, span, stage, at), stage.span
            if value is POISON:
                break
        return value

    # ---------------------------------------------------------------- operators

    def chain(self, chain: tree.Chain, place: Place) -> Value:
        inner = place.inner()
        value = self.evaluate(chain.first, inner)
        for index, (operator, operand) in enumerate(chain.rest):
            if operator.text in ("and", "or") and isinstance(value, bool) and value == (operator.text == "or"):
                continue  # decided already: what stands to the right may rely on it
            right = self.evaluate(operand, inner)
            if value is POISON or is_poisoned(right):
                value = POISON
                continue
            span = chain.first.span.to(operand.span)
            last = index == len(chain.rest) - 1
            value = self.operate(operator, value, right, span, operand.span, place if last else inner)
        return value

    def operate(
        self, operator: tree.Operator, left: Value, right: Value, span: Span, right_span: Span, place: Place
    ) -> Value:
        sign = operator.text
        if has_term(left) or has_term(right):
            terms = []
            for value, other in ((left, right), (right, left)):
                value = kind_index(value, other, right_span)
                if isinstance(value, str | dict | None) or not (is_tensor(value) or is_static(value)):
                    raise Found(WrongOperands(operator.span, sign, f"{describe(left)} and {describe(right)}"))
                terms.append(tensor(value, OPERAND, sign, right_span if value is right else span))
            return self.apply_operator(sign, terms, span, place)
        if sign in ("and", "or"):
            for value in (left, right):
                if not isinstance(value, bool):
                    raise Found(WrongOperands(operator.span, sign, f"{describe(left)} and {describe(right)}"))
            return left and right if sign == "and" else left or right
        result = static.binary(sign, left, right, span, right_span)
        self.work.spend(len(result) // 64 if isinstance(result, tuple | str) else 0, span)
        return result

    def unary(self, unary: tree.Unary, place: Place) -> Value:
        value = self.evaluate(unary.operand, place.inner())
        if is_poisoned(value):
            return POISON
        if is_tensor(value):
            return self.apply_operator("not" if unary.operator == "not" else "neg", [value], unary.span, place)
        if unary.operator == "-":
            return static.negative(value, unary.span)
        if not isinstance(value, bool):
            raise Found(WrongOperands(unary.span, "not", describe(value)))
        return not value

    def apply_operator(self, sign: str, terms: list[Term], span: Span, place: Place) -> Term:
        """An operator of the language on tensors."""
        composite = OPERATORS[sign]
        names = [parameter.name for parameter in composite.parameters]
        arguments = dict(zip(names, terms, strict=True))
        name = "" if place.repeats else place.result
        term = self.typing.apply(composite, arguments, Layer(place.path, composite, span), span, {}, name=name)
        note(self.work, term)
        return term

    # ---------------------------------------------------------------- static values

    def static(self, expression: tree.Expression, place: Place, what: str, remedy: str) -> Value:
        """A value that must not depend on data; reports a tensor."""
        value = self.evaluate(expression, place)
        if has_term(value):
            self.work.report(NotStatic(expression.span, what, describe(value), remedy))
            return POISON
        return POISON if is_poisoned(value) else value

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
            if is_poisoned(k) or is_poisoned(v):
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
        if is_poisoned(value) or any(map(is_poisoned, indices)):
            return POISON
        if is_tensor(value):
            advice = "write slice(x, start, stop) for a part of it, or gather(x, indices)"
            raise Found(WrongValue(expression.object.span, "what is indexed", "a list or map", describe(value), advice))
        for index, where in zip(indices, expression.indices, strict=True):
            value = static.element(value, index, where.span)
        return value

    # ---------------------------------------------------------------- attributes

    def attribute(self, expression: tree.Attribute, place: Place) -> Value:
        """`x.shape`, `digit.classes`, or a layer's parameter: `hidden.W`, `h.dense_1.W`."""
        parts = [expression.name]
        root = expression.object
        while isinstance(root, tree.Attribute):
            parts.insert(0, root.name)
            root = root.object
        entry = place.environment.names.get(root.text) if isinstance(root, tree.Name) else None
        if len(parts) > 1 or entry is not None:
            if len(parts) == 1 and parts[0].text in ("shape", "classes"):
                return self.property(self.evaluate(root, place.inner()), parts[0])
            if entry is not None and entry.value is not POISON:
                return self.parameter(entry, root.span.text, parts, expression.span)
        value = self.evaluate(expression.object, place.inner())
        return POISON if is_poisoned(value) else self.property(value, expression.name)

    def property(self, value: Value, name: tree.Name) -> Value:
        if is_poisoned(value):
            return POISON
        if is_tensor(value) and name.text == "shape":
            return tuple(dim for dim in value.type.shape if dim != BATCH)
        if isinstance(value, Input) and name.text == "classes" and value.declared.kind == "class":
            if value.declared.classes is None:
                what, detail = f"the number of classes of `{value.declared.name}`", "asked for here"
                raise Found(NeedsData(name.span, what, detail, "write it where the target is declared: class[10]"))
            return value.declared.classes.indices
        known = ["shape"] if is_tensor(value) else []
        known += ["classes"] if isinstance(value, Input) and value.declared.kind == "class" else []
        shown = " and ".join(f"`.{k}`" for k in known)
        raise Found(UnknownAttribute(name.span, closest(name.text, known), describe(value), name.text, shown))

    def parameter(self, entry: Entry, owner: str, parts: Sequence[tree.Name], span: Span) -> LayerState:
        """A parameter of the layers that a binding made."""
        full = ".".join([entry.path, *(part.text for part in parts)])
        state = self.work.states.get(full) if entry.path else None
        if state is not None:
            return LayerState(full, TensorType("f32", state.shape), span)
        prefix = f"{entry.path}."
        known = [name.removeprefix(prefix) for name in self.work.states if entry.path and name.startswith(prefix)]
        if isinstance(entry.value, Shared) and not known:
            raise Found(UnusedSharedLayer(span, owner))
        where = parts[0].span.to(parts[-1].span)
        name = ".".join(part.text for part in parts)
        listed = ", ".join(f"`.{k}`" for k in known) or ("`.shape`" if is_tensor(entry.value) else "")
        raise Found(UnknownAttribute(where, closest(name, [*known, "shape"]), f"`{owner}`", name, listed))


def given(call: tree.Call, place: Place) -> list[Given]:
    """The arguments of a call, not evaluated yet."""
    return [Given(argument.name, argument.span, argument.value, place) for argument in call.arguments]


def is_static(value: Value) -> bool:
    """Whether it is a number, string, list or map: nothing that can be called."""
    return isinstance(value, int | float | str | tuple | dict | None)


def kind_index(value: Value, other: Value, span: Span) -> Value:
    """The index of a class that is named in a comparison: `species == "setosa"`."""
    if not (isinstance(value, str) and isinstance(other, Input) and other.declared.kind == "class"):
        return value
    names = other.declared.classes.names if other.declared.classes else None
    if not names or value not in names:
        known = [str(name) for name in names or ()]
        near = closest(value, known)
        what = f"`{other.declared.name}` has no class {show(value)}"
        detail = f"it has {', '.join(map(show, names))}" if names else "its classes have no names here"
        raise Found(NoSuchElement(span, show(near) if near else None, what, detail))
    return names.index(value)
