"""The kinds of data sources and the options a program may give them. How they are read is the business of `data`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Option:
    """What an option takes: in words, for messages, and as a test of a value."""

    expects: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: how it is written, what one of its files holds, and its options by name.

    `a_file` is a `table`: rows of columns or arrays, of which several files are joined; or one `array`, whose name in
    the program names the file; or one `row`, so that all files make one table.
    """

    example: str
    a_file: Literal["table", "array", "row"]
    options: Mapping[str, Option] = field(default_factory=dict)


TRUTH = Option("true or false", lambda value: isinstance(value, bool))
TEXT = Option("a string", lambda value: isinstance(value, str))

SOURCES: Mapping[str, SourceKind] = {
    "csv": SourceKind(
        'csv("examples.csv")', "table", {"header": TRUTH, "separator": TEXT, "decimal": TEXT, "encoding": TEXT}
    ),
    "npz": SourceKind('npz("examples.npz")', "table"),
    "npy": SourceKind('npy(x = "x.npy")', "array"),
    "idx": SourceKind('idx(x = "x-idx3-ubyte.gz")', "array"),
    "parquet": SourceKind('parquet("examples.parquet")', "table"),
    "arrow": SourceKind('arrow("examples.arrow")', "table"),
}
"""Each kind of source by its name; any other named argument renames a column or array."""
