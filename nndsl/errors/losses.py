"""NN32x: losses, metrics and outputs, scores and probabilities."""

from __future__ import annotations

from collections.abc import Iterator

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.errors.shapes import Places


class AxesLeft(Diagnostic):
    """A loss or metric is one number for each example, or one for the whole batch; this one has axes left over.

    wrong:  loss (y_hat - y) ^ 2            # y_hat is [batch, 3]
    right:  loss mean((y_hat - y) ^ 2)
    """

    code = "NN320"
    title = "this {statement} has the shape {shape}, not one number for each example"
    label = "axes are left over"

    statement: str
    shape: str
    before: Edit

    def help(self) -> Help | None:
        return Help("take the mean over an example's axes", self.before)


class WrongLink(Diagnostic):
    """A loss is given probabilities of the other kind: `softmax` belongs to `cross_entropy`, `sigmoid` to
    `binary_cross_entropy`.

        wrong:  p = sigmoid(z)
                loss cross_entropy(p, digit)
        right:  loss cross_entropy(z, digit)

    `softmax` makes probabilities of which one is true; `sigmoid` makes probabilities each of which may be.
    """

    code = "NN321"
    title = "`{loss}` of a `{activation}`"
    label = "{expects}"
    advice = "{remedy}"

    loss: str
    activation: str
    expects: str
    places: Places
    remedy: str

    def secondary(self) -> Iterator[Label]:
        for span, text in self.places:
            yield Label(span, text)


class ChangedProbabilities(Diagnostic):
    """A loss that works on scores is given probabilities that went through more arithmetic.

        wrong:  p = softmax(z) * 0.9 + 0.01
                loss cross_entropy(p, digit)
        right:  loss cross_entropy(p, digit, from = probabilities)

    The direct result of `softmax` or `sigmoid` is no problem: the loss takes the scores behind it.
    """

    code = "NN322"
    title = "`{loss}` takes scores, and these look like probabilities"
    label = "calculated from probabilities"

    loss: str
    places: Places
    insert: Edit

    def secondary(self) -> Iterator[Label]:
        for span, text in self.places:
            yield Label(span, text)

    def help(self) -> Help | None:
        return Help("say so if they are (or `from = scores` if they are not)", self.insert)


class OutputNeedsTarget(Diagnostic):
    """An output depends on a target, which is not known when predicting.

    wrong:  output error = y_hat - y
    right:  metric mean(abs(y_hat - y)) as error
    """

    code = "NN323"
    title = "output `{output}` depends on the target `{target}`"
    label = "a target is not known while predicting"
    advice = "make `{target}` an input if it is known then, or the output a metric"

    output: str
    target: str
    places: Places

    def secondary(self) -> Iterator[Label]:
        for span, text in self.places:
            yield Label(span, text)


class AmbiguousClasses(Diagnostic):
    """An `argmax` output could be in the classes of several targets.

    wrong:  output label = argmax(z)                 # z is scored against `kind` and `colour`
    right:  output label = argmax(z, of = colour)
    """

    code = "NN324"
    title = "`argmax` could give the classes of {targets}"
    label = "say which"

    targets: str
    first: str
    insert: Edit

    def help(self) -> Help | None:
        return Help(f"for those of `{self.first}`", self.insert)


class NoLoss(Diagnostic):
    """A model without a loss cannot be trained.

    wrong:  model m { input x: f32[4]  output y = x -> dense(1) }
    right:  model m { input x: f32[4]  target t: f32  output y = x -> dense(1)  loss mse(y, t) }
    """

    code = "NN325"
    title = "model `{model}` has no loss, so it cannot be trained"
    label = "add a line such as `loss mse(y_hat, y)`"

    model: str


class NoOutput(Diagnostic):
    """A model without an output cannot predict anything.

    wrong:  model m { input x: f32[4]  target t: f32  y = x -> dense(1)  loss mse(y, t) }
    right:  model m { input x: f32[4]  target t: f32  output y = x -> dense(1)  loss mse(y, t) }
    """

    code = "NN326"
    title = "model `{model}` has no output, so it cannot predict"
    label = "add a line such as `output y_hat = …`"

    model: str


class MetricOutsideMetric(Diagnostic):
    """A metric function is a number of a whole epoch, so that no single example has it.

    wrong:  loss accuracy(logits, digit)
    right:  metric accuracy(logits, digit)
    """

    code = "NN327"
    title = "`{metric}` is a metric: a number of the whole epoch"
    label = "cannot be part of a {statement}"
    advice = "use it in a `metric` statement"

    metric: str
    statement: str


class MetricOfMetric(Diagnostic):
    """A metric function is applied to what another one gives, which is a number of the whole epoch.

    wrong:  metric mae(mse(a, y), y)
    right:  metric mae(a, y)
    """

    code = "NN328"
    title = "`{callee}` is applied to a number of the whole epoch"
    label = "works on examples"
    advice = "arithmetic and functions such as sqrt work on metrics, layers and other metrics do not"

    callee: str


class WrongClassWeights(Diagnostic):
    """Class weights are one for each class of the target, in order or by name.

    wrong:  loss cross_entropy(z, digit, class_weight = [1, 2])      # digit is class[10]
    right:  loss cross_entropy(z, digit, class_weight = balanced)
    """

    code = "NN329"
    title = "`class_weight` of `{callee}` does not fit {target}"
    label = "{detail}"

    callee: str
    target: str
    detail: str
