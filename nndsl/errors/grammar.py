"""NN1xx, what breaks the grammar of items and statements; that of expressions is in `nndsl.errors.expressions`."""

from __future__ import annotations

from collections.abc import Iterator

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.errors.expressions import Mendable
from nndsl.source import Span


class Semicolon(Mendable):
    """A statement ends with its line; there are no semicolons.

    Wrong:  a = 1; b = 2
    Right:  a = 1
            b = 2
    """

    code = "NN115"
    title = "a statement ends with its line, not with `;`"
    label = "not needed"
    advice = "{how}"

    how: str


class ForeignWord(Mendable):
    """A word that begins a statement or an expression in another language but not in this one. Networks are built of
    `block NAME(…) { … return … }`, values are named by `NAME = …`, and structure repeats by `for` and `repeat`.

    Wrong:  def tower(x):
    Right:  block tower(x) {
    """

    code = "NN117"
    title = "there is no `{word}` in the language"
    label = "{meaning}"
    advice = "{how}"

    word: str
    meaning: str
    how: str


class IfStatement(Diagnostic):
    """`if` is an expression: it chooses between two values and has both, `if c then a else b`. There is no `if` around
    statements.

    Wrong:  if wide { h = x -> dense(512) } else { h = x -> dense(64) }
    Right:  h = x -> dense(if wide then 512 else 64)
    """

    code = "NN118"
    title = "`if` chooses between values; it cannot hold statements"
    label = "a statement is expected here"
    advice = "name the chosen value: `y = if {condition} then a else b`"

    condition: str


class WrongSign(Mendable):
    """`=` names a value, a setting or an argument; `==` compares; `:` stands between an input and its type, and between
    a key of a map and its value.

    Wrong:  epochs: 30            dense(units: 64)       hidden == x -> dense(8)
    Right:  epochs = 30           dense(units = 64)      hidden = x -> dense(8)
    """

    code = "NN122"
    title = "{title_text}"
    label = "`{ours}` is expected here"
    advice = "write `{ours}`"

    title_text: str
    ours: str


class TypeMissing(Mendable):
    """`input` and `target` give a name and its type, the shape of one example: `input pixels: f32[64]`,
    `target digit: class[10]`.

    Wrong:  input pixels f32[64]
    Right:  input pixels: f32[64]
    """

    code = "NN123"
    title = "{title_text}"
    label = "{what}"
    advice = "{how}"

    title_text: str
    what: str
    how: str


class InputOrTarget(Mendable):
    """A type is given to what comes from outside, and the statement says when it is known: `input` while training and
    predicting, `target` only while training and evaluating. Other values get their types from what makes them.

    Wrong:  pixels: f32[64]
    Right:  input pixels: f32[64]
    """

    code = "NN124"
    title = "`{name}: …` does not say whether it is an input or a target"
    label = "`input` or `target` is expected in front"
    advice = "write `input {name}: …`, or `target {name}: …` if it is not known when predicting"

    name: str


class UnclosedBrace(Diagnostic):
    """A body is opened with `{` and never closed, so that what follows would belong to it.

    Wrong:  model digits {
              input x: f32[64]

            train { epochs = 3 }
    Right:  model digits {
              input x: f32[64]
            }

            train { epochs = 3 }
    """

    code = "NN127"
    title = "the `{{` of `{owner}` is never closed"
    label = "opened here"

    owner: str
    reached: Span
    what: str
    edit: Edit

    def secondary(self) -> Iterator[Label]:
        yield Label(self.reached, f"{self.what} while it is still open")

    def help(self) -> Help:
        return Help("close it with `}`", self.edit)


class UnknownItem(Mendable):
    """A file is made of items: `const`, `import`, `block`, `model`, `data` and `train`.

    Wrong:  network digits { … }
    Right:  model digits { … }
    """

    code = "NN129"
    title = "`{word}` begins no item"
    label = "const, import, block, model, data or train is expected here"
    advice = "{how}"

    word: str
    how: str


