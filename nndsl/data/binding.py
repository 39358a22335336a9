"""Which columns or arrays each input and target is made of, checked against its declared shape; free sizes solved.

A name that `data` does not bind takes the column or array of its own name. In patterns `*` stands for any characters
and `?` for one; a name that is there as it is written is never a pattern. Columns keep the file's order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from nndsl.data.sources import Opened
from nndsl.data.table import Table
from nndsl.data.wording import counted, listed, quoted, shown_type
from nndsl.diagnostics import Diagnostic, Diagnostics, Edit, Failure
from nndsl.errors.data import (
    DuplicateColumn,
    NoSuchColumn,
    NotColumns,
    RowsDisagree,
    SelectedTwice,
    SourcesDisagree,
    UnusableArray,
    WrongArrayShape,
    WrongColumnCount,
)
from nndsl.errors.sources import ElementsDisagree
from nndsl.errors.suggest import closest
from nndsl.errors.values import TargetAmongInputs
from nndsl.graph.sizes import Dim, show_shape
from nndsl.model.network import Declared
from nndsl.model.sections import Selection
from nndsl.source import Span


@dataclass(frozen=True)
class Bound:
    """What an input or target takes from one table: `names` are the file's own.

    `stacked`: the names side by side are the value's axis; else there is one name and its shape is the value's.
    """

    declared: Declared
    table: Table
    names: tuple[str, ...]
    stacked: bool
    span: Span | None

    @property
    def found_shape(self) -> tuple[int, ...]:
        """One row's shape as the data have it."""
        return (len(self.names),) if self.stacked else self.table.shape(self.names[0])


def bind(
    opened: Sequence[Opened], declared: Sequence[Declared], bindings: Mapping[str, Selection], report: Diagnostics
) -> dict[str, list[Bound]]:
    """For each name what it takes from each table; names with an error are left out."""
    bound: dict[str, list[Bound]] = {}
    for each in declared:
        try:
            parts = [_bind(one, each, _selection(one, each, bindings)) for one in opened]
            bound[each.name] = _aligned(parts, opened)
        except Failure as failure:
            report.extend(failure.diagnostics)
    for i, one in enumerate(opened):
        here = [parts[i] for parts in bound.values()]
        _refuse_other_rows(here, report)
        numbers = [part.names[0] for part in here if len(part.names) == 1 and part.declared.kind == "f32"]
        kinds = [part.names[0] for part in here if len(part.names) == 1 and part.declared.kind != "f32"]
        one.table.expect(numbers, kinds)
    return bound


def _selection(opened: Opened, declared: Declared, bindings: Mapping[str, Selection]) -> Selection | None:
    """How the program selects something of a table.

    Not at all where the table has it ready: as arrays that are given do, and an archive that the program does not name
    which has nothing of what is selected, but an array of the name that is declared.
    """
    selection = bindings.get(declared.name)
    if opened.as_declared or selection is None:
        return None
    visible = [name for name, _ in opened.visible]
    globs = [pattern.replace("[", "[[]") for pattern in selection.patterns]
    is_other = opened.table.what == "array" and opened.table.span is None and declared.name in visible
    return selection if not is_other or any(fnmatchcase(n, glob) for n in visible for glob in globs) else None


def _bind(opened: Opened, declared: Declared, selection: Selection | None) -> Bound:
    span = selection.span if selection else declared.span
    names = _names(opened, declared, selection)
    table = opened.table.declared_as(names[0], declared.shape)
    if selection and selection.kind == "array":
        if table.what == "column" and not table.shape(names[0]):
            hint = f"take it with `column({quoted(names[0])})`"
            raise Failure(NotColumns(span, f"{quoted(names[0])} in {table.path}", "a column, not an array", hint))
        columns = False
    else:
        columns = selection is not None or (table.what == "column" and not table.shape(names[0]))
        for name in names if selection else ():
            if table.shape(name):
                place = f"{quoted(name)} in {table.path}"
                found = f"an array of the shape {show_shape(table.shape(name))} for each row, not a column"
                raise Failure(NotColumns(span, place, found, f"take it with `array({quoted(name)})`"))
    # One column is one number, or f32[1] if that is what is declared.
    stacked = columns and (len(names) > 1 or bool(declared.shape))
    bound = Bound(declared, table, names, stacked, span)
    _check_elements(bound)
    _check_shape(bound, selection)
    return bound


