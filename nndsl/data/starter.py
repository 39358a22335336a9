"""A first program for a table of columns (CSV, parquet, Arrow): what `nndsl new` writes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from nndsl.data.endings import kind_of
from nndsl.data.files import MAX_MEMORY
from nndsl.data.sources import OPENERS
from nndsl.data.table import Array, Table
from nndsl.diagnostics import Failure
from nndsl.errors.commands import NoUsableColumn
from nndsl.errors.suggest import closest
from nndsl.source import Source, Span

MOST_KINDS = 20
"""A column of whole numbers with at most this many different ones is taken for kinds, not for quantities."""

MOST_NAMED = 8
"""Kinds that are words are listed by name up to this number."""

FEWEST_ROWS = 3
"""Whole numbers are taken for kinds only if each is in so many rows: then every split can have its share of each."""


KINDS_OF_FILES = ("csv", "parquet", "arrow")
"""The kinds of source that hold columns."""

NUMERIC = ("numbers", "whole numbers", "true and false")


def starting_program(data: Path, name: str, target: str | None = None, folder: Path | None = None) -> str:
    """The text of a program that trains on a table: its last column, or `target`, from its columns of numbers.

    A target of words or of few whole numbers is classified, any other is regressed. Where there are no columns of
    numbers, the first whose rows hold vectors is the input. `name` becomes the model's name; `folder` is where the
    program will lie (the path of the data is written relative to it). Raises `Failure` where the file cannot be read or
    has no column to learn from.
    """
    kind = kind_of(str(data)) or "csv"
    if kind not in KINDS_OF_FILES:
        raise Failure(NoUsableColumn(None, str(data), "it has no columns", "CSV, parquet and Arrow files have"))
    table = OPENERS[kind](str(data), Span(Source(str(data), ""), 0, 0), MAX_MEMORY)
    columns = [column for column in table.names if _is_column(table, column)]
    if target is not None and target not in columns:
        near = closest(target, columns)
        hint = f"did you mean `{near}`?" if near else f"its columns are {', '.join(columns[:10])}"
        raise Failure(NoUsableColumn(None, str(data), f"it has no column `{target}`", hint))
    if not columns:
        raise Failure(NoUsableColumn(None, str(data), "it has no column of numbers or words", ""))
    wanted = target or columns[-1]
    inputs = [column for column in columns if column != wanted and _numbers(table, column) is not None]
    inputs = inputs or [column for column in table.names if _is_vector(table, column)][:1]
    left_out = [column for column in table.names if column != wanted and column not in inputs]
    if not inputs:
        raise Failure(NoUsableColumn(None, str(data), "it has no column of numbers to learn from", ""))
    path = data if folder is None else Path(_relative(data, folder))
    return _Program(name, kind, path.as_posix(), table, inputs, wanted, left_out).text()


def _is_column(table: Table, column: str) -> bool:
    """Whether a column holds one number or word a row."""
    return table.element_type(column) in ("text", *NUMERIC) and not table.shape(column)


def _is_vector(table: Table, column: str) -> bool:
    return table.element_type(column) in NUMERIC and len(table.shape(column)) == 1


def _numbers(table: Table, column: str) -> Array | None:
    """A column of numbers, as floats, with NaN where one is missing; None for words."""
    if table.typed and table.element_type(column) == "text":
        return None
    numbers, misfit = table.numbers([column])
    return None if misfit else numbers.reshape(len(numbers), -1).astype(float)


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path.absolute(), folder.absolute())


class _Program:
    """The parts of the text."""

    def __init__(
        self,
        name: str,
        kind: str,
        path: str,
        table: Table,
        inputs: Sequence[str],
        target: str,
        left_out: Sequence[str],
    ):
        self.name = identifier(name)
        self.source = f'{kind}("{_escaped(path)}")'
        self.file = Path(path).name
        self.table = table
        self.inputs = inputs
        self.target = target
        self.left_out = left_out
        self.width = sum(prod(table.shape(column)) for column in inputs)
        self.kept = np.logical_and.reduce([~self._empty(column) for column in (*inputs, target)])
        """The rows without gaps."""
        taken = {"features", "hidden", "logits", "score", "label", "probability", "prediction", self.name}
        self.label = identifier(target)
        while self.label in taken:
            self.label += "_"

    def text(self) -> str:
        kind, declared, kinds, stratify = self._kind()
        lines = [
            f"# {self.name}.nn: {self.target} from {self.width} numbers of {self.file}",
            f"model {self.name} {{",
            f"  input  features: f32[{self.width}]",
            f"  target {self.label}: {declared}",
            "",
            "  hidden = features -> normalize -> dense(32, relu) -> dense(32, relu)",
            *_HEADS[kind].replace("TARGET", self.label).replace("KINDS", str(kinds)).splitlines(),
            "}",
            "",
            "data {",
            f"  source     = {self.source}",
            *self._bindings(),
            "  validation = 15%",
            "  test       = 15%",
            *([f"  stratify   = {self.label}"] if stratify else []),
            "}",
            "",
            "train {",
            "  optimizer  = adam(1e-3)",
            "  epochs     = 50",
            "  callbacks  = [early_stopping(val_loss, patience = 10, restore_best = true)]",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def _empty(self, column: str) -> Array:
        """The rows in which a column has no value."""
        numbers = _numbers(self.table, column)
        if numbers is not None:
            return np.asarray(np.isnan(numbers).any(axis=1))
        return np.asarray(self.table.coded([column])[0].codes.reshape(-1) < 0)

    def _kind(self) -> tuple[str, str, int, bool]:
        """What the target is learnt as, its type, how many kinds it has, and whether each is in every split."""
        numbers = _numbers(self.table, self.target)
        if numbers is None:
            coded = self.table.coded([self.target])[0]
            codes, counts = np.unique(coded.codes.reshape(-1)[self.kept], return_counts=True)
            words = sorted(str(coded.distinct[code]) for code in codes)
            listed = ", ".join(f'"{_escaped(word)}"' for word in words)
            declared = listed if len(words) <= MOST_NAMED else str(len(words))
            return "classes", f"class[{declared}]", len(words), bool((counts >= FEWEST_ROWS).all())
        distinct, counts = np.unique(numbers.reshape(-1)[self.kept], return_counts=True)
        whole = bool(np.all(distinct == np.round(distinct)))
        often = bool((counts >= FEWEST_ROWS).all())
        if whole and set(distinct.tolist()) == {0.0, 1.0}:
            return "binary", "binary", 2, often
        if whole and often and 2 <= len(distinct) <= MOST_KINDS:
            kinds = [int(kind) for kind in distinct]
            counted = kinds == list(range(len(kinds)))
            declared = str(len(kinds)) if counted else ", ".join(map(str, kinds))
            return "classes", f"class[{declared}]", len(kinds), True
        return "regression", "f32", 0, False

    def _bindings(self) -> list[str]:
        listed = ", ".join(f'"{_escaped(column)}"' for column in self.inputs)
        vector = bool(self.table.shape(self.inputs[0]))
        lines = [f"  features   = {'array' if vector else 'columns'}({listed})"]
        if self.label != self.target:
            lines.append(f'  {self.label} = column("{_escaped(self.target)}")')
        if self.left_out:
            words = ", ".join(self.left_out).replace("\n", " ")
            reason = "are no columns of numbers" if self.table.typed else "hold words"
            lines.append(f"  # left out, since they {reason}: {words}")
        if not self.kept.all():
            lines.append("  missing    = drop                      # some cells are empty: their rows are left out")
        return lines


_HEADS = {
    "classes": """\
  logits = hidden -> dense(KINDS)

  output label       = argmax(logits)
  output probability = softmax(logits)

  loss   cross_entropy(logits, TARGET)
  metric accuracy(logits, TARGET)""",
    "binary": """\
  score  = hidden -> dense(1)

  output probability = sigmoid(score)

  loss   binary_cross_entropy(score, TARGET)
  metric binary_accuracy(score, TARGET)""",
    "regression": """\
  output prediction = hidden -> dense(1)

  loss   mse(prediction, TARGET)
  metric mae(prediction, TARGET)
  metric r2(prediction, TARGET)""",
}

RESERVED = frozenset("if then else and or not true false none repeat for in as".split())


def identifier(name: str) -> str:
    """A name of the language made from any text."""
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() or "model"
    if word[0].isdigit():
        word = f"m_{word}"
    return f"{word}_" if word in RESERVED or word in SETTINGS else word


SETTINGS = frozenset("source train validation test stratify shuffle split_seed missing loss".split())


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in escaped)
