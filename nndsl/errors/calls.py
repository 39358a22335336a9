"""NN21x and NN22x: calls, their arguments, blocks, and statements in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.errors.names import Suggesting
from nndsl.source import Span


class NotAFunction(Diagnostic):
    """Only layers, functions, blocks and shared layers can be called, or stand as a stage behind `->`.

    wrong:  y = x -> 3
    right:  y = x * 3
    """

    code = "NN210"
    title = "{what} cannot be called"
    label = "{kind}"
    advice = "layers, functions, blocks and `layer` names can be called"

    what: str
    kind: str


class UnknownArgument(Suggesting):
    """The function has no parameter of that name.

    wrong:  h = x -> dense(32, activaton = relu)
    right:  h = x -> dense(32, activation = relu)
    """

    code = "NN211"
    title = "`{callee}` has no argument `{name}`"
    label = "not known"

    callee: str
    name: str
    known: str

    def help(self) -> Help | None:
        return super().help() or Help(f"it takes {self.known}")


class MissingArgument(Diagnostic):
    """A call leaves out an argument that has no default.

    wrong:  h = x -> dense(activation = relu)
    right:  h = x -> dense(32, activation = relu)
    """

    code = "NN212"
    title = "`{callee}` needs `{name}`"
    label = "no `{name}` given"
    advice = "{usage}"

    callee: str
    name: str
    usage: str


class TooManyArguments(Diagnostic):
    """A call gives more values than the function takes.

        wrong:  h = x -> dropout(0.5, 0.2)
        right:  h = x -> dropout(0.5)

    In `x -> f(a)` the first argument is `x`. What comes behind the sizes and the activation must be named:
    `dense(32, relu, bias = false)`.
    """

    code = "NN213"
    title = "`{callee}` does not take that many values"
    label = "one too many"

    callee: str
    usage: str
    items: Span | None
    """The values that should be one list."""

    def help(self) -> Help:
        if self.items is None:
            return Help(self.usage)
        as_list = f"[{self.items.text}]"
        return Help(f"several numbers are one list: `{as_list}`", Edit(self.items, as_list))


class ArgumentTwice(Diagnostic):
    """An argument is given twice, by name or by its place.

    wrong:  h = x -> dense(32, units = 64)
    right:  h = x -> dense(64)
    """

    code = "NN214"
    title = "`{callee}` is given `{name}` twice"
    label = "the second time"

    callee: str
    name: str
    first: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first time")


class WrongArgument(Diagnostic):
    """An argument is not of the kind that the parameter takes.

    wrong:  h = x -> dense("32")
    right:  h = x -> dense(32)
    """

    code = "NN215"
    title = "`{name}` of `{callee}` must be {expects}"
    label = "this is {found}"

    callee: str
    name: str
    expects: str
    found: str
    advice_text: str = ""
    edit: Edit | None = None

    def help(self) -> Help | None:
        return Help(self.advice_text, self.edit) if self.advice_text else None


class UnknownChoice(Suggesting):
    """An argument that takes one of a few words is given another.

    wrong:  h = x -> conv2d(32, 3, padding = sane)
    right:  h = x -> conv2d(32, 3, padding = same)
    """

    code = "NN216"
    title = "`{name}` of `{callee}` cannot be `{found}`"
    label = "expects {known}"

    callee: str
    name: str
    found: str
    known: str


class BlockCallsItself(Diagnostic):
    """A block is used in its own body, directly or through others: its network would have no end.

    wrong:  block f(x) { return x -> dense(8) -> f }
    right:  block f(x) { return x -> repeat 3 { dense(8) } }
    """

    code = "NN217"
    title = "block `{name}` calls itself"
    label = "{path}"
    advice = "repeat a known number of times with `repeat n {{ … }}` or `for`"

    name: str
    path: str


class WrongCount(Diagnostic):
    """A binding or a loop takes another number of values than there are.

    wrong:  a, b, c = x -> two_results
    right:  a, b = x -> two_results
    """

    code = "NN218"
    title = "{names} names are bound to {values}"
    label = "gives {values}"

    names: int
    values: str


class NoValue(Diagnostic):
    """A block is used that returns nothing.

    wrong:  block f(x) { y = x -> dense(8) }
    right:  block f(x) { return x -> dense(8) }
    """

    code = "NN219"
    title = "block `{name}` returns nothing"
    label = "it has no `return`"

    name: str
    used: Span | None

    def secondary(self) -> Iterator[Label]:
        if self.used is not None:
            yield Label(self.used, "used here")


class Misplaced(Diagnostic):
    """A statement stands where it means nothing.

        wrong:  block f(x) { loss mean(x) }
        right:  model m { … loss mean(x) }

    `input` and `target` stand at the top of a model; `output`, `loss` and `metric` in a model or in its loops;
    `return` at the end of a block.
    """

    code = "NN220"
    title = "{what} cannot stand {where}"
    label = "{reason}"

    what: str
    where: str
    reason: str
