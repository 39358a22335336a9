"""Wrong programs and what is said of them; and that the edit which an error proposes does mend it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nndsl.diagnostics import Diagnostic, Edit
from nndsl.source import Source
from nndsl.syntax.parse import parse
from nndsl.syntax.read import read_source


def syntax_errors(source: Source) -> tuple[Diagnostic, ...]:
    return parse(source)[1]


def test_wrong_programs(program: Path, error_snapshot: Callable[..., None]) -> None:
    error_snapshot(program, syntax_errors)


def test_the_proposed_edits_mend_the_program(program: Path) -> None:
    """Edit after edit, each removes its error and adds none; an edit may uncover the next place of the same mistake."""
    source = read_source(program, program.name)
    errors = syntax_errors(source)
    for _ in range(20):
        proposed = ((error, advice.edit) for error in errors if (advice := error.help()) and advice.edit)
        error, edit = next(proposed, (None, None))
        if error is None or edit is None:
            return
        source = edited(source, edit)
        rest = syntax_errors(source)
        left = [(each.code, each.span and each.span.start) for each in rest]
        assert (error.code, error.span and error.span.start) not in left, f"{edit.replacement!r} does not mend it"
        assert len(rest) <= len(errors), f"{edit.replacement!r} leaves {[each.message for each in rest]}"
        errors = rest
    raise AssertionError("the edits come to no end")


def edited(source: Source, edit: Edit) -> Source:
    text = source.text
    return Source(source.name, text[: edit.span.start] + edit.replacement + text[edit.span.end :])
