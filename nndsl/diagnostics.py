"""How a message to the user is made: a `Diagnostic` is data (code, words, places, help); a `Failure` carries some out.

Every diagnostic is a record in `nndsl.errors`; its docstring is what `nndsl explain CODE` prints.
`nndsl.render` turns diagnostics into text, colours or JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import ClassVar, Literal

from nndsl.record import Record
from nndsl.source import Span

WRONG_INPUT, FAILED, DIVERGED, ENVIRONMENT, HUNG_UP, INTERRUPTED, TERMINATED = 2, 1, 3, 4, 129, 130, 143
"""Exit codes of a command that ends with a diagnostic."""

SHOWN = 100
"""How many diagnostics a command prints as text at once, before it says how many more there are."""


class Label(Record):
    """Words under a span: the primary label is drawn with `^`, the others with `-`."""

    span: Span
    text: str = ""
    primary: bool = False


class Edit(Record):
    """The change of the text that mends an error: `span` replaced by `replacement` (both may be empty)."""

    span: Span
    replacement: str


class Help(Record):
    """What to do, and the edit that does it where one is known."""

    text: str
    edit: Edit | None = None


class Diagnostic(Record):
    """Base of all messages. `title`, `label` and `advice` are templates over the record's fields."""

    code: ClassVar[str]
    title: ClassVar[str]
    label: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    severity: ClassVar[Literal["error", "warning"]] = "error"
    exit_code: ClassVar[int] = WRONG_INPUT

    span: Span | None

    def _fill(self, template: str) -> str:
        return template.format(**{field.name: getattr(self, field.name) for field in fields(self)})

    @property
    def message(self) -> str:
        """The one-line message, after `error[CODE]: `."""
        return self._fill(self.title)

    def secondary(self) -> Iterator[Label]:
        """Labels for the places where conflicting facts came from; override where there are any."""
        return iter(())

    def labels(self) -> Iterator[Label]:
        """All labels, the primary one first."""
        if self.span is not None:
            yield Label(self.span, self._fill(self.label), primary=True)
        yield from self.secondary()

    def help(self) -> Help | None:
        """The help line; override it to add an edit."""
        return Help(self._fill(self.advice)) if self.advice else None


class Failure(Exception):
    """Raised with the diagnostics that stopped a stage; a command prints them and exits with `exit_code`."""

    def __init__(self, *diagnostics: Diagnostic):
        super().__init__(*diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        """The messages as a command prints them."""
        from nndsl.render import render

        return render(self.diagnostics).rstrip("\n")

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the messages, as a terminal has them."""
        from nndsl.render import render

        return render(self.diagnostics, colour=True).rstrip("\n").split("\n")

    @property
    def exit_code(self) -> int:
        return next((d.exit_code for d in self.diagnostics if d.severity == "error"), FAILED)


class Diagnostics:
    """Collects what a stage finds, so that a program gets every error in one run and each once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}

    def report(self, diagnostic: Diagnostic) -> None:
        self._found.setdefault(diagnostic)

    def __len__(self) -> int:
        return len(self._found)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.report(diagnostic)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self._found if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self._found if d.severity == "warning")

    def raise_errors(self) -> None:
        """Raise a `Failure` with everything found (warnings too) if there is an error among it."""
        if self.errors:
            raise Failure(*self._found)
