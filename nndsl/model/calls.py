"""Arguments: which parameter each one is for, and turning what the program says into what the parameter takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nndsl.errors.calls import (
    ArgumentTwice,
    MissingArgument,
    TooManyArguments,
    UnknownArgument,
    UnknownChoice,
    WrongArgument,
)
from nndsl.errors.static import NotStatic
from nndsl.errors.suggest import closest, closest_argument
from nndsl.graph.sizes import Size
from nndsl.graph.types import TensorType
from nndsl.model.expectations import Expectation, one_of, usage
from nndsl.model.network import Number, Term
from nndsl.model.static import computable, divided
from nndsl.model.values import (
    Found,
    Given,
    Unfixed,
    Value,
    Word,
    describe,
    is_number,
    is_tensor,
    is_whole,
    show,
)
from nndsl.source import Span
from nndsl.syntax import tree

LARGEST_SIZE = 2**40
"""No axis can be longer: its elements alone would take a terabyte."""


def _items_of_a_list(positional: Sequence[Expectation], given: Sequence[Given]) -> Span | None:
    """From the first of the values that the last parameter, a list of numbers, was meant to hold to the last one."""
    items = [argument for argument in given if argument.name is None][len(positional) - 1 :]
    is_list = bool(positional) and positional[-1].marker == "Sizes"
    if not is_list or any(isinstance(item.expression, tree.List) for item in items):
        return None
    return items[0].span.to(items[-1].span)


def bind(
    callee: str, parameters: Sequence[Expectation], given: Sequence[Given], span: Span, *, piped: bool = True
) -> dict[str, Given | tuple[Given, ...]]:
    """Each parameter's argument, by name; a variadic one gets a tuple. Raises `Found` for what does not fit."""
    bound: dict[str, Given | tuple[Given, ...]] = {}
    positional = [p for p in parameters if p.positional]
    by_name = {p.name: p for p in parameters}
    place = 0
    for argument in given:
        if argument.name is not None:
            name = argument.name.text
            if name not in by_name or by_name[name].variadic:
                known = [p.name for p in parameters if not p.variadic]
                shown = ", ".join(f"`{k}`" for k in known) or "no arguments"
                raise Found(UnknownArgument(argument.name.span, closest_argument(name, known), callee, name, shown))
        else:
            if place == len(positional):
                shown = usage(callee, tuple(parameters), piped=piped)
                raise Found(TooManyArguments(argument.whole, callee, shown, _items_of_a_list(positional, given)))
            parameter = positional[place]
            name = parameter.name
            if parameter.variadic:
                rest = bound.get(name, ())
                assert isinstance(rest, tuple)
                bound[name] = (*rest, argument)
                continue
            place += 1
        if name in bound:
            first = bound[name]
            assert isinstance(first, Given)
            raise Found(ArgumentTwice(argument.whole, callee, name, first.span))
        bound[name] = argument
    for parameter in parameters:
        if parameter.required and parameter.name not in bound:
            how = usage(callee, tuple(parameters), piped=piped)
            raise Found(MissingArgument(span, callee, parameter.name, how))
    return bound


# ---------------------------------------------------------------- values


def coerce(value: Value, e: Expectation, callee: str, span: Span) -> Any:
    """A static value or tensor as the parameter takes it; raises `Found`. Words of the vocabulary come elsewhere."""
    if value is None and e.none:
        return None
    if e.anything:
        return value
    if e.tensor and not e.marker:
        return tensor(value, e, callee, span)
    if is_tensor(value) and not isinstance(value, Number):
        raise Found(
            NotStatic(
                span,
                f"`{e.name}` of `{callee}`",
                describe(value),
                f"it shapes the network: give {e.expects}",
            )
        )
    if isinstance(value, Number):
        value = value.value
    match e.marker:
        case "Size":
            return _size(value, e, callee, span)
        case "Sizes":
            return tuple(_whole(item, e, callee, span) for item in _items(value, e, callee, span))
        case "Extents":
            return tuple(_size(item, e, callee, span) for item in _each(value, e, callee, span))
        case "Amounts":
            return tuple(_amount(item, e, callee, span) for item in _each(value, e, callee, span))
        case "Margins":
            return tuple(_margins(item, e, callee, span) for item in _each(value, e, callee, span))
        case "Axis":
            return tuple(_whole(item, e, callee, span) for item in (value if isinstance(value, tuple) else (value,)))
        case "Rate":
            return _ranged(value, e, callee, span, value_ok=lambda x: 0 <= x < 1)
        case "Positive":
            return _ranged(value, e, callee, span, value_ok=lambda x: x > 0)
        case "NonNegative":
            return _ranged(value, e, callee, span, value_ok=lambda x: x >= 0)
        case _:
            return plain(value, e, callee, span)


