"""The values of number and string literals. (The errors are imported where one is made: few programs have any.)"""

from __future__ import annotations

import re
from collections.abc import Callable

from nndsl.diagnostics import Diagnostic
from nndsl.source import Span

LARGEST_INTEGER = 2**63 - 1
LARGEST_FLOAT = 1.7976931348623157e308

ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(u\{[^}\"]*\}?|.))", re.DOTALL)

Report = Callable[[Diagnostic], None]


def number_value(span: Span, report: Report) -> int | float:
    """The value of `3`, `1_000`, `0.5`, `1e-3` or `15%`; one that has no value is reported and counts as 0."""
    text = span.text.replace("_", "")
    if text.isdigit():
        digits = text.lstrip("0") or "0"
        # Python refuses to read thousands of digits, and 19 hold everything up to the limit.
        if len(digits) > 19 or int(digits) > LARGEST_INTEGER:
            return too_large(span, "integer", str(LARGEST_INTEGER), report)
        return int(digits)
    value = float(hundredth(text[:-1]) if text.endswith("%") else text)
    if value > LARGEST_FLOAT:
        return too_large(span, "number", "1.7976931348623157e308", report)
    return value


def too_large(span: Span, kind: str, largest: str, report: Report) -> int:
    from nndsl.errors.syntax import NumberOutOfRange

    report(NumberOutOfRange(span, kind, largest))
    return 0


def hundredth(text: str) -> str:
    """A hundredth of a decimal, as a decimal: exact where dividing the float by 100 would round twice."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = exponent.lstrip("+-").lstrip("0") or "0"
    # An exponent beyond some digits makes 0 or infinity whatever the mantissa says, and Python reads only so many.
    size = int(digits) if len(digits) < 9 else 10**9
    return f"{mantissa}e{(-size if exponent.startswith('-') else size) - 2}"


def string_value(span: Span, report: Report) -> str:
    """The text between the quotes of a string literal, escapes replaced."""

    def replace(match: re.Match[str]) -> str:
        code, other = match.groups()
        if code is not None and (character := int(code, 16)) <= 0x10FFFF and not 0xD800 <= character <= 0xDFFF:
            return chr(character)
        if other in ESCAPES:
            return ESCAPES[other]
        from nndsl.errors.syntax import BadEscape

        start = span.start + 1 + match.start()
        report(BadEscape(Span(span.source, start, start + len(match.group())), match.group()))
        return ""

    return ESCAPE.sub(replace, span.text[1:-1])
