"""One process at a time trains in a folder: a lock that the system takes back when the process ends in any way."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from nndsl.diagnostics import Failure
from nndsl.errors.runs import InUse

try:
    import fcntl
except ImportError:  # a system without such locks: nothing is refused there
    fcntl = None  # type: ignore[assignment]

NAME = "lock"
ATTEMPTS, PAUSE = 5, 0.05
"""Whoever only looks whether a lock is held holds it for a moment."""


class Lock:
    """Held from when it is made until `release`; the file has the number of the process that holds it.

    Raises `Failure` (NN530) where another process holds it, `OSError` where the file cannot be made. File systems that
    know no locks refuse nobody.
    """

    def __init__(self, folder: Path, run: Path):
        self._descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            for attempt in range(ATTEMPTS):
                if _locked(self._descriptor, exclusive=True):
                    break
                if attempt == ATTEMPTS - 1:
                    process = _written(folder / NAME)
                    raise Failure(InUse(None, str(run), f"process {process}" if process else "another process"))
                time.sleep(PAUSE)
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()}\n".encode())
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        os.close(self._descriptor)


def holder(folder: Path) -> int | None:
    """The number of the process that trains in the folder, 0 if it is not known; None if none does."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _locked(descriptor, exclusive=False) else _written(folder / NAME)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, *, exclusive: bool) -> bool:
    """Whether the lock could be had; it goes when the descriptor is closed."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _written(path: Path) -> int:
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return 0
