"""The kinds of a `class`: found in the training split, or fixed in the program; and the indices that stand for them.

- Whole numbers that are 0 to n - 1 are indices as they are. Other distinct values become names in sorted order.
- A column is of whole numbers if all its training values are; else every value is text, exactly as it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nndsl.data.columns import chunks_of
from nndsl.data.kinds import Values, fits_i64, whole_number
from nndsl.data.table import Array, Coded, Index, first_index
from nndsl.data.wording import and_more, counted, listed, quoted, shown, shown_type
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.suggest import closest
from nndsl.errors.values import ClassOutOfRange, KindCount, UnknownKind
from nndsl.model.network import Classes, Declared

Kind = str | int


def find_classes(declared: Declared, training: Sequence[tuple[Values, Array]]) -> Classes:
    """A class's kinds from its training values (with the rows of each table that are for training).

    Raises `Failure` if `class[n]` meets other than n kinds.
    """
    fixed = declared.classes
    if fixed and fixed.names:
        return fixed
    kinds = _training_kinds(training)
    numbers = _as_numbers(kinds)
    if fixed is None:
        if numbers is not None and sorted(numbers) == list(range(len(numbers))):
            return Classes(len(numbers), None, declared.unknown)
        names = _names(kinds, numbers)
        return Classes(len(names), names, declared.unknown)
    if numbers is not None:
        return Classes(fixed.count, None, declared.unknown)
    names = _names(kinds, None)
    if len(names) != fixed.count:
        raise Failure(_wrong_count(declared, fixed.count, names, training))
    return Classes(fixed.count, names, declared.unknown)


def refuse_unfixed(declared: Declared, values: Values, rows: Array) -> None:
    """A `Failure` for values that cannot be kinds whatever the training rows hold: names and ranges that are fixed."""
    classes = declared.classes
    if classes and (classes.names or _as_numbers(_training_kinds([(values, rows)])) is not None):
        class_table(values, replace(classes, unknown=declared.unknown), rows)


def _training_kinds(training: Sequence[tuple[Values, Array]]) -> list[Kind]:
    kinds: dict[Kind, None] = {}
    for values, rows in training:
        assert isinstance(values.data, Coded)
        used = _used(values.data, rows)
        kinds |= dict.fromkeys(kind for kind, is_used in zip(values.data.distinct, used, strict=False) if is_used)
    return list(kinds)


def _used(coded: Coded, rows: Array) -> Array:
    """For each distinct kind, and last for what is missing, whether it occurs in these rows."""
    used = np.zeros(len(coded.distinct) + 1, bool)
    for _, codes in chunks_of(coded.codes, rows):
        used[codes] = True
    return used


def _as_numbers(kinds: Sequence[Kind]) -> set[int] | None:
    """The kinds as whole numbers, if all of them are."""
    numbers = [whole_number(kind) for kind in kinds]
    if any(number is None or not fits_i64(number) for number in numbers):
        return None
    return {number for number in numbers if number is not None}


def _names(kinds: Sequence[Kind], numbers: set[int] | None) -> tuple[Kind, ...]:
    return tuple(sorted(numbers)) if numbers is not None else tuple(sorted({str(kind) for kind in kinds}))


def _wrong_count(
    declared: Declared, count: int, names: Sequence[Kind], training: Sequence[tuple[Values, Array]]
) -> Diagnostic:
    """Too many or too few names; where most are numbers, the name among them is what is wrong."""
    odd = [name for name in names if whole_number(name) is None]
    span = training[0][0].bound.span
    hint = f"declare `class[{len(names)}]`, or `class` to count them, or name them: `class[{_sample(names)}]`"
    if len(odd) * 2 < len(names):
        values, index = next(
            (values, index) for values, rows in training if (index := _first_of_kind(values, rows, odd[0])) is not None
        )
        hint = f"{values.place(index)} is {shown(odd[0])}, which is not a whole number"
    found = counted(len(names), "kind")
    return KindCount(span, declared.name, shown_type(declared), found, listed(list(map(shown, names))), hint)


def _sample(names: Sequence[Kind]) -> str:
    return ", ".join(map(shown, names[:2])) + (", …" if len(names) > 2 else "")


def _first_of_kind(values: Values, rows: Array, kind: Kind) -> Index | None:
    assert isinstance(values.data, Coded)
    same = [code for code, other in enumerate(values.data.distinct) if str(other) == str(kind)]
    return _first(values.data, rows, same)[0]


def _first(coded: Coded, rows: Array, wanted: Sequence[int]) -> tuple[Index | None, int]:
    """Where the first of these codes stands in these rows, and how many there are."""
    first: Index | None = None
    count = 0
    for at, codes in chunks_of(coded.codes, rows):
        found = np.isin(codes, wanted)
        if found.any():
            index = first_index(found)
            first = first or (int(at[index[0]]), *index[1:])
            count += int(found.sum())
    return first, count


def class_table(values: Values, classes: Classes, rows: Array) -> Array:
    """The index (int64) that each code of the values stands for; a `Failure` names the first value in these rows that
    has none.

    With `unknown = other` such a value has the index after the last kind. Missing ones are -1, which is the last.
    """
    coded = values.data
    assert isinstance(coded, Coded)
    lookup = _lookup(classes)
    by_text = bool(classes.names) and any(isinstance(name, str) for name in classes.names or ())
    unseen = classes.count if classes.unknown == "other" else -2
    table = np.full(len(coded.distinct) + 1, -1, np.int64)
    for code, kind in enumerate(coded.distinct):
        table[code] = lookup.get(str(kind) if by_text else _number_or_text(kind), unseen)
    unknown = np.flatnonzero(table == -2)
    if len(unknown):
        at, count = _first(coded, rows, unknown.tolist())
        if at is not None:
            raise Failure(_unseen(values, classes, at, count))
    return table


def _lookup(classes: Classes) -> dict[Kind, int]:
    names: Sequence[Kind] = classes.names or range(classes.count)
    return {name: index for index, name in enumerate(names)}


def _number_or_text(kind: Kind) -> Kind:
    number = whole_number(kind)
    return kind if number is None else number


def _unseen(values: Values, classes: Classes, at: Index, count: int) -> Diagnostic:
    assert isinstance(values.data, Coded)
    value = str(values.data.value(at))
    declared, span, place = values.bound.declared, values.bound.span, values.place(at)
    more = and_more(count - 1, "value")
    if classes.names is None:
        hint = f"`class[{classes.count}]` counts from 0: 0 to {classes.count - 1}"
        numbers = {whole_number(str(kind)) for kind in values.data.distinct} - {None}
        if len(numbers) == len(values.data.distinct) == classes.count:  # as many kinds, with other numbers
            kinds = ", ".join(map(str, sorted(number for number in numbers if number is not None)[:3]))
            hint += f"; the data hold other numbers: name them, `class[{kinds}{', …' if classes.count > 3 else ''}]`"
        elif whole_number(value) == classes.count:
            kinds = ", ".join(map(str, range(1, min(classes.count, 3) + 1)))
            hint += f"; if the data count from 1, name them: `class[{kinds}{', …' if classes.count > 3 else ''}]`"
        return ClassOutOfRange(
            span, place, quoted(value), classes.count - 1, more, declared.name, shown_type(declared), hint
        )
    near = closest(value, map(str, classes.names)) or next(
        (str(name) for name in classes.names if str(name).strip().lower() == value.strip().lower()), None
    )
    kinds = listed(list(map(shown, classes.names)))
    return UnknownKind(span, place, quoted(value), more, declared.name, kinds, quoted(near) if near else None)
