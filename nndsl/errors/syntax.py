"""NN1xx: what can be wrong with a program's text, before any of its names mean anything."""

from __future__ import annotations

from dataclasses import dataclass

from nndsl.diagnostics import Diagnostic


@dataclass(frozen=True)
class NumberOutOfRange(Diagnostic):
    """A number is too large to be held."""

    code = "NN110"
    title = "this {kind} is too large"
    label = "the largest is {largest}"

    kind: str
    largest: str


@dataclass(frozen=True)
class BadEscape(Diagnostic):
    """A string holds a backslash that begins no known escape."""

    code = "NN108"
    title = "`{text}` is not an escape"
    label = 'known are \\n, \\t, \\", \\\\ and \\u{{…}}'

    text: str


@dataclass(frozen=True)
class Unexpected(Diagnostic):
    """The text does not go on as the grammar has it."""

    code = "NN137"
    title = "expected {expected}, found {found}"
    label = "{expected} expected"

    expected: str
    found: str