def _names(opened: Opened, declared: Declared, selection: Selection | None) -> tuple[str, ...]:
    """The file's own names of what is selected, in the file's order for patterns."""
    table = opened.table
    visible = [name for name, _ in opened.visible]
    span = selection.span if selection else declared.span
    chosen: list[int] = []
    for pattern in selection.patterns if selection else (declared.name,):
        glob = selection is not None and selection.kind == "columns" and pattern not in visible
        if glob and ("*" in pattern or "?" in pattern):
            literal = pattern.replace("[", "[[]")
            matches = [i for i, name in enumerate(visible) if fnmatchcase(name, literal)]
        else:
            matches = [i for i, name in enumerate(visible) if name == pattern]
            if len(matches) > 1:
                raise Failure(DuplicateColumn(span, table.path, len(matches), quoted(pattern), declared.name))
        if not matches:
            raise Failure(_no_such(opened, declared, selection, pattern))
        chosen += matches
    taken: set[str] = set()
    for i in chosen:
        if visible.count(visible[i]) > 1:
            count = visible.count(visible[i])
            raise Failure(DuplicateColumn(span, table.path, count, quoted(visible[i]), declared.name))
        if visible[i] in taken:
            raise Failure(SelectedTwice(span, declared.name, quoted(visible[i])))
        taken.add(visible[i])
    return tuple(opened.visible[i][1] for i in chosen)


def _no_such(opened: Opened, declared: Declared, selection: Selection | None, pattern: str) -> NoSuchColumn:
    table = opened.table
    visible = [name for name, _ in opened.visible]
    span = selection.span if selection else declared.span
    near = closest(pattern, visible) or next((n for n in visible if n.strip().lower() == pattern.strip().lower()), None)
    edit = None
    if (
        near
        and selection
        and span
        and f'"{pattern}"' in span.text
        and near.isprintable()
        and not set(near) & set('"\\')
    ):
        edit = Edit(span, span.text.replace(f'"{pattern}"', f'"{near}"', 1))
    names = listed([quoted(name) for name in visible], most=6)
    hint = f"its {table.what}s are {names}" if visible else ""
    if table.span and (remedy := table.names_remedy()):
        hint = remedy
    elif visible and not table.typed and all(_is_number(name) for name in visible):
        hint = "its first line holds numbers only: if it is no header, say `header = false`"
    elif not selection and table.what == "column" and declared.shape:
        hint = f'bind it: `{declared.name} = columns("…")` in `data`; {hint}'
    elif not selection and (table.span or table.what == "column"):  # arrays that are given have their names
        hint = f'bind it: `{declared.name} = {table.what}("…")` in `data`; {hint}'
    what = f"{table.what}s like" if "*" in pattern or "?" in pattern else table.what
    suggestion = quoted(near) if near else None
    if near and not selection and table.span:  # what a Python program gives has no bindings
        suggestion = f"{quoted(near)} (`{declared.name} = {table.what}({quoted(near)})` in `data`)"
    return NoSuchColumn(span, table.path, what, quoted(pattern), declared.name, suggestion, edit, hint)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_elements(bound: Bound) -> None:
    """Numbers for numbers; for kinds text will do too, but not both side by side."""
    for name in bound.names:
        found = bound.table.element_type(name)
        usable = ["text", "numbers", "whole numbers", "true and false"]
        if bound.declared.kind in ("f32", "i64") and bound.table.typed:
            usable.remove("text")
        mixed = (found == "text") != (bound.table.element_type(bound.names[0]) == "text")
        if found not in usable or mixed:
            place = f"{quoted(name)} in {bound.table.path}"
            text, remedy = shown_type(bound.declared), bound.table.remedy(name)
            raise Failure(UnusableArray(bound.span, place, found, bound.declared.name, text, remedy))


def _check_shape(bound: Bound, selection: Selection | None) -> None:
    """Axes that are free sizes fit here; what they are is solved for all inputs and targets together."""
    declared, found = bound.declared, bound.found_shape
    if _fits(declared.shape, found):
        return
    text = shown_type(declared)
    if bound.stacked or (bound.table.what == "column" and not found):
        patterns = listed([quoted(pattern) for pattern in selection.patterns]) if selection else quoted(declared.name)
        hint = ""
        if len(declared.shape) > 1:
            hint = f"columns are one axis: declare `{declared.kind}[{len(bound.names)}]` and reshape it in the model"
        elif declared.kind == "class" and not declared.shape:
            hint = "a class is its index or its name, in one column: of columns of 0 and 1 that is their `argmax`"
        columns = f"{counted(len(bound.names), 'column')} ({patterns})"
        raise Failure(WrongColumnCount(bound.span, declared.name, text, columns, bound.table.path, hint))
    place = f"{quoted(bound.names[0])} in {bound.table.path}"
    raise Failure(WrongArrayShape(bound.span, declared.name, text, place, show_shape(found), _shape_hint(bound)))


