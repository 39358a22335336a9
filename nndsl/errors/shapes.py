"""NN30x: types, shapes, and what layers work on."""

from __future__ import annotations

from collections.abc import Iterator

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.errors.names import Suggesting
from nndsl.source import Span

Places = tuple[tuple[Span, str], ...]
"""Secondary labels: where a conflicting fact came from, and what it is."""


# ---------------------------------------------------------------- types


class UnknownType(Suggesting):
    """An input or target has a type that the language does not have.

        wrong:  input x: float32[4]
        right:  input x: f32[4]

    Types are `f32` (numbers), `i64` (indices), `class` (one of several kinds) and `binary` (0 or 1), with one
    example's shape in brackets: `f32[28, 28, 1]`, `class[10]`, `class[10][28, 28]`.
    """

    code = "NN301"
    title = "there is no type `{name}`"
    label = "types are f32, i64, class and binary"

    name: str


class BadType(Diagnostic):
    """A type is written in a way that means nothing.

    wrong:  target y: class[3][4][5]
    right:  target y: class[3][4, 5]
    """

    code = "NN302"
    title = "{what}"
    label = "{detail}"

    what: str
    detail: str
    advice_text: str = ""
    edit: Edit | None = None

    def help(self) -> Help | None:
        return Help(self.advice_text, self.edit) if self.advice_text else None


class SizeSharesName(Diagnostic):
    """A free size has the same name as a value, so that the name would mean two things.

    wrong:  input time: f32[time, 9]
    right:  input signal: f32[time, 9]
    """

    code = "NN303"
    title = "`{name}` is a size and {kind}"
    label = "a size, since no const is called so"

    name: str
    kind: str
    value: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.value, f"{self.kind} is called so too")


# ---------------------------------------------------------------- layers and functions


class Misused(Diagnostic):
    """A layer, function or operator is applied to tensors, or with arguments, that it does not work with.

    wrong:  input five: f32[5]
            input six: f32[6]
            both = five + six
    right:  both = concat(five, six)
    """

    code = "NN304"
    title = "{found}"
    label = "{detail}"

    found: str
    detail: str
    places: Places
    remedy: str | None = None
    edit: Edit | None = None

    def secondary(self) -> Iterator[Label]:
        for span, text in self.places:
            yield Label(span, text)

    def help(self) -> Help | None:
        return Help(self.remedy, self.edit) if self.remedy else None


class ScoresMismatch(Diagnostic):
    """A classification loss or metric needs one score for each class, along the last axis.

        wrong:  logits = image -> conv2d(32, 3) -> dense(10)      # ten scores for every pixel
                loss cross_entropy(logits, digit)
        right:  logits = image -> conv2d(32, 3) -> flatten -> dense(10)
                loss cross_entropy(logits, digit)

    For a target `class[n]` the scores are [batch, n]; for `class[n][h, w]` they are [batch, h, w, n].
    """

    code = "NN305"
    title = "`{callee}` compares scores {scores} with {target}"
    label = "expects scores {expected}"

    callee: str
    scores: str
    target: str
    expected: str
    places: Places
    remedy: str = ""
    edit: Edit | None = None

    def secondary(self) -> Iterator[Label]:
        for span, text in self.places:
            yield Label(span, text)

    def help(self) -> Help | None:
        return Help(self.remedy, self.edit) if self.remedy else None


class SharedLayerGrew(Diagnostic):
    """A shared layer is applied to a tensor that its parameters do not fit: their shape is set by its first use.

    wrong:  layer encode = dense(8)
            a = five -> encode
            b = six -> encode
    right:  layer encode = dense(8)
            a = five -> encode
            b = another_five -> encode
    """

    code = "NN306"
    title = "`{parameter}` is {first_shape}, but this use needs {shape}"
    label = "applied to {operand}"
    advice = "give both uses tensors of one size, or make a second layer"

    parameter: str
    first_shape: str
    shape: str
    operand: str
    first: Span | None

    def secondary(self) -> Iterator[Label]:
        if self.first is not None:
            yield Label(self.first, "the layer; its first use sets the shape")


class TooLarge(Diagnostic):
    """A tensor would have more elements than can be counted, let alone held.

    wrong:  h = x -> dense(9_000_000_000_000_000_000)
    right:  h = x -> dense(1024)
    """

    code = "NN307"
    title = "a tensor of shape {shape} does not fit into any memory"
    label = "made here"

    shape: str


class LayerInLoss(Diagnostic):
    """A layer with parameters is made in a loss or metric, where its parameters would belong to no binding.

    wrong:  loss mse(x -> dense(1), y)
    right:  y_hat = x -> dense(1)
            loss mse(y_hat, y)
    """

    code = "NN308"
    title = "`{layer}` makes parameters, so it cannot stand in a {statement}"
    label = "has parameters"
    advice = "bind it to a name above, and use the name here"

    layer: str
    statement: str


class UnusedSharedLayer(Diagnostic):
    """A shared layer's parameter is used before the layer is: its shape is not known yet.

    wrong:  layer encode = dense(8)
            w = mean(encode.W)
    right:  layer encode = dense(8)
            h = x -> encode
            w = mean(encode.W)
    """

    code = "NN309"
    title = "`{name}` has no parameters yet"
    label = "the layer is not used above"
    advice = "use the layer first: its parameters get their shapes from what it is applied to"

    name: str
