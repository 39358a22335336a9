"""NN530-549: runs that train, stop and go on: their folders, checkpoints and locks."""

from __future__ import annotations

from nndsl.diagnostics import FAILED, Diagnostic
from nndsl.errors.lints import Warning


class InUse(Diagnostic):
    """A run is trained by one process at a time: two would write over each other's checkpoints. The lock belongs to the
    process and goes with it, however it ends."""

    code = "NN530"
    title = "{path} is being trained by {process}"
    advice = "wait until that has ended, or stop it: it saves what it has learnt"
    exit_code = FAILED

    path: str
    process: str


class NotResumable(Diagnostic):
    """`--resume` takes the folder of a run that was stopped, killed or has diverged: its checkpoints and the record of
    how it was started lie in `checkpoints/`."""

    code = "NN531"
    title = "{path} cannot be resumed: {reason}"
    advice = "{remedy}"

    path: str
    reason: str
    remedy: str = "give the folder of a run, such as runs/digits-001"


class Changed(Diagnostic):
    """A resumed run is bit for bit the run that was never interrupted. That takes the same program, data, backend,
    number of threads and versions; one of these is not as it was.

    `nndsl train --resume RUN` takes the run's own program. With `--force` the run goes on from the checkpoint as things
    are now, as another run; an epoch that was not finished begins anew.
    """

    code = "NN532"
    title = "{path} was not trained like this: {what}"
    advice = "{remedy}"

    path: str
    what: str
    remedy: str


class OtherState(Diagnostic):
    """A run can go on with another program (`--force`) only where its parameters are the ones of the checkpoint: the
    same names and shapes. Slots of another optimizer begin as they always do."""

    code = "NN533"
    title = "{path} has other parameters than the program: {what}"
    advice = "train it anew instead of resuming it"

    path: str
    what: str


class CheckpointNotWritten(Warning):
    """A checkpoint could not be written, such as on a full disk. The last good one stays, training goes on, and another
    attempt is made when the next one is due."""

    code = "NN534"
    title = "cannot write {path}: {reason}"
    advice = "training goes on; {kept}"

    path: str
    reason: str
    kept: str


class CheckpointDamaged(Warning):
    """A checkpoint is not what was written, as after a failure of the disk; its hash shows it. The run goes on from the
    one before, and does again what came after that."""

    code = "NN535"
    title = "{path} is damaged: {reason}"
    advice = "{instead}"

    path: str
    reason: str
    instead: str


class BeginsAnew(Warning):
    """A run is resumed that has been trained for some epochs, but no checkpoint of them is there: they are done again.
    So it is where its process was killed before the first checkpoint was due, or where the checkpoints were removed.
    The program's `checkpoint()` writes one after each epoch."""

    code = "NN540"
    title = "{path} has no checkpoint to go on from: it begins anew with epoch 1"

    path: str


class NotTrained(Diagnostic):
    """`predict`, `eval` and `nndsl.load` take a run that has ended: its trained model is written when training ends,
    for whatever reason, unless the process was killed. The model of a run that was stopped, and then goes on, is an
    old one until it ends again."""

    code = "NN541"
    title = "{path} has no trained model yet: {reason}"
    advice = "{remedy}"

    path: str
    reason: str
    remedy: str


class StateOfCallback(Diagnostic):
    """What a callback's `state()` gives goes into checkpoints: numbers, texts, truth values, None, arrays of numbers,
    and lists and dicts (with texts as keys) of these."""

    code = "NN536"
    title = "the state of the callback {callback} cannot be saved: {reason}"
    exit_code = FAILED

    callback: str
    reason: str


class HasFinished(Warning):
    """`--resume` was given a run that has reached its end: there is nothing left to do, and nothing was changed."""

    code = "NN538"
    title = "{path} has finished"
    advice = "more epochs (train.epochs) and --force, in Python `force=True`, train it for longer"

    path: str


class LogNotWritten(Warning):
    """`history.csv` and `train.log` could not be written while training, such as on a full disk. Both are written again
    whole when training ends."""

    code = "NN537"
    title = "cannot write {path}: {reason}"
    advice = "training goes on; it is written again when training ends"

    path: str
    reason: str
