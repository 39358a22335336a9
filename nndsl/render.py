"""Diagnostics as text for people, in colours if wanted, and as JSON for tools.

    error[NN305]: `cross_entropy` compares scores [batch, 13, 13, 10] with class[10]
      --> mnist.nn:13:8
       |
     9 |   logits = h -> dense(10)
       |                 --------- acts on the last axis: [batch, 13, 13, 32] -> [batch, 13, 13, 10]
    13 |   loss cross_entropy(logits, digit)
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expects scores [batch, 10]
       |
     help: flatten before it, to [batch, 5408]
       |
     9 |   logits = h -> flatten -> dense(10)

Only lines with a label are shown. What the terminal could take for a command, or would show in another order than it
stands in the file, is shown as an escape (`\\u{1b}`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from nndsl.diagnostics import Diagnostic, Edit, Label
from nndsl.snippet import Mark, draw, plain, window
from nndsl.source import Source, Span

STYLES = {"error": "1;31", "warning": "1;33", "title": "1", "gutter": "34", "secondary": "34", "help": "1;36"}
LARGEST_EDIT = 8
"""Lines of an edit that are shown."""


def render(diagnostics: Iterable[Diagnostic], colour: bool = False) -> str:
    """All diagnostics, a blank line between them; the text ends with a line end unless there are none."""
    return "\n".join(render_one(diagnostic, colour) for diagnostic in diagnostics)


def render_one(diagnostic: Diagnostic, colour: bool = False) -> str:
    labels, advice = list(diagnostic.labels()), diagnostic.help()
    edit = advice.edit if advice else None
    numbers = [number for label in labels for number in lines_of(label.span)]
    if edit:
        numbers.append(edit.span.line + min(edit.replacement.count("\n"), LARGEST_EDIT))
    writer = Writer(max(2, *(len(str(number)) for number in numbers)) if numbers else 2, colour)

    head = writer.paint(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]")
    writer.lines.append(head + writer.paint("title", f": {plain(diagnostic.message)}"))
    sources = list(dict.fromkeys(label.span.source for label in labels))
    for source in sources:
        here = [label for label in labels if label.span.source == source]
        writer.snippet(source, here, diagnostic.severity)
    if advice:
        if sources:
            writer.bar()
        first, *more = advice.text.split("\n")
        writer.lines.append(f" {writer.paint('help', 'help')}: {plain(first)}")
        writer.lines.extend(f"       {plain(line)}" for line in more)
        if edit:
            writer.edited(edit)
    return "\n".join(writer.lines) + "\n"


def lines_of(span: Span) -> tuple[int, int]:
    """The first and the last line that a span touches (a line end alone touches the line that it ends)."""
    return span.line, span.source.position(max(span.start, span.end - 1))[0]


class Writer:
    """The lines of one diagnostic, with a gutter for line numbers of up to `width` digits."""

    def __init__(self, width: int, colour: bool) -> None:
        self.lines: list[str] = []
        self.width = width
        self.colour = colour

    def paint(self, style: str, text: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.colour and style and text else text

    def bar(self, text: str = "") -> None:
        self.lines.append((self.paint("gutter", f"{'':{self.width}} |") + (f" {text}" if text else "")).rstrip())

    def numbered(self, number: int, text: str) -> None:
        self.lines.append((self.paint("gutter", f"{number:{self.width}} |") + f" {text}").rstrip())

    def snippet(self, source: Source, labels: list[Label], primary: str) -> None:
        """The lines of one file that labels point at, with their marks; the first label gives the place."""
        line, column = source.position(labels[0].span.start)
        arrow = self.paint("gutter", f"{'':{self.width}}-->")
        self.lines.append(f"{arrow} {plain(source.name)}:{line}:{column}")
        self.bar()
        marks: dict[int, list[Mark]] = {}
        for label in labels:
            for number, mark in marks_of(source, label):
                marks.setdefault(number, []).append(mark)
        for number in sorted(marks):
            text, rows = draw(source.line(number), marks[number])
            self.numbered(number, text)
            for row in rows:
                self.bar("".join(self.paint(primary if style == "primary" else style, part) for style, part in row))

    def edited(self, edit: Edit) -> None:
        """The lines that an edit changes, as they are after it."""
        source = edit.span.source
        first, column = source.position(edit.span.start)
        last, end = source.position(edit.span.end)
        text = source.line(first)[: column - 1] + edit.replacement + source.line(last)[end - 1 :]
        self.bar()
        lines = text.split("\n")
        for number, line in enumerate(lines[:LARGEST_EDIT], first):
            self.numbered(number, window(line, column - 1 if number == first else 0))
        if len(lines) > LARGEST_EDIT:
            self.bar("…")


def marks_of(source: Source, label: Label) -> list[tuple[int, Mark]]:
    """A label as marks by line: one, or one each on the first and the last line of a longer span (text at the last)."""
    style = "primary" if label.primary else "secondary"
    first, last = lines_of(label.span)
    start = label.span.column - 1
    if first == last:
        return [(first, Mark(start, start + label.span.end - label.span.start, label.text, style))]
    end = source.position(label.span.end - 1)[1]
    tail = source.line(last)
    indent = len(tail) - len(tail.lstrip())
    return [
        (first, Mark(start, max(start + 1, len(source.line(first).rstrip())), "", style)),
        (last, Mark(min(indent, end - 1), end, label.text, style)),
    ]


# ------------------------------------------------------------------------------------------------------- JSON


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Diagnostics as plain data, for `--json`. Lines and columns (in characters) count from 1; ends are excluded.

    Each has `severity` (error, warning), `code`, `message`, `file line column end_line end_column` (null where a
    diagnostic has no place), `labels` (a list of `file line column end_line end_column text primary`), `help` (text or
    null) and `edit` (`file line column end_line end_column replacement`, or null).
    """
    return [as_json(diagnostic) for diagnostic in diagnostics]


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    advice = diagnostic.help()
    edit = advice.edit if advice else None
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        **place(diagnostic.span),
        "labels": [
            {**place(label.span), "text": label.text, "primary": label.primary} for label in diagnostic.labels()
        ],
        "help": advice.text if advice else None,
        "edit": {**place(edit.span), "replacement": edit.replacement} if edit else None,
    }


def place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return dict.fromkeys(("file", "line", "column", "end_line", "end_column"))
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """`diagnostics_json` as text."""
    return json.dumps(diagnostics_json(diagnostics), ensure_ascii=True, indent=2)
