"""NN1xx, what breaks the grammar of expressions: operators, brackets, pipes and conditionals."""

from __future__ import annotations

from collections.abc import Iterator

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.source import Span


class Mendable(Diagnostic):
    """Base of errors that may know the edit that mends them."""

    edit: Edit | None

    def help(self) -> Help | None:
        return Help(self._fill(self.advice), self.edit) if self.advice else None


class ReservedWord(Diagnostic):
    """Some words have one meaning everywhere and cannot be names:
    if then else and or not true false none repeat for in as.

    Wrong:  in = features -> dense(8)
    Right:  inner = features -> dense(8)
    """

    code = "NN112"
    title = "`{word}` is a word of the language and cannot be a name"
    label = "a name is expected here"
    advice = "choose another name, for example `{word}_`"

    word: str


class ForeignOperator(Mendable):
    """An operator of other languages. Here powers are `^`, logic is `and or not`, equality is `==`, a pipe is `->`,
    and a binding is written out (`x = x + 1`).

    Wrong:  y = x ** 2 && !done
    Right:  y = x ^ 2 and not done
    """

    code = "NN113"
    title = "there is no operator `{found}`"
    label = "{meaning}"
    advice = "write {ours}"

    found: str
    meaning: str
    ours: str


class ChainedComparison(Mendable):
    """Comparisons are not chained: `a < b < c` would compare a truth value with `c`.

    Wrong:  inside = low < x < high
    Right:  inside = low < x and x < high
    """

    code = "NN119"
    title = "comparisons cannot be chained"
    label = "a second comparison"
    advice = "compare twice, joined by `and`"

    first: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first one")


class ParenthesesNeeded(Mendable):
    """`->` binds loosest of all, so what an operator behind a stage, or a pipe next to an `if`, belongs to would be
    easy to misread. Parentheses say it.

    Wrong:  y = x -> dense(8) + x
    Right:  y = (x -> dense(8)) + x
    """

    code = "NN120"
    title = "{title_text}"
    label = "{why}"
    advice = "put parentheses around {what}"

    title_text: str
    why: str
    what: str


class NotAStage(Mendable):
    """Behind `->` stands what the value goes through: a name (`relu`), a call (`dense(10)`), `repeat 3 { … }`, or an
    expression in parentheses.

    Wrong:  y = x -> 64
    Right:  y = x -> dense(64)
    """

    code = "NN121"
    title = "`{found}` cannot be a stage of a pipe"
    label = "a name, a call, `repeat` or `(` is expected behind `->`"
    advice = "{how}"

    found: str
    how: str


class CommaMissing(Mendable):
    """Arguments, items of a list, indices and entries of a map are divided by commas.

    Wrong:  dense(64 relu)
    Right:  dense(64, relu)
    """

    code = "NN125"
    title = "a comma is missing"
    label = "`,` is expected before this"
    advice = "put a comma between them"


class UnclosedBracket(Diagnostic):
    """A bracket is opened in a statement and never closed in it.

    Wrong:  hidden = dense(x, 32
    Right:  hidden = dense(x, 32)
    """

    code = "NN126"
    title = "this `{bracket}` is never closed"
    label = "opened here"

    bracket: str
    closer: str
    end: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.end, "still open here")

    def help(self) -> Help:
        return Help(
            f"close it with `{self.closer}`", Edit(Span(self.end.source, self.end.start, self.end.start), self.closer)
        )


class StrayCloser(Mendable):
    """A closing bracket or brace that nothing opened, or one of another kind than the bracket that it should close.

    Wrong:  hidden = dense(x, [32, 64))
    Right:  hidden = dense(x, [32, 64])
    """

    code = "NN128"
    title = "{title_text}"
    label = "{what}"
    advice = "{how}"

    title_text: str
    what: str
    how: str
    opened: Span | None = None

    def secondary(self) -> Iterator[Label]:
        if self.opened is not None:
            yield Label(self.opened, "opened here")


class Unfinished(Diagnostic):
    """A line ends where something must follow. (A line that ends with an operator or `->` goes on in the next one.)

    Wrong:  hidden =
              x -> dense(8)
    Right:  hidden = x
              -> dense(8)
    """

    code = "NN136"
    title = "{expected} is missing after `{after}`"
    label = "{expected} is expected here"

    expected: str
    after: str
    advice_text: str = ""

    def help(self) -> Help | None:
        return Help(self.advice_text) if self.advice_text else None


class Unexpected(Mendable):
    """The text does not go on as the grammar has it. What stands in front of it decides what may follow.

    Wrong:  hidden = x dense(8)
    Right:  hidden = x -> dense(8)
    """

    code = "NN137"
    title = "expected {expected}, found {found}"
    label = "{where}"
    advice = "{how}"

    expected: str
    found: str
    where: str = ""
    how: str = ""

    def help(self) -> Help | None:
        return super().help() if self.how else None


class ForeignConditional(Mendable):
    """The conditional expression begins with `if`: `if c then a else b`. It always has both branches.

    Wrong:  width = 512 if wide else 64
    Right:  width = if wide then 512 else 64
    """

    code = "NN142"
    title = "a conditional is written `if … then … else …`"
    label = "{what}"
    advice = "{how}"

    what: str
    how: str
