"""Typing applications: what a composite makes of operands of these types, found by running its body in a scratch graph.

What the body refuses becomes a diagnostic with the places where the operands came from.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from nndsl.diagnostics import Diagnostic
from nndsl.errors.shapes import Misused, Places, SharedLayerGrew, TooLarge
from nndsl.graph.builder import Builder, Value
from nndsl.graph.sizes import BATCH, Size, is_static, product, show_shape
from nndsl.graph.types import TensorType, TypeMismatch
from nndsl.library.arguments import Misuse
from nndsl.library.registry import Accumulated, Composite
from nndsl.model.advice import advice
from nndsl.model.apply import Collected, Graphing, SharedShape, operands
from nndsl.model.network import NUMBER, Apply, Hole, Input, Layer, Number, Term
from nndsl.model.values import LARGEST, TERMS, Found, Unfixed, show_type
from nndsl.model.work import Work
from nndsl.source import Span


class Typing:
    """Makes `Apply` terms. Types of applications without parameters are remembered by what determines them."""

    def __init__(self, work: Work):
        self.work = work
        self.known: dict[Hashable, TensorType | tuple[TensorType, ...]] = {}

    def apply(
        self,
        composite: Composite,
        arguments: Mapping[str, Any],
        layer: Layer,
        span: Span,
        spans: Mapping[str, Span],
        *,
        use: int = 0,
        name: str = "",
    ) -> Apply | tuple[Apply, ...]:
        """The term of an application, or the terms where the composite gives several values; `spans` tell where each
        argument stands. Raises `Found`."""
        self.work.operate(span)
        term = Apply(composite, arguments, NUMBER, layer, span, use, name)
        key = None if composite.takes_builder else _key(term)
        type = self.known.get(key) if key else None
        if type is None:
            type = self._type(term, spans)
            if key:
                self.known[key] = type
        if isinstance(type, tuple):
            return tuple(replace(term, type=part, part=index) for index, part in enumerate(type))
        return replace(term, type=type)

    def _type(self, term: Apply, spans: Mapping[str, Span]) -> TensorType | tuple[TensorType, ...]:
        builder = Builder()
        graphing = Graphing(builder, Collected(states=self.work.states))
        terms = list(operands(term))
        for index, operand in enumerate(terms):
            if not isinstance(operand, Number):
                graphing.values.setdefault(operand, builder.input(f"x{index}", operand.type))
            else:
                graphing.value(operand)
        try:
            result = graphing.apply(term)
        except TypeMismatch as refusal:
            self._retry(terms, term.span)
            raise Found(refused(refusal, term, terms, spans)) from None
        if isinstance(result, Accumulated):
            return NUMBER
        if isinstance(result, tuple):
            return tuple(self._known(part, term) for part in result)
        return self._known(result, term)

    def _known(self, result: Value, term: Apply) -> TensorType:
        """A result's type, if it can be held in memory."""
        assert isinstance(result, Value), f"{term.composite.name} gives no tensor"
        own = [dim for dim in result.shape if dim != BATCH]
        if is_static(own) and _count(own) > LARGEST:
            raise Found(TooLarge(term.span, show_shape(result.shape)))
        return result.type

    def _retry(self, terms: list[Term], span: Span) -> None:
        """Where operands have free sizes that the data know, check again with these sizes as numbers."""
        symbols = frozenset[str]().union(
            *(dim.symbols for term in terms for dim in term.type.shape if isinstance(dim, Size))
        )
        known = symbols & self.work.facts.sizes.keys()
        if known:
            raise Unfixed(known, span)


def _count(dims: list[Any]) -> int:
    count = product(dims)
    assert isinstance(count, int)
    return count


def _key(term: Apply) -> Hashable | None:
    """What the type of an application without parameters depends on, or None if that cannot be told."""
    parts: list[Hashable] = [term.composite.name, term.composite.kind]
    for name, argument in term.arguments.items():
        items = argument if isinstance(argument, tuple) else (argument,)
        for item in items:
            value = item.type if isinstance(item, TERMS) else item
            if not isinstance(value, TensorType | int | float | str | bool | None):
                return None
            parts.append((name, type(value), value, isinstance(item, TERMS)))
    return tuple(parts)


# ---------------------------------------------------------------- refusals


def refused(refusal: TypeMismatch, term: Apply, terms: list[Term], spans: Mapping[str, Span]) -> Diagnostic:
    """The diagnostic for what a composite's body refused."""
    name = term.composite.name
    if isinstance(refusal, SharedShape):
        return SharedLayerGrew(
            term.span,
            refusal.state.name,
            show_shape(refusal.state.shape),
            show_shape(refusal.shape),
            show_type(terms[0]) if terms else "this",
            term.layer.span,
        )
    if isinstance(refusal, Misuse):
        span = spans.get(refusal.argument.rstrip("_"), term.span) if refusal.argument else term.span
        remedy, edit = advice(term) or (refusal.help, None)
        return Misused(span, refusal.message, refusal.label, origins(terms, span), remedy, edit)
    return Misused(term.span, f"`{name}` does not work on this: {refusal}", "", origins(terms, term.span))


def origins(terms: list[Term], primary: Span) -> Places:
    """Where up to three different operands came from, each with its shape, unless the error is marked right there."""
    places: dict[Span, str] = {}
    for term in terms:
        if isinstance(term, Number | Hole):
            continue
        span: Span = term.span
        if span == primary or (
            span.source == primary.source and span.start <= primary.start and primary.end <= span.end
        ):
            continue
        places.setdefault(span, f"this is {describe_origin(term)}")
    return tuple(list(places.items())[:3])


def describe_origin(term: Term) -> str:
    shape = show_shape(term.type.shape)
    if isinstance(term, Input):
        return f"{show_type(term)}, so {shape} in a batch" if term.declared.kind == "class" else shape
    return shape if term.type.shape else "one number"
