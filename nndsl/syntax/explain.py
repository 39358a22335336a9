"""placeholder"""

from __future__ import annotations
from dataclasses import dataclass
from typing import Any
from nndsl.diagnostics import Diagnostic
from nndsl.errors.syntax import Unexpected
from nndsl.source import Source, Span
from nndsl.syntax.scan import statement


@dataclass(frozen=True)
class Mend:
    tokens: list[tuple[str, Any]]
    resume: int


@dataclass(frozen=True)
class Skip:
    stand_in: Any
    resume: int
    following: list[tuple[str, Any]]


@dataclass(frozen=True)
class Situation:
    source: Source
    begun: int
    offset: int
    expected: frozenset[str]
    values: list[Any]


def explain(s: Situation) -> tuple[Diagnostic | None, Mend | Skip]:
    scan = statement(s.source.text, s.begun)
    at = scan.index(s.offset)
    if at < len(scan.lexemes):
        lexeme = scan.lexemes[at]
        span, found = Span(s.source, lexeme.start, lexeme.end), f"`{lexeme.text}`"
    else:
        span, found = Span(s.source, scan.end, scan.end), "the end of the line"
    resume = max(scan.end, s.offset if at >= len(scan.lexemes) else lexeme.end)
    return Unexpected(span, "something else", found), Skip(None, resume, [])
