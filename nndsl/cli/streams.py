"""Standard output and error as commands find them: of any encoding, closed, full, or with nobody there to read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


def usable(stream: TextIO | None) -> TextIO:
    """A stream that any text can be printed to: what its encoding has no characters for comes out as escapes, and what
    is printed to a closed one goes nowhere."""
    if stream is None:
        return open(os.devnull, "w")
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream


@contextmanager
def though_nobody_reads() -> Iterator[None]:
    """For a block that does nothing but print. Whoever reads may leave (`| head`), a terminal may be closed: what comes
    after that goes nowhere, and the command goes on."""
    try:
        yield
    except OSError:
        flush(sys.stdout)
        flush(sys.stderr)


def flush(stream: TextIO) -> None:
    """Bring out what is waiting, or let it and all that follows go nowhere."""
    try:
        stream.flush()
    except OSError:
        leave(stream)


def leave(stream: TextIO) -> None:
    """Let what is still to be flushed go nowhere, so that the interpreter's end does not stumble over it."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    except (OSError, ValueError):
        pass
