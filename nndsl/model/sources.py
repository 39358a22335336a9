"""The kinds of data sources and the options a program may give them. How they are read is the business of `data`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nndsl.model.values import is_whole


@dataclass(frozen=True)
class Option:
    """What an option takes: in words, and as a test of a value; its default as a program writes it."""

    expects: str
    accepts: Callable[[Any], bool]
    default: str = "none"


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: how it is written, what it reads, what one of its files holds, and its options by name.

    `a_file` is a `table`: rows of columns or arrays, of which several files are joined; or one `array`, whose name in
    the program names the file; or one `row`, so that all files make one table.
    """

    example: str
    doc: str
    a_file: Literal["table", "array", "row"]
    options: Mapping[str, Option] = field(default_factory=dict)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


CSV_OPTIONS = {
    "header": Option("true or false", lambda value: isinstance(value, bool), "true"),
    "separator": Option("a string", _is_text),
    "decimal": Option("a string", _is_text, '"."'),
    "encoding": Option("a string", _is_text, '"utf-8"'),
}

LARGEST_SIDE = 2**14
"""Pixels of a side that images may be resized to."""


def _is_size(value: Any) -> bool:
    pair = isinstance(value, tuple | list) and len(value) == 2
    return pair and all(is_whole(side) and 1 <= side <= LARGEST_SIDE for side in value)


def _is_channels(value: Any) -> bool:
    return is_whole(value) and value in (1, 3, 4)


IMAGE_OPTIONS = {
    "size": Option("a height and a width in pixels, such as [28, 28]", _is_size),
    "channels": Option("1 (grey), 3 (red, green, blue) or 4 (with alpha)", _is_channels),
}

SOURCES: Mapping[str, SourceKind] = {
    "csv": SourceKind(
        'csv("examples.csv")',
        "Columns of a text file, gzipped or not. The separator is found where it is beyond doubt.",
        "table",
        CSV_OPTIONS,
    ),
    "npz": SourceKind(
        'npz("examples.npz")',
        "The arrays of a NumPy archive by their names; their first axis counts the rows.",
        "table",
    ),
    "npy": SourceKind('npy(x = "x.npy")', "NumPy's files of one array each; its first axis counts the rows.", "array"),
    "idx": SourceKind(
        'idx(x = "x-idx3-ubyte.gz")', "Files in MNIST's format, gzipped or not, of one array each.", "array"
    ),
    "parquet": SourceKind(
        'parquet("examples.parquet")', "Columns of a parquet file; lists of one length are arrays.", "table"
    ),
    "arrow": SourceKind(
        'arrow("examples.arrow")',
        "Columns of an Arrow file or stream, Feather 2 included; lists of one length are arrays.",
        "table",
    ),
    "images": SourceKind(
        'images("folder/*/*.png")',
        "Pictures, as the array `image`, [height, width, channels] with numbers from 0 to 255 (a declared\n"
        "[height, width] is grey), and the name of each one's folder as `folder`. Nothing is converted\n"
        "unless an option asks for it.",
        "row",
        IMAGE_OPTIONS,
    ),
}
"""Each kind of source by its name; any other named argument renames a column or array."""

ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"), "csv"),
    ".npz": "npz",
    ".npy": "npy",
    **dict.fromkeys((".idx", ".idx.gz"), "idx"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".arrow", ".feather", ".ipc", ".arrows"), "arrow"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm", ".ppm"), "images"),
}
"""The kind of source that a file is, in lower case."""

MNIST = re.compile(r"idx[0-9]-ubyte(\.gz)?$")
"""How MNIST's own files end: `t10k-images-idx3-ubyte.gz`."""


def kind_of(path: str) -> str | None:
    """The kind of source that a file is by its name, if that tells."""
    name = os.path.basename(path).lower()
    return next((kind for end, kind in ENDINGS.items() if name.endswith(end)), "idx" if MNIST.search(name) else None)


def source_of(path: str, name: str) -> str:
    """How a program writes the source that a file is by its name; a file of one array is that of `name`."""
    from nndsl.syntax.print import literal

    kind = kind_of(path) or "csv"
    return f"{kind}({name} = {literal(path)})" if SOURCES[kind].a_file == "array" else f"{kind}({literal(path)})"
