"""NN1xx, what can be wrong with a program's text before its names mean anything: files, characters, literals, limits.

What breaks the grammar is in `nndsl.errors.grammar` and `nndsl.errors.expressions`.
"""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic, Edit, Help


class UnreadableFile(Diagnostic):
    """A program's file cannot be read: it is not there, is a folder or a device, or its permissions forbid it.

    Wrong:  nndsl train digit.nn      (the file is called digits.nn)
    Right:  nndsl train digits.nn
    """

    code = "NN101"
    title = "cannot read `{path}`: {reason}"

    path: str
    reason: str


class NotText(Diagnostic):
    """A program is a text in UTF-8; this file holds bytes that are not.

    Mostly the file is something else (a trained model, an archive), or an editor saved it in another encoding.

    Wrong:  a file saved as Latin-1 or UTF-16
    Right:  the same file saved as UTF-8
    """

    code = "NN102"
    title = "`{path}` is not a text in UTF-8: {reason}"
    advice = "save the file as UTF-8"

    path: str
    reason: str


class SourceTooLong(Diagnostic):
    """A program may have up to 1 MiB (1,048,576 bytes) of text. A model's structure never needs more; data belongs
    into files that `data { source = … }` names.

    Wrong:  const weights = [0.1, 0.2, … a million numbers]
    Right:  data { source = npz("weights.npz") }
    """

    code = "NN103"
    title = "`{path}` has more than 1 MiB of text"
    advice = "keep numbers in data files and repeat structure with `for`, `repeat` or blocks"

    path: str


class HiddenCharacter(Diagnostic):
    """A control character stands in the text: it is not seen, and a bidirectional one shows the text in another order
    than it is read. Both are errors anywhere, also in comments and strings. A string may say one by its escape.

    Wrong:  note = "a‮b"          (with a character U+202E that shows what follows backwards)
    Right:  note = "a\\u{202e}b"
    """

    code = "NN104"
    title = "{kind} character U+{point:04X} stands in the text"
    label = "here, though it may not be seen"

    kind: str
    point: int

    def help(self) -> Help:
        assert self.span is not None
        return Help("delete it, or write it in a string as \\u{" + f"{self.point:x}" + "}", Edit(self.span, ""))


class TooDeep(Diagnostic):
    """Brackets, braces and prefix operators may nest 64 levels deep. (A long pipe or sum is not nesting.)

    Wrong:  y = f(f(f(… 70 times …(x)…)))
    Right:  y = x -> repeat 70 { f }
    """

    code = "NN105"
    title = "this is nested more than 64 levels deep"
    label = "level 65 begins here"
    advice = "name a part of it on a line of its own, and use the name here"


class UnknownCharacter(Diagnostic):
    """A character that is no part of the language. Names are of ASCII letters, digits and `_`; any character may stand
    in strings and comments. Texts copied from a page or a chat often hold look-alikes (`–` for `-`, `×` for `*`).

    Wrong:  area = width × height
    Right:  area = width * height
    """

    code = "NN106"
    title = "`{text}` is not part of the language"
    label = "{name}"

    text: str
    name: str
    instead: str = ""

    def help(self) -> Help | None:
        if not self.instead or self.span is None:
            return None
        return Help(f"write `{self.instead}`", Edit(self.span, self.instead))


class UnclosedString(Diagnostic):
    """A string begins but its line ends before the closing quote. A line end within a string is written `\\n`.

    Wrong:  source = csv("digits.csv)
    Right:  source = csv("digits.csv")
    """

    code = "NN107"
    title = "this string is never closed"
    label = "it begins here, and no `{quote}` follows on the line"

    quote: str
    closed: str  # the string as it was probably meant

    def help(self) -> Help:
        assert self.span is not None
        return Help('close it with `"`', Edit(self.span, self.closed))


class BadEscape(Diagnostic):
    """A backslash in a string begins an escape: `\\n` line end, `\\t` tab, `\\"` quote, `\\\\` backslash, and
    `\\u{…}` the character of that hexadecimal number. Nothing else may follow it.

    Wrong:  source = csv("data\\digits.csv")
    Right:  source = csv("data/digits.csv")
    """

    code = "NN108"
    title = "`{text}` is not an escape"
    label = 'known are \\n, \\t, \\", \\\\ and \\u{{…}}'

    text: str

    def help(self) -> Help:
        assert self.span is not None
        if self.text.startswith("\\u"):
            return Help("a character is written by its hexadecimal number, as in `\\u{e9}`, and must exist")
        return Help("write a backslash as `\\\\` (folders may be divided by `/`)", Edit(self.span, f"\\{self.text}"))


class BadNumber(Diagnostic):
    """A number is digits (`32`, `1_000`), digits with a point between them (`0.5`), or either with an exponent
    (`1e-3`); `15%` is 0.15. A letter or a point directly behind it makes it none.

    Wrong:  x = 3y + .5
    Right:  x = 3 * y + 0.5
    """

    code = "NN109"
    title = "`{text}` is not a number"
    label = "{reason}"

    text: str
    reason: str
    instead: str = ""

    def help(self) -> Help | None:
        if not self.instead or self.span is None:
            return None
        return Help(f"write `{self.instead}`", Edit(self.span, self.instead))


class NumberOutOfRange(Diagnostic):
    """Integers lie within ±9223372036854775807 (2^63 - 1), other numbers within ±1.7976931348623157e308.

    Wrong:  const far = 1e999
    Right:  const far = 1e300
    """

    code = "NN110"
    title = "this {kind} is too large"
    label = "the largest is {largest}"

    kind: str
    largest: str


class NameTooLong(Diagnostic):
    """A name has at most 128 characters.

    Wrong:  a_name_of_more_than_a_hundred_and_twenty_eight_characters… = 1
    Right:  a_shorter_name = 1
    """

    code = "NN111"
    title = "this name has {length} characters"
    label = "names have at most 128"

    length: int


class SingleQuotes(Diagnostic):
    """Strings stand in double quotes.

    Wrong:  source = csv('digits.csv')
    Right:  source = csv("digits.csv")
    """

    code = "NN114"
    title = "strings stand in double quotes"
    label = "a string in single quotes"

    instead: str

    def help(self) -> Help:
        assert self.span is not None
        return Help(f"write `{self.instead}`", Edit(self.span, self.instead))


class ForeignComment(Diagnostic):
    """A comment begins with `#` and goes to the end of its line. There are no comments of several lines.

    Wrong:  epochs = 30   // enough
    Right:  epochs = 30   # enough
    """

    code = "NN116"
    title = "comments begin with `#`"
    label = "`{text}` begins no comment here"

    text: str

    def help(self) -> Help:
        assert self.span is not None
        return (
            Help("write `#`", Edit(self.span, "#")) if self.text == "//" else Help("begin each of its lines with `#`")
        )


class PercentOrRemainder(Diagnostic):
    """A `%` that touches a number in front of it means percent: `15%` is 0.15. With a space before it `%` is the
    remainder of a division.

    Wrong:  validation = 15 %          rest = 7%3
    Right:  validation = 15%           rest = 7 % 3
    """

    code = "NN139"
    title = "{fact}"
    label = "{meaning}"

    fact: str
    meaning: str
    instead: str

    def help(self) -> Help:
        assert self.span is not None
        return Help(f"write `{self.instead}`", Edit(self.span, self.instead))
