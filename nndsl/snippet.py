"""One line of program text with marks under it, as a terminal shows it: tabs, wide characters, escapes, long lines."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import accumulate

TAB = 4
WIDEST = 120
"""Columns of a line that are shown; a longer one is cut around its marks."""

Row = list[tuple[str, str]]
"""A row of text in pieces, each with its style ("" for none)."""


@dataclass(frozen=True)
class Mark:
    """Characters `start` to `end` (from 0, end excluded) of a line are underlined, with words behind it."""

    start: int
    end: int
    text: str
    style: str  # "primary" or "secondary"


def plain(text: str) -> str:
    """Text that is safe to show: characters that steer a terminal or hide are written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(shown(character) for character in text)


def shown(character: str) -> str:
    """A character as it is shown (but for a tab)."""
    # Control, format (bidi, zero width), surrogate, private, unassigned; line and paragraph separators.
    if character != " " and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\\u{{{ord(character):x}}}"
    return character


def width(text: str) -> int:
    """Columns of a terminal that shown text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def cells(line: str, origin: int = 0) -> list[str]:
    """Each character as it is shown; a tab becomes the spaces up to the next stop."""
    if "\t" not in line:
        return [shown(character) for character in line]
    out: list[str] = []
    column = origin
    for character in line:
        cell = " " * (TAB - column % TAB) if character == "\t" else shown(character)
        column += width(cell)
        out.append(cell)
    return out


def cut(line: str, focus: int) -> tuple[int, int]:
    """Which characters of a long line are shown, so that `focus` is among them with some text before it."""
    if len(line) <= WIDEST // 2:
        return 0, len(line)
    # Wide characters and escapes need more room than they count; a line of them is cut shorter by their mean width.
    near = line[max(0, focus - WIDEST) : focus + WIDEST]
    room = max(20, int(WIDEST * len(near) / max(1, sum(map(width, cells(near))))))
    if len(line) <= room:
        return 0, len(line)
    start = max(0, min(focus - room // 3, len(line) - room))
    return start, min(len(line), start + room)


def window(line: str, focus: int) -> str:
    """A line as it is shown, cut around the character `focus` if it is long."""
    start, end = cut(line, focus)
    return ("…" if start else "") + "".join(cells(line[start:end])) + ("…" if end < len(line) else "")


def draw(line: str, marks: list[Mark]) -> tuple[str, list[Row]]:
    """The line as it is shown and the rows under it.

    The first row underlines; the words of the last mark stand behind it, those of the others in rows below,
    under their marks and tied to them by `|`.
    """
    focus = next((mark.start for mark in marks if mark.style == "primary"), marks[0].start)
    start, end = cut(line, focus)
    shift = 1 if start else 0
    columns = list(accumulate((width(cell) for cell in cells(line[start:end])), initial=shift))

    def column(position: int) -> int:
        inside = min(max(position, start), end)
        # A mark may begin at the line's end, or behind it where text is missing.
        return columns[inside - start] + (min(position, len(line) + 1) - len(line) if position > len(line) else 0)

    placed = sorted(
        ((column(mark.start), max(column(mark.start) + 1, column(mark.end)), mark) for mark in marks),
        key=lambda item: (item[0], item[1]),
    )
    rows = [underline(placed)]
    waiting = [item for item in placed if item[2].text.strip()]
    if waiting and waiting[-1][1] == max(stop for _, stop, _ in placed):
        _, _, mark = waiting.pop()
        rows[0].append((mark.style, f" {plain(mark.text).rstrip()}"))
    if waiting:
        rows.append(ties(waiting))
    while waiting:
        begin, _, mark = waiting.pop()
        tied = ties([item for item in waiting if item[0] < begin])
        gap = begin - sum(len(piece) for _, piece in tied)
        rows.append([*tied, ("", " " * gap), (mark.style, plain(mark.text).rstrip())])
    return window(line, focus), rows


def underline(placed: list[tuple[int, int, Mark]]) -> Row:
    """`^^^^` under primary and `----` under secondary marks; where they overlap the primary one shows."""
    styles: dict[int, str] = {}
    for begin, stop, mark in placed:
        for position in range(begin, stop):
            if styles.get(position) != "primary":
                styles[position] = mark.style
    row: Row = []
    for position in range(max(styles) + 1):
        style = styles.get(position, "")
        piece = {"primary": "^", "secondary": "-", "": " "}[style]
        if row and row[-1][0] == style:
            row[-1] = (style, row[-1][1] + piece)
        else:
            row.append((style, piece))
    return row


def ties(placed: list[tuple[int, int, Mark]]) -> Row:
    """A row of `|` under the beginnings of marks whose words stand further down."""
    row: Row = []
    position = 0
    for begin, _, mark in placed:
        if begin >= position:
            row += [("", " " * (begin - position)), (mark.style, "|")]
            position = begin + 1
    return row
