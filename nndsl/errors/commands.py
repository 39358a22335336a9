"""NN5xx: training, commands and the environment."""

from __future__ import annotations

from nndsl.diagnostics import DIVERGED, ENVIRONMENT, FAILED, HUNG_UP, INTERRUPTED, TERMINATED, Diagnostic


class Diverged(Diagnostic):
    """The loss, or a weight, became infinite or not a number, so training stopped: no later step can mend it.

    The message points at the first value that went wrong, found by taking the steps of that epoch again. The run keeps
    the weights of the last epoch that ended well, if there was one. What usually helps: a smaller learning rate, inputs
    of moderate size (`normalize(x)`, `x / 255`), `clip_norm`, a loss on scores instead of on probabilities.
    """

    code = "NN501"
    title = "{what} became {value} at step {step} (epoch {epoch})"
    label = "{culprit}"
    advice = "try a smaller learning rate than {lr}, or bring the inputs to a moderate size with `normalize`{kept}"
    exit_code = DIVERGED

    what: str
    value: str
    step: int
    """From 1, over the whole run."""
    epoch: int
    lr: str
    culprit: str = ""
    kept: str = ""


class CannotWrite(Diagnostic):
    """A file or folder could not be written. Nothing is left half-written: a file is there whole, or as it was."""

    code = "NN502"
    title = "cannot write {path}: {reason}"
    exit_code = FAILED

    path: str
    reason: str


class ExistsAlready(Diagnostic):
    """A command would have written over something that it did not make; it leaves it alone."""

    code = "NN503"
    title = "{path} is there already"
    advice = "name another place, or remove it first"

    path: str


class NotARun(Diagnostic):
    """`eval` and `predict` take the folder that `nndsl train` made (`runs/digits-001`)."""

    code = "NN504"
    title = "{path} is not the folder of a training run: {reason}"
    advice = "give the folder that training made, such as runs/digits-001"

    path: str
    reason: str


class NothingToTrainOn(Diagnostic):
    """Training, evaluation and the checks on a program's own data need examples: a `data` section with a source."""

    code = "NN505"
    title = "`{model}` has no data"
    label = "what this learns from is not said"
    advice = (
        'add a section such as `data {{ source = csv("examples.csv") }}`, or give one: --set data.source=…, '
        "in Python `net.fit(x, y)`"
    )

    model: str


class ProviderMissing(Diagnostic):
    """The chosen execution provider is not part of the installed ONNX Runtime; training never falls back silently.

    For CUDA: `pip uninstall onnxruntime` and `pip install onnxruntime-gpu` (the two overwrite each other's files, so
    one must go before the other comes), with the CUDA and cuDNN versions its documentation names.
    """

    code = "NN506"
    title = "the installed onnxruntime has no {provider} provider (it has {available})"
    advice = "{remedy}"
    exit_code = ENVIRONMENT

    provider: str
    available: str
    remedy: str


class ExtraMissing(Diagnostic):
    """Something was asked for that needs a library which nndsl does not install by itself.

    Each such library belongs to an extra, such as `nndsl[arrow]`; everything else works without it.
    """

    code = "NN507"
    title = "{purpose} needs {package}, which is not installed"
    advice = 'pip install "nndsl[{extra}]"'
    exit_code = ENVIRONMENT

    purpose: str
    package: str
    extra: str


class TooLarge(Diagnostic):
    """The memory that a step needs (parameters, optimizer slots, activations) is estimated before any is allocated."""

    code = "NN508"
    title = "one training step needs about {needed} of memory, more than {limit}"
    label = "{detail}"
    advice = "make the layers or the batch smaller, or raise the limit (--max-memory, in Python `max_memory`)"

    needed: str
    limit: str
    detail: str


class UnknownCode(Diagnostic):
    """`nndsl explain` knows the codes that messages show, such as NN305."""

    code = "NN509"
    title = "there is no message with the code {asked}"
    advice = "{suggestion}"

    asked: str
    suggestion: str


class UnknownWord(Diagnostic):
    """`nndsl help` knows the words of the vocabulary, such as `dense` or `adam`; alone it lists them all."""

    code = "NN521"
    title = "there is nothing called `{asked}`"
    advice = "{suggestion}"

    asked: str
    suggestion: str


