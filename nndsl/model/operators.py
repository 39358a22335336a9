"""Operators: arithmetic, comparisons and logic, on static values and on tensors."""

from __future__ import annotations

from nndsl.errors.static import NoSuchElement, WrongOperands
from nndsl.errors.suggest import closest
from nndsl.graph.sizes import Size
from nndsl.library.registry import OPERATORS
from nndsl.model import static
from nndsl.model.calls import tensor
from nndsl.model.expectations import Expectation
from nndsl.model.invoke import Invoking
from nndsl.model.network import Input, Layer, Term
from nndsl.model.scope import Place
from nndsl.model.scores import note
from nndsl.model.values import POISON, Found, Value, describe, is_tensor, show
from nndsl.source import Span
from nndsl.syntax import tree

OPERAND = Expectation("operand", required=True, positional=True, variadic=False, tensor=True, words=("a tensor",))


class Operators(Invoking):
    """Evaluates operators."""

    def chain(self, chain: tree.Chain, place: Place) -> Value:
        inner = place.inner()
        value = self.evaluate(chain.first, inner)
        for index, (operator, operand) in enumerate(chain.rest):
            if operator.text in ("and", "or") and isinstance(value, bool) and value == (operator.text == "or"):
                continue  # decided already: what stands to the right may rely on it
            right = self.evaluate(operand, inner)
            if value is POISON or right is POISON:
                value = POISON
                continue
            last = index == len(chain.rest) - 1
            span = chain.span if last else Span(chain.span.source, chain.span.start, operand.span.end)
            value = self.operate(operator, value, right, span, operand.span, place if last else inner)
        return value

    def operate(
        self, operator: tree.Operator, left: Value, right: Value, span: Span, right_span: Span, place: Place
    ) -> Value:
        sign = operator.text
        if is_tensor(left) or is_tensor(right):
            terms = []
            for value, other in ((left, right), (right, left)):
                value = kind_index(value, other, right_span)
                if not (is_tensor(value) or isinstance(value, int | float | tuple | Size)):
                    raise Found(WrongOperands(operator.span, sign, f"{describe(left)} and {describe(right)}"))
                terms.append(tensor(value, OPERAND, sign, right_span if value is right else span))
            return self.apply_operator(sign, terms, span, place)
        if sign in ("and", "or"):
            for value in (left, right):
                if not isinstance(value, bool):
                    raise Found(WrongOperands(operator.span, sign, f"{describe(left)} and {describe(right)}"))
            return left and right if sign == "and" else left or right
        result = static.binary(sign, left, right, span, right_span)
        if isinstance(result, tuple | str):
            self.work.spend(len(result) // 16, span)
        return result

    def unary(self, unary: tree.Unary, place: Place) -> Value:
        value = self.evaluate(unary.operand, place.inner())
        if value is POISON:
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
        layer = Layer(place.path, composite, span)
        term = self.typing.apply(composite, arguments, layer, span, {}, name=place.result)
        assert not isinstance(term, tuple), "an operator gives one value"
        note(self.work, term)
        return term


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
