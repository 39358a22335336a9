"""The kinds of data sources and the options a program may give them. How they are read is the business of `data`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nndsl.model.values import is_whole


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

LARGEST_SIDE = 2**14
"""Pixels of a side that images may be resized to."""


def _is_size(value: Any) -> bool:
    pair = isinstance(value, tuple | list) and len(value) == 2
    return pair and all(is_whole(side) and 1 <= side <= LARGEST_SIDE for side in value)


SIZE = Option("a height and a width in pixels, such as [28, 28]", _is_size)
CHANNELS = Option(
    "1 (grey), 3 (red, green, blue) or 4 (with alpha)", lambda value: is_whole(value) and value in (1, 3, 4)
)

SOURCES: Mapping[str, SourceKind] = {
    "csv": SourceKind(
        'csv("examples.csv")', "table", {"header": TRUTH, "separator": TEXT, "decimal": TEXT, "encoding": TEXT}
    ),
    "npz": SourceKind('npz("examples.npz")', "table"),
    "npy": SourceKind('npy(x = "x.npy")', "array"),
    "idx": SourceKind('idx(x = "x-idx3-ubyte.gz")', "array"),
    "parquet": SourceKind('parquet("examples.parquet")', "table"),
    "arrow": SourceKind('arrow("examples.arrow")', "table"),
    "images": SourceKind('images("folder/*/*.png")', "row", {"size": SIZE, "channels": CHANNELS}),
}
"""Each kind of source by its name; any other named argument renames a column or array."""