class GradientDiffers(Diagnostic):
    """`nndsl check --grad` compared a gradient with finite differences of the loss, and they differ by more than
    rounding explains. A value that lies on a kink (a relu at exactly 0) can do that; otherwise it is a fault of nndsl:
    please report it with the program.
    """

    code = "NN510"
    title = "the gradient of `{parameter}` differs from finite differences by {difference:.1e} of its largest element"
    exit_code = FAILED

    parameter: str
    difference: float


class BackendsDiffer(Diagnostic):
    """`nndsl check --backends` ran the same step on ONNX Runtime and on NumPy, and they differ by more than float
    rounding explains: by 1e-6 of the loss or 1e-5 of a gradient's norm, and by four times as much as one backend by
    itself where parameters are moved by a millionth of them and inputs by half a last bit. It is likely to be a fault
    of nndsl: please report it with the program.
    """

    code = "NN512"
    title = "step {step}: the backends differ by {loss:.1e} in the loss and {gradient:.1e} in the gradient of `{worst}`"
    exit_code = FAILED

    step: int
    loss: float
    gradient: float
    worst: str


class BadOption(Diagnostic):
    """A command-line option or an argument of the Python API has a value that it cannot have."""

    code = "NN511"
    title = "{option}: {reason}"

    option: str
    reason: str


class NoUsableColumn(Diagnostic):
    """`nndsl new` makes a starting program from a table: it needs a column to predict and at least one column of
    numbers to predict it from."""

    code = "NN513"
    title = "no program can be made for {path}: {reason}"
    advice = "{hint}"

    path: str
    reason: str
    hint: str


class NotMonitored(Diagnostic):
    """A callback watches a value that this run does not report: `val_…` needs a validation split (`validation = 15%` in
    `data`), and with `train_metrics = false` there are no metrics of the training rows."""

    code = "NN514"
    title = "`{callback}` watches `{monitor}`, which this run does not report"
    label = "watches `{monitor}`"
    advice = "{remedy}"

    callback: str
    monitor: str
    remedy: str


class Interrupted(Diagnostic):
    """The command was stopped from the keyboard. Training stops after the step it is in and saves what it has learnt;
    a second Ctrl-C ends it at once. No file is left half-written."""

    code = "NN515"
    title = "interrupted{outcome}"
    exit_code = INTERRUPTED

    outcome: str = ""


class Terminated(Diagnostic):
    """The command was asked to end (SIGTERM). Training stops after the step it is in and saves what it has learnt. No
    file is left half-written."""

    code = "NN516"
    title = "terminated{outcome}"
    exit_code = TERMINATED

    outcome: str = ""


class HungUp(Diagnostic):
    """The terminal was closed, or its connection broke (SIGHUP). Training stops after the step it is in and saves what
    it has learnt. No file is left half-written. `nohup nndsl train …` goes on without a terminal."""

    code = "NN539"
    title = "the terminal was closed{outcome}"
    exit_code = HUNG_UP

    outcome: str = ""


class OutOfMemory(Diagnostic):
    """The system gave less memory than was needed, though the estimate was below the limit (see --max-memory)."""

    code = "NN517"
    title = "there is not enough memory{detail}"
    advice = "make the batch or the layers smaller, or end other programs"
    exit_code = FAILED

    detail: str = ""


class WrongCommand(Diagnostic):
    """The command line cannot be read: an unknown command or option, or one with a value that it cannot have."""

    code = "NN518"
    title = "{problem}"
    advice = "{hint}"

    problem: str
    hint: str


class SystemRefuses(Diagnostic):
    """The operating system refused something that has no message of its own, such as writing to a full standard
    output."""

    code = "NN519"
    title = "{problem}"
    exit_code = FAILED

    problem: str


class Internal(Diagnostic):
    """A fault of nndsl, not of the program or the data. Please report it with the program and the line that the message
    names; with NNDSL_TRACEBACK=1 in the environment the command shows the whole way to it."""

    code = "NN520"
    title = "this is a fault of nndsl: {problem} ({place})"
    advice = "please report it, with the program; NNDSL_TRACEBACK=1 shows more"
    exit_code = FAILED

    problem: str
    place: str
