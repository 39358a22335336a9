"""Arithmetic on static values: exact whole numbers within ±(2^63 - 1), finite decimals, bounded lists and strings.

Every function takes the span to blame and raises `Found` with a diagnostic; none raises anything else.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from nndsl.errors.static import DividesByZero, NoSuchElement, OutOfRange, WrongOperands, WrongValue
from nndsl.errors.suggest import closest
from nndsl.graph.sizes import Dim, Size
from nndsl.model.values import LARGEST, LONGEST, Found, Unfixed, Value, describe, is_number, is_whole, show
from nndsl.source import Span

TOO_LARGE = (2 - 2**-24) * 2.0**127
"""What rounds to no number of float32 any more, half a step beyond the largest."""

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
MATHEMATICS: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "square": lambda x: x * x,
    "sin": math.sin,
    "cos": math.cos,
    "floor": math.floor,
    "round": round,
}
"""Functions of the vocabulary that also work on one static number."""


def binary(sign: str, a: Value, b: Value, span: Span, right: Span) -> Value:
    """`a sign b` of static values; `right` is where `b` stands."""
    if sign in ("==", "!="):
        return same(a, b) == (sign == "==")
    if isinstance(a, Size) or isinstance(b, Size):
        return _sized(sign, a, b, span, right)
    if is_number(a) and is_number(b):
        if sign in COMPARISONS:
            return COMPARISONS[sign](a, b)
        return _power(a, b, span) if sign == "^" else _calculate(sign, a, b, span, right)
    if isinstance(a, str) and isinstance(b, str):
        if sign in COMPARISONS:
            return COMPARISONS[sign](a, b)
        if sign == "+":
            return limited(a + b, span)
    if sign == "+" and isinstance(a, tuple) and isinstance(b, tuple):
        return limited(a + b, span)
    raise Found(WrongOperands(span, sign, f"{describe(a)} and {describe(b)}"))


def same(a: Value, b: Value) -> bool:
    """Equality of static values: `1 == 1.0`, but `true` is no number."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def negative(value: Value, span: Span) -> Value:
    if isinstance(value, Size):
        return -value
    if not is_number(value):
        raise Found(WrongOperands(span, "-", describe(value)))
    return -value


def mathematics(name: str, value: float, span: Span) -> Value:
    """A function of the vocabulary on a number; `floor`, `round` and `abs` of whole numbers stay whole."""
    try:
        return bounded(MATHEMATICS[name](value), span)
    except (ValueError, OverflowError):
        raise Found(OutOfRange(span, f"`{name}` has no value at {show(value)}", "not a finite number")) from None


def _calculate(sign: str, a: Any, b: Any, span: Span, right: Span) -> Value:
    if sign not in ARITHMETIC:
        raise Found(WrongOperands(span, sign, f"{describe(a)} and {describe(b)}"))
    if sign in ("/", "//", "%") and b == 0:
        raise Found(DividesByZero(right))
    try:
        return bounded(ARITHMETIC[sign](a, b), span)
    except OverflowError:
        raise _too_large(span) from None


def _power(a: Any, b: Any, span: Span) -> Value:
    if is_whole(a) and is_whole(b) and b >= 0:
        # The bound on the exponent keeps huge powers from being calculated at all.
        if abs(a) > 1 and b > 63:
            raise _too_large(span)
        return bounded(a**b, span)
    try:
        result = float(a) ** float(b)
    except ZeroDivisionError:
        raise Found(DividesByZero(span)) from None
    except OverflowError:
        raise _too_large(span) from None
    if isinstance(result, complex):
        raise Found(OutOfRange(span, f"{show(a)} ^ {show(b)} is not a real number", "a root of a negative number"))
    return bounded(result, span)


def _sized(sign: str, a: Value, b: Value, span: Span, right: Span) -> Value:
    """Arithmetic with a size that only the data know; whatever needs its number fixes it."""
    if isinstance(a, Size | int) and isinstance(b, Size | int):
        match sign:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "//" if isinstance(b, int) and b > 0:
                return a // b
    raise Unfixed(symbols(a) | symbols(b), span)


def symbols(value: Value) -> frozenset[str]:
    return value.symbols if isinstance(value, Size) else frozenset()


def bounded(value: Value, span: Span) -> Value:
    """The number, if the language has it."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _too_large(span)
    elif abs(value) > LARGEST:
        raise _too_large(span)
    return value


def computable(value: Value, span: Span) -> None:
    """Raise `Found` where a number, or one of a list's, is too large for a network to compute with."""
    if isinstance(value, tuple):
        for item in value:
            computable(item, span)
    elif isinstance(value, float) and abs(value) >= TOO_LARGE:
        raise Found(OutOfRange(span, "this number is too large", "networks compute in float32, which ends at 3.4e38"))