def _fits(shape: Sequence[Dim], found: Sequence[int]) -> bool:
    return len(shape) == len(found) and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(shape, found, strict=True)
    )


def _shape_hint(bound: Bound) -> str:
    declared, found = bound.declared, bound.found_shape
    if remedy := bound.table.shape_remedy(bound.names[0], declared.shape):
        return remedy
    if len(found) > 1 and _fits(declared.shape, (*found[1:], found[0])):
        return "its channels come first: save it with `numpy.moveaxis(array, 1, -1)`"
    if declared.kind == "class" and len(found) == len(declared.shape) + 1 and found[-1] > 1:
        return "a class is its index or its name: of rows with a 1 in its place that is `array.argmax(axis=-1)`"
    if _fits((*declared.shape, 1), found):
        without = "array[..., 0]" if declared.shape else "array.ravel()"
        return f"an axis of 1 counts: save `{without}`, or declare `{shown_type(replace(declared, shape=found))}`"
    if _fits(declared.shape, (*found, 1)):
        fitting = shown_type(replace(declared, shape=found))
        wide = ", ".join(map(str, declared.shape))
        return f"an axis of 1 counts: declare `{fitting}`; `{declared.name} -> reshape([{wide}])` gives it the axis"
    if _fits(declared.shape[1:], found[1:]) and len(declared.shape) == len(found) + 1:
        return "the first axis of an array counts its rows"
    return ""


def _aligned(parts: Sequence[Bound], opened: Sequence[Opened]) -> list[Bound]:
    """Files that are joined by rows give a value the same columns, in the order of the first file, of like elements."""
    for part in parts[1:]:
        types = [one.table.element_type(one.names[0]) for one in (parts[0], part)]
        typed = parts[0].table.typed and part.table.typed
        if typed and (types[0] == "text") != (types[1] == "text"):
            name, paths = part.declared.name, (parts[0].table.path, part.table.path)
            raise Failure(ElementsDisagree(part.span, name, types[0], paths[0], types[1], paths[1]))
    if not parts or not parts[0].stacked:
        return list(parts)
    visible = [{old: new for new, old in one.visible} for one in opened]
    order = [visible[0][name] for name in parts[0].names]
    aligned = [parts[0]]
    for part, names in zip(parts[1:], visible[1:], strict=True):
        here = {names[name]: name for name in part.names}
        odd = sorted(set(order) ^ set(here))
        if odd:
            difference = f"{listed([quoted(name) for name in odd], most=4)} only in one of them"
            first, second = parts[0].table.path, part.table.path
            raise Failure(SourcesDisagree(part.span, part.declared.name, first, second, difference))
        aligned.append(replace(part, names=tuple(here[name] for name in order)))
    return aligned


def _refuse_other_rows(parts: Sequence[Bound], report: Diagnostics) -> None:
    named = [(part, name) for part in parts for name in part.names]
    for part, name in named[1:]:
        if part.table is named[0][0].table and not part.table.typed:
            continue  # records of a text have all columns; to count them may take a while
        first, second = part.table.rows(named[0][1]), part.table.rows(name)
        if first != second:
            rows = counted(first, "row"), counted(second, "row")
            report.report(RowsDisagree(part.span, part.table.path, quoted(named[0][1]), rows[0], quoted(name), rows[1]))


def leaked_targets(bound: Mapping[str, Sequence[Bound]], bindings: Mapping[str, Selection]) -> list[Diagnostic]:
    """Warnings where a pattern of an input takes a target's column: that would show the network the answer."""
    found: list[Diagnostic] = []
    targets = {
        name: parts[0].declared.name
        for parts in bound.values()
        for name in parts[0].names
        if parts[0].declared.role == "target"
    }
    for parts in bound.values():
        part = parts[0]
        selection = bindings.get(part.declared.name)
        if part.declared.role == "input" and selection and selection.kind == "columns":
            for name in part.names:
                if name in targets and name not in selection.patterns:
                    found.append(TargetAmongInputs(part.span, part.declared.name, quoted(name), targets[name]))
    return found
