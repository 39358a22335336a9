"""Arguments in the terms of their parameters: words of the vocabulary, functions as arguments, numbers and tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nndsl.diagnostics import Edit
from nndsl.errors.calls import UnknownChoice, WrongArgument
from nndsl.errors.names import ForeignName
from nndsl.errors.shapes import Misused
from nndsl.errors.suggest import closest
from nndsl.graph.builder import Builder
from nndsl.graph.types import TensorType
from nndsl.library.arguments import Chosen, Initial, Misuse, Rule
from nndsl.library.registry import ALIASES, FOREIGN, OPTIMIZERS, SCHEDULES, TABLES, Composite
from nndsl.library.registry import Place as VocabularyPlace
from nndsl.model.calls import bind, coerce
from nndsl.model.expectations import Expectation, expectations, is_word
from nndsl.model.network import Closure, Term
from nndsl.model.scope import Environment, Place
from nndsl.model.scores import note_closure
from nndsl.model.sections import Configured
from nndsl.model.static import computable
from nndsl.model.typing import Typing
from nndsl.model.values import (
    POISON,
    BlockCall,
    BlockValue,
    Found,
    Given,
    Shared,
    Silenced,
    Value,
    Word,
    WordCall,
    describe,
    has_term,
    is_number,
    is_tensor,
)
from nndsl.model.work import Work
from nndsl.source import Span
from nndsl.syntax import tree

CHOSEN: dict[str, VocabularyPlace] = {
    "Initializer": "initializer",
    "Constraint": "constraint",
    "Regularizer": "regularizer",
}
"""Where the words of a parameter with such a marker are looked up."""

CALLABLE = (Word, WordCall, BlockValue, BlockCall, Shared)


class Words(ABC):
    """Evaluates arguments."""

    def __init__(self, work: Work):
        self.work = work
        self.typing = Typing(work)

    @abstractmethod
    def evaluate(self, expression: tree.Expression, place: Place) -> Value:
        """The value of an expression; errors are reported, and the value is `POISON` then."""

    @abstractmethod
    def branch(self, expression: tree.Conditional, place: Place) -> tree.Expression | None:
        """The branch that a static condition takes."""

    @abstractmethod
    def global_value(self, name: str, environment: Environment) -> Value | None:
        """The const or block of that name that is seen here, if there is one."""

    @abstractmethod
    def invoke(self, value: Value, callee: tree.Expression, given: Sequence[Given], span: Span, place: Place) -> Value:
        """Apply something callable; the first argument is the tensor that a pipe or closure hands on."""

    # ---------------------------------------------------------------- one argument

    def plain(self, given: Given) -> Value:
        """An argument's value, whatever it is for."""
        if given.expression is None or given.place is None:
            return given.value
        return self.evaluate(given.expression, given.place.inner())

    def argument(self, given: Given, e: Expectation, callee: str, inside: Place) -> Any:
        """An argument as its parameter takes it; reports what is wrong with it, and gives `POISON` then.

        Layers that a function given as argument makes are called after `inside`.
        """
        try:
            if e.named and given.expression is not None and given.place is not None:
                value = self.named(given.expression, e, callee, given.place.inner())
            else:
                value = self.plain(given)
            if value is POISON:
                return POISON
            match e.marker:
                case "Activation":
                    return self.closure(value, e, callee, given.span, inside)
                case "Initializer" | "Constraint" | "Regularizer":
                    return self.chosen(value, e, callee, given.span)
                case "Schedule":
                    return self.schedule(value, e, callee, given.span)
                case "ClassWeights":
                    return value
                case _:
                    return coerce(value, e, callee, given.span)
        except Found as found:
            self.work.report(found.diagnostic)
        except Silenced:
            pass
        return POISON

    def several(self, given: Sequence[Given], e: Expectation, callee: str) -> Any:
        """The tensors of a variadic parameter; a list of tensors counts as its elements."""
        values: list[Any] = []
        for argument in given:
            value = self.plain(argument)
            items = value if isinstance(value, tuple) and has_term(value) else (value,)
            values += [POISON if item is POISON else coerce(item, e, callee, argument.span) for item in items]
        return POISON if POISON in values else tuple(values)

    # ---------------------------------------------------------------- words

    def named(self, expression: tree.Expression, e: Expectation, callee: str, place: Place) -> Value:
        """An argument that may be a word: the program's block, const or static value of that name, if there is one,
        else the vocabulary's. A tensor of the name is not meant."""
        while isinstance(expression, tree.Conditional):
            branch = self.branch(expression, place)
            if branch is None:
                return POISON
            expression = branch
        if isinstance(expression, tree.Literal) and isinstance(expression.value, str):
            self.refuse_quoted(expression.value, expression.span, e, callee)
        head = expression.function if isinstance(expression, tree.Call) else expression
        if not isinstance(head, tree.Name):
            return self.evaluate(expression, place)
        value = self.own(head.text, place.environment)
        if value is None and ALIASES.get(head.text, head.text) in words_for(e):
            value = Word(head.text)
        if value is None:
            tensor = head.text in place.environment.names
            if not tensor and (head is expression or not is_word(head.text)):
                raise Found(self.unknown_word(head, e, callee, place))
            return self.evaluate(expression, place)
        if isinstance(expression, tree.Call) and isinstance(value, Word | BlockValue):
            given = tuple(Given(a.name, a.value.span, a.value, place) for a in expression.arguments)
            if isinstance(value, Word):
                return WordCall(value.name, given, expression.span)
            return BlockCall(value, given, expression.span)
        return value if head is expression else self.evaluate(expression, place)

    def refuse_quoted(self, text: str, span: Span, e: Expectation, callee: str) -> None:
        """Raise `Found` for a word of the vocabulary in quotes; choices may have them."""
        if e.choices:
            return
        words = words_for(e)
        word = ALIASES.get(text, text)
        word = word if word in words else FOREIGN.get(text, "")
        if word in words:
            advice = f"`{word}` is a name, written without quotes"
            raise Found(WrongArgument(span, callee, e.name, e.expects, describe(text), advice, Edit(span, word)))

    def own(self, name: str, environment: Environment) -> Value | None:
        """The program's own meaning of a word, tensors aside."""
        entry = environment.names.get(name)
        if entry is not None and not has_term(entry.value):
            return entry.value
        return self.global_value(name, environment)

    def unknown_word(self, name: tree.Name, e: Expectation, callee: str, place: Place) -> ForeignName | UnknownChoice:
        words = words_for(e)
        if FOREIGN.get(name.text) in words:
            return ForeignName(name.span, name.text, FOREIGN[name.text])
        if not e.choices and is_word(name.text):
            near = None
        else:
            near = closest(name.text, [*words, *place.environment.known()])
        return UnknownChoice(name.span, near, callee, e.name, name.text, e.expects)

    # ---------------------------------------------------------------- functions as arguments

    def closure(self, value: Value, e: Expectation, callee: str, span: Span, inside: Place) -> Closure | None:
        if value is None:
            return None
        if not isinstance(value, CALLABLE):
            raise Found(WrongArgument(span, callee, e.name, e.expects, describe(value)))
        name = value.block.name if isinstance(value, BlockCall) else value.name
        head = tree.Name(span, name)
        # Layers made inside are made once: lowering applies the closure again.
        place = inside if inside.made is not None else replace(inside, made={})

        def apply(term: Term) -> Term:
            result = self.invoke(value, head, [Given(None, span, value=term)], span, place)
            if is_tensor(result):
                note_closure(self.work, closure, term, result)
                tensor: Term = result
                return tensor
            if result is POISON:
                raise Silenced
            raise Found(WrongArgument(span, callee, e.name, e.expects, f"a function that gives {describe(result)}"))

        closure = Closure(name, apply)
        self.work.inside[closure] = place.made if place.made is not None else {}
        return closure

    def chosen(self, value: Value, e: Expectation, callee: str, span: Span) -> Chosen | None:
        """`he_normal`, or `uniform(-0.1, 0.1)` with its arguments; a constraint or a regularizer likewise."""
        if value is None and e.none:
            return None
        place = CHOSEN[e.marker]
        known = isinstance(value, Word | WordCall)
        composite = TABLES[place].get(ALIASES.get(value.name, value.name)) if known else None
        if composite is None:
            number = is_number(value) and place == "initializer"
            advice = f"for {value} everywhere there is `constant({value})`" if number else ""
            raise Found(WrongArgument(span, callee, e.name, e.expects, describe(value), advice))
        make = Initial if place == "initializer" else Rule
        return make(composite.name, self.configure(composite, value, span))

    def schedule(self, value: Value, e: Expectation, callee: str, span: Span) -> float | Configured:
        """A learning rate: a number greater than 0, or a schedule with its arguments."""
        if is_number(value) and value > 0:
            computable(value, span)
            return float(value)
        composite = SCHEDULES.get(ALIASES.get(value.name, value.name)) if isinstance(value, Word | WordCall) else None
        if composite is None:
            raise Found(WrongArgument(span, callee, e.name, e.expects, describe(value)))
        arguments = self.configure(composite, value, span)
        try:
            composite.function(Builder().input("step", TensorType("f64", ())), **arguments)
        except Misuse as refusal:
            raise Found(Misused(span, refusal.message, refusal.label, (), refusal.help)) from None
        return Configured(composite.name, arguments, span)

    def configure(self, composite: Composite, value: Word | WordCall, span: Span) -> dict[str, Any]:
        """The arguments of an initializer, schedule or optimizer; raises `Silenced` if one of them is wrong."""
        parameters = expectations(composite)
        given = value.arguments if isinstance(value, WordCall) else ()
        bound = bind(composite.name, parameters, given, span, piped=False)
        arguments: dict[str, Any] = {}
        for e in parameters:
            argument = bound.get(e.name)
            if isinstance(argument, Given) and argument.place is not None:
                arguments[e.name] = self.argument(argument, e, composite.name, argument.place)
        if POISON in arguments.values():
            raise Silenced
        return arguments


def words_for(e: Expectation) -> list[str]:
    """The words of the vocabulary that a parameter takes."""
    match e.marker:
        case "Activation":
            kinds = ("activation", "function", "layer")
            return [name for name, composite in TABLES["expression"].items() if composite.kind in kinds]
        case "Initializer" | "Constraint" | "Regularizer":
            return list(TABLES[CHOSEN[e.marker]])
        case "Schedule":
            return list(SCHEDULES)
        case "Optimizer":
            return list(OPTIMIZERS)
        case "ClassWeights":
            return ["balanced"]
        case _:
            return list(e.choices)
