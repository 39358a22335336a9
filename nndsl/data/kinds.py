"""Values as the declared kinds hold them: numbers, binary words, indices, classes. Every one is checked, none guessed.

What a class's kinds are is known only from the training split: `read` gives kinds, `classes` makes them indices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nndsl.data.binding import Bound
from nndsl.data.columns import Column
from nndsl.data.table import Array, Coded, Index, Misfit, first_index
from nndsl.data.wording import and_more, quoted, shown_type
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.values import InfiniteValue, NotANumber, NotBinary, NotWhole, NumberTooLarge

BINARY = {
    **dict.fromkeys(("0", "false", "no", "n", "f"), 0.0),
    **dict.fromkeys(("1", "true", "yes", "y", "t"), 1.0),
}
WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]{0,999}))(?:\.0*)?")
"""Text that is a whole number beyond doubt: `007` is a name, and so is `1e3`."""

DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]+,[0-9]+\s*")
MISSING_WORDS = ("na", "n/a", "null", "none", "-", "?", ".")


@dataclass(frozen=True, eq=False)
class Missing:
    """Which rows miss an element, `[rows]`; where the first of these elements stands; how often each element of a row
    is missing, `[elements]`."""

    rows: Array
    first: Index
    counts: Array

    @property
    def count(self) -> int:
        """Missing elements in all."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class Values:
    """What one table gives for an input or target: `data` (or `coded` kinds), and what is missing, if anything is."""

    bound: Bound
    data: Array | Column | Coded
    missing: Missing | None

    @property
    def rows(self) -> int:
        return len(self.data.codes if isinstance(self.data, Coded) else self.data)

    def place(self, index: tuple[int, ...]) -> str:
        """Where an element stands in the file."""
        full = index if self.bound.stacked else (index[0], 0, *index[1:])
        return self.bound.table.place(self.bound.names, full)


class WrongValue(Failure):
    """The first value that a kind cannot hold, and how many `more` there are.

    `rank` counts the checks of a kind: where values of a file fail two of them, the first check is told.
    """

    def __init__(self, rank: int, more: int, message: Callable[[str], Diagnostic]):
        super().__init__(message(and_more(more, "value")))
        self.rank, self.more, self.message = rank, more, message

    def joined(self, later: WrongValue) -> WrongValue:
        """What is wrong with two consecutive pieces of a table, as if they had been looked at together."""
        if self.rank != later.rank:
            return min(self, later, key=lambda wrong: wrong.rank)
        return WrongValue(self.rank, self.more + 1 + later.more, self.message)


def read(bound: Bound) -> Values:
    """The values of one input or target in one table; a `Failure` names the first that its kind cannot hold."""
    return {"f32": _read_f32, "binary": _read_binary, "i64": _read_i64, "class": _read_class}[bound.declared.kind](
        bound
    )


def _shaped(bound: Bound, values: Array) -> Array:
    return values if bound.stacked else values[:, 0]


def _missing(mask: Array) -> Missing | None:
    if not mask.any():
        return None
    elements = mask.reshape(len(mask), -1)
    return Missing(np.asarray(elements.any(axis=1)), first_index(mask), np.asarray(elements.sum(axis=0)))


def _wrong(rank: int, bound: Bound, misfit: Misfit, kind: Callable[..., Diagnostic], *details: str) -> WrongValue:
    """The message about a value: where it is, what it is, how many more there are, whose it is, and details."""
    place, value = bound.table.place(bound.names, misfit.index), quoted(misfit.text)
    name, span = bound.declared.name, bound.span
    return WrongValue(rank, misfit.more, lambda more: kind(span, place, value, more, name, *details))


def _first(wrong: Array, texts: Callable[[Index], object]) -> Misfit:
    index = first_index(wrong)
    return Misfit(index, str(texts(index)), int(wrong.sum()) - 1)


# ---------------------------------------------------------------- numbers


def _read_f32(bound: Bound) -> Values:
    numbers, misfit = bound.table.numbers(bound.names)
    if misfit:
        raise _wrong(0, bound, misfit, NotANumber, shown_type(bound.declared), _hint(bound, misfit.text))
    if numbers.dtype.kind != "f":
        return Values(bound, _shaped(bound, numbers).astype(np.float32), None)
    infinite = np.isinf(numbers)
    if infinite.any():
        raise _wrong(1, bound, _first(infinite, lambda index: numbers[index]), InfiniteValue)
    with np.errstate(over="ignore"):
        narrow = numbers.astype(np.float32)
    too_large = np.isinf(narrow)
    if too_large.any():
        misfit = _first(too_large, lambda index: numbers[index])
        raise _wrong(2, bound, misfit, NumberTooLarge, shown_type(bound.declared))
    return Values(bound, _shaped(bound, narrow), _missing(_shaped(bound, np.isnan(narrow))))


def _hint(bound: Bound, text: str) -> str:
    """What the writer of a cell that is no number probably meant."""
    word = text.strip().lower()
    if DECIMAL_COMMA.fullmatch(text):
        return 'if its comma is the decimal sign, say so in the source: `decimal = ","`'
    if word in MISSING_WORDS:
        return "a missing value is an empty cell or NaN, and this is neither"
    if not any(c.isdigit() for c in word):
        return f"names are kinds: declare `{bound.declared.name}: class`, or bind another column"
    return ""


# ---------------------------------------------------------------- kinds


def _read_binary(bound: Bound) -> Values:
    coded = _coded(bound, NotBinary)
    table = np.full(len(coded.distinct) + 1, np.nan, np.float32)  # the last is where -1, missing, leads
    for code, kind in enumerate(coded.distinct):
        number = whole_number(kind)
        table[code] = BINARY.get(str(kind).strip().lower() if number is None else str(number), -1)
    values = table[coded.codes]
    wrong = values == -1
    if wrong.any():
        raise _wrong(1, bound, _first(wrong, coded.value), NotBinary)
    return Values(bound, _shaped(bound, values), _missing(_shaped(bound, coded.codes < 0)))


def _read_i64(bound: Bound) -> Values:
    text = shown_type(bound.declared)
    coded = _coded(bound, NotWhole, text)
    numbers = [whole_number(kind) for kind in coded.distinct]
    fraction = [code for code, number in enumerate(numbers) if number is None]
    large = [code for code, number in enumerate(numbers) if number is not None and not fits_i64(number)]
    if fraction:
        raise _wrong(1, bound, _first(np.isin(coded.codes, fraction), coded.value), NotWhole, text)
    if large:
        raise _wrong(2, bound, _first(np.isin(coded.codes, large), coded.value), NumberTooLarge, text)
    table = np.array([*(number or 0 for number in numbers), 0], np.int64)
    return Values(bound, _shaped(bound, table[coded.codes]), _missing(_shaped(bound, coded.codes < 0)))


def _read_class(bound: Bound) -> Values:
    coded = _coded(bound, NotWhole, shown_type(bound.declared))
    shaped = Coded(_shaped(bound, coded.codes), coded.distinct)
    return Values(bound, shaped, _missing(shaped.codes < 0))


def _coded(bound: Bound, kind: Callable[..., Diagnostic], *details: str) -> Coded:
    coded, misfit = bound.table.coded(bound.names)
    if misfit:
        raise _wrong(0, bound, misfit, kind, *details)
    return coded


def whole_number(kind: str | int) -> int | None:
    """The whole number that a kind is, or None if it is a name."""
    if isinstance(kind, int):
        return kind
    match = WHOLE.fullmatch(kind.strip())
    return int(match[1]) if match else None


def fits_i64(number: int) -> bool:
    return -(2**63) <= number < 2**63
