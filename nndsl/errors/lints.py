"""NN6xx: warnings about programs that mean something, but probably not what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.source import Span


class Warning(Diagnostic):
    """Base of all warnings."""

    severity: ClassVar[Literal["error", "warning"]] = "warning"


class UnusedInput(Warning):
    """No output, loss or metric depends on an input: the data must hold it, and nothing is made of it.

    wrong:  input wide: f32[5]
            input deep: f32[6]
            output y = deep -> dense(1)
    right:  output y = concat(wide, deep) -> dense(1)
    """

    code = "NN601"
    title = "{role} `{name}` is never used"
    label = "no output, loss or metric depends on it"

    role: str
    name: str


class UnusedConst(Warning):
    """Nothing uses a const. It may be misspelt where it was meant to be used.

    wrong:  const units = 32
            … dense(64)
    right:  const units = 32
            … dense(units)
    """

    code = "NN602"
    title = "const `{name}` is never used"
    label = "defined here"

    name: str


class UnusedLayer(Warning):
    """A layer is made that no output, loss or metric depends on: it will neither be trained nor be part of the model.

    wrong:  a = x -> dense(8)
            b = x -> dense(8)
            output y = a -> dense(1)
    right:  output y = concat(a, b) -> dense(1)
    """

    code = "NN603"
    title = "layer `{name}` is never used"
    label = "no output, loss or metric depends on it"

    name: str


class UntrainedOutput(Warning):
    """An output has layers that no loss reaches, so they keep their random initial values.

    wrong:  output main = h -> dense(1)
            output aux  = h -> dense(1)
            loss mse(main, y)
    right:  loss mse(main, y) + 0.1 * mse(aux, y)
    """

    code = "NN604"
    title = "no loss reaches the output `{name}`"
    label = "depends on `{layer}`, which is never trained"

    name: str
    layer: str


class AfterLastLayer(Warning):
    """Dropout or normalisation stands behind the last layer, where it only disturbs the scores.

    wrong:  logits = h -> dense(10) -> dropout(0.5)
    right:  logits = h -> dropout(0.5) -> dense(10)
    """

    code = "NN605"
    title = "`{layer}` stands after the last layer"
    label = "disturbs {what} itself"
    advice = "put it before the last layer"

    layer: str
    what: str


class WrongLossForLink(Warning):
    """Probabilities are compared by a loss that is not made for them: it learns slowly where it is most wrong.

    wrong:  loss mse(softmax(z), one_hot(digit, 10))
    right:  loss cross_entropy(z, digit)
    """

    code = "NN606"
    title = "`{loss}` of a `{link}` learns slowly"
    label = "{link} in front of {loss}"
    advice = "use `{better}` on the scores before the `{link}`"

    loss: str
    link: str
    better: str
    made: Span | None

    def secondary(self) -> Iterator[Label]:
        if self.made is not None:
            yield Label(self.made, f"the `{self.link}`")


class ConstantTarget(Warning):
    """A target has one value only, so there is nothing to learn.

    wrong:  target y: class[1]
    right:  target y: class[2]
    """

    code = "NN607"
    title = "target `{name}` is always the same"
    label = "one class"

    name: str


class ChannelsFirst(Warning):
    """Images whose shape looks like channels first go into a layer that reads the last axis as the channels.

    wrong:  input image: f32[3, 32, 32]
            maps = image -> conv2d(32, 3)
    right:  input image: f32[32, 32, 3]
            maps = image -> conv2d(32, 3)
    """

    code = "NN608"
    title = "`{layer}` reads {shape} as an image of {channels} channels"
    label = "the last axis is that of the channels"

    layer: str
    shape: str
    channels: str
    remedy: str
    declared: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.declared, f"this is {self.shape}")

    def help(self) -> Help | None:
        return Help(self.remedy)


class UndoneBias(Warning):
    """The mean that batch normalisation subtracts holds the bias of the layer in front of it, so that the bias does
    nothing; its gradient is rounding alone, and an optimizer that scales gradients lets it drift.

    wrong:  h = x -> dense(64) -> batch_norm -> relu
    right:  h = x -> dense(64, bias = false) -> batch_norm -> relu
    """

    code = "NN620"
    title = "`batch_norm` undoes the bias of the `{layer}` in front of it"
    label = "subtracts the mean, and the bias with it"

    layer: str
    made: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.made, "has a bias")

    def help(self) -> Help | None:
        end = self.made.end - 1
        is_call = self.made.text.endswith(")") and "bias" not in self.made.text
        insert = Edit(Span(self.made.source, end, end), ", bias = false") if is_call else None
        return Help("leave it out: `batch_norm` has a shift of its own", insert)


class OneScore(Warning):
    """What compares scores with each other is given a single one, so that it gives the same for every example.

    wrong:  output yes = h -> dense(1) -> softmax
    right:  output yes = h -> dense(1) -> sigmoid
    """

    code = "NN621"
    title = "`{name}` of one score is always {result}"
    label = "is given {shape}"
    advice = "{remedy}"

    name: str
    result: str
    shape: str
    remedy: str


class KindsAsNumbers(Warning):
    """A loss of numbers compares with a class: its index is taken for a quantity, though kinds have no order.

        wrong:  z = h -> dense(1)
                loss mse(z, digit)                   # digit is class[10]
        right:  z = h -> dense(10)
                loss cross_entropy(z, digit)

    What is a quantity is declared as one: `target stars: f32`.
    """

    code = "NN622"
    title = "`{loss}` takes the kinds of `{target}` for quantities"
    label = "compares with their indices, 0 to {last}"
    advice = "use `cross_entropy` with a score for each kind; or declare `{target}` as `f32` if it is a quantity"

    loss: str
    target: str
    last: int
    declared: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.declared, "declared here")
