"""A CSV file's text: its encoding, what separates its cells, and its records with the lines they begin at.

A record is a line, except where a quoted cell holds line ends. Blank lines between records of several cells hold
nothing and are passed over, as at the end of the file; in a file of one column a blank line is an empty cell.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from nndsl.data.wording import and_more, counted, quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import BadSourceOption, MalformedQuotes, NotText, RaggedRow, UnknownSeparator
from nndsl.source import Span

SEPARATORS = (",", ";", "\t")
SAMPLE = 20
"""Records that are looked at to find the separator."""

OTHER_FILES = {b"\x1f\x8b": "gzip data", b"PK\x03\x04": "a zip archive (or a spreadsheet)", b"PAR1": "a parquet file"}


def decode(content: bytes, encoding: str, path: str, span: Span | None) -> str:
    """The text of a file, without its BOM and with `\\n` at its line ends. A UTF-16 BOM overrules UTF-8."""
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
        text = content.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = f"{shown_path(path)}, line {line},"
        hint = 'say which it is: `encoding = "latin-1"`, "cp1252", …' if codec == "utf-8" else ""
        raise Failure(NotText(span, place, codec, f"byte 0x{content[error.start]:02X}", hint)) from None
    except (LookupError, ValueError):
        raise Failure(
            BadSourceOption(span, "csv", "encoding", "the name of a text encoding", quoted(encoding))
        ) from None
    if "\0" in text:
        place = f"{shown_path(path)}, line {text.count(chr(10), 0, text.index(chr(0))) + 1},"
        raise Failure(NotText(span, place, encoding, "it holds a NUL character"))
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class Records:
    """The cells of a file. `lines` are the numbers of the lines that the records begin at.

    `plain` records are lines to be split at the separator: there is no quote in the file. Else they are lists of cells.
    """

    separator: str
    width: int
    header: tuple[str, ...] | None
    lines: Sequence[int]
    plain: list[str] | None
    cells: list[list[str]]

    def columns(self, wanted: Sequence[int]) -> list[list[str]]:
        """The cells of some columns, each from top to bottom."""
        if self.plain is None:
            return [list(map(itemgetter(i), self.cells)) for i in wanted]
        if len(wanted) == 1:
            i = wanted[0]
            if i == self.width - 1:
                return [[line.rsplit(self.separator, 1)[-1] for line in self.plain]]
            return [[line.split(self.separator, i + 1)[i] for line in self.plain]]
        rows = [line.split(self.separator) for line in self.plain]
        return [list(map(itemgetter(i), rows)) for i in wanted]

    def __len__(self) -> int:
        return len(self.lines)


def read_records(
    text: str, path: str, span: Span | None, *, header: bool, separator: str | None, decimal: str
) -> Records:
    """Split a text into records; every record must be as wide as the first."""
    separator = separator or find_separator(text, path, span, decimal)
    if '"' in text:
        lines, cells = _quoted(text, separator, path, span)
        widths = list(map(len, cells))
        plain = None
    else:
        plain = text.split("\n")
        lines, plain = _without_blanks(plain, separator)
        widths = [line.count(separator) + 1 for line in plain]
        cells = []
    if not widths:
        return Records(separator, 0, None, (), plain, cells)
    _refuse_ragged(widths, lines, path, span, header)
    names = None
    if header:
        names = tuple(plain[0].split(separator) if plain is not None else cells[0])
        plain, cells, lines = plain[1:] if plain is not None else None, cells[1:], lines[1:]
    return Records(separator, widths[0], names, lines, plain, cells)


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


def _quoted(text: str, separator: str, path: str, span: Span | None) -> tuple[Sequence[int], list[list[str]]]:
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    starts: list[int] = []
    cells: list[list[str]] = []
    start, last = 1, 0
    try:
        for record in reader:
            if record or (cells and len(cells[0]) == 1):
                starts.append(start)
                cells.append(record or [""])
                last = len(cells) if record else last
            start = reader.line_num + 1
    except csv.Error as error:
        reason = "text follows a closing quote"
        if "limit" in str(error):
            reason = f"a cell is longer than {csv.field_size_limit()} characters"
        if "unexpected end" in str(error):
            reason = "a quote is opened and never closed"
        raise Failure(MalformedQuotes(span, f"{shown_path(path)}, line {start}", reason)) from None
    return starts[:last], cells[:last]


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, as the csv module wants them; it splits at `\\n` only."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]


def _without_blanks(lines: list[str], separator: str) -> tuple[Sequence[int], list[str]]:
    first = next((number for number, line in enumerate(lines) if line), len(lines))
    last = next(number for number in range(len(lines), first - 1, -1) if number == first or lines[number - 1])
    kept = lines[first:last]
    if "" in kept and separator in kept[0]:
        numbered = [(number, line) for number, line in enumerate(kept, first + 1) if line]
        return [number for number, _ in numbered], [line for _, line in numbered]
    return range(first + 1, last + 1), kept


def _refuse_ragged(widths: Sequence[int], lines: Sequence[int], path: str, span: Span | None, header: bool) -> None:
    if widths.count(widths[0]) == len(widths):
        return
    ragged = [row for row, width in enumerate(widths) if width != widths[0]]
    row = ragged[0]
    place = f"{shown_path(path)}, line {lines[row]},"
    expected = "the header" if header else f"line {lines[0]}"
    more = and_more(len(ragged) - 1, "such line")
    raise Failure(RaggedRow(span, place, counted(widths[row], "cell"), expected, widths[0], more))