def limited(value: Value, span: Span) -> Value:
    """The list or string, if it is not too long."""
    if len(value) > LONGEST:
        what = "this list" if isinstance(value, tuple) else "this string"
        raise Found(OutOfRange(span, f"{what} is too long", f"{len(value)} is more than {LONGEST}"))
    return value


def _too_large(span: Span) -> Found:
    return Found(OutOfRange(span, "this number is too large", "whole numbers end at ±(2^63 - 1), decimals at 1.8e308"))


# ---------------------------------------------------------------- lists and maps


def element(value: Value, index: Value, span: Span) -> Value:
    """`value[index]` of a list, string or map."""
    if isinstance(value, dict):
        if not isinstance(index, str | int | float | bool) or index not in value:
            suggestion = closest(index, filter(_is_text, value)) if isinstance(index, str) else None
            quoted = f'"{suggestion}"' if suggestion else None
            keys = ", ".join(map(show, list(value)[:8])) + (", …" if len(value) > 8 else "")
            raise Found(NoSuchElement(span, quoted, f"the map has no key {show(index)}", f"its keys are {keys}"))
        return value[index]
    if not isinstance(value, tuple | str):
        raise Found(WrongValue(span, "what is indexed", "a list, a map or a tensor's shape", describe(value)))
    if not is_whole(index):
        raise Found(WrongValue(span, "an index", "a whole number", describe(index)))
    if not -len(value) <= index < len(value):
        holds = f"it has {len(value)} elements, 0 to {len(value) - 1}" if value else "it has no elements"
        raise Found(NoSuchElement(span, None, f"the list has no element {index}", holds))
    return value[index]


def _is_text(key: Any) -> bool:
    return isinstance(key, str)


def integers(start: Value, stop: Value, step: Value, span: Span) -> tuple[int, ...]:
    """`range(start, stop, step)`."""
    for value in (start, stop, step):
        if isinstance(value, Size):
            raise Unfixed(value.symbols, span)
        if not is_whole(value):
            raise Found(WrongValue(span, "a bound of `range`", "a whole number", describe(value)))
    if step == 0:
        raise Found(WrongValue(span, "the step of `range`", "a number other than 0", "0"))
    numbers = range(start, stop, step)
    if max(0, (stop - start + step - (1 if step > 0 else -1)) // step) > LONGEST:
        raise Found(OutOfRange(span, "this list is too long", f"more than {LONGEST} numbers"))
    return tuple(numbers)


def length(value: Value, span: Span) -> int:
    if not isinstance(value, tuple | str | dict):
        raise Found(WrongValue(span, "what `len` takes", "a list, a string or a map", describe(value)))
    return len(value)


def zipped(lists: tuple[Value, ...], span: Span) -> tuple[Value, ...]:
    """`zip(a, b)`: lists of equal length, element by element."""
    for value in lists:
        if not isinstance(value, tuple):
            raise Found(WrongValue(span, "what `zip` takes", "lists", describe(value)))
    if len({len(value) for value in lists}) > 1:
        sizes = " and ".join(str(len(value)) for value in lists)
        raise Found(WrongValue(span, "what `zip` takes", "lists of one length", f"lists of {sizes}"))
    return tuple(zip(*lists, strict=True))


def whole(value: Value, what: str, span: Span) -> int:
    """A whole number; a size that the data fix is asked for, a decimal is told to use `//`."""
    if isinstance(value, Size):
        raise Unfixed(value.symbols, span)
    if is_whole(value):
        return int(value)
    advice = (
        "`/` gives a decimal number; `//` divides whole numbers"
        if isinstance(value, float) and "/" in span.text
        else ""
    )
    raise Found(WrongValue(span, what, "a whole number", describe(value), advice))


def dimension(value: Value, what: str, span: Span) -> Dim:
    """The size of an axis: a whole number of at least 1, or a size that the data fix."""
    if isinstance(value, Size):
        return value
    size = whole(value, what, span)
    if size < 1:
        raise Found(WrongValue(span, what, "at least 1", describe(size)))
    return size


def divided(value: Value, span: Span) -> str:
    """The advice for a decimal number that comes from a division where a whole number is wanted."""
    decimal = isinstance(value, float) and "/" in span.text
    return "`/` gives a decimal number; `//` divides whole numbers" if decimal else ""
