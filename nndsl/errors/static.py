"""NN23x and NN24x: static values, and how much a program may unfold to."""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic, Edit, Help
from nndsl.errors.names import Suggesting


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


class OutOfRange(Diagnostic):
    """A static calculation leaves the numbers that the language has.

        wrong:  const n = 2 ^ 64
        right:  const n = 2 ^ 20

    Whole numbers lie within ±(2^63 - 1), decimal ones are finite, lists hold at most 1 000 000 values. What a network
    computes with is float32: its numbers end at 3.4e38.
    """

    code = "NN233"
    title = "{what}"
    label = "{detail}"

    what: str
    detail: str


class DividesByZero(Diagnostic):
    """A static calculation divides by zero.

    wrong:  const n = 8 // 0
    right:  const n = 8 // 2
    """

    code = "NN234"
    title = "division by zero"
    label = "the divisor is 0"


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


class AssertFails(Diagnostic):
    """An `assert` of the program does not hold.

    wrong:  assert 10 % 4 == 0, "the width must be a multiple of 4"
    right:  assert 12 % 4 == 0, "the width must be a multiple of 4"
    """

    code = "NN236"
    title = "{said}"
    label = "this is false"

    said: str


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


class TooDeep(Diagnostic):
    """Blocks that use blocks, or expressions in expressions, are nested more deeply than the compiler follows."""

    code = "NN240"
    title = "this is nested too deeply"
    label = "the limit is reached here"
    advice = "name the inner parts, or use fewer blocks within blocks"
