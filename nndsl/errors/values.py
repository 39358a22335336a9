"""NN45x–NN48x: what can be wrong with the values in data files, with splits and with fitted statistics."""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic, Help

# ---------------------------------------------------------------- values


class NotANumber(Diagnostic):
    """A cell that should be a number holds something else.

    Numbers are written as `3`, `-0.5` or `1e-3`, with the decimal sign that the source's `decimal` says, and without
    signs for thousands.
    """

    code = "NN451"
    title = "{place}: {value} is not a number{more}"
    label = "`{name}` is {declared}"

    place: str
    value: str
    more: str
    name: str
    declared: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class MissingValue(Diagnostic):
    """A cell is empty or NaN.

    `missing = drop` in `data` leaves such rows out (and says how many), `missing = keep` leaves NaN in numbers for
    `impute` to fill.
    """

    code = "NN452"
    title = "{place} is empty or NaN{more}"
    label = "`{name}` is made of it"

    place: str
    more: str
    name: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class InfiniteValue(Diagnostic):
    """A number is infinite. No network can learn from it, and no setting lets it pass."""

    code = "NN453"
    title = "{place}: {value} is infinite{more}"
    label = "`{name}` is made of it"

    place: str
    value: str
    more: str
    name: str


class NumberTooLarge(Diagnostic):
    """A number lies outside what the declared type can hold: f32 ends at ±3.4e38, i64 at ±(2^63-1)."""

    code = "NN454"
    title = "{place}: {value} is too large for {declared}{more}"
    label = "`{name}` is {declared}"

    place: str
    value: str
    more: str
    name: str
    declared: str


class NotWhole(Diagnostic):
    """An index or a class is a number with a fraction, or an `i64` is not a number at all."""

    code = "NN455"
    title = "{place}: {value} is not a whole number{more}"
    label = "`{name}` is {declared}"

    place: str
    value: str
    more: str
    name: str
    declared: str


class NotBinary(Diagnostic):
    """A `binary` is 0/1, false/true, no/yes, n/y or f/t, in any case."""

    code = "NN456"
    title = "{place}: {value} is not binary{more}"
    label = "`{name}` is 0/1, false/true, no/yes, n/y or f/t"

    place: str
    value: str
    more: str
    name: str


class ClassOutOfRange(Diagnostic):
    """The data of a `class[n]` hold whole numbers, but not only 0 to n - 1."""

    code = "NN457"
    title = "{place}: {value} is not one of 0 to {last}{more}"
    label = "`{name}` is {declared}"
    advice = "{hint}"

    place: str
    value: str
    last: int
    more: str
    name: str
    declared: str
    hint: str


class KindCount(Diagnostic):
    """A `class[n]` whose data are text needs exactly n different strings in the training split."""

    code = "NN458"
    title = "`{name}` is {declared}, but its training rows hold {found}: {kinds}"

    name: str
    declared: str
    found: str
    kinds: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class UnknownKind(Diagnostic):
    """A class is none of the fixed kinds, or none that the training split holds.

    `unknown = other` behind an input's type gives kinds that training never saw an index of their own.
    """

    code = "NN459"
    title = "{place}: {value} is not a kind of `{name}`{more}"
    label = "its kinds are {kinds}"

    place: str
    value: str
    more: str
    name: str
    kinds: str
    suggestion: str | None = None

    def help(self) -> Help | None:
        return Help(f"did you mean {self.suggestion}?") if self.suggestion else None


# ---------------------------------------------------------------- splits


class SharesTooLarge(Diagnostic):
    """The splits ask for more rows than there are."""

    code = "NN461"
    title = "the splits ask for {wanted}, but there are {rows}"
    label = "{detail}"

    wanted: str
    rows: str
    detail: str


class EmptySplit(Diagnostic):
    """A split would have no rows: its share is too small for so few rows, or the other splits leave none."""

    code = "NN462"
    title = "no rows are left for `{split}`: {reason}"

    split: str
    reason: str


class SingleRowStratum(Diagnostic):
    """`stratify` gives every split its share of each kind, which one row alone cannot be given."""

    code = "NN463"
    title = "`stratify = {name}`: only one row has {value} ({place}){more}"
    advice = "leave out `stratify`, or such rows"

    name: str
    value: str
    place: str
    more: str


class NotStratifiable(Diagnostic):
    """`stratify` takes an input or target with one kind a row: a `class`, a `binary` or an `i64` without a shape."""

    code = "NN464"
    title = "`stratify` needs one kind for each row, and `{name}` is {declared}"

    name: str
    declared: str


class UnusedSource(Diagnostic):
    """`train` has a source of its own and no split takes a share, so nothing would ever read `source`."""

    code = "NN465"
    title = "no split takes rows of `source`"
    advice = "give `validation` or `test` a share of it (`15%`), or leave it out"


class NoTrainingRows(Diagnostic):
    """`data` says neither `source` nor `train`, so there is nothing to train on."""

    code = "NN466"
    title = "`data` names no rows to train on"
    advice = 'add `source = csv("…")`'


class NoWholeBatch(Diagnostic):
    """With `drop_last = true` only whole batches are used, and there are fewer rows than one needs."""

    code = "NN467"
    title = "`drop_last` leaves no batch: there are {rows}, and a batch has {batch_size}"
    advice = "lower `batch_size`, or leave out `drop_last`"

    rows: str
    batch_size: int


# ---------------------------------------------------------------- fitting


class UnfittedStatistic(Diagnostic):
    """A statistic cannot be fitted to the training rows, because values that its layer sees are not finite."""

    code = "NN471"
    title = "`{name}` cannot be fitted: its layer sees values that are {what}"
    advice = "with `missing = keep`, `impute` must come before the layer"

    name: str
    what: str


class AbsentClass(Diagnostic):
    """`class_weight = balanced` weights a class by how rare it is, which has no answer for a class without rows."""

    code = "NN472"
    title = "`balanced` cannot weight the classes {classes}: no training row has them"

    classes: str


# ---------------------------------------------------------------- warnings


class RowsDropped(Diagnostic):
    """`missing = drop` left rows out because a cell of theirs is empty or NaN."""

    code = "NN481"
    title = "{dropped} of {total} dropped: a cell is missing, first at {place}"
    severity = "warning"

    dropped: str
    total: str
    place: str


class ConstantTarget(Diagnostic):
    """A target has the same value in every training row, so there is nothing to learn about it."""

    code = "NN482"
    title = "the target `{name}` is {value} in every training row"
    severity = "warning"

    name: str
    value: str


class TargetAmongInputs(Diagnostic):
    """A pattern of an input also matches the column of a target: the network would be shown the answer."""

    code = "NN483"
    title = "the input `{name}` takes the column {column} of the target `{target}`"
    label = "this matches it too"
    severity = "warning"

    name: str
    column: str
    target: str
