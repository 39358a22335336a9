"""NN55x: what a Python program hands to a network, and asks of it."""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic, Help


class NeedsNames(Diagnostic):
    """One array says nothing of what it is for where a program has several inputs (or targets), or none.

    Then a mapping by name is needed: `net.fit({"wide": a, "deep": b}, {"price": y})`.
    """

    code = "NN550"
    title = "`{argument}` is one array, but `{model}` has {found}"
    advice = "{hint}"

    argument: str
    model: str
    found: str
    hint: str


class NotFitted(Diagnostic):
    """Some things are read from training rows: the kinds of a bare `class`, free sizes, what fitted layers hold
    (`normalize`, `min_max`, `impute`, `class_weight = balanced`). Before a network without a `data` section has seen
    such rows it has no weights to answer with: `net.fit(x, y)` shows it some.
    """

    code = "NN551"
    title = "{what} is read from the rows that a network is trained on, and this one has seen none"
    label = "waits for data"
    advice = "call `net.fit(x, y)` first, or load the folder of a run"

    what: str


class BadWeight(Diagnostic):
    """`net.weights[name] = array` takes an array of the very shape, of finite real numbers. They are kept as float32.

    `list(net.weights)` has the names; optimizer slots are not among them.
    """

    code = "NN552"
    title = "the weight `{name}` cannot be set: {reason}"

    name: str
    reason: str


class NoSuchWeight(Diagnostic):
    """A network's weights have the names that `nndsl summary` and messages show: `hidden.W`, `hidden.b`."""

    code = "NN553"
    title = "`{model}` has no {what} `{name}`"
    advice = "{hint}"

    model: str
    what: str
    name: str
    hint: str


class BadClassWeight(Diagnostic):
    """`fit(class_weight = …)` takes `"balanced"`, a mapping from classes (by name, or by index where they have none) to
    numbers, or a list of a number for each class. What a mapping leaves out counts 1, as in Keras.

    It needs one target of classes or of yes and no, with one value a row. For others, say it in the program:
    `loss cross_entropy(scores, kind, class_weight = …)`, or give `sample_weight`.
    """

    code = "NN554"
    title = "class_weight: {reason}"

    reason: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class BadSampleWeight(Diagnostic):
    """`sample_weight` is one finite number from 0 for each row, which multiplies the row's losses."""

    code = "NN559"
    title = "sample_weight: {reason}"

    reason: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class NothingToWeight(Diagnostic):
    """`sample_weight` and `class_weight` multiply a loss of each example, such as `cross_entropy(scores, kind)`. A loss
    that is one number for the whole batch cannot be divided among its rows."""

    code = "NN555"
    title = "the losses of `{model}` are numbers of the whole batch, which no example's weight can multiply"

    model: str


class GivenRowsDisagree(Diagnostic):
    """Inputs, targets and weights that are given together have a row for each example."""

    code = "NN556"
    title = "`{first}` has {first_rows}, `{second}` {second_rows}"

    first: str
    first_rows: str
    second: str
    second_rows: str


class NoValidation(Diagnostic):
    """A callback of the program watches a value of the validation rows, and `fit` was given none. Shares that `data`
    asks for (`validation = 15%`) are of the program's own data, not of what `fit` is given."""

    code = "NN557"
    title = "`{callback}` watches `{monitor}`, but `fit` was given no validation rows"
    label = "watches `{monitor}`"
    advice = "give `validation_data=(x, y)`, or `validation_split=0.15` for the last 15 % of the rows"

    callback: str
    monitor: str


class OtherWeights(Diagnostic):
    """`net.load_weights(path)` takes every weight of the network from a `.safetensors` or `.npz` file that has each by
    its name (`hidden.W`) and in its shape, or from the folder of a run. Slots of an optimizer may be there and are left
    alone; `list(net.weights)` has the names.

    For some weights only: `net.weights["hidden.W"] = arrays["hidden.W"]`. For a run as it is: `nndsl.load(folder)`.
    """

    code = "NN558"
    title = "the weights in {path} cannot be taken: {reason}"

    path: str
    reason: str
