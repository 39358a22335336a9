"""How messages show what comes from outside: cell values, column names, paths, counts and lists of them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from nndsl.graph.sizes import show_shape
from nndsl.model.network import Declared

LONGEST = 40
"""Characters of a value that a message shows."""


def printable(text: str) -> str:
    """The text with whatever could steer a terminal or hide (controls, bidirectional marks) written as escapes."""
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)


def quoted(value: object) -> str:
    """A value from the data in quotes, printable and cut short."""
    text = str(value)
    cut = text[:LONGEST].replace("\n", "\\n").replace("\t", "\\t")
    return f'"{printable(cut)}{"…" if len(text) > LONGEST else ""}"'


def shown(value: str | int) -> str:
    """A kind: text in quotes, a number as it is."""
    return quoted(value) if isinstance(value, str) else str(value)


def shown_path(path: str) -> str:
    """A path relative to the working directory where it lies below it, else as it is."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):
        return printable(path)
    return printable(path if relative.startswith("..") else relative)


def counted(number: int, noun: str) -> str:
    """`1 row`, `12 rows`."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"


def and_more(number: int, noun: str) -> str:
    """` (and 3 more rows)`, or nothing."""
    return f" (and {number} more {noun if number == 1 else noun + 's'})" if number else ""


def listed(values: Sequence[str], most: int = 10) -> str:
    """`a, b and c`; long lists end with how many more there are."""
    if len(values) > most:
        return ", ".join(values[:most]) + f" and {len(values) - most} more"
    return " and ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)


def shown_bytes(size: int) -> str:
    """`640 bytes`, `1.5 MB` (powers of 1000)."""
    if size < 1000:
        return counted(size, "byte")
    power = next((power for power in range(1, 5) if size < 999.95 * 1000**power), 5)
    return f"{size / 1000**power:.1f} {('kB', 'MB', 'GB', 'TB', 'PB')[power - 1]}"


def shown_type(declared: Declared) -> str:
    """A declaration's type as the program writes it: `f32[64]`, `class["no", "yes"]`."""
    kinds = ""
    if declared.classes is not None:
        names = declared.classes.names
        kinds = f"[{', '.join(map(shown, names)) if names else declared.classes.count}]"
    shape = show_shape(declared.shape) if declared.shape else ""
    return f"{declared.kind}{kinds}{shape}"
