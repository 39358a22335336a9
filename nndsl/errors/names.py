"""NN20x: names that mean nothing, two things, or the wrong one."""

from __future__ import annotations

from collections.abc import Iterator

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.source import Span


class Suggesting(Diagnostic):
    """Base of errors about a name that is not known: `suggestion` is the known name nearest to it, if one is near."""

    suggestion: str | None

    def help(self) -> Help | None:
        if self.suggestion is None or self.span is None:
            return super().help()
        return Help(f"did you mean `{self.suggestion}`?", Edit(self.span, self.suggestion))


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