def plain(value: Value, e: Expectation, callee: str, span: Span) -> Any:
    """A value for a parameter of plain Python types or choices."""
    if e.choices:
        word = value.name if isinstance(value, Word) else value
        if word in e.choices:
            return word
        if not e.kinds and not e.items:
            suggestion = closest(word, e.choices) if isinstance(word, str) else None
            raise Found(UnknownChoice(span, suggestion, callee, e.name, show(value), one_of(e.choices)))
    if isinstance(value, bool) and bool in e.kinds:
        return value
    computable(value, span)
    if float in e.kinds and is_number(value):
        return float(value)
    if int in e.kinds:
        if isinstance(value, Size):
            raise Unfixed(value.symbols, span)
        if is_whole(value):
            return value
    if isinstance(value, str) and str in e.kinds:
        return value
    if isinstance(value, tuple) and e.items:
        kind = float if float in e.items else int
        if all(is_number(item) if kind is float else is_whole(item) for item in value):
            return tuple(map(kind, value))
    raise wrong(value, e, callee, span)


def wrong(value: Value, e: Expectation, callee: str, span: Span) -> Found:
    wants_whole = int in e.kinds or e.marker in ("Size", "Sizes", "Extents", "Amounts", "Margins")
    advice = divided(value, span) if wants_whole else ""
    return Found(WrongArgument(span, callee, e.name, e.expects, describe(value), advice))


def tensor(value: Value, e: Expectation, callee: str, span: Span) -> Term:
    """A tensor, or a static number (or nested lists of them) as one."""
    if is_tensor(value):
        assert isinstance(value, Term)
        return value
    if isinstance(value, Size):
        raise Unfixed(value.symbols, span)
    if isinstance(value, bool | int | float):
        computable(value, span)
        return Number(value, span)
    shape = _shape(value)
    if shape is not None:
        computable(value, span)
        return Number(value, span, TensorType("f32", shape))
    raise Found(WrongArgument(span, callee, e.name, e.expects, describe(value)))


def _shape(value: Value) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers, or None if they are no such thing."""
    if is_number(value):
        return ()
    if not isinstance(value, tuple) or not value:
        return None
    shapes = {_shape(item) for item in value}
    inner = shapes.pop()
    return (len(value), *inner) if inner is not None and not shapes else None


def _size(value: Value, e: Expectation, callee: str, span: Span) -> int:
    size = _whole(value, e, callee, span)
    if not size >= 1:
        raise wrong(value, e, callee, span)
    if size > LARGEST_SIZE:
        raise Found(WrongArgument(span, callee, e.name, "a size that fits into memory", show(size)))
    return size


def _whole(value: Value, e: Expectation, callee: str, span: Span) -> int:
    if isinstance(value, Size):
        raise Unfixed(value.symbols, span)
    if not is_whole(value):
        raise wrong(value, e, callee, span)
    return int(value)


def _items(value: Value, e: Expectation, callee: str, span: Span) -> tuple[Value, ...]:
    if not isinstance(value, tuple):
        raise wrong(value, e, callee, span)
    return value


def _each(value: Value, e: Expectation, callee: str, span: Span) -> tuple[Value, ...]:
    """What is given for each of several axes; one value is for all of them."""
    values = value if isinstance(value, tuple) else (value,) * e.count
    if len(values) != e.count:
        raise Found(WrongArgument(span, callee, e.name, e.expects, f"a list of {len(values)}"))
    return values


def _margins(value: Value, e: Expectation, callee: str, span: Span) -> tuple[int, int]:
    """What is given for the two ends of an axis."""
    ends = value if isinstance(value, tuple) else (value, value)
    if len(ends) != 2:
        raise wrong(value, e, callee, span)
    before, after = (_amount(item, e, callee, span) for item in ends)
    return before, after


def _amount(value: Value, e: Expectation, callee: str, span: Span) -> int:
    amount = _whole(value, e, callee, span)
    if amount < 0:
        raise wrong(value, e, callee, span)
    return amount


def _ranged(value: Value, e: Expectation, callee: str, span: Span, *, value_ok: Callable[[float], bool]) -> float:
    if not is_number(value) or not value_ok(value):
        raise wrong(value, e, callee, span)
    computable(value, span)
    return float(value)
