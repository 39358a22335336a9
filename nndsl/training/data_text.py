"""A description of the data as tables: one line a column, and the classes of each input and target that has some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nndsl.data.description import ClassCount, Described, Description, Quantity
from nndsl.data.wording import counted, listed
from nndsl.snippet import plain

MOST_COLUMNS, FIRST_COLUMNS = 12, 8
"""Of more columns than that the first are shown, and all together."""

MOST_CLASSES, FIRST_CLASSES = 20, 10
"""Of more classes than that the most frequent are shown."""

LONGEST = 32
"""Characters of a name or a type."""


@dataclass(frozen=True)
class TextTable:
    """Rows of cells, the first the head; the columns in `numbers` are flush right."""

    rows: Sequence[Sequence[str]]
    numbers: frozenset[int]


def headline(description: Description) -> list[str]:
    """Where the rows come from, and how many each split has."""
    read = f"{counted(description.rows, 'row')} of {listed(description.files, most=3)}"
    lines = [read if not description.dropped else f"{read}; {description.dropped:,} dropped for a missing value"]
    used = sum(description.splits.values())
    splits = [f"{name} {rows:,} ({rows / used:.1%})" for name, rows in description.splits.items()]
    unused = description.rows - description.dropped - used
    lines.append(", ".join(splits) + (f"; {unused:,} in no split" if unused else ""))
    return lines


def tables(description: Description) -> Iterator[TextTable]:
    """The table of all inputs and targets, then the classes of each."""
    yield _columns(description.described)
    for one in description.described:
        if one.classes:
            yield _classes(one, list(description.splits))


def _columns(described: Sequence[Described]) -> TextTable:
    head = ("", "name", "type", described[0].what, "count", "missing", "min", "max", "mean", "std")
    rows: list[tuple[str, ...]] = [head]
    for one in described:
        first: tuple[str, ...] = (one.role, one.name, _cut(one.type))
        for source, cells in _lines(one):
            rows.append((*first, _cut(source), *cells))
            first = ("", "", "")
    return TextTable(rows, frozenset(range(4, len(head))))


def _lines(described: Described) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is told of each source of an input or target: its name, and the cells."""
    several = described.quantities
    if described.classes:
        found = len(described.classes)
        what = "" if described.type.startswith("binary") else "1 class" if found == 1 else f"{found} classes"
        yield _source(described), (f"{described.count}", f"{described.missing}", "", "", what, "")
    elif len(several) <= MOST_COLUMNS:
        for one in several:
            yield one.name, _cells(one)
    else:
        for one in several[:FIRST_COLUMNS]:
            yield one.name, _cells(one)
        yield f"… {len(several) - FIRST_COLUMNS} more", ("",) * 6
        yield f"all {len(several)}", _cells(described.total)


def _source(described: Described) -> str:
    """The columns or array of something that is told in one line."""
    names = described.names
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)})"


def _cells(quantity: Quantity) -> tuple[str, ...]:
    values = (quantity.min, quantity.max, quantity.mean, quantity.std)
    return f"{quantity.count}", f"{quantity.missing}", *("" if value is None else f"{value:.6g}" for value in values)


def _classes(described: Described, splits: Sequence[str]) -> TextTable:
    classes = described.classes
    rest: tuple[ClassCount, ...] = ()
    if len(classes) > MOST_CLASSES:
        classes = tuple(sorted(classes, key=lambda one: -one.count))
        classes, rest = classes[:FIRST_CLASSES], classes[FIRST_CLASSES:]
    total = max(described.count, 1)

    def line(name: str, of: Sequence[ClassCount]) -> tuple[str, ...]:
        counts = [sum(one.counts.get(split, 0) for one in of) for split in splits]
        return name, *(f"{count}" for count in counts), f"{sum(counts)}", f"{sum(counts) / total:.1%}"

    rows = [(described.name, *splits, "all", "share"), *(line(_cut(str(one.name)), [one]) for one in classes)]
    if rest:
        rows.append(line(f"… {len(rest)} more", rest))
    return TextTable(rows, frozenset(range(1, len(rows[0]))))


def _cut(text: str) -> str:
    text = plain(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
