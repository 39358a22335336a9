"""Comments of origin: the statement of the program that a section of code computes."""

from __future__ import annotations

import re

from nndsl.codegen.numpy.schedule import Section

LONGEST = 110
"""Longer statements are cut off: the whole program stands in the module's docstring."""


def title(section: Section) -> list[str]:
    """The line of the statement (without its number, which a small edit above would change), or what it is for."""
    if isinstance(section.line, str):
        return [section.line] if section.line else []
    source, number = section.line
    return [statement(source.line(number))]


def statement(line: str) -> str:
    """A line of a program without its comment and without the spaces that align it with others."""
    parts = re.findall(r'"(?:\\.|[^"\\])*"|#.*|\s+|[^"#\s]+|"', line)
    text = "".join(" " if part.isspace() else part for part in parts if not part.startswith("#")).strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
