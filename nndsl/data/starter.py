"""A first program for a table of columns (CSV, parquet, Arrow): which columns `nndsl new` takes, and which it leaves
out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nndsl.data.csv import CsvTable
from nndsl.data.files import MAX_MEMORY
from nndsl.data.sources import OPENERS
from nndsl.data.starter_columns import Columns
from nndsl.data.starter_text import WORDS, Choice, Program
from nndsl.data.table import Table
from nndsl.data.wording import quoted, shown_path
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.commands import NoUsableColumn
from nndsl.errors.data import NotText, UnknownSeparator
from nndsl.errors.suggest import closest
from nndsl.model.sources import kind_of

KINDS_OF_FILES = ("csv", "parquet", "arrow")
"""The kinds of source that hold columns."""

OTHER_SEPARATORS = "|:^~ "
"""What may separate the cells of a text and is not looked for, since it may stand in a cell as well."""


def starting_program(
    data: Path,
    name: str,
    target: str | None = None,
    folder: Path | None = None,
    options: Mapping[str, str | bool] | None = None,
) -> str:
    """The text of a program that trains on a table: its last column, or `target`, from its columns of numbers.

    A target of words or of few whole numbers is classified, any other is regressed. Where there are no columns of
    numbers, the first whose rows hold vectors is the input. `name` becomes the model's name; `folder` is where the
    program will lie (the path of the data is written relative to it). A CSV file is read with these options of `csv`,
    which the program has too. Raises `Failure` where the file cannot be read or has no column to learn from.
    """
    kind = kind_of(str(data)) or "csv"
    options = options or {}
    if kind not in KINDS_OF_FILES:
        raise _none_for(data, "it has no columns", "CSV, parquet and Arrow files have")
    if kind != "csv" and options:
        shown = ", ".join(f"`{option}`" for option in options)
        raise _none_for(data, f"{shown} is for CSV files", "leave it out: this file says by itself what it holds")
    try:
        table = OPENERS[kind](str(data), None, MAX_MEMORY, **options)
    except Failure as failure:
        raise Failure(*(_with_options(diagnostic) for diagnostic in failure.diagnostics)) from None
    columns = Columns(table)
    if isinstance(table, CsvTable):
        _refuse_other_layout(data, table, columns, options)
    path = data if folder is None else Path(os.path.relpath(data.absolute(), folder.absolute()))
    return Program(name, kind, path.as_posix(), options, columns, _choose(data, columns, target)).text()


def _none_for(data: Path, reason: str, hint: str) -> Failure:
    return Failure(NoUsableColumn(None, shown_path(str(data)), reason, hint))


def _with_options(diagnostic: Diagnostic) -> Diagnostic:
    """The same message, whose help names the option of `nndsl new` in place of the program's."""
    if isinstance(diagnostic, NotText) and diagnostic.hint:
        return replace(diagnostic, hint="say which it is: `--encoding latin-1`, `--encoding cp1252`, …")
    if isinstance(diagnostic, UnknownSeparator):
        return replace(diagnostic, hint='say which: `--separator ";"`')
    return diagnostic


def _refuse_other_layout(data: Path, table: CsvTable, columns: Columns, options: Mapping[str, str | bool]) -> None:
    """A `Failure` where a text seems to be written otherwise than it was read, and no option says that it is not."""
    layout = table.records.layout
    if layout.width == 1 and "separator" not in options:
        only = table.names[0]
        for mark in OTHER_SEPARATORS:
            cells = columns.words(only)
            if mark in only and cells and all(cell.count(mark) == only.count(mark) for cell in cells):
                hint = f"if {quoted(mark)} separates them: `--separator {quoted(mark)}`"
                raise _none_for(data, "its lines have one cell each", hint)
    if layout.separator != "," and "decimal" not in options:
        for column in columns.words_only:
            if (cell := columns.decimal_comma(column)) is not None:
                hint = f"if {cell} is a number: `--decimal ,`; if it is a word: `--decimal .`"
                raise _none_for(data, f"column {quoted(column)} has commas in its numbers, it seems", hint)
    if "header" not in options and columns.named_by_numbers:
        hint = "`--no-header` if the file has no line of names, `--header` if these are the names"
        raise _none_for(data, "its first line has numbers where the names of the columns should be", hint)


def _choose(data: Path, columns: Columns, target: str | None) -> Choice:
    """What is learnt, from what; a `Failure` where there is nothing to learn, or to learn it from."""
    table = columns.table
    fit = [name for name in columns.single if name not in columns.repeated and name not in columns.empty]
    if target is not None and target not in fit:
        raise _none_for(data, *_why_no_target(table, columns, target, fit))
    if not fit:
        raise _none_for(data, "it has no column of numbers or words", _seen(table))
    wanted = target or fit[-1]
    numbers = [name for name in fit if name != wanted and columns.numbers(name) is not None]
    row_numbers = [name for name in numbers if columns.numbers_rows(name)]
    inputs = [name for name in numbers if name not in row_numbers] or numbers
    row_numbers = [name for name in row_numbers if name not in inputs]
    vectors = [name for name in columns.vectors if name not in columns.repeated]
    inputs = inputs or vectors[:1]
    if not inputs:
        others = [name for name in fit if name != wanted]
        hint = f"it has only {quoted(wanted)}, and nothing to learn it from"
        if others:
            hint = (
                f"column {quoted(others[0])} holds words, which an input of type `class` takes, with `one_hot` after it"
            )
        elif columns.repeated:
            hint = (
                f"columns that share a name are left out: give each {quoted(min(columns.repeated))} a name of its own"
            )
        raise _none_for(data, "it has no column of numbers to learn from", hint)
    reasons = {
        "share a name": [name for name in table.names if name in columns.repeated],
        "are empty": [name for name in columns.empty if name not in columns.repeated],
        "number the rows": row_numbers,
    }
    named = {wanted, *inputs, *(name for names in reasons.values() for name in names)}
    rest = [name for name in table.names if name not in named]
    words = [name for name in rest if name in columns.words_only]
    reasons[WORDS] = words
    reasons["are no columns of numbers"] = [name for name in rest if name not in words]
    choice = Choice(inputs, wanted, {why: list(dict.fromkeys(names)) for why, names in reasons.items() if names})
    if (only := columns.only_value(wanted, columns.kept((*inputs, wanted)))) is not None:
        hint = "more rows are needed, or another column to learn: `--target`"
        raise _none_for(data, f"column {quoted(wanted)} has only one kind in the data, {only}", hint)
    return choice


def _why_no_target(table: Table, columns: Columns, target: str, fit: list[str]) -> tuple[str, str]:
    if target in columns.repeated:
        return f"it has several columns {quoted(target)}", "give each a name of its own"
    if target in columns.empty:
        return f"column {quoted(target)} is empty", _seen(table)
    near = closest(target, fit)
    return f"it has no column `{target}`", f"did you mean `{near}`?" if near else _seen(table)


def _seen(table: Table) -> str:
    names = [quoted(name) for name in table.names]
    return f"its columns are {', '.join(names[:10])}{', …' if len(names) > 10 else ''}"
