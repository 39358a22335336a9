"""Builds `data` sections as the checker would: `data("source", csv("a.csv"), …)` over files written for a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndsl.data.load import load
from nndsl.diagnostics import WRONG_INPUT, Diagnostic, Failure
from nndsl.model.network import Classes, Declared
from nndsl.model.sections import DataSection, Selection, Share, SourceCall
from nndsl.source import Source, Span

PROGRAM = Source("program.nn", 'input x: f32  target y: class  source = csv("a.csv")  stratify = y  missing = drop')


def span(text: str) -> Span:
    """Where these words stand in the program (its beginning, if they do not)."""
    start = max(PROGRAM.text.find(text), 0)
    return Span(PROGRAM, start, start + len(text))


def f32(name: str, *shape: Any, role: Any = "input") -> Declared:
    return Declared(name, role, "f32", shape, span("input x: f32"))


def i64(name: str, *shape: Any) -> Declared:
    return Declared(name, "input", "i64", shape, span("input x: f32"))


def binary(name: str, *shape: Any, role: Any = "target") -> Declared:
    return Declared(name, role, "binary", shape, span("target y: class"))


def kinds(name: str, of: int | Sequence[str | int] | None = None, *shape: Any, unknown: Any = "error") -> Declared:
    """A class target: `of` a count, of names, or of whatever the data hold."""
    classes = None
    if of is not None:
        classes = Classes(of, None, unknown) if isinstance(of, int) else Classes(len(of), tuple(of), unknown)
    return Declared(name, "target", "class", shape, span("target y: class"), classes, unknown)


def share(amount: float) -> Share:
    """A share of the rows, or a count of them if it is a whole number."""
    return Share(None, amount, span("")) if isinstance(amount, int) else Share(amount, None, span(""))


def select(kind: Any, *patterns: str) -> Selection:
    return Selection(kind, patterns, span("source"))


@dataclass
class Files:
    """A folder for a test's files; everything is written there, and named relative to it."""

    folder: Path

    def csv(
        self, text: str | bytes, name: str = "a.csv", renames: dict[str, str] | None = None, **options: Any
    ) -> SourceCall:
        content = text if isinstance(text, bytes) else text.encode()
        (self.folder / name).write_bytes(content)
        return self.call("csv", name, renames, **options)

    def npz(self, arrays: Mapping[str, Any], name: str = "a.npz", renames: dict[str, str] | None = None) -> SourceCall:
        np.savez(self.folder / name, **dict(arrays))
        return self.call("npz", name, renames)

    def call(self, kind: str, name: str, renames: dict[str, str] | None = None, **options: Any) -> SourceCall:
        return SourceCall(kind, (name,), options, renames or {}, span('csv("a.csv")'))


def section(*sources: SourceCall, **settings: Any) -> DataSection:
    """`splits` by their own names as keywords; other keywords are the section's."""
    splits: dict[str, Any] = {}
    for name in ("train", "validation", "test"):
        if name in settings:
            splits[name] = settings.pop(name)
    spans = {"stratify": span("stratify = y"), "missing": span("missing = drop")}
    return DataSection(span(""), sources, splits, spans=spans, **settings)


@dataclass(frozen=True)
class Case:
    """Wrong data: a file's content, what the program declares, the whole message and the help line."""

    content: str | bytes | dict[str, Any]
    declared: list[Declared]
    message: str
    help: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the source."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the `data` section."""


def refusals(program: DataSection, declared: Sequence[Declared], **options: Any) -> tuple[Diagnostic, ...]:
    """What loading reports: wrong input, and nothing else."""
    with pytest.raises(Failure) as failure:
        load(program, declared, **options)
    assert failure.value.exit_code == WRONG_INPUT
    return failure.value.diagnostics


def told(diagnostic: Diagnostic) -> tuple[str, str]:
    """The message and the help line."""
    help = diagnostic.help()
    assert list(diagnostic.labels())
    return diagnostic.message, help.text if help else ""
