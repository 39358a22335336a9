"""NN2xx: names, calls and static values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.source import Span


@dataclass(frozen=True)
class Suggesting(Diagnostic):
    """Base of errors about a name that is not known: `suggestion` is the known name nearest to it, if one is near."""

    suggestion: str | None

    def help(self) -> Help | None:
        if self.suggestion is None or self.span is None:
            return super().help()
        return Help(f"did you mean `{self.suggestion}`?", Edit(self.span, self.suggestion))


# ---------------------------------------------------------------- names


@dataclass(frozen=True)
class UnknownName(Suggesting):
    """A name stands for nothing here.

        wrong:  logits = hiden -> dense(10)
        right:  logits = hidden -> dense(10)

    A model sees what stands above the line: its inputs, targets and values, and all consts and blocks. A block sees
    its parameters, consts and blocks, but no value of a model: what it needs is given to it as an argument.
    """

    code = "NN201"
    title = "there is no {kind} called `{name}`"
    label = "not known {where}"
    advice = "{hint}"

    kind: str
    name: str
    where: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else super().help() if self.suggestion else None


@dataclass(frozen=True)
class ForeignName(Diagnostic):
    """The name belongs to another framework; here the same thing has another one.

    wrong:  h = x -> linear_layer(64)
    right:  h = x -> dense(64)
    """

    code = "NN202"
    title = "`{name}` is called `{ours}` here"
    label = "a name of another framework"

    name: str
    ours: str

    def help(self) -> Help | None:
        return Help(f"write `{self.ours}`", Edit(self.span, self.ours)) if self.span else None


@dataclass(frozen=True)
class NotRebindable(Diagnostic):
    """A target, an output, a layer, a block or a const keeps its meaning; inputs and plain names may be bound again.

    wrong:  output y = x -> dense(1)
            y = y * 2
    right:  z = x -> dense(1)
            output y = z * 2
    """

    code = "NN203"
    title = "`{name}` is {kind} already"
    label = "give this another name"

    name: str
    kind: str
    first: Span | None

    def secondary(self) -> Iterator[Label]:
        if self.first is not None:
            yield Label(self.first, "first defined here")


@dataclass(frozen=True)
class DefinedTwice(Diagnostic):
    """Two things that a program can name have the same name.

        wrong:  const width = 32
                block width(x) { return x -> dense(32) }
        right:  const width = 32
                block widen(x) { return x -> dense(32) }

    Consts and blocks of the main file and of all imported files share one set of names.
    """

    code = "NN204"
    title = "`{name}` is defined twice"
    label = "the second one"

    name: str
    first: Span | None

    def secondary(self) -> Iterator[Label]:
        if self.first is not None:
            yield Label(self.first, "the first one")


@dataclass(frozen=True)
class ReservedName(Diagnostic):
    """The name is used for something else in the place where this one would appear.

        wrong:  input source: f32[4]          # a setting of `data` is called so
        right:  input measures: f32[4]

    Inputs and targets are bound by name in `data`, where `source`, `train`, `validation`, `test`, `stratify`,
    `shuffle`, `split_seed` and `missing` are settings. `loss` is what the reported loss is called, `batch` the size
    of the batch.
    """

    code = "NN205"
    title = "{what} may not be called `{name}`"
    label = "{reason}"

    what: str
    name: str
    reason: str


@dataclass(frozen=True)
class NeedsAlias(Diagnostic):
    """Two metrics, or two losses, would be reported by the same name.

    wrong:  metric mae(main, price)
            metric mae(aux, price)
    right:  metric mae(main, price)
            metric mae(aux, price) as aux_mae
    """

    code = "NN206"
    title = "two {kind} are called `{name}`"
    label = "the second one"

    kind: str
    name: str
    first: Span
    rename: Edit

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first one")

    def help(self) -> Help | None:
        return Help("give it a name of its own", self.rename)


@dataclass(frozen=True)
class SameLayerName(Diagnostic):
    """Two layers would have the same name in files and summaries, so their parameters could not be told apart.

        wrong:  h = x -> dense(8)
                h = h -> dense(8)         # the second binding of `h` is called `h_2`
                h_2 = h -> dense(8)
        right:  h = x -> dense(8)
                h = h -> dense(8)
                last = h -> dense(8)

    The second and later bindings of a name get `_2`, `_3` behind it.
    """

    code = "NN207"
    title = "two layers would be called `{name}`"
    label = "the second one; bind it to another name"

    name: str
    first: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first one")


@dataclass(frozen=True)
class UsedBeforeBound(Diagnostic):
    """A name is used above the line that binds it. A body is read from top to bottom.

    wrong:  output y = h -> dense(1)
            h = x -> dense(8)
    right:  h = x -> dense(8)
            output y = h -> dense(1)
    """

    code = "NN209"
    title = "`{name}` is used before it is bound"
    label = "not bound yet"

    name: str
    bound: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.bound, "bound here")


@dataclass(frozen=True)
class UnknownAttribute(Suggesting):
    """What stands behind the dot is nothing that this value has.

    wrong:  loss mean(abs(hidden.weights))
    right:  loss mean(abs(hidden.W))
    """

    code = "NN208"
    title = "{owner} has no `{name}`"
    label = "not known"

    owner: str
    name: str
    known: str

    def help(self) -> Help | None:
        found = super().help()
        return found or (Help(f"it has {self.known}") if self.known else None)


# ---------------------------------------------------------------- calls


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
    advice = "{usage}"

    callee: str
    usage: str


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


# ---------------------------------------------------------------- static values


@dataclass(frozen=True)
class NotStatic(Diagnostic):
    """A value that must be known while compiling is calculated from data.

        wrong:  h = if mean(x) > 0 then x else -x
        right:  h = where(x > 0, x, -x)

    `if`, `for`, `repeat`, `assert`, sizes and the arguments of layers shape the network itself, so they cannot depend
    on the numbers that flow through it. `x.shape` is known, and so is everything calculated from consts.
    """

    code = "NN230"
    title = "{what} must be known while compiling"
    label = "this is {found}, known only while the network runs"
    advice = "{remedy}"

    what: str
    found: str
    remedy: str


@dataclass(frozen=True)
class WrongValue(Diagnostic):
    """A static value is of another kind than its place needs.

    wrong:  h = x -> repeat 2.5 { dense(8) }
    right:  h = x -> repeat 2 { dense(8) }
    """

    code = "NN231"
    title = "{what} must be {expects}"
    label = "this is {found}"

    what: str
    expects: str
    found: str
    advice_text: str = ""
    edit: Edit | None = None

    def help(self) -> Help | None:
        return Help(self.advice_text, self.edit) if self.advice_text else None


@dataclass(frozen=True)
class WrongOperands(Diagnostic):
    """An operator does not work on these kinds of values.

    wrong:  const n = "3" + 1
    right:  const n = 3 + 1
    """

    code = "NN232"
    title = "`{operator}` does not work on {operands}"
    label = "{detail}"

    operator: str
    operands: str
    detail: str = ""


@dataclass(frozen=True)
class OutOfRange(Diagnostic):
    """A static calculation leaves the numbers that the language has.

        wrong:  const n = 2 ^ 64
        right:  const n = 2 ^ 20

    Whole numbers lie within ±(2^63 - 1), decimal ones are finite, lists hold at most 1 000 000 values.
    """

    code = "NN233"
    title = "{what}"
    label = "{detail}"

    what: str
    detail: str


@dataclass(frozen=True)
class DividesByZero(Diagnostic):
    """A static calculation divides by zero.

    wrong:  const n = 8 // 0
    right:  const n = 8 // 2
    """

    code = "NN234"
    title = "division by zero"
    label = "the divisor is 0"


@dataclass(frozen=True)
class NoSuchElement(Suggesting):
    """A list has no element at that place, or a map no such key. The first element has the index 0, the last -1.

    wrong:  const sizes = [32, 64]
            const last = sizes[2]
    right:  const sizes = [32, 64]
            const last = sizes[1]
    """

    code = "NN235"
    title = "{what}"
    label = "{detail}"

    what: str
    detail: str


@dataclass(frozen=True)
class AssertFails(Diagnostic):
    """An `assert` of the program does not hold.

    wrong:  assert 10 % 4 == 0, "the width must be a multiple of 4"
    right:  assert 12 % 4 == 0, "the width must be a multiple of 4"
    """

    code = "NN236"
    title = "{said}"
    label = "this is false"

    said: str


@dataclass(frozen=True)
class ConstCycle(Diagnostic):
    """A const is defined by itself, directly or through others.

    wrong:  const a = b + 1
            const b = a - 1
    right:  const a = 2
            const b = a - 1
    """

    code = "NN237"
    title = "const `{name}` is defined by itself"
    label = "{path}"

    name: str
    path: str


@dataclass(frozen=True)
class NeedsData(Diagnostic):
    """Something in the program is read from the data, and there are no data at hand.

        wrong:  target species: class            # and no `data` section
        right:  target species: class[3]

    Give the program a `data` section with a source, or write what would have been read.
    """

    code = "NN238"
    title = "{what} is read from the data, and there are none"
    label = "{detail}"
    advice = "{remedy}"

    what: str
    detail: str
    remedy: str


@dataclass(frozen=True)
class TooMuchWork(Diagnostic):
    """The program's loops, repetitions and blocks unfold to more than a compiler should swallow.

        wrong:  for i in range(0, 1_000_000) { h = h -> dense(8) }
        right:  for i in range(0, 10) { h = h -> dense(8) }

    A network may have 10 000 layers and 100 000 operations, and take 1 000 000 steps of evaluation.
    """

    code = "NN239"
    title = "the program unfolds to more than {limit} {what}"
    label = "the limit is reached here"

    limit: str
    what: str


@dataclass(frozen=True)
class TooDeep(Diagnostic):
    """Blocks that use blocks, or expressions in expressions, are nested more deeply than the compiler follows."""

    code = "NN240"
    title = "this is nested too deeply"
    label = "the limit is reached here"
    advice = "name the inner parts, or use fewer blocks within blocks"


# ---------------------------------------------------------------- files, models, overrides


@dataclass(frozen=True)
class NotAPath(Diagnostic):
    """An import names something that no file can be called.

    wrong:  import ""
    right:  import "blocks.nn"
    """

    code = "NN250"
    title = "this is not the path of a file"
    label = "cannot be opened"


@dataclass(frozen=True)
class ImportCycle(Diagnostic):
    """Files import each other in a circle.

    wrong:  # a.nn: import "b.nn"     b.nn: import "a.nn"
    right:  # a.nn: import "b.nn"     b.nn imports nothing
    """

    code = "NN251"
    title = "{path} imports itself"
    label = "{cycle}"

    path: str
    cycle: str


@dataclass(frozen=True)
class ImportOutside(Diagnostic):
    """An import leaves the folder of the main file.

        wrong:  import "../blocks.nn"
        right:  import "blocks.nn"

    A program names files of its own folder and those below it; `--root` names a folder that may hold more.
    """

    code = "NN252"
    title = "{path} lies outside {root}"
    label = "imports stay within the folder of the main file"
    advice = "move the file there, or allow a larger folder with --root"

    path: str
    root: str


@dataclass(frozen=True)
class NoModel(Diagnostic):
    """A program is compiled or trained that has no model.

    wrong:  const n = 3
    right:  model m { input x: f32[4]  output y = x -> dense(3) … }
    """

    code = "NN253"
    title = "{path} has no model"
    advice = "write one: model NAME {{ … }}"

    path: str


@dataclass(frozen=True)
class SeveralModels(Diagnostic):
    """A file holds several models, and none of them was chosen."""

    code = "NN254"
    title = "there are several models: {names}"
    label = "one of them"
    advice = "choose one with --model {first}"

    names: str
    first: str


@dataclass(frozen=True)
class UnknownModel(Suggesting):
    """`--model` names a model that the file does not have."""

    code = "NN255"
    title = "there is no model called `{name}` (there is {known})"

    name: str
    known: str

    def help(self) -> Help | None:
        return Help(f"did you mean `{self.suggestion}`?") if self.suggestion else None


@dataclass(frozen=True)
class SectionTwice(Diagnostic):
    """A program has two `data` or two `train` sections.

    wrong:  train { epochs = 5 }
            train { seed = 1 }
    right:  train { epochs = 5 \n seed = 1 }
    """

    code = "NN256"
    title = "there are two `{kind}` sections"
    label = "the second one"
    advice = "move its settings into the first one"

    kind: str
    first: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first one")


@dataclass(frozen=True)
class UnknownSetting(Suggesting):
    """`data` or `train` has no setting of that name.

    wrong:  train { epoch = 5 }
    right:  train { epochs = 5 }
    """

    code = "NN257"
    title = "`{section}` has no setting `{name}`"
    label = "not known"

    section: str
    name: str
    known: str

    def help(self) -> Help | None:
        return super().help() or Help(f"it has {self.known}")


@dataclass(frozen=True)
class SettingTwice(Diagnostic):
    """A setting is given twice.

    wrong:  train { epochs = 5 \n epochs = 10 }
    right:  train { epochs = 10 }
    """

    code = "NN258"
    title = "`{name}` is set twice"
    label = "the second time"

    name: str
    first: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first time")


@dataclass(frozen=True)
class BadSetting(Diagnostic):
    """A setting's value is not what it takes.

    wrong:  train { batch_size = 0 }
    right:  train { batch_size = 32 }
    """

    code = "NN259"
    title = "`{name}` must be {expects}"
    label = "this is {found}"

    name: str
    expects: str
    found: str
    remedy: str = ""
    edit: Edit | None = None

    def help(self) -> Help | None:
        return Help(self.remedy, self.edit) if self.remedy else None


@dataclass(frozen=True)
class BadOverride(Diagnostic):
    """`--set` takes NAME=value: a const of the program, or a setting such as train.epochs.

    wrong:  nndsl train digits.nn --set epochs=5
    right:  nndsl train digits.nn --set train.epochs=5
    """

    code = "NN260"
    title = "--set {text}: {reason}"
    advice = "{remedy}"

    text: str
    reason: str
    remedy: str
