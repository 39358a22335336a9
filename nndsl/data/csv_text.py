"""A CSV file's text: its encoding, what separates its cells, and its layout, which the first record tells.

decode        bytes -> text with `\\n` at its line ends
read_layout   text -> what all records have in common, and where they begin
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from nndsl.data.wording import quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import BadSourceOption, MalformedQuotes, NotText, UnknownSeparator
from nndsl.source import Span

SEPARATORS = (",", ";", "\t")
SAMPLE = 20
"""Records that are looked at to find the separator."""

OTHER_FILES = {b"\x1f\x8b": "gzip data", b"PK\x03\x04": "a zip archive (or a spreadsheet)", b"PAR1": "a parquet file"}


def decode(content: bytes, encoding: str, path: str, span: Span | None, first_line: int = 1) -> str:
    """The text of a file, without its BOM and with `\\n` at its line ends. A UTF-16 BOM overrules UTF-8.

    A part of a file begins at its line `first_line`.
    """
    for magic, what in OTHER_FILES.items():
        if content.startswith(magic):
            raise Failure(NotText(span, shown_path(path), encoding, f"it is {what}"))
    try:
        codec = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise Failure(
            BadSourceOption(span, "csv", "encoding", "the name of a text encoding", quoted(encoding))
        ) from None
    if codec == "utf-8" and content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16"
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + first_line
        place = f"{shown_path(path)}, line {line},"
        hint = 'say which it is: `encoding = "latin-1"`, "cp1252", …' if codec == "utf-8" else ""
        if span is None:  # a file that is given to a model, not named in its program
            hint = f"it is read with the options of the program's own `csv` source: make it {codec}, as `iconv` does"
        raise Failure(NotText(span, place, codec, f"byte 0x{content[error.start]:02X}", hint)) from None
    except (LookupError, ValueError):
        raise Failure(
            BadSourceOption(span, "csv", "encoding", "the name of a text encoding", quoted(encoding))
        ) from None
    if "\0" in text:
        place = f"{shown_path(path)}, line {text.count(chr(10), 0, text.index(chr(0))) + first_line},"
        raise Failure(NotText(span, place, encoding, "it holds a NUL character"))
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


@dataclass(frozen=True)
class Layout:
    """What the records of a file have in common: `width` cells each, 0 in an empty file; `header` is the first one.

    `line` is where the first record begins.
    """

    separator: str
    decimal: str
    width: int
    header: tuple[str, ...] | None
    line: int = 1


def read_layout(
    text: str, path: str, span: Span | None, *, header: bool, separator: str | None, decimal: str
) -> tuple[Layout, int, int]:
    """A file's layout, where in the text its records begin (after the header), and the number of the line there.

    The text may be the beginning of a file, as far as it holds the first record whole.
    """
    separator = separator or find_separator(text, path, span, decimal)
    start, line = 0, 1
    while text.startswith("\n", start):
        start, line = start + 1, line + 1
    records = quoted_records(text, start, line, separator, path, span)
    first = next(records, None)
    if first is None:
        return Layout(separator, decimal, 0, None, line), start, line
    begin, cells, end = first
    if header:
        for _ in range(end - line):
            start = text.find("\n", start) + 1 or len(text)
        line = end
    return Layout(separator, decimal, len(cells), tuple(cells) if header else None, begin), start, line


def find_separator(text: str, path: str, span: Span | None, decimal: str) -> str:
    """The one of comma, semicolon and tab that splits the first records into equally many cells."""
    start = text[: 1 << 20]
    present, even = [], []
    for candidate in SEPARATORS:
        if candidate == decimal:
            continue
        reader = csv.reader(_lines(start), delimiter=candidate)
        try:
            widths = [len(record) for record in islice(reader, SAMPLE + 1) if record]
        except csv.Error:
            continue
        if start is not text and len(widths) <= SAMPLE:
            widths = widths[:-1]  # the last record may be cut
        if widths and widths[0] > 1:
            present.append(candidate)
            if set(widths) == {widths[0]}:
                even.append(candidate)
    if len(even) == 1:
        return even[0]
    if len(even or present) > 1:
        names = {",": "commas", ";": "semicolons", "\t": "tabs"}
        candidates = " or ".join(names[candidate] for candidate in even or present)
        raise Failure(UnknownSeparator(span, shown_path(path), candidates))
    return present[0] if present else ("," if decimal != "," else ";")


def quoted_records(
    text: str, start: int, first_line: int, separator: str, path: str, span: Span | None
) -> Iterator[tuple[int, list[str], int]]:
    """Records as quotes make them: the lines they begin at, their cells (none in a blank line), the lines after them.

    The text counts from `start`, which is in line `first_line`.
    """
    reader = csv.reader(_lines(text, start), delimiter=separator, strict=True)
    line = first_line
    try:
        for cells in reader:
            after = first_line + reader.line_num
            yield line, cells, after
            line = after
    except csv.Error as error:
        reason = "text follows a closing quote"
        if "limit" in str(error):
            reason = f"a cell is longer than {csv.field_size_limit()} characters"
        if "unexpected end" in str(error):
            reason = "a quote is opened and never closed"
        raise Failure(MalformedQuotes(span, f"{shown_path(path)}, line {line}", reason)) from None


def _lines(text: str, start: int = 0) -> Iterator[str]:
    """The lines of a text with their ends, as the csv module wants them; it splits at `\\n` only."""
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]
