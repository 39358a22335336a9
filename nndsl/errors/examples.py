"""NN473, NN474, NN609, NN610: examples that can be read, but will not teach or show what one thinks."""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic


class RepeatedRows(Diagnostic):
    """Rows of one split have the same inputs as rows of another.

    A network may remember the answers to such rows, so what is measured on them says less of rows that it has never
    seen. Leave repetitions out of the data before they are split, or give the splits as sources of their own. Where
    inputs have so few values that rows must coincide, there is no such warning.
    """

    code = "NN609"
    title = "{count} {where} too, with {same}"
    advice = "{place} and {other_place} are such a pair"
    severity = "warning"

    count: str
    where: str
    same: str
    place: str
    other_place: str


class UnvaryingElement(Diagnostic):
    """`normalize` or `min_max` was fitted to values that are the same in every training row.

    There is nothing in them to learn from. Should another value come later, its difference is taken as it is, not
    scaled. A spread of at most 1e-7 that is not 0 counts as none for `normalize` too: it divides by 1e-7 there, as
    Keras does, and another value may become a number in the millions.
    """

    code = "NN610"
    title = "{elements} the same in every training row: `{layer}` cannot scale {them}"
    advice = "leave out what never changes"
    severity = "warning"

    elements: str
    layer: str
    them: str


class TooLargeToFit(Diagnostic):
    """The values of a column are so large that a statistic of it, such as its variance, has no float32.

    Float32 ends near 3.4e38, and a variance is a square: so values from about 1e19 on are too large for `normalize`.
    """

    code = "NN474"
    title = "`{name}` cannot be fitted: for {elements} it is too large for a float32 (up to 3.4e38)"
    advice = "divide {them} by a constant in the program or in the data, or leave {them} out"

    name: str
    elements: str
    them: str


class IndexOutOfRange(Diagnostic):
    """A value of an `i64` input is no row of the embedding that takes it: n rows are for 0 to n - 1. Or a value of an
    `i64` target is no class of the loss that takes it: n scores are for 0 to n - 1.

    Indices that are not known beforehand, such as rare words, need a row of their own in the data as well. Classes are
    counted from 0; `cross_entropy(…, ignore = -1)` leaves positions of that class out, and a target that is declared
    `class[3]` may be given by name.
    """

    code = "NN473"
    title = "{first} is no index of `{name}`{more}: {taker} is for 0 to {last}"
    label = "has {count} {things}"

    first: str
    more: str
    name: str
    taker: str
    count: int
    things: str
    last: int