class UnknownStatement(Mendable):
    """A statement begins with `input`, `target`, `layer`, `output`, `loss`, `metric`, `for`, `assert` or `return`, or
    it names a value: `NAME = …`.

    Wrong:  ouput y = softmax(z)
    Right:  output y = softmax(z)
    """

    code = "NN130"
    title = "`{word}` begins no statement"
    label = "a statement is expected here"
    advice = "{how}"

    word: str
    how: str


class OutsideModel(Mendable):
    """Statements stand in the braces of a model or a block. Outside there are only items: `const`, `import`, `block`,
    `model`, `data` and `train`.

    Wrong:  hidden = x -> dense(8)
            model m { … }
    Right:  model m { hidden = x -> dense(8) … }
    """

    code = "NN131"
    title = "this statement stands outside any model"
    label = "{what}"
    advice = "{how}"

    what: str
    how: str
    closed: Span | None = None

    def secondary(self) -> Iterator[Label]:
        if self.closed is not None:
            yield Label(self.closed, "the body before it ends here")


class NestedItem(Diagnostic):
    """Models, blocks, consts, imports, `data` and `train` stand side by side in a file, never in one another.

    Wrong:  model m { const n = 8 … }
    Right:  const n = 8
            model m { … }
    """

    code = "NN132"
    title = "`{word}` cannot stand inside `{owner}`"
    label = "this belongs to the top of the file"
    advice = "move it out of the braces, before or after `{owner}`"

    word: str
    owner: str
    opened: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.opened, f"`{self.owner}` is opened here")


class KeywordAsName(Mendable):
    """`input target layer output loss metric assert return` begin statements, so where a statement begins they cannot
    be the name of a value. (Elsewhere they can: as settings and arguments.)

    Wrong:  loss = mse(z, y)
    Right:  loss mse(z, y)
    """

    code = "NN133"
    title = "{title_text}"
    label = "{what}"
    advice = "{how}"

    title_text: str
    what: str
    how: str


class LoneExpression(Mendable):
    """A value must be named or used: by `NAME = …`, `output`, `loss`, `metric` or `return`. An expression alone has no
    effect.

    Wrong:  x -> dense(10)
    Right:  logits = x -> dense(10)
    """

    code = "NN134"
    title = "this value is neither named nor used"
    label = "an expression alone does nothing"
    advice = "{how}"

    how: str


class BraceMissing(Mendable):
    """The body of a model, block, `data`, `train`, `for` or `repeat` stands in braces; indentation has no meaning.

    Wrong:  model digits:
    Right:  model digits {
    """

    code = "NN135"
    title = "the body of `{owner}` must stand in braces"
    label = "`{{` is expected here"
    advice = "open it with `{{` and close it with `}}`"

    owner: str


class SecondStatement(Mendable):
    """There is one statement a line.

    Wrong:  a = 1 b = 2
    Right:  a = 1
            b = 2
    """

    code = "NN138"
    title = "a second statement on one line"
    label = "it begins here"
    advice = "put it on a line of its own"


class NameMissing(Mendable):
    """Models, blocks, layers, inputs, targets, outputs and consts have names.

    Wrong:  model {
    Right:  model digits {
    """

    code = "NN140"
    title = "{owner} needs a name"
    label = "{what}"
    advice = "give it one"

    owner: str
    what: str


class BadTarget(Diagnostic):
    """On the left of `=` stands a name, or several (`u, v = …`); a part of a value cannot be given a new value.

    Wrong:  x[0] = 1
    Right:  first = x[0]
    """

    code = "NN141"
    title = "only a name can stand on the left of `=`"
    label = "this is not a name"
    advice = "give the new value a name of its own"


class BlockParameters(Mendable):
    """A block's name is followed by its parameters in parentheses, which may be empty.

    Wrong:  block tower { … }
    Right:  block tower(x) { … }
    """

    code = "NN143"
    title = "`block {name}` lacks its parameters"
    label = "`(` is expected here"
    advice = "list what goes into the block"

    name: str
