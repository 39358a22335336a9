"""Calls of the vocabulary: which composite a word means here, its arguments, the layer it makes and the term."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nndsl.errors.calls import NotAFunction, WrongArgument
from nndsl.errors.losses import MetricOfMetric, MetricOutsideMetric
from nndsl.errors.shapes import LayerInLoss
from nndsl.errors.static import WrongValue
from nndsl.library.registry import ALIASES, METRICS, TABLES, Composite, lookup
from nndsl.library.registry import Place as VocabularyPlace
from nndsl.model import static
from nndsl.model.calls import bind
from nndsl.model.expectations import BUILTINS, Expectation, expectations, is_word
from nndsl.model.naming import kind_of
from nndsl.model.network import Input, Layer, Term
from nndsl.model.scope import Environment, Place
from nndsl.model.scores import note, prepare
from nndsl.model.values import (
    POISON,
    BlockCall,
    BlockValue,
    Found,
    Given,
    Shared,
    Value,
    Word,
    WordCall,
    describe,
    has_term,
    is_number,
    is_tensor,
)
from nndsl.model.words import Words
from nndsl.source import Span
from nndsl.syntax import tree

ELSEWHERE: Mapping[str, VocabularyPlace] = {
    "an initializer": "initializer",
    "a constraint": "constraint",
    "a regularizer": "regularizer",
    "a schedule": "schedule",
    "an optimizer": "optimizer",
}
"""Words that stand in arguments and settings only."""

REDUCTIONS: Mapping[str, Callable[[Iterable[Any]], Any]] = {"min": min, "max": max, "sum": sum}
"""Functions of the vocabulary that also work on static numbers, or on a list of them."""


class Invoking(Words):
    """Evaluates calls."""

    @abstractmethod
    def callee(self, name: tree.Name, environment: Environment) -> Value:
        """What a name means where something is called: a tensor of that name is not meant."""

    @abstractmethod
    def unfold(
        self, block: BlockValue, callee: tree.Expression, given: Sequence[Given], span: Span, place: Place
    ) -> Value:
        """Use a block."""

    @abstractmethod
    def share(self, shared: Shared, given: Sequence[Given], span: Span, place: Place) -> Value:
        """Use a shared layer."""

    def call(self, callee: tree.Expression, given: Sequence[Given], span: Span, place: Place) -> Value:
        if isinstance(callee, tree.Name):
            value = self.callee(callee, place.environment)
        else:
            value = self.evaluate(callee, place.inner())
        if value is POISON:
            return self.abandon(given)
        return self.invoke(value, callee, given, span, place)

    def abandon(self, given: Sequence[Given]) -> Value:
        """Evaluate arguments whose call is lost, for the errors in them."""
        for argument in given:
            word = isinstance(argument.expression, tree.Name) and is_word(argument.expression.text)
            if not word:
                self.plain(argument)
        return POISON

    def invoke(self, value: Value, callee: tree.Expression, given: Sequence[Given], span: Span, place: Place) -> Value:
        match value:
            case Word():
                return self.word(value.name, callee, given, span, place)
            case WordCall():
                return self.word(value.name, callee, [*given, *value.arguments], span, place)
            case BlockValue():
                return self.unfold(value, callee, given, span, place)
            case BlockCall():
                return self.unfold(value.block, callee, [*given, *value.arguments], span, place)
            case Shared():
                return self.share(value, given, span, place)
            case _:
                self.abandon(given)
                shown = callee.span.text.partition("\n")[0]
                raise Found(NotAFunction(callee.span, f"`{shown}`", f"this is {describe(value)}"))

    # ---------------------------------------------------------------- the vocabulary

    def word(self, name: str, callee: tree.Expression, given: Sequence[Given], span: Span, place: Place) -> Value:
        if name in BUILTINS:
            return self.builtin(name, given, span)
        measures = place.statement == "metric" and (place.whole or name != "sum")  # else over one example's axes
        composite = lookup(name, "metric" if measures else "expression")
        if composite is not None:
            return self.composite(composite, callee, given, span, place)
        own = ALIASES.get(name, name)
        if own in METRICS:
            self.abandon(given)
            statement = place.statement if place.statement in ("loss", "output") else "value"
            raise Found(MetricOutsideMetric(callee.span, name, statement))
        kinds = [kind for kind, where in ELSEWHERE.items() if own in TABLES[where]]
        if kinds and not any(has_term(g.value) for g in given):
            return WordCall(own, tuple(given), span)
        self.abandon(given)
        raise Found(NotAFunction(callee.span, f"`{name}`", f"this is {kinds[0] if kinds else 'a word for arguments'}"))

    def builtin(self, name: str, given: Sequence[Given], span: Span) -> Value:
        """`range`, `len` and `zip` of static values."""
        values = tuple(self.plain(argument) for argument in given)
        if POISON in values:
            return POISON
        if any(map(is_tensor, values)):
            raise Found(WrongValue(span, f"what `{name}` takes", "a static value", "a tensor"))
        result: Value = None
        if name == "range" and 1 <= len(values) <= 3:
            start, stop, step = {1: (0, *values, 1), 2: (*values, 1), 3: values}[len(values)]
            result = static.integers(start, stop, step, span)
        elif name == "len" and len(values) == 1:
            result = static.length(values[0], span)
        elif name == "zip" and values:
            result = static.zipped(values, span)
        if result is None:
            how = {"range": "range(start, stop)", "len": "len(list)", "zip": "zip(a, b)"}[name]
            raise Found(WrongArgument(span, name, "the list of values", f"written {how}", f"{len(values)} values"))
        if isinstance(result, tuple):
            self.work.spend(len(result) // 16, span)
        return result

    def composite(
        self, composite: Composite, callee: tree.Expression, given: Sequence[Given], span: Span, place: Place
    ) -> Value:
        """Apply a composite to arguments."""
        if composite.kind in ("activation", "function") and not any(has_term(g.value) for g in given):
            given = self.early(given)
            if any(g.value is POISON for g in given):
                return POISON
            found = self.unapplied(composite, given, span)
            if found is not None:
                return found
        given, of = self.whose(composite, given)
        parameters = expectations(composite)
        bound = self.bound(composite.name, parameters, given, span)
        layer = self.layer(composite, callee, span, place)
        use = place.environment.use
        return self.applied(composite, parameters, bound, {}, layer, span, place, use=use, of=of)

    def bound(
        self, callee: str, parameters: Sequence[Expectation], given: Sequence[Given], span: Span
    ) -> dict[str, Given | tuple[Given, ...]]:
        """Which argument is for which parameter; where that cannot be told, errors in the arguments are found too."""
        try:
            return bind(callee, parameters, given, span)
        except Found:
            self.abandon(given)
            raise

    def applied(
        self,
        composite: Composite,
        parameters: Sequence[Expectation],
        bound: Mapping[str, Given | tuple[Given, ...]],
        fixed: Mapping[str, Any],
        layer: Layer,
        span: Span,
        place: Place,
        *,
        use: int = 0,
        of: Value = None,
    ) -> Value:
        """The term of a composite applied; `fixed` are the arguments that a shared layer has already."""
        arguments, spans = self.arguments(composite.name, parameters, bound, replace(place, path=layer.name, plan=None))
        if fixed:
            merged = {**fixed, **arguments}
            arguments = {e.name: merged[e.name] for e in expectations(composite) if e.name in merged}
        if POISON in arguments.values():
            return POISON
        epoch = any(term in self.work.epochs for term in tensors(arguments))
        if epoch and composite.kind in ("layer", "loss", "metric"):
            raise Found(MetricOfMetric(span, composite.name))
        prepared = prepare(self.work, composite, arguments, spans, span)
        if prepared is None:
            return POISON
        term = self.typing.apply(composite, prepared, layer, span, spans, use=use, name=place.result)
        if isinstance(term, tuple):
            for part in term:
                note(self.work, part)
            return term
        note(self.work, term)
        if isinstance(of, Input):
            self.work.of[term] = of.declared
        return term

    def arguments(
        self,
        callee: str,
        parameters: Sequence[Expectation],
        bound: Mapping[str, Given | tuple[Given, ...]],
        inside: Place,
    ) -> tuple[dict[str, Any], dict[str, Span]]:
        """Every argument as its parameter takes it, and where each stands."""
        inside = replace(inside, repeats=(), result="")
        arguments: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        for e in parameters:
            argument = bound.get(e.name)
            if isinstance(argument, tuple):
                arguments[e.name] = self.several(argument, e, callee)
            elif argument is not None:
                arguments[e.name] = self.argument(argument, e, callee, inside)
                spans[e.name] = argument.span
        return arguments, spans

    def early(self, given: Sequence[Given]) -> list[Given]:
        """Arguments given by place, evaluated before it is known what they are for."""
        return [
            replace(g, value=self.plain(g), expression=None) if g.name is None and g.expression is not None else g
            for g in given
        ]

    def unapplied(self, composite: Composite, given: Sequence[Given], span: Span) -> Value | None:
        """The value of a function that is given no tensor: calculated where it can be, else kept until it is used."""
        values = [g.value for g in given if g.name is None]
        first = expectations(composite)[0].name
        if any(map(has_term, values)) or any(g.name is not None and g.name.text == first for g in given):
            return None
        if composite.kind == "activation":
            return WordCall(composite.name, tuple(given), span)
        if values and len(values) == len(given):
            numbers = values[0] if len(values) == 1 and isinstance(values[0], tuple) else tuple(values)
            if composite.name in REDUCTIONS and numbers and all(map(is_number, numbers)):
                return static.bounded(REDUCTIONS[composite.name](numbers), span)
            if composite.name in static.MATHEMATICS and len(values) == 1 and is_number(values[0]):
                return static.mathematics(composite.name, values[0], span)
        return None

    def whose(self, composite: Composite, given: Sequence[Given]) -> tuple[Sequence[Given], Value]:
        """The `of = target` of an `argmax`, which says whose classes it gives, taken from its arguments."""
        if composite.name != "argmax":
            return given, None
        of = next((g for g in given if g.name is not None and g.name.text == "of"), None)
        if of is None:
            return given, None
        value = self.plain(of)
        is_class = isinstance(value, Input) and value.declared.kind == "class"
        if not is_class and value is not POISON:
            raise Found(WrongArgument(of.span, "argmax", "of", "a class target", describe(value)))
        return [g for g in given if g is not of], value

    def layer(self, composite: Composite, callee: tree.Expression, span: Span, place: Place) -> Layer:
        """The layer that a call makes, with its name; functions get one for their statement."""
        kind = kind_of(composite)
        if kind is None:
            return Layer(place.path, composite, span)
        if kind.group == "parameters" and place.statement in ("loss", "metric"):
            raise Found(LayerInLoss(span, composite.name, place.statement))
        name = place.layer_name(callee, kind.word)
        if kind.group == "reported":
            return Layer(name, composite, span)
        made = place.made if place.made is not None else {}
        if (name, kind.group) not in made:
            made[name, kind.group] = Layer(name, composite, span)
            self.work.register(made[name, kind.group], kind.group)
        return made[name, kind.group]


def tensors(arguments: Mapping[str, Any]) -> list[Term]:
    """All terms among arguments."""
    items = (item for value in arguments.values() for item in (value if isinstance(value, tuple) else (value,)))
    return [item for item in items if is_tensor(item)]
