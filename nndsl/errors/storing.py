"""NN443–NN447: what can be wrong with the files that data larger than memory are read through."""

from __future__ import annotations

from nndsl.diagnostics import FAILED, Diagnostic


class CacheUnwritable(Diagnostic):
    """Data larger than memory are read through files in `.nndsl-cache` beside the program, and these cannot be written.

    The folder may be read-only, or the disk full: make room there, or copy the program to a folder that has it. Nothing
    half-written is left.
    """

    code = "NN443"
    title = "{path} cannot be written: {reason}"
    label = "is larger than memory, and is read through files there"
    exit_code = FAILED

    path: str
    reason: str


class CacheTooLarge(Diagnostic):
    """The files in `.nndsl-cache` that data larger than memory are read through would not fit on the disk."""

    code = "NN444"
    title = "{what} takes {needed} in {path}, but {free} are free there"
    label = "is larger than memory, and is read through files there"
    advice = "make room, or copy the program to another disk"
    exit_code = FAILED

    what: str
    needed: str
    path: str
    free: str


class DataChanged(Diagnostic):
    """A data file was written to while it was read, so that its beginning and its end may not belong together."""

    code = "NN445"
    title = "{path} changed while it was read"
    advice = "run the command again when nothing writes to it"
    exit_code = FAILED

    path: str
